//! Carries rectifications out, step by step; a crash at any line goes on where it stopped.

use std::time::Duration;

use contract::{
    Contract, Purpose,
    privacy::v1::{RightsNoticeDue, officer_alerted, rights_notice_due::Notice},
};
use foundation::BoxError;
use personal_data::{Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use tokio_util::sync::CancellationToken;

use super::{
    Rectifications, announce_in_tx,
    rows::{State, rectification, rectification_report},
    rules::{Progress, Step, step},
};
use crate::officers;

const POLL: Duration = Duration::from_secs(1);

impl Rectifications {
    /// Works until it is cancelled.
    pub async fn run(self, until: CancellationToken) -> Result<(), BoxError> {
        while !until.is_cancelled() {
            let committed = self.db.committed().clone();
            let woken = committed.notified();
            self.advance_due().await?;
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(POLL) => {}
                () = until.cancelled() => {}
            }
        }
        Ok(())
    }

    async fn advance_due(&self) -> Result<(), Error> {
        let due = query::across::<rectification::Entity>(Purpose::Rights)
            .filter(rectification::Column::State.ne(State::Done as i32))
            .filter(rectification::Column::LookAt.lte(self.db.clock().now()))
            .order_by_asc(rectification::Column::LookAt)
            .all(&self.db)
            .await?;
        for row in due {
            match self.advance(row).await {
                // Reported, or erased, meanwhile: it is looked at again.
                Ok(()) | Err(Error::Changed(_) | Error::Erased) => {}
                Err(error) => tracing::warn!(%error, "a rectification does not go on for now"),
            }
        }
        Ok(())
    }

    async fn advance(&self, mut row: rectification::Model) -> Result<(), Error> {
        let reports = query::of::<rectification_report::Entity>(row.person, Purpose::Rights)
            .filter(rectification_report::Column::Rectification.eq(row.id))
            .filter(rectification_report::Column::Answers.gte(row.orders))
            .all(&self.db)
            .await?;
        let now = self.db.clock().now();
        let progress = Progress {
            holders: Contract::get().holders().iter().map(|holder| holder.service.clone()).collect(),
            reports: reports.into_iter().map(|report| (report.holder, report.stale)).collect(),
            ordered_at: row.ordered_at,
            contradicted: row.state == State::Contradicted as i32,
            now,
        };
        let tx = self.db.begin_for("privacy.carry-rectification-on", row.person, Purpose::Rights).await?;
        match step(&progress) {
            Step::Wait { until } => row.look_at = until,
            Step::AskAgain => {
                row.orders += 1;
                (row.state, row.ordered_at, row.look_at) = (State::Open as i32, now, now);
                announce_in_tx(&tx, &row).await?;
            }
            Step::Contradict { holder } => {
                tracing::error!(alarm = "RECTIFICATION_CONTRADICTED", rectification = %row.id, holder, "a copy of an old value remains");
                officers::alert_in_tx(&tx, officer_alerted::Kind::RectificationContradicted, row.id).await?;
                row.state = State::Contradicted as i32;
            }
            Step::Done => {
                (row.state, row.done_at) = (State::Done as i32, Some(now));
                let told = RightsNoticeDue {
                    request_id: row.id.to_string(),
                    person_id: row.person.to_string(),
                    notice: Notice::Rectified.into(),
                    version: 1,
                };
                events::announce_in_tx(&tx, told).await?;
            }
        }
        tx.update::<rectification::Entity>(&mut row).await?;
        tx.commit().await
    }
}
