//! The key of a registration that came to nothing is destroyed: what was sealed under it, anywhere, stays sealed.

use async_trait::async_trait;
use contract::{
    Event,
    identity::v1::RegistrationAbandoned,
    keyring::v1::{DestroyKeyRequest, keyring_client::KeyringClient},
};
use events::{Envelope, Outcome, Reactor};
use foundation::{PersonId, Transport};
use personal_data::{Db, Error, keys::Keys};

/// Not a `Reaction`: it calls the keyring, which no transaction may wait for. Destroying twice is destroying once.
pub struct DestroyKey {
    db: Db,
    keys: Keys,
    keyring: KeyringClient<Transport>,
}

impl DestroyKey {
    pub fn new(db: Db, keys: Keys, keyring: Transport) -> Self {
        Self { db, keys, keyring: KeyringClient::new(keyring) }
    }
}

#[async_trait]
impl Reactor for DestroyKey {
    fn name(&self) -> &'static str {
        "identity.destroy-key-on-registration-abandoned"
    }

    fn service(&self) -> &'static str {
        self.db.service()
    }

    fn kind(&self) -> &'static str {
        RegistrationAbandoned::TYPE
    }

    fn db(&self) -> &Db {
        &self.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        let named = envelope.open::<RegistrationAbandoned>().and_then(|event| event.person_id.parse::<PersonId>().ok());
        let Some(person) = named else { return super::set_aside(self, envelope, "the event names no person").await };
        match self.keyring.clone().destroy_key(DestroyKeyRequest { person_id: person.to_string() }).await {
            Ok(_) => {
                self.keys.evict(person);
                Outcome::Done
            }
            Err(status) => Outcome::Later(format!("the keyring answered {:?}", status.code())),
        }
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), Error> {
        super::park(&self.db, envelope, self.name(), reason).await
    }
}
