//! Issues: accepted in one transaction, queued to subscribers batch by batch, each person once.

use std::time::Duration;

use contract::Purpose;
use foundation::{BoxError, uuid::Uuid};
use personal_data::{Db, Idempotency, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use service::{Caller, CancellationToken};

use super::{
    Error,
    rows::{IssueId, issue, subscription},
    rules::{self, Letter, Letters},
};
use crate::{
    language::Language,
    mail::{self, Kind},
};

const BATCH: u64 = 50;
/// The safety net beside the wake-up after each commit.
const POLL: Duration = Duration::from_secs(2);

/// Clones share the database.
#[derive(Clone)]
pub struct Issues {
    db: Db,
}

impl Issues {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Accepts an issue. Whoever sends it reads nobody's data: the worker finds the subscribers.
    pub async fn send(&self, by: &Caller, texts: Vec<(String, Letter)>, claim: &Idempotency) -> Result<IssueId, Error> {
        by.acts_on_nobody();
        let letters = rules::letters(texts)?;
        let texts = serde_json::to_string(&letters).map_err(|error| personal_data::Error::Internal(error.to_string()))?;
        let tx = self.db.begin("communication.send-issue").await?;
        let id = IssueId::new_v4();
        if let Some(first) = tx.first_made(claim, id).await? {
            return Ok(IssueId(first));
        }
        let row = issue::Model { id, texts, queued: false, cursor: None, at: tx.clock().now(), version: 1 };
        tx.insert::<issue::Entity>(row).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The published letter.
    pub async fn letter(&self, id: IssueId, language: Language) -> Result<Letter, Error> {
        let letters = issue(&self.db, id.0).await?.ok_or(Error::NoSuchIssue)?;
        rules::letter_in(&letters, language).map(|(_, letter)| letter.clone()).ok_or(Error::NoSuchIssue)
    }

    /// Queues what was accepted, until it is cancelled.
    pub async fn run(self, until: CancellationToken) -> Result<(), BoxError> {
        while !until.is_cancelled() {
            let committed = self.db.committed().clone();
            let woken = committed.notified();
            if !self.queue_next().await? {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep(POLL) => {}
                    () = until.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    /// Queues the next batch of the oldest issue that is not queued to everybody. Answers whether there was one.
    async fn queue_next(&self) -> Result<bool, Error> {
        let open = query::anonymous::<issue::Entity>().filter(issue::Column::Queued.eq(false)).order_by_asc(issue::Column::At);
        let Some(mut issue) = open.one(&self.db).await? else { return Ok(false) };
        let mut subscribers = query::across::<subscription::Entity>(Purpose::Newsletter).filter(subscription::Column::Active.eq(true));
        if let Some(cursor) = issue.cursor {
            subscribers = subscribers.filter(subscription::Column::Id.gt(cursor));
        }
        let batch = subscribers.order_by_asc(subscription::Column::Id).limit(BATCH).all(&self.db).await?;
        let tx = self.db.begin("communication.queue-issue").await?;
        for subscriber in &batch {
            match tx.admit(subscriber.person, Purpose::Newsletter).await {
                Ok(()) => mail::queue_in_tx(&tx, subscriber.person, Kind::Newsletter, issue.id).await?,
                // Their state changed since they were read.
                Err(personal_data::Error::Erased | personal_data::Error::Restricted | personal_data::Error::Withdrawn(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        issue.queued = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        issue.cursor = batch.last().map(|last| last.id).or(issue.cursor);
        match tx.update::<issue::Entity>(&mut issue).await {
            // Another replica queued this batch: ours is rolled back, so that nobody gets two.
            Err(personal_data::Error::Changed(_)) => return Ok(true),
            other => other?,
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// An issue's letters; none when there is no such issue.
pub(crate) async fn issue(db: &Db, id: Uuid) -> Result<Option<Letters>, personal_data::Error> {
    let found = query::anonymous::<issue::Entity>().filter(issue::Column::Id.eq(id)).one(db).await?;
    let read = |row: issue::Model| serde_json::from_str(&row.texts).map_err(|error| personal_data::Error::Internal(error.to_string()));
    found.map(read).transpose()
}

/// The subject for a reader of this language, and the language that it is in.
pub(crate) fn subject_in(letters: &Letters, language: Language) -> (Language, String) {
    rules::letter_in(letters, language).map(|(language, letter)| (language, letter.subject.clone())).unwrap_or_default()
}
