//! The newsletter: consent given and taken back. It knows nothing of notices.

mod issues;
mod page;
mod registration;
pub mod rows;
pub mod rpc;
mod rules;
mod withdrawal;

use contract::{
    Purpose,
    communication::v1::{NewsletterEnded, NewsletterSubscribed},
    privacy::v1::{GetPolicyRequest, policies_client::PoliciesClient},
};
use foundation::{PersonId, Refusal, Transport};
use personal_data::{
    Db, Tx,
    keys::Keys,
    person_state::{self, State},
    query, schema,
};
use rows::{SubscriptionId, subscription};
use service::{Caller, Engines};

pub(crate) use issues::{Issues, issue, subject_in};
pub(crate) use registration::reactors as on_registration;
pub(crate) use withdrawal::EndOnWithdrawal;

use crate::{NAME, language::Language};

/// Why the newsletter could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this link is not one of ours, or its subscription is gone")]
    LinkInvalid,
    #[error("the language is `ru`, `kk` or `en`")]
    Language,
    #[error("consent is to the text that is published now; read it again")]
    StaleConsentText,
    #[error("the policy cannot be read at the moment; try again")]
    PolicyAway,
    #[error("{0}")]
    Issue(&'static str),
    #[error("there is no such issue")]
    NoSuchIssue,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::LinkInvalid => Self::invalid("LINK_INVALID", "token", text),
            Error::Language => Self::invalid("UNKNOWN_LANGUAGE", "language", text),
            Error::StaleConsentText => Self::precondition("STALE_CONSENT_TEXT", text),
            Error::PolicyAway => Self::unavailable("POLICY_UNAVAILABLE", text),
            Error::Issue(_) => Self::invalid("INVALID_ISSUE", "texts", text),
            Error::NoSuchIssue => Self::not_found("NO_SUCH_ISSUE", text),
            Error::Data(error) => error.into(),
            Error::Refused(refusal) => refusal,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

/// The text that a person agreed to, as the policy was published to them.
pub struct Consent {
    pub text_version: String,
    pub text_hash: String,
    pub language: Language,
}

/// Clones share everything.
#[derive(Clone)]
pub struct Newsletter {
    db: Db,
    keys: Keys,
    policies: PoliciesClient<Transport>,
    issues: Issues,
}

impl Newsletter {
    pub fn new(db: &Db, engines: &Engines) -> Self {
        let policies = PoliciesClient::new(engines.transport(NAME, "privacy"));
        Self { db: db.clone(), keys: engines.keys(NAME), policies, issues: Issues::new(db.clone()) }
    }

    pub fn issues(&self) -> &Issues {
        &self.issues
    }

    /// Records the consent; a person who has given it already changes nothing.
    pub async fn subscribe(&self, by: &Caller, consent: Consent) -> Result<subscription::Model, Error> {
        let person = by.person()?;
        self.check_text(&consent).await?;
        // Whoever withdrew this consent gives it again by this very call; whoever is restricted does not.
        let tx = self.db.begin_for("communication.subscribe", person, Purpose::Rights).await?;
        if person_state::known_in_tx(&tx, person).await?.0 == State::Restricted {
            return Err(personal_data::Error::Restricted.into());
        }
        let now = tx.clock().now();
        let row = match query::of::<subscription::Entity>(person, Purpose::Rights).one(&tx).await? {
            // To a text that has changed, consent is given anew.
            Some(row) if row.active && row.text_hash == consent.text_hash => return Ok(row),
            Some(mut row) => {
                (row.active, row.given_at, row.ended_at) = (true, now, None);
                (row.text_version, row.text_hash, row.language) = (consent.text_version, consent.text_hash, consent.language as i32);
                tx.update::<subscription::Entity>(&mut row).await?;
                row
            }
            None => {
                let row = subscription::Model {
                    id: SubscriptionId::new_v4(),
                    person,
                    active: true,
                    text_version: consent.text_version,
                    text_hash: consent.text_hash,
                    language: consent.language as i32,
                    given_at: now,
                    ended_at: None,
                    version: 1,
                };
                tx.insert::<subscription::Entity>(row.clone()).await?;
                row
            }
        };
        events::announce_in_tx(&tx, subscribed(&row)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The caller's own, restricted or not; none when there never was one.
    pub async fn mine(&self, by: &Caller) -> Result<Option<subscription::Model>, Error> {
        Ok(query::of::<subscription::Entity>(by.person()?, Purpose::Rights).one(&self.db).await?)
    }

    pub async fn end_mine(&self, by: &Caller) -> Result<Option<subscription::Model>, Error> {
        match self.mine(by).await? {
            Some(row) => Ok(Some(self.end(row.id, row.person).await?)),
            None => Ok(None),
        }
    }

    /// One click, no sign-in. Taking consent back is a right: no state of the person stands in its way.
    pub async fn end_by_token(&self, by: &Caller, token: &str) -> Result<(), Error> {
        let id = rules::read(self.keys.index_key().await?, token)?;
        let row = query::by_key::<subscription::Entity>(id, Purpose::Rights).one(&self.db).await?.ok_or(Error::LinkInvalid)?;
        by.acts_on(row.person).await?;
        self.end(row.id, row.person).await?;
        Ok(())
    }

    async fn end(&self, id: SubscriptionId, person: PersonId) -> Result<subscription::Model, Error> {
        let tx = self.db.begin_for("communication.unsubscribe", person, Purpose::Rights).await?;
        let mut row = query::by_key::<subscription::Entity>(id, Purpose::Rights).one(&tx).await?.ok_or(Error::LinkInvalid)?;
        if !row.active || foundation::sabotage::breaks("P14") {
            return Ok(row);
        }
        end_in_tx(&tx, &mut row).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Consent to a text that nobody publishes is none.
    async fn check_text(&self, consent: &Consent) -> Result<(), Error> {
        let ask = GetPolicyRequest { language: consent.language.tag().to_owned() };
        let policy = self.policies.clone().get_policy(ask).await.map_err(|_| Error::PolicyAway)?.into_inner();
        if policy.version != consent.text_version || policy.newsletter_consent_hash != consent.text_hash {
            return Err(Error::StaleConsentText);
        }
        Ok(())
    }
}

async fn end_in_tx(tx: &Tx, row: &mut subscription::Model) -> Result<(), personal_data::Error> {
    let now = tx.clock().now();
    (row.active, row.ended_at) = (false, Some(now));
    tx.update::<subscription::Entity>(row).await?;
    let ended = NewsletterEnded {
        subscription_id: row.id.to_string(),
        person_id: row.person.to_string(),
        ended_at: Some(now.to_proto()),
        version: row.version,
    };
    events::announce_in_tx(tx, ended).await
}

fn subscribed(row: &subscription::Model) -> NewsletterSubscribed {
    NewsletterSubscribed {
        subscription_id: row.id.to_string(),
        person_id: row.person.to_string(),
        text_version: row.text_version.clone(),
        text_hash: row.text_hash.clone(),
        language: Language::of_code(row.language).tag().to_owned(),
        given_at: Some(row.given_at.to_proto()),
        version: row.version,
    }
}

/// A person's subscription, if they have one now: asked again for each mail, so that an end reaches what is queued.
pub(crate) async fn active(db: &Db, person: PersonId) -> Result<Option<SubscriptionId>, personal_data::Error> {
    let row = query::of::<subscription::Entity>(person, Purpose::Newsletter).one(db).await?;
    Ok(row.filter(|row| row.active).map(|row| row.id))
}

/// What ends this subscription, for the links of its mails.
pub(crate) async fn token_of(keys: &Keys, subscription: SubscriptionId) -> Result<String, personal_data::Error> {
    Ok(rules::token(keys.index_key().await?, subscription))
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("subscription", "id")
            .id("person")
            .flag("active")
            .text("text_version")
            .text("text_hash")
            .code("language")
            .time("given_at")
            .optional_time("ended_at")
            .number("version")
            .unique(&["person"])
            .index(&["active"]),
        schema::table("newsletter_issue", "id")
            .text("texts")
            .flag("queued")
            .optional_id("cursor")
            .time("at")
            .number("version")
            .index(&["queued"]),
    ]
}
