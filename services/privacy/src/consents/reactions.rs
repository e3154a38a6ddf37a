//! The ledger follows what people agreed to and took back in other services.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Purpose,
    communication::v1::{NewsletterEnded, NewsletterSubscribed},
    identity::v1::{RegistrationAbandoned, RegistrationConsented},
};
use events::{Reaction, ReactionError, Reactor, reactor};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, Tx, query, retention::ticket};

use super::{
    Given, Ledger,
    giving::purpose_of,
    publications,
    recording::recording,
    rows::{Method, consent, consent_withdrawal, derived},
    withdraw_in_tx,
};

/// Every reaction of the ledger.
pub fn all(db: &Db, ledger: &Ledger) -> Vec<Arc<dyn Reactor>> {
    vec![
        recording(ledger, "privacy.record-consent-on-registration", registered),
        recording(ledger, "privacy.record-consent-on-subscription", subscribed),
        reactor::<RegistrationAbandoned, _>(db, Follow),
        reactor::<NewsletterEnded, _>(db, Follow),
        recording(ledger, "privacy.record-consent-on-publication", publications::published),
        reactor(db, publications::TakenBack),
    ]
}

fn person(id: &str) -> Result<PersonId, &'static str> {
    id.parse().map_err(|_| "the person is not an identifier")
}

fn time(at: Option<&prost_types::Timestamp>) -> Result<Timestamp, &'static str> {
    at.map(Timestamp::from_proto).ok_or("a consent without a time")
}

fn registered(event: &RegistrationConsented) -> Result<Given, &'static str> {
    Ok(Given {
        id: event.consent_id.parse().map_err(|_| "the consent is not an identifier")?,
        person: person(&event.person_id)?,
        purpose: purpose_of(event.purpose)?,
        text_hash: event.text_hash.clone(),
        language: event.language.clone(),
        method: Method::Registration,
        about: None,
        given_at: time(event.given_at.as_ref())?,
    })
}

/// One consent per subscription and version of it.
fn subscribed(event: &NewsletterSubscribed) -> Result<Given, &'static str> {
    Ok(Given {
        id: derived(&[event.subscription_id.as_bytes(), &event.version.to_be_bytes()]),
        person: person(&event.person_id)?,
        purpose: Purpose::Newsletter,
        text_hash: event.text_hash.clone(),
        language: event.language.clone(),
        method: Method::Newsletter,
        about: None,
        given_at: time(event.given_at.as_ref())?,
    })
}

struct Follow;

/// A registration that came to nothing leaves no consent behind.
#[async_trait]
impl Reaction<RegistrationAbandoned> for Follow {
    const NAME: &'static str = "privacy.forget-consents-on-abandoned-registration";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RegistrationAbandoned) -> Result<(), ReactionError> {
        let person = person(&event.person_id).map_err(ReactionError::Poisoned)?;
        let consents = query::of::<consent::Entity>(person, Purpose::Rights).all(tx).await?;
        let withdrawals = query::of::<consent_withdrawal::Entity>(person, Purpose::Rights).all(tx).await?;
        let rows: Vec<Uuid> = consents.iter().map(|row| row.id).chain(withdrawals.iter().map(|row| row.id)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        ticket::issue_in_tx(tx, &rows).await?;
        for row in &consents {
            tx.delete::<consent::Entity>(row).await?;
        }
        for row in &withdrawals {
            tx.delete::<consent_withdrawal::Entity>(row).await?;
        }
        Ok(ticket::withdraw_in_tx(tx, &rows).await?)
    }
}

#[async_trait]
impl Reaction<NewsletterEnded> for Follow {
    const NAME: &'static str = "privacy.withdraw-consent-on-unsubscription";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: NewsletterEnded) -> Result<(), ReactionError> {
        let person = person(&event.person_id).map_err(ReactionError::Poisoned)?;
        let ended_at = event.ended_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto);
        match withdraw_in_tx(tx, person, Purpose::Newsletter, None, ended_at).await? {
            0 => Err(ReactionError::Early("the consent that was taken back is not recorded yet")),
            _ => Ok(()),
        }
    }
}
