//! After a restore: whoever was erased since is erased again, before anything works and anybody is served.

use std::collections::HashSet;

use contract::keyring::v1::{DestroyKeyRequest, keyring_client::KeyringClient};
use events::parked;
use foundation::PersonId;
use personal_data::{Db, Error, Holds, not_erased, person_state};

use super::Host;

const KEYRING: &str = "keyring";

/// Why the ledger of erasures could not be replayed. The school does not start without.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    #[error("{service} cannot erase again whom the ledger of erasures names")]
    Holder {
        service: &'static str,
        #[source]
        source: Error,
    },
    #[error("{service} still finds rows of somebody whom the ledger of erasures names: the school does not start with them")]
    LeftOver { service: &'static str },
    #[error("the keyring cannot destroy a key that the ledger of erasures names: {0}")]
    Key(String),
}

impl Host {
    /// Whom of these people some database of this process does not know as erased.
    pub async fn not_erased(&self, people: &[PersonId]) -> Result<Vec<PersonId>, AgainError> {
        let mut unknown = HashSet::new();
        for service in &self.services {
            let (Some(_), Some(db)) = (&service.holds, self.engines.opened(service.name)) else { continue };
            unknown.extend(not_erased(&db, people).await.map_err(|source| AgainError::Holder { service: service.name, source })?);
        }
        Ok(people.iter().filter(|person| unknown.contains(person)).copied().collect())
    }

    /// Erases in every database of this process whom it does not know as erased, from its map, and destroys their keys. Whoever's
    /// erasure is `under_way` here is marked at once and left to it: it counts what it erases. Call it between `record_maps` and
    /// `start`; answers how many erasures it repeated.
    pub async fn erase_again(&self, people: &[PersonId], under_way: &[PersonId]) -> Result<u64, AgainError> {
        let under_way: HashSet<PersonId> = under_way.iter().copied().collect();
        let mut repeated = 0;
        for service in &self.services {
            let (Some(holds), Some(db)) = (&service.holds, self.engines.opened(service.name)) else { continue };
            let failed = |source| AgainError::Holder { service: service.name, source };
            for person in not_erased(&db, people).await.map_err(failed)? {
                if !under_way.contains(&person) {
                    if service.name == KEYRING {
                        self.destroy_key(person).await?;
                    }
                    self.erase(holds, &db, person).await?;
                    repeated += 1;
                } else if service.name != KEYRING {
                    mark(&db, person).await.map_err(failed)?;
                }
            }
        }
        Ok(repeated)
    }

    async fn erase(&self, holds: &Holds, db: &Db, person: PersonId) -> Result<(), AgainError> {
        let service = db.service();
        let work = async {
            let removed = holds.remove_objects(db, person).await?;
            let tx = db.begin("holder.erase-again").await?;
            parked::forget_in_tx(&tx, person).await?;
            let report = holds.erase_in_tx(&tx, person, &removed).await?;
            tx.commit().await?;
            holds.settle(db, &self.engines.keys(service), person).await?;
            Ok(report.left_over)
        };
        match work.await.map_err(|source| AgainError::Holder { service, source })? {
            0 => Ok(()),
            _ => Err(AgainError::LeftOver { service }),
        }
    }

    /// In the name of privacy, whose saga did it first.
    async fn destroy_key(&self, person: PersonId) -> Result<(), AgainError> {
        let mut keyring = KeyringClient::new(self.engines.transport("privacy", KEYRING));
        let ask = DestroyKeyRequest { person_id: person.to_string() };
        keyring.destroy_key(ask).await.map(drop).map_err(|status| AgainError::Key(status.code().to_string()))
    }
}

async fn mark(db: &Db, person: PersonId) -> Result<(), Error> {
    let tx = db.begin("holder.mark-erased-again").await?;
    person_state::erase_in_tx(&tx, person).await?;
    tx.commit().await
}
