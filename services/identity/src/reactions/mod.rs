//! What identity does on events, beside what every holder does.

mod destroy_key;
mod end_tokens;

pub use destroy_key::DestroyKey;
pub use end_tokens::{EndTokens, On};

use events::{Envelope, Outcome, Reactor};

/// Sets an event aside that will never be taken as it is.
async fn set_aside(reactor: &dyn Reactor, envelope: &Envelope, reason: &str) -> Outcome {
    tracing::error!(reaction = reactor.name(), event = %envelope.id, reason, "an event is poisoned and is set aside");
    match reactor.park(envelope, reason).await {
        Ok(()) => Outcome::Parked,
        Err(error) => Outcome::Later(error.to_string()),
    }
}

async fn park(db: &personal_data::Db, envelope: &Envelope, reaction: &str, reason: &str) -> Result<(), personal_data::Error> {
    let tx = db.begin("identity.park").await?;
    events::parked::park_in_tx(&tx, envelope, reaction, reason).await?;
    tx.commit().await
}
