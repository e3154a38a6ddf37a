//! Who agreed to what, when, and to which text.

pub mod rows;

use async_trait::async_trait;
use contract::{Purpose, identity::v1::RegistrationConsented, privacy::v1 as pb};
use events::{Reaction, ReactionError};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, Error, Tx, query};
use sea_orm::QueryOrder;

use rows::consent;

/// The consent that registration recorded enters the ledger.
pub struct Ledger;

#[async_trait]
impl Reaction<RegistrationConsented> for Ledger {
    const NAME: &'static str = "privacy.record-consent-on-registration";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RegistrationConsented) -> Result<(), ReactionError> {
        let unreadable = |_| ReactionError::Poisoned("an identifier is not one");
        tx.insert_once::<consent::Entity>(consent::Model {
            id: event.consent_id.parse::<Uuid>().map_err(unreadable)?,
            person: event.person_id.parse::<PersonId>().map_err(unreadable)?,
            purpose: event.purpose,
            given_at: event.given_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto),
            text_version: event.text_version,
            text_hash: event.text_hash,
            language: event.language,
        })
        .await?;
        Ok(())
    }
}

/// A person's consents, oldest first.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<pb::Consent>, Error> {
    let rows = query::of::<consent::Entity>(person, Purpose::Rights).order_by_asc(consent::Column::GivenAt).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| pb::Consent {
            purpose: row.purpose,
            text_version: row.text_version,
            text_hash: row.text_hash,
            language: row.language,
            given_at: Some(row.given_at.to_proto()),
        })
        .collect())
}
