//! What a mailed link opens: the confirmed address, the new password.

use std::time::Duration;

use contract::{Purpose, identity::v1 as pb};
use foundation::uuid::Uuid;
use personal_data::{Idempotency, query};
use service::Caller;

use super::{
    Accounts, Error, Invalid, confirm_in_tx,
    rows::{account, credential},
    rules::{self, Email},
};
use crate::{
    links::{self, rows::LinkId, rules::Kind},
    throttle::Attempt,
};

/// A forgotten password is answered after this, well longer than either kind of address takes: the answer's time tells neither.
const ANSWERED_AFTER: Duration = Duration::from_millis(300);

impl Accounts {
    /// Confirms the address by its mailed link.
    pub async fn confirm(&self, caller: &Caller, ask: pb::ConfirmRequest) -> Result<(), Error> {
        let link = self.links.open(&ask.token, Kind::Confirm).await?;
        let person = link.person;
        caller.acts_on(person).await?;
        let tx = self.db.begin_for("identity.confirm", person, Purpose::Account).await?;
        links::use_in_tx(&tx, link).await?;
        let account = query::of::<account::Entity>(person, Purpose::Account).one(&tx).await?;
        confirm_in_tx(&tx, &mut account.ok_or(Error::NoSuchAccount)?).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Mails a link to set a new password, if the address has an account. Answers how long the link holds.
    pub async fn forget_password(&self, caller: &Caller, ask: pb::ForgetPasswordRequest) -> Result<Duration, Error> {
        let email = Email::parse(&ask.email)?;
        self.throttle.count(Attempt::ForgetPassword, &email).await?;
        let answered = tokio::time::sleep(ANSWERED_AFTER);
        match self.find(&email).await? {
            Some(account) => {
                caller.acts_on(account.person).await?;
                let tx = self.db.begin_for("identity.forget-password", account.person, Purpose::Account).await?;
                links::issue_in_tx(&tx, account.person, Kind::ResetPassword, LinkId::new_v4()).await?;
                tx.commit().await?;
                // What the access log asks for afterwards, so that only its commit is left.
                self.secrets.keys().handle(account.person).await?;
                answered.await;
            }
            None => {
                caller.acts_on_nobody();
                answered.await;
                // A known address has the access log's entry still to come.
                self.write_nothing().await?;
            }
        }
        Ok(Kind::ResetPassword.ttl())
    }

    /// As much work as an entry of the access log, leaving a random claim that goes within a day.
    async fn write_nothing(&self) -> Result<(), Error> {
        let tx = self.db.begin("identity.forget-nobody").await?;
        tx.first_made(&Idempotency::new(None, "nothing", &Uuid::new_v4().to_string(), &[]), Uuid::new_v4()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets a new password and ends every session. The link proves the address too, so it confirms an account that was not.
    pub async fn reset_password(&self, caller: &Caller, ask: pb::ResetPasswordRequest) -> Result<(), Error> {
        let password = rules::password(ask.new_password, "new_password")?;
        let link = self.links.open(&ask.token, Kind::ResetPassword).await?;
        let person = link.person;
        caller.acts_on(person).await?;
        let account = self.get(person).await?.ok_or(Error::NoSuchAccount)?;
        let opened = self.open(&account, Purpose::Account).await?;
        if !self.passwords.is_strong(&password, opened.known()).await? {
            return Err(Invalid::WeakPassword { field: "new_password" }.into());
        }
        let hash = self.passwords.hash(&password).await?;
        let tx = self.db.begin_for("identity.reset-password", person, Purpose::Account).await?;
        links::use_in_tx(&tx, link).await?;
        links::use_all_in_tx(&tx, person, Kind::ResetPassword).await?;
        let mut credential = query::of::<credential::Entity>(person, Purpose::Account).one(&tx).await?.ok_or(Error::NoSuchAccount)?;
        (credential.password, credential.changed_at) = (hash, tx.clock().now());
        tx.update::<credential::Entity>(&mut credential).await?;
        let account = query::of::<account::Entity>(person, Purpose::Account).one(&tx).await?;
        confirm_in_tx(&tx, &mut account.ok_or(Error::NoSuchAccount)?).await?;
        // Once the password is new, no old token may still be good.
        let ended = self.sessions.end_all_in_tx(&tx, person).await?;
        tx.commit().await?;
        Ok(ended.tell().await?)
    }
}
