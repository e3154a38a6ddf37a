//! Consents to publication: for one work and one audience each. What rests on one may begin when the ledger has it.

use async_trait::async_trait;
use contract::{
    Purpose,
    learning::v1::{PublicationConsented, PublicationWithdrawn},
    privacy::v1::ConsentRecorded,
};
use events::{Reaction, ReactionError};
use foundation::{Timestamp, uuid::Uuid};
use personal_data::Tx;

use super::{
    Given,
    rows::{Method, consent},
    withdraw_in_tx,
};

/// What a learner agreed to who publishes.
pub(super) fn published(event: &PublicationConsented) -> Result<Given, &'static str> {
    Ok(Given {
        id: event.consent_id.parse().map_err(|_| "the consent is not an identifier")?,
        person: event.learner_id.parse().map_err(|_| "the person is not an identifier")?,
        purpose: Purpose::Publication,
        text_hash: event.text_hash.clone(),
        language: event.language.clone(),
        method: Method::Publication,
        about: Some(event.publication_id.parse::<Uuid>().map_err(|_| "the publication is not an identifier")?),
        given_at: event.given_at.as_ref().map(Timestamp::from_proto).ok_or("a consent without a time")?,
    })
}

/// Tells that the ledger has a consent that something waits for.
pub(super) async fn announce_in_tx(tx: &Tx, row: &consent::Model) -> Result<(), personal_data::Error> {
    if row.about.is_none() {
        return Ok(());
    }
    let recorded = ConsentRecorded { consent_id: row.id.to_string(), person_id: row.person.to_string(), purpose: row.purpose, version: 1 };
    events::announce_in_tx(tx, recorded).await
}

/// A publication was taken back: so is the consent for it, and for no other.
pub(super) struct TakenBack;

#[async_trait]
impl Reaction<PublicationWithdrawn> for TakenBack {
    const NAME: &'static str = "privacy.withdraw-consent-on-withdrawn-publication";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: PublicationWithdrawn) -> Result<(), ReactionError> {
        let person = event.learner_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        let publication = event.publication_id.parse().map_err(|_| ReactionError::Poisoned("the publication is not an identifier"))?;
        let withdrawn_at = event.withdrawn_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        match withdraw_in_tx(tx, person, Purpose::Publication, Some(publication), withdrawn_at).await? {
            0 => Err(ReactionError::Early("the consent that was taken back is not recorded yet")),
            _ => Ok(()),
        }
    }
}
