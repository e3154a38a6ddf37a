//! Backups that take themselves: due by the catalogue, so that a restart forgets nothing. Two replicas that look in the same second
//! may both take one; that costs its place.

use std::time::Duration;

use foundation::{
    BoxError, Timestamp,
    metrics::all::{BACKUP_AGE, BACKUP_OVERDUE},
};
use tokio_util::sync::CancellationToken;

use crate::{Config, Entry, Error, backups::Backups, progress::quietly, prune, retention, surroundings::Surroundings, take};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(1);
/// Between two looks at the catalogue, while nothing is due; and after a failure.
const LOOK: Duration = Duration::from_secs(600);
const RETRY: Duration = Duration::from_secs(60);

/// How backups stand.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The newest that is whole on both shelves.
    pub last: Option<Entry>,
    pub due_at: Option<Timestamp>,
    pub overdue: bool,
}

impl Backups {
    /// By the catalogue and the interval that is configured.
    pub async fn standing(&self, config: &Config, now: Timestamp) -> Result<Standing, Error> {
        let shelves = self.shelves()?;
        let keyrings = shelves.keyring.finished().await?;
        let mut whole = shelves.data.finished().await?;
        whole.retain(|entry| keyrings.iter().any(|keyring| keyring.id == entry.id));
        let last = whole.pop();
        let every = config.every();
        let due_at = every.map(|every| retention::due_at(last.as_ref(), every, now));
        let overdue = every.is_some_and(|every| retention::is_overdue(last.as_ref(), every, now));
        Ok(Standing { last, due_at, overdue })
    }

    async fn somebody_is_at_it(&self, now: Timestamp) -> Result<bool, Error> {
        Ok(self.shelves()?.data.under_way().await?.iter().any(|entry| !retention::is_interrupted(entry, now)))
    }
}

/// Takes backups and prunes until it is cancelled. A failure is told each time and tried again at the next look.
pub async fn keep_up(config: Config, backups: Backups, around: Surroundings, until: CancellationToken) -> Result<(), BoxError> {
    let mut look_at = around.clock.now();
    while !until.is_cancelled() {
        if look_at <= around.clock.now() {
            look_at = match round(&config, &backups, &around).await {
                Ok(due) => due.unwrap_or(Timestamp::from_micros(i64::MAX)).min(around.clock.now().plus(LOOK)),
                Err(error) => {
                    tracing::error!(alarm = "BACKUP_FAILED", error = %error, "no backup could be taken; it is tried again");
                    around.clock.now().plus(RETRY)
                }
            };
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = until.cancelled() => {}
        }
    }
    Ok(())
}

/// Answers when the next one is due.
async fn round(config: &Config, backups: &Backups, around: &Surroundings) -> Result<Option<Timestamp>, Error> {
    let now = around.clock.now();
    // First, and whether or not a backup can be taken: receipts say until when an expired one may hold somebody.
    prune::prune(backups, now).await?;
    let standing = backups.standing(config, now).await?;
    if let Some(last) = &standing.last {
        BACKUP_AGE.set(now.since(last.started_at).as_secs_f64(), []);
    }
    BACKUP_OVERDUE.count(u8::from(standing.last.is_some() && standing.overdue), []);
    // A school that is being set up has none yet; that is not late.
    if let Some(last) = standing.last.as_ref().filter(|_| standing.overdue) {
        tracing::error!(alarm = "BACKUP_OVERDUE", last = %last.started_at, "the last backup is older than it may be");
    }
    // What a killed process began stands in nobody's way once a backup is overdue.
    let busy = backups.somebody_is_at_it(now).await? && !standing.overdue;
    let mut due_at = standing.due_at;
    if due_at.is_some_and(|due| due <= now) {
        if busy {
            return Ok(Some(now.plus(RETRY)));
        }
        let taken = take::take(config, backups, around, &quietly()).await?.data;
        tracing::info!(backup = %taken.id, parts = taken.parts.len(), "a backup was taken");
        BACKUP_AGE.set(around.clock.now().since(taken.started_at).as_secs_f64(), []);
        BACKUP_OVERDUE.set(0.0, []);
        due_at = config.every().map(|every| retention::due_at(Some(&taken), every, now));
    }
    Ok(due_at)
}
