//! Carries erasures out, step by step; a crash at any line goes on where it stopped.

use std::{sync::Arc, time::Duration};

use contract::{Contract, keyring::v1 as keyring};
use foundation::{BoxError, PersonId, Timestamp};
use personal_data::{Error, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use tokio_util::sync::CancellationToken;

use super::{
    Erasures, announce_in_tx, kept, receipt,
    rows::{State, erasure, holder_report},
    rules::{self, Progress, Report, Step, Witness, step},
};
use crate::receipts::Class;

const POLL: Duration = Duration::from_millis(500);
const RETRY: Duration = Duration::from_secs(2);

impl Erasures {
    /// Works until it is cancelled.
    pub async fn run(self: Arc<Self>, until: CancellationToken) -> Result<(), BoxError> {
        while !until.is_cancelled() {
            let committed = self.db.committed().clone();
            let woken = committed.notified();
            self.begin_ready().await?;
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
        let now = self.db.clock().now();
        let due = query::anonymous::<erasure::Entity>()
            .filter(erasure::Column::State.eq(State::Open as i32))
            .filter(erasure::Column::LookAt.lte(now))
            .order_by_asc(erasure::Column::LookAt)
            .all(&self.db)
            .await?;
        for row in due {
            let id = row.id;
            match self.advance(row).await {
                Ok(()) => continue,
                // A report came in meanwhile: it is looked at again at once.
                Err(Error::Changed(_)) => continue,
                Err(error) => tracing::warn!(erasure = %id, %error, "an erasure does not go on for now"),
            }
            match self.later(id).await {
                Ok(()) | Err(Error::Changed(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn later(&self, id: super::ErasureId) -> Result<(), Error> {
        let tx = self.db.begin("privacy.postpone-erasure").await?;
        if let Some(mut row) = query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(id)).one(&tx).await? {
            row.look_at = tx.clock().now().plus(RETRY);
            tx.update::<erasure::Entity>(&mut row).await?;
        }
        tx.commit().await
    }

    async fn advance(&self, mut row: erasure::Model) -> Result<(), Error> {
        let Some(person) = row.person.map(PersonId) else { return Ok(()) };
        self.note_in_ledger(&row, person).await?;
        let reports = query::anonymous::<holder_report::Entity>()
            .filter(holder_report::Column::Erasure.eq(row.id.0))
            .filter(holder_report::Column::Answers.gte(row.round))
            .all(&self.db)
            .await?;
        loop {
            match step(&self.progress(&row, &reports)?) {
                Step::Wait { until } => {
                    row.look_at = until;
                    return self.write("privacy.wait-for-holders", &mut row).await;
                }
                Step::AskHoldersAgain => return self.ask_again(row, person).await,
                Step::AskWitness => {
                    let before = Some(row.begun_at.unwrap_or(row.ordered_at).to_proto());
                    let ask = keyring::WitnessRequest { person_id: person.to_string(), before };
                    let answer = self.keyring.clone().witness(ask).await.map_err(|_| Error::KeyringAway)?.into_inner();
                    row.witnesses = Some(testimony(&answer));
                    self.write("privacy.note-witness", &mut row).await?;
                }
                Step::DestroyKey => {
                    let ask = keyring::DestroyKeyRequest { person_id: person.to_string() };
                    let answer = self.keyring.clone().destroy_key(ask).await.map_err(|_| Error::KeyringAway)?.into_inner();
                    row.key_destroyed_at = Some(answer.destroyed_at.as_ref().map_or(self.db.clock().now(), Timestamp::from_proto));
                    self.write("privacy.note-key-destroyed", &mut row).await?;
                }
                Step::Contradict(why) => {
                    tracing::error!(alarm = "ERASURE_CONTRADICTED", erasure = %row.id, %why, "an erasure is contradicted: the privacy officer must look into it");
                    row.silent = Some(why.silent().join(",")).filter(|services| !services.is_empty());
                    (row.state, row.contradiction) = (State::Contradicted as i32, Some(why.to_string()));
                    return self.write("privacy.contradict-erasure", &mut row).await;
                }
                Step::Sign { recorded_at, in_force_at } => return self.sign(row, &reports, recorded_at, in_force_at).await,
            }
        }
    }

    fn progress(&self, row: &erasure::Model, reports: &[holder_report::Model]) -> Result<Progress, Error> {
        Ok(Progress {
            holders: Contract::get().holders().iter().map(|holder| holder.service.clone()).collect(),
            reports: reports.iter().map(report).collect::<Result<_, _>>()?,
            witnesses: row.witnesses.as_deref().map(witnesses),
            accounted_for: names(row.accounted_for.as_deref().unwrap_or_default()),
            key_destroyed_at: row.key_destroyed_at,
            last_ordered_at: rules::time_of(row.ordered_at, row.orders),
            now: self.db.clock().now(),
        })
    }

    async fn ask_again(&self, mut row: erasure::Model, person: PersonId) -> Result<(), Error> {
        row.orders = rules::order_at(row.ordered_at, self.db.clock().now());
        let (id, ordered_at, version) = (row.id, row.ordered_at, row.orders);
        let tx = self.db.begin("privacy.order-erasure-again").await?;
        tx.update::<erasure::Entity>(&mut row).await?;
        announce_in_tx(&tx, id, person, ordered_at, version).await?;
        tx.commit().await
    }

    async fn sign(
        &self,
        mut row: erasure::Model,
        reports: &[holder_report::Model],
        recorded_at: Timestamp,
        in_force_at: Timestamp,
    ) -> Result<(), Error> {
        let mut document = receipt::document(&row, reports, recorded_at, in_force_at, self.gone_from_backups_by(in_force_at).await?)?;
        document.remaining.extend(self.in_ledger());
        let text = serde_json::to_string(&document).map_err(|error| Error::Internal(error.to_string()))?;
        row.signature = Some(self.signing.sign(text.as_bytes()));
        row.document = Some(text);
        row.done_at = Some(self.db.clock().now());
        (row.state, row.person) = (State::Done as i32, None);
        let tx = self.db.begin("privacy.sign-receipt").await?;
        tx.update::<erasure::Entity>(&mut row).await?;
        kept::note_in_tx(&tx, row.id.0, &document.locked).await?;
        tx.commit().await?;
        self.db.checkpoint().await
    }

    async fn write(&self, name: &'static str, row: &mut erasure::Model) -> Result<(), Error> {
        let tx = self.db.begin(name).await?;
        tx.update::<erasure::Entity>(row).await?;
        tx.commit().await
    }
}

/// What the keyring testifies, as a column keeps it: each service, and until when it may have had use of a key.
fn testimony(answer: &keyring::WitnessResponse) -> String {
    let one = |service: &String| {
        let borrowed = answer.borrowed.iter().find(|borrowed| borrowed.service == *service);
        // A keyring that says no time is believed to mean all of it.
        match borrowed.map(|borrowed| borrowed.last_before.as_ref().map(Timestamp::from_proto)) {
            Some(Some(last)) => format!("{service}:{}", last.micros()),
            Some(None) => format!("{service}:later"),
            None => service.clone(),
        }
    };
    answer.services.iter().map(one).collect::<Vec<_>>().join(",")
}

pub(super) fn witnesses(column: &str) -> Vec<Witness> {
    let one = |said: String| match said.split_once(':') {
        None => Witness { service: said, last_before: Some(Timestamp::from_micros(i64::MAX)) },
        Some((service, last)) => Witness { service: service.to_owned(), last_before: last.parse().ok().map(Timestamp::from_micros) },
    };
    names(column).into_iter().map(one).collect()
}

/// Names of services as a column keeps them.
fn names(column: &str) -> Vec<String> {
    column.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub(super) fn classes(report: &holder_report::Model) -> Result<Vec<Class>, Error> {
    serde_json::from_str(&report.classes).map_err(|error| Error::Internal(error.to_string()))
}

fn report(row: &holder_report::Model) -> Result<Report, Error> {
    let classes = classes(row)?;
    Ok(Report {
        holder: row.holder.clone(),
        rows_before: classes.iter().map(|c| c.before).sum(),
        rows_after: classes.iter().map(|c| c.after - c.locked).sum(),
        left_over: row.left_over,
        expired_at: row.expired_at,
        done_at: row.done_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_testimony_is_read_back_as_it_was_given() {
        let last = Timestamp::from_micros(7_000_000);
        let borrowed = |service: &str, last_before: Option<Timestamp>| keyring::witness_response::Borrowed {
            service: service.into(),
            last_before: last_before.map(Timestamp::to_proto),
        };
        let answer = keyring::WitnessResponse {
            services: ["identity", "learning", "payment"].map(String::from).to_vec(),
            borrowed: vec![borrowed("identity", Some(last)), borrowed("learning", None)],
        };
        let read: Vec<_> = witnesses(&testimony(&answer)).into_iter().map(|w| (w.service, w.last_before)).collect();
        let always = Some(Timestamp::from_micros(i64::MAX));
        assert_eq!(read, [("identity".into(), Some(last)), ("learning".into(), None), ("payment".into(), always)]);
        assert!(witnesses("").is_empty());
    }
}
