//! Accounts: opened, confirmed, recovered, changed.

mod close;
mod error;
mod opened;
mod policies;
mod profile;
mod recovery;
mod register;
pub mod rows;
pub mod rpc;
pub mod rules;

use contract::{Purpose, identity::v1 as pb};
use foundation::{PersonId, Transport};
use personal_data::{Db, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

pub use error::{Error, Invalid};
pub use opened::Opened;

use self::{policies::Policies, rows::account, rules::Email};
use crate::{links::Links, passwords::Passwords, relation, secrets::Secrets, sessions::Sessions, throttle::Throttle};

/// The use cases of accounts. Clones are the same.
#[derive(Clone)]
pub struct Accounts {
    db: Db,
    secrets: Secrets,
    passwords: Passwords,
    throttle: Throttle,
    links: Links,
    sessions: Sessions,
    policies: Policies,
}

impl Accounts {
    /// `privacy` is the way to whoever publishes the policy.
    pub fn new(db: Db, secrets: Secrets, passwords: Passwords, throttle: Throttle, sessions: Sessions, privacy: Transport) -> Self {
        let links = Links::new(db.clone(), secrets.clone());
        Self { db, secrets, passwords, throttle, links, sessions, policies: Policies::new(privacy) }
    }

    pub fn links(&self) -> &Links {
        &self.links
    }

    pub async fn find(&self, email: &Email) -> Result<Option<account::Model>, personal_data::Error> {
        find(&self.db, &self.secrets, email).await
    }

    pub async fn get(&self, person: PersonId) -> Result<Option<account::Model>, personal_data::Error> {
        Ok(query::of::<account::Entity>(person, Purpose::Account).one(&self.db).await?)
    }

    /// The account in the clear, for a stated purpose.
    pub async fn open(&self, account: &account::Model, purpose: Purpose) -> Result<Opened, personal_data::Error> {
        Opened::of(account, &self.secrets.account_key(account.person, purpose).await?)
    }
}

/// The account of an address, found by its blind index.
pub async fn find(db: &Db, secrets: &Secrets, email: &Email) -> Result<Option<account::Model>, personal_data::Error> {
    let index = secrets.email_index(email).await?;
    let select = query::across::<account::Entity>(Purpose::Account).filter(account::Column::EmailIndex.eq(index));
    Ok(select.one(db).await?)
}

/// Opens the account for use, if it was not open yet.
pub(crate) async fn confirm_in_tx(tx: &Tx, account: &mut account::Model) -> Result<(), personal_data::Error> {
    if account.confirmed_at.is_some() {
        return Ok(());
    }
    account.confirmed_at = Some(tx.clock().now());
    tx.update::<account::Entity>(account).await?;
    relation::note_use_in_tx(tx, account.person).await?;
    let confirmed = pb::AccountConfirmed { person_id: account.person.to_string(), version: account.version };
    events::announce_in_tx(tx, confirmed).await
}

/// Announces that a person's key was made, and that nothing of them is kept here.
pub async fn abandon_in_tx(tx: &Tx, person: PersonId, version: i64) -> Result<(), personal_data::Error> {
    events::announce_in_tx(tx, pb::RegistrationAbandoned { person_id: person.to_string(), version }).await
}
