//! Sessions: signed in by a password, kept up by refresh tokens that each serve once.

mod error;
pub mod rows;
pub mod rpc;
pub mod rules;
mod sign_in;
pub mod signing;

use std::sync::Arc;

use contract::{Purpose, identity::v1 as pb};
use foundation::{PersonId, Timestamp};
use personal_data::{Db, Tx, query};
use sea_orm::QueryOrder;
use service::{Caller, Claims, token::AUDIENCE};

pub use error::Error;

use self::{
    rows::{SessionId, session},
    rules::{Presented, RefreshToken},
    signing::Signer,
};
use crate::{
    passwords::Passwords,
    relation,
    revocations::{Noted, Revocations},
    secrets::Secrets,
    staff,
    throttle::Throttle,
};

/// What sessions stand on.
pub struct Parts {
    pub db: Db,
    pub secrets: Secrets,
    pub passwords: Passwords,
    pub throttle: Throttle,
    pub revocations: Revocations,
    pub signer: Signer,
    /// The `iss` of access tokens.
    pub issuer: String,
}

/// The use cases of sessions. Clones are the same.
#[derive(Clone)]
pub struct Sessions(Arc<Parts>);

impl Sessions {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn signer(&self) -> &Signer {
        &self.0.signer
    }

    /// Trades a refresh token for a new pair.
    pub async fn refresh(&self, caller: &Caller, ask: pb::RefreshRequest) -> Result<pb::Tokens, Error> {
        let token = RefreshToken::decode(&ask.refresh_token).ok_or(Error::UnknownRefreshToken)?;
        let select = query::by_key::<session::Entity>(token.session, Purpose::Account);
        let mut session = select.one(&self.0.db).await?.ok_or(Error::UnknownRefreshToken)?;
        caller.acts_on(session.person).await?;
        let now = self.0.db.clock().now();
        match rules::presented(&session, &token, now) {
            Presented::Current => {}
            Presented::Raced => return Err(Error::RefreshRaced),
            Presented::Unknown => return Err(Error::UnknownRefreshToken),
            Presented::Reused => {
                tracing::warn!(alarm = "REFRESH_TOKEN_REUSED", session = %session.id, "a spent refresh token came again; the session is ended");
                self.end(session.person, session.id).await?;
                return Err(Error::RefreshReused);
            }
        }
        let next = RefreshToken::new(session.id);
        rules::rotate(&mut session, &next, now);
        let tx = self.0.db.begin_for("identity.refresh", session.person, Purpose::Account).await?;
        match tx.update::<session::Entity>(&mut session).await {
            Err(personal_data::Error::Changed(_)) => return Err(Error::RefreshRaced),
            other => other?,
        }
        relation::note_use_in_tx(&tx, session.person).await?;
        tx.commit().await?;
        self.tokens(&session, &next, now).await
    }

    /// A person's sessions, the latest used first.
    pub async fn list(&self, person: PersonId) -> Result<Vec<session::Model>, Error> {
        let select = query::of::<session::Entity>(person, Purpose::Account).order_by_desc(session::Column::LastUsedAt);
        let now = self.0.db.clock().now();
        Ok(select.all(&self.0.db).await?.into_iter().filter(|session| session.expires_at > now).collect())
    }

    /// Ends one session and, with it, its access tokens.
    pub async fn end(&self, person: PersonId, id: SessionId) -> Result<(), Error> {
        let tx = self.0.db.begin_for("identity.end-session", person, Purpose::Account).await?;
        let found = query::by_key::<session::Entity>(id, Purpose::Account).one(&tx).await?;
        if let Some(session) = found.filter(|session| session.person == person) {
            tx.delete::<session::Entity>(&session).await?;
        }
        let noted = self.0.revocations.note_in_tx(&tx, &[id]).await?;
        tx.commit().await?;
        Ok(noted.tell().await?)
    }

    /// Ends every session of a person and their access tokens with the transaction; once it has committed, tell it.
    pub async fn end_all_in_tx(&self, tx: &Tx, person: PersonId) -> Result<Noted, personal_data::Error> {
        let ended = delete_all_in_tx(tx, person).await?;
        self.0.revocations.note_in_tx(tx, &ended).await
    }

    async fn tokens(&self, session: &session::Model, refresh: &RefreshToken, now: Timestamp) -> Result<pb::Tokens, Error> {
        let roles = staff::roles(&self.0.db, session.person).await?;
        // No token outlives a role that it carries.
        let until = roles.until().map_or(now.plus(rules::ACCESS), |end| end.min(now.plus(rules::ACCESS)));
        let claims = Claims {
            sub: session.person,
            sid: session.id.0,
            roles: roles.list().into_iter().map(i32::from).collect(),
            iat: now.seconds(),
            exp: until.seconds(),
            auth_time: session.signed_in_at.seconds(),
            aud: AUDIENCE.to_owned(),
            iss: self.0.issuer.clone(),
        };
        Ok(pb::Tokens {
            access_token: self.0.signer.sign(&claims)?,
            refresh_token: refresh.encode(),
            token_type: "Bearer".to_owned(),
            expires_in: u32::try_from(claims.exp.saturating_sub(claims.iat)).unwrap_or(0),
        })
    }
}

/// Deletes every session of a person and answers which they were.
pub async fn delete_all_in_tx(tx: &Tx, person: PersonId) -> Result<Vec<SessionId>, personal_data::Error> {
    let mut ended = Vec::new();
    for session in query::of::<session::Entity>(person, Purpose::Account).all(tx).await? {
        tx.delete::<session::Entity>(&session).await?;
        ended.push(session.id);
    }
    Ok(ended)
}
