//! Registration. A new address and a known one cost the same work and get the same answer: a mail says which it was.

use std::time::Duration;

use contract::{Purpose, identity::v1 as pb};
use foundation::{PersonId, uuid::Uuid};
use personal_data::{Error as DataError, Idempotency, Tx, query};
use prost::Message;
use service::Caller;

use super::{
    Accounts, Error, Invalid, abandon_in_tx, confirm_in_tx, opened,
    rows::{account, credential},
    rules::{Consent, Language, Registration},
};
use crate::{
    links::{self, rows::LinkId, rules::Kind},
    secrets::Use,
    throttle::Attempt,
};

/// The rows of a new account, sealed and not yet written.
pub struct Draft {
    pub account: account::Model,
    pub credential: credential::Model,
    pub consents: Vec<Consent>,
}

impl Accounts {
    /// Opens an account, or tells whoever has the address that somebody tried. Answers how long the mailed link holds.
    pub async fn register(&self, caller: &Caller, ask: pb::RegisterRequest) -> Result<Duration, Error> {
        let claim = self.claim(caller, &ask).await?;
        let registration = Registration::read(ask)?;
        self.throttle.count(Attempt::Register, &registration.email).await?;
        if !self.passwords.is_strong(&registration.password, registration.known()).await? {
            return Err(Invalid::WeakPassword { field: "password" }.into());
        }
        self.policies.check(&registration.consents).await?;
        let fresh = PersonId::new_v4();
        let password = self.passwords.hash(&registration.password).await?;
        let draft = self.draft(fresh, &registration, password).await?;
        let entered = self.enter(caller, &claim, &registration, &draft).await;
        if entered.is_err() {
            self.abandon(fresh).await;
        }
        entered.map(|()| Kind::Confirm.ttl())
    }

    /// The claim on the idempotency key. The body holds a password, so only a keyed code of it is remembered.
    async fn claim(&self, caller: &Caller, ask: &pb::RegisterRequest) -> Result<Idempotency, Error> {
        let code = self.secrets.code(Use::Fingerprint, &[&ask.encode_to_vec()]).await?;
        Ok(caller.idempotency(&ask.idempotency_key, &pb::ConfirmRequest { token: hex::encode(code) })?)
    }

    /// Makes the key of a new person and seals what they said under it. `password` is the hash of their password.
    async fn draft(&self, person: PersonId, registration: &Registration, password: String) -> Result<Draft, Error> {
        self.secrets.keys().create(person).await?;
        // The access log's handle is made here, so that both kinds of address pay for it.
        self.secrets.keys().handle(person).await?;
        let key = self.secrets.account_key(person, Purpose::Account).await?;
        let now = self.db.clock().now();
        let profile = opened::profile(registration.age_bracket, registration.language);
        let account = account::Model {
            person,
            first_name: account::Model::seal_first_name(&key, person, &registration.first_name),
            last_name: account::Model::seal_last_name(&key, person, &registration.last_name),
            email: account::Model::seal_email(&key, person, registration.email.as_str()),
            email_index: self.secrets.email_index(&registration.email).await?,
            phone: registration.phone.as_deref().and_then(|phone| account::Model::seal_phone(&key, person, phone)),
            profile: account::Model::seal_profile(&key, person, &profile),
            registered_at: now,
            confirmed_at: None,
            version: 1,
        };
        let credential = credential::Model { person, password, changed_at: now, version: 1 };
        Ok(Draft { account, credential, consents: registration.consents.clone() })
    }

    async fn enter(&self, caller: &Caller, claim: &Idempotency, registration: &Registration, draft: &Draft) -> Result<(), Error> {
        // Another round only when the same address was registered, or erased, between look-up and commit.
        for _ in 0..3 {
            let known = self.find(&registration.email).await?.map(|account| account.person);
            match self.try_enter(caller, claim, known, draft).await {
                Err(Error::Data(error)) if error.is_unique_violation() || matches!(error, DataError::Erased) => {}
                other => return other,
            }
        }
        Err(DataError::Changed("account").into())
    }

    async fn try_enter(&self, caller: &Caller, claim: &Idempotency, known: Option<PersonId>, draft: &Draft) -> Result<(), Error> {
        let (fresh, link) = (draft.account.person, LinkId::new_v4());
        let tx = self.db.begin_for("identity.register", fresh, Purpose::Account).await?;
        if let Some(first) = tx.first_made(claim, link).await? {
            abandon_in_tx(&tx, fresh, 1).await?;
            tx.commit().await?;
            return self.answer_again(caller, first).await;
        }
        match known {
            None => {
                caller.acts_on(fresh).await?;
                insert_in_tx(&tx, draft).await?;
                links::issue_in_tx(&tx, fresh, Kind::Confirm, link).await?;
            }
            Some(person) => {
                caller.acts_on(person).await?;
                tx.admit(person, Purpose::Account).await?;
                links::issue_in_tx(&tx, person, Kind::AlreadyRegistered, link).await?;
                abandon_in_tx(&tx, fresh, 1).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The answer is the same every time; only whose it was is looked up.
    async fn answer_again(&self, caller: &Caller, first: Uuid) -> Result<(), Error> {
        match self.links.find(LinkId(first)).await? {
            Some(link) => caller.acts_on(link.person).await?,
            None => caller.acts_on_nobody(),
        }
        Ok(())
    }

    /// A registration failed after its key was made: the key can go. Should this fail too, the key stays and opens nothing.
    async fn abandon(&self, fresh: PersonId) {
        let announced = async {
            let tx = self.db.begin_for("identity.abandon", fresh, Purpose::Account).await?;
            // A commit may have succeeded although its answer was lost: an account that is there keeps its key.
            if query::of::<account::Entity>(fresh, Purpose::Account).one(&tx).await?.is_some() {
                return Ok(());
            }
            abandon_in_tx(&tx, fresh, 1).await?;
            tx.commit().await
        };
        if let Err(error) = announced.await {
            tracing::warn!(%error, "an abandoned registration could not be announced");
        }
    }

    /// Opens an account that is confirmed from the start, for people whom the school itself makes up.
    pub(crate) async fn open_confirmed(&self, registration: &Registration, password: String) -> Result<PersonId, Error> {
        let fresh = PersonId::new_v4();
        let mut draft = self.draft(fresh, registration, password).await?;
        let tx = self.db.begin_for("identity.open-confirmed", fresh, Purpose::Account).await?;
        insert_in_tx(&tx, &draft).await?;
        confirm_in_tx(&tx, &mut draft.account).await?;
        tx.commit().await?;
        Ok(fresh)
    }

    /// The consent to registration, given to the text that is published now: for accounts that no person registers.
    pub(crate) async fn current_consent(&self, language: Language) -> Result<Consent, Error> {
        let policy = self.policies.current(language).await?;
        Ok(Consent { purpose: Purpose::Account, text_version: policy.version, text_hash: policy.registration_consent_hash, language })
    }
}

/// Writes the account and announces every consent.
async fn insert_in_tx(tx: &Tx, draft: &Draft) -> Result<(), DataError> {
    tx.insert::<account::Entity>(draft.account.clone()).await?;
    tx.insert::<credential::Entity>(draft.credential.clone()).await?;
    for consent in &draft.consents {
        let consented = pb::RegistrationConsented {
            person_id: draft.account.person.to_string(),
            consent_id: Uuid::now_v7().to_string(),
            purpose: consent.purpose.into(),
            text_version: consent.text_version.clone(),
            text_hash: consent.text_hash.clone(),
            language: consent.language.code().to_owned(),
            given_at: Some(draft.account.registered_at.to_proto()),
            version: 1,
        };
        events::announce_in_tx(tx, consented).await?;
    }
    Ok(())
}
