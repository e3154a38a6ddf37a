//! A consent from what was said to a row of the ledger: the text looked up, the name asked for and sealed, every item there.

use contract::{
    Purpose,
    identity::v1::ResolveNamesRequest,
    privacy::v1::{self as pb, RightsNoticeDue, rights_notice_due::Notice},
};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Idempotency, Tx, category::Rights, query};
use tonic::Code;

use super::{
    Error, Ledger, publications,
    rows::{Method, consent},
    text::{Item, Text},
};

/// What somebody agreed to, as it was said.
#[derive(Clone, Debug)]
pub struct Given {
    pub id: Uuid,
    pub person: PersonId,
    pub purpose: Purpose,
    pub text_hash: String,
    pub language: String,
    pub method: Method,
    /// The work that it is for.
    pub about: Option<Uuid>,
    pub given_at: Timestamp,
}

impl Ledger {
    /// The row of a consent, complete and sealed: everything that takes the network, before any transaction.
    pub async fn written(&self, given: &Given) -> Result<consent::Model, Error> {
        let text = self.texts.find(&self.db, given.purpose, &given.language, &given.text_hash).await?.ok_or(Error::UnknownText)?;
        let full_name = self.full_name(given.person).await?;
        complete(&text, &full_name)?;
        let key = self.keys.of::<Rights>(given.person, Purpose::Rights).await?;
        let said = |item| text.says(item).to_owned();
        Ok(consent::Model {
            id: given.id,
            person: given.person,
            purpose: given.purpose as i32,
            operator_name: text.operator.name.clone(),
            operator_bin: text.operator.bin.clone(),
            full_name: consent::Model::seal_full_name(&key, given.id, &full_name),
            term: said(Item::Term),
            third_parties: said(Item::ThirdParties),
            cross_border: said(Item::CrossBorder),
            publication: said(Item::Publication),
            data_list: said(Item::DataList),
            other: said(Item::Other),
            text_version: text.version.clone(),
            text_hash: text.hash.clone(),
            language: text.language.clone(),
            method: given.method as i32,
            about: given.about,
            // A clock that is ahead of ours gives no consent in the future.
            given_at: given.given_at.min(self.db.clock().now()),
        })
    }

    async fn full_name(&self, person: PersonId) -> Result<String, Error> {
        let ask = ResolveNamesRequest { person_id: person.to_string() };
        let names = self.names.clone().resolve_names(ask).await.map_err(|status| match status.code() {
            Code::NotFound => Error::Gone,
            code => {
                tracing::warn!(?code, reason = foundation::reason_of(&status), "identity does not say what a person is called");
                Error::IdentityAway
            }
        })?;
        let names = names.into_inner();
        Ok(format!("{} {}", names.first_name, names.last_name).trim().to_owned())
    }

    /// Gives the consent of registration anew, to the text that is published now.
    pub async fn renew(&self, person: PersonId, ask: &pb::GiveConsentRequest, claim: &Idempotency) -> Result<pb::Consent, Error> {
        if ask.purpose() != Purpose::Account {
            return Err(Error::UnexpectedPurpose);
        }
        let current = self.texts.current(Purpose::Account, &ask.language).ok_or(Error::StaleText)?;
        if current.hash != ask.text_hash || current.version != ask.text_version {
            return Err(Error::StaleText);
        }
        let given = Given {
            id: Uuid::new_v4(),
            person,
            purpose: Purpose::Account,
            text_hash: ask.text_hash.clone(),
            language: ask.language.clone(),
            method: Method::Renewal,
            about: None,
            given_at: self.db.clock().now(),
        };
        let row = self.written(&given).await?;
        let tx = self.db.begin_for("privacy.give-consent", person, Purpose::Rights).await?;
        let first = tx.first_made(claim, row.id).await?;
        if first.is_none() {
            self.record_in_tx(&tx, row.clone()).await?;
            tx.commit().await?;
        } else {
            drop(tx);
        }
        let row = match first {
            None => row,
            Some(id) => query::by_key::<consent::Entity>(id, Purpose::Rights)
                .one(&self.db)
                .await?
                .ok_or(personal_data::Error::Changed("consent"))?,
        };
        let key = self.keys.of::<Rights>(person, Purpose::Rights).await?;
        Ok(self.encode(&row, row.open_full_name(&key)?, None)?)
    }

    /// Writes a consent and has its receipt mailed to the person; a consent that is there already changes nothing.
    pub async fn record_in_tx(&self, tx: &Tx, row: consent::Model) -> Result<(), personal_data::Error> {
        let receipt = RightsNoticeDue {
            request_id: row.id.to_string(),
            person_id: row.person.to_string(),
            notice: Notice::ConsentReceipt.into(),
            version: 1,
        };
        if tx.insert_once::<consent::Entity>(row.clone()).await? {
            events::announce_in_tx(tx, receipt).await?;
            publications::announce_in_tx(tx, &row).await?;
        }
        Ok(())
    }
}

/// Every one of the eight things is there.
fn complete(text: &Text, full_name: &str) -> Result<(), Error> {
    let lacking = Item::ALL.into_iter().find(|item| match item {
        Item::FullName => full_name.trim().is_empty(),
        item => text.says(*item).is_empty(),
    });
    lacking.map_or(Ok(()), |item| Err(Error::Lacks(item)))
}

/// Registration and the newsletter are told by events of other services.
pub fn purpose_of(code: i32) -> Result<Purpose, &'static str> {
    match Purpose::try_from(code) {
        Ok(Purpose::Unspecified) | Err(_) => Err("a consent for no purpose"),
        Ok(purpose) => Ok(purpose),
    }
}
