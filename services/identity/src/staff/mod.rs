//! Who works for the school: roles are granted for a time and a reason, and taken back at once.

mod error;
mod list;
pub mod rows;
pub mod rpc;
pub mod rules;
mod ties;

use contract::{Purpose, Role, identity::v1 as pb};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, Idempotency, Tx, query};
use prost::Message;
use sea_orm::{ColumnTrait, QueryFilter};
use service::Caller;

pub use error::{Error, Invalid};
pub use ties::StaffTies;

use self::{
    rows::{GrantId, role_grant},
    rules::Roles,
};
use crate::{
    accounts::{self, rows::account, rules::Email},
    secrets::{Secrets, Use},
    sessions::{self, Sessions},
};

/// What is to be granted, checked.
pub struct Grant {
    pub person: PersonId,
    pub role: Role,
    pub until: Timestamp,
    pub reason: String,
    /// Nobody when the operator gives it.
    pub by: Option<PersonId>,
}

/// The use cases of staff. Clones are the same.
#[derive(Clone)]
pub struct Staff {
    db: Db,
    secrets: Secrets,
    sessions: Sessions,
}

impl Staff {
    pub fn new(db: Db, secrets: Secrets, sessions: Sessions) -> Self {
        Self { db, secrets, sessions }
    }

    /// Gives a role; one that the person has already gets the new end and reason.
    pub async fn grant(&self, caller: &Caller, ask: pb::GrantRoleRequest) -> Result<pb::RoleGrant, Error> {
        let code = self.secrets.code(Use::Fingerprint, &[&ask.encode_to_vec()]).await?;
        let claim = caller.idempotency(&ask.idempotency_key, &pb::RevokeRoleRequest { grant_id: hex::encode(code) })?;
        let role = rules::grantable(ask.role())?;
        let until = rules::until(ask.until.as_ref(), self.db.clock().now())?;
        let reason = rules::reason(&ask.reason)?.to_owned();
        let account = self.named(&ask).await?.ok_or(Error::NoSuchAccount)?;
        let (person, by) = (account.person, caller.person()?);
        caller.acts_on(person).await?;
        if person == by {
            return Err(Error::Oneself);
        }
        if account.confirmed_at.is_none() {
            return Err(Error::NotConfirmed);
        }
        let grant = self.write(Grant { person, role, until, reason, by: Some(by) }, Some(&claim)).await?;
        self.encode(&grant).await
    }

    /// Exactly one of e-mail and identifier names the person.
    async fn named(&self, ask: &pb::GrantRoleRequest) -> Result<Option<account::Model>, Error> {
        match (ask.email.is_empty(), ask.person_id.is_empty()) {
            (false, true) => Ok(accounts::find(&self.db, &self.secrets, &Email::parse(&ask.email)?).await?),
            (true, false) => {
                let person = PersonId::parse_field(&ask.person_id, "person_id")?;
                Ok(query::of::<account::Entity>(person, Purpose::Account).one(&self.db).await?)
            }
            _ => Err(Invalid::Person.into()),
        }
    }

    /// Writes and announces a grant. Without a claim nobody repeats it by accident: the operator gives it.
    pub(crate) async fn write(&self, grant: Grant, claim: Option<&Idempotency>) -> Result<role_grant::Model, Error> {
        let key = self.secrets.account_key(grant.person, Purpose::Account).await?;
        let tx = self.db.begin_for("identity.grant-role", grant.person, Purpose::Account).await?;
        let now = tx.clock().now();
        let held = query::of::<role_grant::Entity>(grant.person, Purpose::Account).all(&tx).await?;
        let held = held.into_iter().find(|row| row.role == i32::from(grant.role) && rules::is_active(row, now));
        let id = held.as_ref().map_or_else(GrantId::new_v7, |row| row.id);
        if let Some(claim) = claim
            && let Some(first) = tx.first_made(claim, id).await?
        {
            // Given up first: whoever holds the writer's place and waits for a second connection may wait for ever.
            drop(tx);
            return self.get(GrantId(first)).await?.ok_or(Error::NoSuchGrant);
        }
        let reason = role_grant::Model::seal_reason(&key, id, &grant.reason);
        let row = match held {
            Some(mut row) => {
                (row.until, row.reason, row.granted_by) = (grant.until, reason, grant.by);
                tx.update::<role_grant::Entity>(&mut row).await?;
                row
            }
            None => {
                let (person, role, until, granted_by) = (grant.person, grant.role.into(), grant.until, grant.by);
                let row = role_grant::Model { id, person, role, reason, granted_at: now, until, revoked_at: None, granted_by, version: 1 };
                tx.insert::<role_grant::Entity>(row.clone()).await?;
                row
            }
        };
        announce_granted_in_tx(&tx, &row).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a role back and ends the person's sessions, so that no token carries it on.
    pub async fn revoke(&self, caller: &Caller, ask: &pb::RevokeRoleRequest) -> Result<pb::RoleGrant, Error> {
        let grant = self.get(GrantId::parse_field(&ask.grant_id, "grant_id")?).await?.ok_or(Error::NoSuchGrant)?;
        caller.acts_on(grant.person).await?;
        if grant.person == caller.person()? {
            return Err(Error::Oneself);
        }
        if grant.revoked_at.is_some() {
            return self.encode(&grant).await;
        }
        let tx = self.db.begin_for("identity.revoke-role", grant.person, Purpose::Account).await?;
        let grant = end_in_tx(&tx, grant).await?;
        // Once the role is gone, no token may still carry it.
        let ended = self.sessions.end_all_in_tx(&tx, grant.person).await?;
        tx.commit().await?;
        ended.tell().await.map_err(sessions::Error::from)?;
        self.encode(&grant).await
    }

    async fn get(&self, id: GrantId) -> Result<Option<role_grant::Model>, Error> {
        Ok(query::by_key::<role_grant::Entity>(id, Purpose::Account).one(&self.db).await?)
    }

    async fn encode(&self, grant: &role_grant::Model) -> Result<pb::RoleGrant, Error> {
        let key = self.secrets.account_key(grant.person, Purpose::Account).await?;
        Ok(pb::RoleGrant {
            grant_id: grant.id.to_string(),
            person_id: grant.person.to_string(),
            role: grant.role,
            granted_at: Some(grant.granted_at.to_proto()),
            until: Some(grant.until.to_proto()),
            revoked_at: grant.revoked_at.map(Timestamp::to_proto),
            reason: grant.open_reason(&key)?,
        })
    }

    /// Whether anybody is administrator now.
    pub(crate) async fn has_administrator(&self) -> Result<bool, Error> {
        let select = query::across::<role_grant::Entity>(Purpose::Account)
            .filter(role_grant::Column::Role.eq(i32::from(Role::Administrator)))
            .filter(role_grant::Column::RevokedAt.is_null())
            .filter(role_grant::Column::Until.gt(self.db.clock().now()));
        Ok(select.one(&self.db).await?.is_some())
    }
}

/// A person's roles now.
pub async fn roles(db: &Db, person: PersonId) -> Result<Roles, personal_data::Error> {
    let grants = query::of::<role_grant::Entity>(person, Purpose::Account).all(db).await?;
    Ok(Roles::of(&grants, db.clock().now()))
}

/// Ends a grant and announces it.
pub(crate) async fn end_in_tx(tx: &Tx, mut grant: role_grant::Model) -> Result<role_grant::Model, personal_data::Error> {
    grant.revoked_at = Some(tx.clock().now());
    tx.update::<role_grant::Entity>(&mut grant).await?;
    let (person_id, grant_id) = (grant.person.to_string(), grant.id.to_string());
    events::announce_in_tx(tx, pb::RoleRevoked { person_id, role: grant.role, grant_id, version: grant.version }).await?;
    Ok(grant)
}

async fn announce_granted_in_tx(tx: &Tx, grant: &role_grant::Model) -> Result<(), personal_data::Error> {
    let granted = pb::RoleGranted {
        person_id: grant.person.to_string(),
        role: grant.role,
        until: Some(grant.until.to_proto()),
        grant_id: grant.id.to_string(),
        version: grant.version,
    };
    events::announce_in_tx(tx, granted).await
}

/// The identifier in a page token, which stands for "after this person".
fn after(token: &str) -> Result<Option<PersonId>, Invalid> {
    if token.is_empty() {
        return Ok(None);
    }
    Uuid::parse_str(token).map(|id| Some(PersonId(id))).map_err(|_| Invalid::PageToken)
}
