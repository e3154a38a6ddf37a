//! The keyring's own access log: it knows the handles without asking anybody.

use foundation::{PersonId, uuid::Uuid};
use personal_data::{Error, access_log::Handles};

use super::Keyring;

#[async_trait::async_trait]
impl Handles for Keyring {
    async fn handle(&self, person: PersonId) -> Result<Option<Uuid>, Error> {
        Ok(self.handles("keyring", &[person]).await?.pop().flatten())
    }
}
