//! The texts that are published now and were before. A new text is told to everybody who agreed to the old one.

use std::{sync::Arc, time::Duration};

use contract::{
    Purpose,
    privacy::v1::{RightsNoticeDue, rights_notice_due::Notice},
};
use foundation::BoxError;
use personal_data::{Db, Error as DataError, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio_util::sync::CancellationToken;

use super::{
    Error, Ledger,
    rows::{consent, consent_text, consent_withdrawal, derived},
    text::{Operator, Text},
};

/// Consents looked at in one transaction.
const BATCH: u64 = 200;
const PAUSE: Duration = Duration::from_secs(5);

/// The texts that are published now. Clones share them.
#[derive(Clone, Debug)]
pub struct Texts(Arc<[Text]>);

impl Texts {
    pub fn new(texts: Vec<Text>) -> Self {
        Self(texts.into())
    }

    pub fn current(&self, purpose: Purpose, language: &str) -> Option<&Text> {
        self.0.iter().find(|text| text.purpose == purpose && text.language == language)
    }

    /// Whether this text is published now: a purpose may have several, one for each audience.
    pub fn has(&self, purpose: i32, language: &str, hash: &str) -> bool {
        self.0.iter().any(|text| text.purpose as i32 == purpose && text.language == language && text.hash == hash)
    }

    /// A text by its hash, published now or before.
    pub async fn find(&self, db: &Db, purpose: Purpose, language: &str, hash: &str) -> Result<Option<Text>, Error> {
        let published = |text: &&Text| text.purpose == purpose && text.language == language && text.hash == hash;
        if let Some(current) = self.0.iter().find(published) {
            return Ok(Some(current.clone()));
        }
        let id = id_of(purpose, language, hash);
        let Some(row) = query::anonymous::<consent_text::Entity>().filter(consent_text::Column::Id.eq(id)).one(db).await? else {
            return Ok(None);
        };
        let operator = Operator { name: row.operator_name, bin: row.operator_bin };
        Ok(Some(Text::read(purpose, language, &row.version, &row.text, operator)?))
    }
}

fn id_of(purpose: Purpose, language: &str, hash: &str) -> foundation::uuid::Uuid {
    derived(&[b"text", purpose.as_str_name().as_bytes(), language.as_bytes(), hash.as_bytes()])
}

impl Ledger {
    /// Publishes the texts of this version, then tells of changed ones until everybody is told. Works until it is cancelled.
    pub async fn run(self, until: CancellationToken) -> Result<(), BoxError> {
        self.publish().await?;
        while !until.is_cancelled() {
            let more = self.tell_some().await?;
            if !more {
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = until.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    async fn publish(&self) -> Result<(), DataError> {
        for text in self.texts.0.iter() {
            let id = id_of(text.purpose, &text.language, &text.hash);
            let known = query::anonymous::<consent_text::Entity>()
                .filter(consent_text::Column::Purpose.eq(text.purpose as i32))
                .filter(consent_text::Column::Language.eq(text.language.as_str()))
                .all(&self.db)
                .await?;
            if known.iter().any(|row| row.id == id) {
                continue;
            }
            let tx = self.db.begin("privacy.publish-consent-text").await?;
            tx.insert_once::<consent_text::Entity>(consent_text::Model {
                id,
                purpose: text.purpose as i32,
                language: text.language.clone(),
                version: text.version.clone(),
                hash: text.hash.clone(),
                text: text.text.clone(),
                operator_name: text.operator.name.clone(),
                operator_bin: text.operator.bin.clone(),
                published_at: tx.clock().now(),
                // The first text follows none that anybody agreed to.
                told: known.is_empty(),
                cursor: None,
                row_version: 0,
            })
            .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// One batch of one new text. Answers whether there is more to do.
    async fn tell_some(&self) -> Result<bool, DataError> {
        let untold = query::anonymous::<consent_text::Entity>().filter(consent_text::Column::Told.eq(false)).one(&self.db).await?;
        let Some(mut row) = untold else { return Ok(false) };
        let mut older = query::across::<consent::Entity>(Purpose::Rights)
            .filter(consent::Column::Purpose.eq(row.purpose))
            .filter(consent::Column::Language.eq(row.language.as_str()))
            .filter(consent::Column::TextHash.ne(row.hash.as_str()))
            .filter(consent::Column::About.is_null());
        if let Some(cursor) = row.cursor {
            older = older.filter(consent::Column::Id.gt(cursor));
        }
        let older = older.order_by_asc(consent::Column::Id).limit(BATCH).all(&self.db).await?;
        let tx = self.db.begin("privacy.tell-changed-text").await?;
        for consent in &older {
            match tx.admit(consent.person, Purpose::Rights).await {
                Ok(()) => {}
                Err(DataError::Erased) => continue,
                Err(error) => return Err(error),
            }
            if !self.stands_alone(&tx, consent, &row.hash).await? {
                continue;
            }
            let due = RightsNoticeDue {
                request_id: consent.id.to_string(),
                person_id: consent.person.to_string(),
                notice: Notice::ConsentTextChanged.into(),
                version: row.published_at.micros(),
            };
            events::announce_in_tx(&tx, due).await?;
        }
        match older.last() {
            Some(last) => row.cursor = Some(last.id),
            None => row.told = true,
        }
        match tx.update::<consent_text::Entity>(&mut row).await {
            // Another replica tells this batch.
            Err(DataError::Changed(_)) => return Ok(true),
            other => other?,
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Not withdrawn, and not followed by a consent to a later text: of several, the person is told once.
    async fn stands_alone(&self, tx: &personal_data::Tx, row: &consent::Model, new: &str) -> Result<bool, DataError> {
        let all = query::of::<consent::Entity>(row.person, Purpose::Rights)
            .filter(consent::Column::Purpose.eq(row.purpose))
            .filter(consent::Column::About.is_null())
            .all(tx)
            .await?;
        let later = all.iter().any(|other| other.text_hash == new || (other.given_at, other.id) > (row.given_at, row.id));
        if later {
            return Ok(false);
        }
        let withdrawn = query::of::<consent_withdrawal::Entity>(row.person, Purpose::Rights);
        Ok(withdrawn.filter(consent_withdrawal::Column::Consent.eq(row.id)).one(tx).await?.is_none())
    }
}
