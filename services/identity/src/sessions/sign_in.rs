//! Signing in. A wrong password and an unknown address are one answer, after the same work.

use contract::{Purpose, identity::v1 as pb};
use foundation::PersonId;
use personal_data::query;
use service::Caller;

use super::{
    Error, Sessions,
    rows::{SessionId, session},
    rules::{self, RefreshToken},
};
use crate::{
    accounts::{
        self, Invalid,
        rows::{account, credential},
        rules::Email,
    },
    passwords::{Password, Verdict},
    relation,
    throttle::Attempt,
};

/// Nothing longer was ever accepted as a password, and hashing it would cost more.
const LONGEST: usize = 512 * 4;

impl Sessions {
    pub async fn sign_in(&self, caller: &Caller, ask: pb::SignInRequest) -> Result<pb::Tokens, Error> {
        let parts = &self.0;
        let (email, password) = (Email::parse(&ask.email)?, Password::new(ask.password));
        if password.len() > LONGEST {
            return Err(Invalid::PasswordLength { field: "password" }.into());
        }
        parts.throttle.count(Attempt::SignIn, &email).await?;
        let account = accounts::find(&parts.db, &parts.secrets, &email).await?;
        let credential = self.credential(account.as_ref().map(|account| account.person)).await?;
        let verdict = parts.passwords.verify(&password, credential.as_ref().map(|row| row.password.clone())).await?;
        let (Some(account), Some(credential)) = (account, credential) else { return Err(Error::WrongCredentials) };
        // A try that fails is in the person's own log too.
        caller.acts_on(account.person).await?;
        let rehashed = match verdict {
            Verdict::Wrong => return Err(Error::WrongCredentials),
            Verdict::Right => None,
            Verdict::RightButOld => Some(parts.passwords.hash(&password).await?),
        };
        caller.proved_to_be(account.person);
        if account.confirmed_at.is_none() {
            return Err(Error::NotConfirmed);
        }
        let tokens = self.begin(&account, credential, rehashed).await?;
        parts.throttle.forget(Attempt::SignIn, &email).await?;
        Ok(tokens)
    }

    /// Reads for nobody too, so that both kinds of address cost a read.
    async fn credential(&self, person: Option<PersonId>) -> Result<Option<credential::Model>, Error> {
        let person = person.unwrap_or_else(PersonId::new_v4);
        Ok(query::of::<credential::Entity>(person, Purpose::Account).one(&self.0.db).await?)
    }

    async fn begin(&self, account: &account::Model, checked: credential::Model, rehashed: Option<String>) -> Result<pb::Tokens, Error> {
        let (person, now) = (account.person, self.0.db.clock().now());
        let id = SessionId::new_v4();
        let token = RefreshToken::new(id);
        let session = session::Model {
            id,
            person,
            refresh: token.hash(),
            spent: Vec::new(),
            rotated_at: None,
            signed_in_at: now,
            last_used_at: now,
            expires_at: rules::expiry(now, now),
            version: 1,
        };
        let tx = self.0.db.begin_for("identity.sign-in", person, Purpose::Account).await?;
        // A password that was changed since it was checked opens nothing.
        let current = query::of::<credential::Entity>(person, Purpose::Account).one(&tx).await?;
        let mut current = current.filter(|row| row.version == checked.version).ok_or(Error::WrongCredentials)?;
        if let Some(hash) = rehashed {
            current.password = hash;
            tx.update::<credential::Entity>(&mut current).await?;
        }
        tx.insert::<session::Entity>(session.clone()).await?;
        relation::note_use_in_tx(&tx, person).await?;
        tx.commit().await?;
        self.tokens(&session, &token, now).await
    }
}
