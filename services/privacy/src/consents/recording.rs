//! Consents that other services announce, written into the ledger: the name is asked for and sealed before the transaction.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{Event, Purpose};
use events::{Arrival, Outcome, OwnReaction, ReactionError, Reactor};
use personal_data::Error as DataError;

use super::{Error, Given, Ledger};

/// It calls identity and the keyring, which no transaction may wait for.
struct Recording<E> {
    ledger: Ledger,
    given: fn(&E) -> Result<Given, &'static str>,
}

/// Records what `given` reads out of an event. `name` never changes: the inbox knows it.
pub fn recording<E: Event>(ledger: &Ledger, name: &'static str, given: fn(&E) -> Result<Given, &'static str>) -> Arc<dyn Reactor> {
    events::own_reactor(&ledger.db, name, Recording { ledger: ledger.clone(), given })
}

/// Without its consent nothing more is done for a purpose; somebody is to look into why.
fn set_aside(reason: &'static str) -> ReactionError {
    tracing::error!(alarm = "CONSENT_NOT_RECORDED", reason, "a consent is set aside");
    ReactionError::Poisoned(reason)
}

#[async_trait]
impl<E: Event> OwnReaction<E> for Recording<E> {
    async fn react(&self, event: E, arrival: &Arrival) -> Result<Outcome, ReactionError> {
        let Self { ledger, given } = self;
        let given = given(&event).map_err(set_aside)?;
        let row = match ledger.written(&given).await {
            Ok(row) => Some(row),
            // Whoever is gone has no consents.
            Err(Error::Gone | Error::Data(DataError::NoSuchPerson | DataError::Erased)) => None,
            Err(Error::UnknownText) => return Err(ReactionError::Early("the text of this consent is not published here")),
            Err(Error::Lacks(_)) => return Err(set_aside("the consent lacks one of the eight things")),
            Err(Error::Data(error)) => return Err(error.into()),
            Err(_) => return Err(ReactionError::Early("identity does not say what the person is called")),
        };
        let tx = ledger.db.begin("privacy.record-consent").await?;
        match tx.admit(given.person, Purpose::Rights).await {
            Ok(()) => {}
            Err(DataError::Erased) => {
                arrival.first_in_tx(&tx).await?;
                tx.commit().await?;
                return Ok(Outcome::Dropped);
            }
            Err(error) => return Err(error.into()),
        }
        if !arrival.first_in_tx(&tx).await? {
            return Ok(Outcome::Repeated);
        }
        if let Some(row) = row {
            ledger.record_in_tx(&tx, row).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done)
    }
}
