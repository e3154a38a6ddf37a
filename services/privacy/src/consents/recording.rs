//! Consents that other services announce, written into the ledger: the name is asked for and sealed before the transaction.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use contract::{Event, Purpose};
use events::{Envelope, Outcome, ReactionError, Reactor, inbox, parked};
use personal_data::{Db, Error as DataError};

use super::{Error, Given, Ledger};

/// A reaction that calls identity and the keyring, which no transaction may wait for.
pub struct Recording<E> {
    ledger: Ledger,
    name: &'static str,
    given: fn(&E) -> Result<Given, &'static str>,
}

/// Records what `given` reads out of an event. `name` never changes: the inbox knows it.
pub fn recording<E: Event>(ledger: &Ledger, name: &'static str, given: fn(&E) -> Result<Given, &'static str>) -> Arc<dyn Reactor> {
    Arc::new(Of { recording: Recording { ledger: ledger.clone(), name, given }, event: PhantomData })
}

struct Of<E> {
    recording: Recording<E>,
    event: PhantomData<fn() -> E>,
}

impl<E: Event> Of<E> {
    async fn record(&self, envelope: &Envelope) -> Result<Outcome, ReactionError> {
        let Recording { ledger, name, given } = &self.recording;
        let event: E = envelope.open().ok_or(ReactionError::Poisoned("the payload is not what its kind says"))?;
        let given = given(&event).map_err(ReactionError::Poisoned)?;
        let row = match ledger.written(&given).await {
            Ok(row) => Some(row),
            // Whoever is gone has no consents.
            Err(Error::Gone | Error::Data(DataError::NoSuchPerson | DataError::Erased)) => None,
            Err(Error::UnknownText) => return Err(ReactionError::Early("the text of this consent is not published here")),
            Err(Error::Lacks(_)) => return Err(ReactionError::Poisoned("the consent lacks one of the eight things")),
            Err(Error::Data(error)) => return Err(error.into()),
            Err(_) => return Err(ReactionError::Early("identity does not say what the person is called")),
        };
        let tx = ledger.db.begin("privacy.record-consent").await?;
        match tx.admit(given.person, Purpose::Rights).await {
            Ok(()) => {}
            Err(DataError::Erased) => {
                inbox::first_in_tx(&tx, envelope.id, name).await?;
                tx.commit().await?;
                return Ok(Outcome::Dropped);
            }
            Err(error) => return Err(error.into()),
        }
        if !inbox::first_in_tx(&tx, envelope.id, name).await? {
            return Ok(Outcome::Repeated);
        }
        if let Some(row) = row {
            ledger.record_in_tx(&tx, row).await?;
        }
        tx.commit().await?;
        Ok(Outcome::Done)
    }
}

#[async_trait]
impl<E: Event> Reactor for Of<E> {
    fn name(&self) -> &'static str {
        self.recording.name
    }

    fn service(&self) -> &'static str {
        self.recording.ledger.db.service()
    }

    fn kind(&self) -> &'static str {
        E::TYPE
    }

    fn db(&self) -> &Db {
        &self.recording.ledger.db
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        match self.record(envelope).await {
            Ok(outcome) => outcome,
            Err(ReactionError::Poisoned(reason)) => {
                tracing::error!(alarm = "CONSENT_NOT_RECORDED", reason, "a consent is set aside");
                match self.park(envelope, reason).await {
                    Ok(()) => Outcome::Parked,
                    Err(error) => Outcome::Later(error.to_string()),
                }
            }
            Err(error) => Outcome::Later(error.to_string()),
        }
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), DataError> {
        let tx = self.db().begin("privacy.park-consent").await?;
        parked::park_in_tx(&tx, envelope, self.recording.name, reason).await?;
        tx.commit().await
    }
}
