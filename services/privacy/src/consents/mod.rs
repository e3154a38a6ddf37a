//! Who agreed to what, when, and to which text; and when they took it back.

mod error;
mod giving;
mod publications;
mod reactions;
mod recording;
pub mod rows;
pub mod rpc;
pub mod text;
mod texts;

use std::collections::BTreeMap;

use contract::{Purpose, identity::v1::contacts_client::ContactsClient, privacy::v1 as pb};
use foundation::{PersonId, Timestamp, Transport};
use personal_data::{Db, Error as DataError, Tx, category::Rights, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

pub use error::Error;
pub use giving::Given;
pub use reactions::all as reactors;
use rows::{Method, consent, consent_withdrawal, derived};
pub use texts::Texts;

/// The one writer of consents. Clones share everything.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
    keys: Keys,
    names: ContactsClient<Transport>,
    texts: Texts,
}

impl Ledger {
    /// `identity` says what people are called.
    pub fn new(db: Db, keys: Keys, identity: Transport, texts: Texts) -> Self {
        Self { db, keys, names: ContactsClient::new(identity), texts }
    }

    /// A person's consents, oldest first, each with whether it is to the text that is published now; and for which purposes
    /// consent is due anew.
    pub async fn list(&self, person: PersonId) -> Result<(Vec<pb::Consent>, Vec<Purpose>), DataError> {
        let rows = query::of::<consent::Entity>(person, Purpose::Rights).order_by_asc(consent::Column::GivenAt).all(&self.db).await?;
        if rows.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let withdrawn = withdrawals(&self.db, person).await?;
        let key = self.keys.of::<Rights>(person, Purpose::Rights).await?;
        let due = self.due(&rows, &withdrawn);
        let consents = rows.iter().map(|row| self.encode(row, row.open_full_name(&key)?, withdrawn.get(&row.id).copied()));
        Ok((consents.collect::<Result<_, DataError>>()?, due))
    }

    /// Purposes whose standing consent is to a text that said something else in one of the eight things.
    fn due(&self, rows: &[consent::Model], withdrawn: &BTreeMap<foundation::uuid::Uuid, Timestamp>) -> Vec<Purpose> {
        let mut latest: BTreeMap<i32, &consent::Model> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.about.is_none() && !withdrawn.contains_key(&row.id)) {
            latest.insert(row.purpose, row);
        }
        let is_due = |row: &&&consent::Model| {
            let current = Purpose::try_from(row.purpose).ok().and_then(|purpose| self.texts.current(purpose, &row.language));
            current.is_some_and(|current| !current.covers_no_more_than(row))
        };
        latest.values().filter(is_due).filter_map(|row| Purpose::try_from(row.purpose).ok()).collect()
    }

    fn encode(&self, row: &consent::Model, full_name: String, withdrawn_at: Option<Timestamp>) -> Result<pb::Consent, DataError> {
        Ok(pb::Consent {
            consent_id: row.id.to_string(),
            purpose: row.purpose,
            text_version: row.text_version.clone(),
            text_hash: row.text_hash.clone(),
            language: row.language.clone(),
            given_at: Some(row.given_at.to_proto()),
            withdrawn_at: withdrawn_at.map(Timestamp::to_proto),
            current: self.texts.has(row.purpose, &row.language, &row.text_hash),
            method: Method::name(row.method).to_owned(),
            operator_name: row.operator_name.clone(),
            operator_bin: row.operator_bin.clone(),
            full_name,
            term: row.term.clone(),
            third_parties: row.third_parties.clone(),
            cross_border: row.cross_border.clone(),
            publication: row.publication.clone(),
            data_list: row.data_list.clone(),
            other: row.other.clone(),
            about_id: row.about.map(|about| about.to_string()).unwrap_or_default(),
        })
    }
}

async fn withdrawals(db: &Db, person: PersonId) -> Result<BTreeMap<foundation::uuid::Uuid, Timestamp>, DataError> {
    let rows = query::of::<consent_withdrawal::Entity>(person, Purpose::Rights).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.consent, row.withdrawn_at)).collect())
}

/// Takes back, in the ledger, every consent for a purpose that was given up to then; doing it again changes nothing. With
/// `about`, only the consent for that work. Answers how many consents there were to take back, taken back before or now.
pub async fn withdraw_in_tx(
    tx: &Tx,
    person: PersonId,
    purpose: Purpose,
    about: Option<foundation::uuid::Uuid>,
    at: Timestamp,
) -> Result<usize, DataError> {
    let mut given = query::of::<consent::Entity>(person, Purpose::Rights)
        .filter(consent::Column::Purpose.eq(purpose as i32))
        .filter(consent::Column::GivenAt.lte(at));
    if let Some(about) = about {
        given = given.filter(consent::Column::About.eq(about));
    }
    let given = given.all(tx).await?;
    for row in &given {
        let id = derived(&[b"withdrawal", row.id.as_bytes()]);
        let withdrawal = consent_withdrawal::Model { id, person, consent: row.id, withdrawn_at: at };
        tx.insert_once::<consent_withdrawal::Entity>(withdrawal).await?;
    }
    Ok(given.len())
}
