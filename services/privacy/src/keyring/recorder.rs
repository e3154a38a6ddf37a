//! The keyring's own access log: it knows the handles without asking anybody.

use foundation::{PersonId, uuid::Uuid};
use personal_data::{Error, access_log::Handles};

use super::Keyring;

#[async_trait::async_trait]
impl Handles for Keyring {
    async fn handles(&self, people: &[PersonId]) -> Result<Vec<Option<Uuid>>, Error> {
        Keyring::handles(self, "keyring", people).await
    }
}
