//! The key of a registration that came to nothing is destroyed: what was sealed under it, anywhere, stays sealed.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    identity::v1::RegistrationAbandoned,
    keyring::v1::{DestroyKeyRequest, keyring_client::KeyringClient},
};
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor};
use foundation::{PersonId, Transport};
use personal_data::{Db, keys::Keys};

/// It calls the keyring, which no transaction may wait for. Destroying twice is destroying once.
struct DestroyKey {
    keys: Keys,
    keyring: KeyringClient<Transport>,
}

pub fn destroy_key(db: &Db, keys: Keys, keyring: Transport) -> Arc<dyn Reactor> {
    let destroying = DestroyKey { keys, keyring: KeyringClient::new(keyring) };
    events::own_reactor(db, "identity.destroy-key-on-registration-abandoned", destroying)
}

#[async_trait]
impl OwnReaction<RegistrationAbandoned> for DestroyKey {
    async fn react(&self, event: RegistrationAbandoned, _: &Arrival) -> Result<Outcome, ReactionError> {
        let person: PersonId = event.person_id.parse().map_err(|_| ReactionError::Poisoned("the event names no person"))?;
        self.keyring.clone().destroy_key(DestroyKeyRequest { person_id: person.to_string() }).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), reason = foundation::reason_of(&status), "the keyring destroys no key");
            ReactionError::Early("the keyring does not destroy the key")
        })?;
        self.keys.evict(person);
        Ok(Outcome::Done)
    }
}
