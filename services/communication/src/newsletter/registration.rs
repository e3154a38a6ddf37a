//! Consent to the newsletter that was given while registering: it subscribes, and the first issue waits for the confirmed address.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Purpose,
    identity::v1::{AccountConfirmed, RegistrationAbandoned, RegistrationConsented},
};
use events::{Reaction, ReactionError, Reactor, reactor};
use foundation::{PersonId, Timestamp};
use personal_data::{Db, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::rows::{SubscriptionId, subscription};
use crate::{
    language::Language,
    mail::{self, rows::mail as queued},
};

/// What registration sets going here.
pub(crate) fn reactors(db: &Db) -> Vec<Arc<dyn Reactor>> {
    vec![
        reactor::<RegistrationConsented, _>(db, Registration),
        reactor::<AccountConfirmed, _>(db, Registration),
        reactor::<RegistrationAbandoned, _>(db, Registration),
    ]
}

struct Registration;

fn person(id: &str) -> Result<PersonId, ReactionError> {
    id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))
}

/// Privacy records the consent from the same event: it is announced once.
#[async_trait]
impl Reaction<RegistrationConsented> for Registration {
    const NAME: &'static str = "communication.subscribe-on-registration";
    const PURPOSE: Purpose = Purpose::Newsletter;

    async fn react_in_tx(&self, tx: &Tx, event: RegistrationConsented) -> Result<(), ReactionError> {
        if event.purpose() != Purpose::Newsletter {
            return Ok(());
        }
        let person = person(&event.person_id)?;
        let language = Language::read(&event.language).ok_or(ReactionError::Poisoned("no such language"))?;
        tx.insert_once::<subscription::Entity>(subscription::Model {
            id: SubscriptionId::new_v4(),
            person,
            active: true,
            text_version: event.text_version,
            text_hash: event.text_hash,
            language: language as i32,
            given_at: event.given_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto),
            ended_at: None,
            version: 1,
        })
        .await?;
        Ok(())
    }
}

/// What waited for the address to be confirmed need not wait for its turn.
#[async_trait]
impl Reaction<AccountConfirmed> for Registration {
    const NAME: &'static str = "communication.send-on-confirmation";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: AccountConfirmed) -> Result<(), ReactionError> {
        let now = tx.clock().now();
        // The mail that asked for the confirmation may be on its way still: it is left alone.
        let waiting = query::of::<queued::Entity>(person(&event.person_id)?, Purpose::Rights)
            .filter(queued::Column::State.is_in([mail::State::Queued as i32, mail::State::Failed as i32]))
            .filter(queued::Column::Purpose.ne(Purpose::Account as i32));
        for mut row in waiting.all(tx).await? {
            (row.state, row.attempts, row.due_at) = (mail::State::Queued as i32, 0, now);
            tx.update::<queued::Entity>(&mut row).await?;
        }
        Ok(())
    }
}

/// A registration that came to nothing leaves no subscription and no mail to be sent.
#[async_trait]
impl Reaction<RegistrationAbandoned> for Registration {
    const NAME: &'static str = "communication.forget-abandoned-registration";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, event: RegistrationAbandoned) -> Result<(), ReactionError> {
        let person = person(&event.person_id)?;
        for row in query::of::<subscription::Entity>(person, Purpose::Rights).all(tx).await? {
            tx.delete::<subscription::Entity>(&row).await?;
        }
        let waiting = query::of::<queued::Entity>(person, Purpose::Rights).filter(queued::Column::State.eq(mail::State::Queued as i32));
        for mut row in waiting.all(tx).await? {
            row.state = mail::State::Dropped as i32;
            tx.update::<queued::Entity>(&mut row).await?;
        }
        Ok(())
    }
}
