//! The ledger follows what people agreed to and took back in other services.

use async_trait::async_trait;
use contract::{
    Purpose,
    communication::v1::{NewsletterEnded, NewsletterSubscribed},
    identity::v1::{RegistrationAbandoned, RegistrationConsented},
};
use events::{Reaction, ReactionError};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};
use sha2::{Digest, Sha256};

use super::rows::consent;

/// The one writer of consents.
pub struct Ledger;

fn person(id: &str) -> Result<PersonId, ReactionError> {
    id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))
}

#[async_trait]
impl Reaction<RegistrationConsented> for Ledger {
    const NAME: &'static str = "privacy.record-consent-on-registration";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RegistrationConsented) -> Result<(), ReactionError> {
        tx.insert_once::<consent::Entity>(consent::Model {
            id: event.consent_id.parse::<Uuid>().map_err(|_| ReactionError::Poisoned("the consent is not an identifier"))?,
            person: person(&event.person_id)?,
            purpose: event.purpose,
            given_at: event.given_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto),
            text_version: event.text_version,
            text_hash: event.text_hash,
            language: event.language,
            withdrawn_at: None,
            version: 0,
        })
        .await?;
        Ok(())
    }
}

/// A registration that came to nothing leaves no consent behind.
#[async_trait]
impl Reaction<RegistrationAbandoned> for Ledger {
    const NAME: &'static str = "privacy.forget-consents-on-abandoned-registration";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RegistrationAbandoned) -> Result<(), ReactionError> {
        for row in query::of::<consent::Entity>(person(&event.person_id)?, Purpose::Rights).all(tx).await? {
            tx.delete::<consent::Entity>(&row).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Reaction<NewsletterSubscribed> for Ledger {
    const NAME: &'static str = "privacy.record-consent-on-subscription";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: NewsletterSubscribed) -> Result<(), ReactionError> {
        tx.insert_once::<consent::Entity>(consent::Model {
            id: subscription_consent(&event.subscription_id, event.version),
            person: person(&event.person_id)?,
            purpose: Purpose::Newsletter.into(),
            given_at: event.given_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto),
            text_version: event.text_version,
            text_hash: event.text_hash,
            language: event.language,
            withdrawn_at: None,
            version: 0,
        })
        .await?;
        Ok(())
    }
}

#[async_trait]
impl Reaction<NewsletterEnded> for Ledger {
    const NAME: &'static str = "privacy.withdraw-consent-on-unsubscription";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: NewsletterEnded) -> Result<(), ReactionError> {
        let ended_at = event.ended_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        let given = query::of::<consent::Entity>(person(&event.person_id)?, Purpose::Rights)
            .filter(consent::Column::Purpose.eq(Purpose::Newsletter as i32))
            .filter(consent::Column::GivenAt.lte(ended_at))
            .all(tx)
            .await?;
        if given.is_empty() {
            return Err(ReactionError::Early("the consent that was taken back is not recorded yet"));
        }
        for mut row in given.into_iter().filter(|row| row.withdrawn_at.is_none()) {
            row.withdrawn_at = Some(ended_at);
            tx.update::<consent::Entity>(&mut row).await?;
        }
        Ok(())
    }
}

/// One consent per subscription and version of it.
fn subscription_consent(subscription: &str, version: i64) -> Uuid {
    let digest = Sha256::new().chain_update(subscription).chain_update(version.to_be_bytes()).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}
