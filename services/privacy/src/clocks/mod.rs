//! Clocks of requests: counted again when the calendar changed, and alarms before a term is over.

pub mod rows;
mod rules;
mod running;

use std::{collections::HashSet, sync::Arc, time::Duration};

use contract::privacy::v1::officer_alerted::Kind;
use foundation::{BoxError, Timestamp, metrics::all::CLOCKS, uuid::Uuid};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use tokio_util::sync::CancellationToken;

use crate::{consents::rows::derived, officers, terms::Calendar};
use rows::{calendar_used, clock_alarm, due_change};
use running::{Clocked, Running};

const POLL: Duration = Duration::from_secs(5);
/// Alarms that are looked up at once.
const SOME: usize = 500;
/// Percent of a term.
const OVERDUE: i32 = 100;

#[derive(Clone)]
pub struct Clocks {
    pub(crate) db: Db,
    pub(crate) calendar: Arc<Calendar>,
}

impl Clocks {
    /// Counts again what another calendar counted, then watches. Works until it is cancelled.
    pub async fn run(self, until: CancellationToken) -> Result<(), BoxError> {
        let tables = running::all();
        self.recount(&tables).await?;
        while !until.is_cancelled() {
            self.watch(&tables).await?;
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = until.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Every open request by the calendar of now, when it is another than was used last; what moved is written down.
    async fn recount(&self, tables: &[Box<dyn Clocked>]) -> Result<(), Error> {
        let calendar = self.calendar.version();
        let last = query::anonymous::<calendar_used::Entity>().order_by_desc(calendar_used::Column::At).one(&self.db).await?;
        if last.is_some_and(|last| last.calendar == calendar) {
            return Ok(());
        }
        let (mut recounted, mut moved) = (0, 0);
        for table in tables {
            for clock in table.running(&self.db, None).await? {
                recounted += 1;
                moved += i64::from(self.recount_one(table.as_ref(), &clock, &calendar).await?);
            }
        }
        let tx = self.db.begin("privacy.note-calendar").await?;
        let at = tx.clock().now();
        tx.insert::<calendar_used::Entity>(calendar_used::Model { id: Uuid::now_v7(), calendar: calendar.clone(), recounted, moved, at })
            .await?;
        tx.commit().await?;
        tracing::info!(calendar, recounted, moved, "open requests are counted by this calendar");
        Ok(())
    }

    async fn recount_one(&self, table: &dyn Clocked, clock: &Running, calendar: &str) -> Result<bool, Error> {
        let governed = self.calendar.governed(clock.right, clock.received_at).map_err(|error| Error::Internal(error.to_string()))?;
        let due = governed.strictest.due;
        if due.at == clock.due_at || foundation::sabotage::breaks("P23") {
            return Ok(false);
        }
        let skipped: Vec<_> = due.skipped.iter().map(|(date, why)| format!("{date} {why}")).collect();
        let tx = self.db.begin("privacy.move-due-date").await?;
        if !table.move_in_tx(&tx, clock, due.at).await? {
            return Ok(false);
        }
        tx.insert::<due_change::Entity>(due_change::Model {
            id: Uuid::now_v7(),
            request: clock.request,
            old_due: clock.due_at,
            new_due: due.at,
            reason: format!("calendar {calendar}; {}; days that do not count: {}", governed.strictest.article, skipped.join(", ")),
            at: tx.clock().now(),
        })
        .await?;
        tx.commit().await?;
        tracing::warn!(alarm = "DUE_DATE_MOVED", request = %clock.request, from = %clock.due_at, to = %due.at, "a changed calendar moved a due date");
        Ok(true)
    }

    /// Raises each alarm of each clock once.
    async fn watch(&self, tables: &[Box<dyn Clocked>]) -> Result<(), Error> {
        let now = self.db.clock().now();
        let mut due = Vec::new();
        for table in tables {
            for clock in table.running(&self.db, Some(now)).await? {
                let percent = rules::alarm(clock.received_at, clock.due_at, now);
                due.extend(percent.map(|percent| (alarm_id(clock.request, percent, clock.due_at), percent, clock)));
            }
        }
        let overdue = due.iter().filter(|(_, percent, _)| *percent >= OVERDUE).count();
        CLOCKS.count(overdue, ["overdue".into()]);
        CLOCKS.count(due.len() - overdue, ["at_risk".into()]);
        for some in due.chunks(SOME) {
            let raised = clock_alarm::Column::Id.is_in(some.iter().map(|(id, ..)| *id));
            let raised = query::anonymous::<clock_alarm::Entity>().filter(raised).all(&self.db).await?;
            let raised: HashSet<Uuid> = raised.into_iter().map(|row| row.id).collect();
            for (id, percent, clock) in some.iter().filter(|(id, ..)| !raised.contains(id)) {
                self.raise(*id, *percent, clock, now).await?;
            }
        }
        Ok(())
    }

    async fn raise(&self, id: Uuid, percent: i32, clock: &Running, now: Timestamp) -> Result<(), Error> {
        let tx = self.db.begin("privacy.raise-clock-alarm").await?;
        let row = clock_alarm::Model { id, request: clock.request, percent, due_at: clock.due_at, raised_at: now };
        if !tx.insert_once::<clock_alarm::Entity>(row).await? {
            return Ok(());
        }
        let (kind, alarm) = match percent {
            OVERDUE => (Kind::RequestOverdue, "REQUEST_OVERDUE"),
            _ => (Kind::RequestNearlyDue, "REQUEST_NEARLY_DUE"),
        };
        tracing::warn!(alarm, request = %clock.request, right = clock.right, percent, due = %clock.due_at, "a term is running out");
        officers::alert_in_tx(&tx, kind, clock.request).await?;
        tx.commit().await
    }
}

/// Open requests whose term is running out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningOut {
    /// Four fifths are over.
    pub at_risk: usize,
    pub overdue: usize,
}

/// Counts them, for an operator's look beside the running service.
pub async fn running_out(db: &Db) -> Result<RunningOut, Error> {
    let (now, mut found) = (db.clock().now(), RunningOut::default());
    for table in running::all() {
        for clock in table.running(db, Some(now)).await? {
            match rules::alarm(clock.received_at, clock.due_at, now) {
                Some(OVERDUE) => found.overdue += 1,
                Some(_) => found.at_risk += 1,
                None => {}
            }
        }
    }
    Ok(found)
}

/// One alarm per request, level and due date: a date that moved has alarms of its own.
fn alarm_id(request: Uuid, percent: i32, due: Timestamp) -> Uuid {
    derived(&[b"alarm", request.as_bytes(), &percent.to_be_bytes(), &due.micros().to_be_bytes()])
}
