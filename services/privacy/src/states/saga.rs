//! Carries changes of state out, step by step; a crash at any line goes on where it stopped.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use contract::{
    Contract, Purpose,
    keyring::v1 as keyring,
    privacy::v1::{RightsNoticeDue, rights_notice_due::Notice},
};
use foundation::{BoxError, PersonId};
use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio_util::sync::CancellationToken;

use super::{
    Change, Kind, States, announce_in_tx, change_in_tx, purposes,
    rows::{StateRequestId, follower, processing, state_request},
    rules::{Progress, Step, step},
    state_in_tx,
};

const POLL: Duration = Duration::from_millis(500);
const RETRY: Duration = Duration::from_secs(2);
const BATCH: u64 = 100;

impl States {
    /// Works until it is cancelled.
    pub async fn run(self: Arc<Self>, until: CancellationToken) -> Result<(), BoxError> {
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
        let due = query::across::<state_request::Entity>(Purpose::Rights)
            .filter(state_request::Column::LookAt.lte(self.db.clock().now()))
            .order_by_asc(state_request::Column::LookAt)
            .limit(BATCH);
        for row in due.all(&self.db).await? {
            let (id, person) = (row.id, row.person);
            match self.advance(row).await {
                // A confirmation came in meanwhile, and it is looked at again at once; or the person was erased.
                Ok(()) | Err(Error::Changed(_) | Error::Erased) => continue,
                Err(error) => tracing::warn!(request = %id, %error, "a change of state does not go on for now"),
            }
            match self.later(id, person).await {
                Ok(()) | Err(Error::Changed(_) | Error::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn later(&self, id: StateRequestId, person: PersonId) -> Result<(), Error> {
        let tx = self.db.begin_for("privacy.postpone-state-request", person, Purpose::Rights).await?;
        if let Some(mut row) = query::by_key::<state_request::Entity>(id, Purpose::Rights).one(&tx).await? {
            row.look_at = Some(tx.clock().now().plus(RETRY));
            tx.update::<state_request::Entity>(&mut row).await?;
        }
        tx.commit().await
    }

    async fn advance(&self, mut row: state_request::Model) -> Result<(), Error> {
        loop {
            let now = self.db.clock().now();
            match step(&self.progress(&row).await?) {
                Step::Wait { until } => {
                    row.look_at = Some(until);
                    return self.write("privacy.wait-for-state", &mut row).await;
                }
                Step::Tell => {
                    row.notice_at = Some(now);
                    let tx = self.about(&row, "privacy.tell-of-state").await?;
                    tx.update::<state_request::Entity>(&mut row).await?;
                    notify_in_tx(&tx, &row).await?;
                    tx.commit().await?;
                }
                Step::Change => {
                    let tx = self.about(&row, "privacy.lift-restriction").await?;
                    let version = change_in_tx(&tx, row.person, Change::Lift).await?;
                    (row.change, row.announced_at) = (Some(version), Some(now));
                    tx.update::<state_request::Entity>(&mut row).await?;
                    tx.commit().await?;
                }
                Step::TellKeyring => {
                    self.tell_keyring(&row).await?;
                    row.keyring_at = Some(self.db.clock().now());
                    self.write("privacy.note-keyring-state", &mut row).await?;
                }
                Step::AnnounceAgain => {
                    row.announced_at = Some(now);
                    let tx = self.about(&row, "privacy.announce-state-again").await?;
                    let state = state_in_tx(&tx, row.person).await?;
                    tx.update::<state_request::Entity>(&mut row).await?;
                    announce_in_tx(&tx, &state).await?;
                    tx.commit().await?;
                }
                Step::InForce { silent } => {
                    if !silent.is_empty() {
                        tracing::error!(alarm = "HOLDER_SILENT", request = %row.id, silent = silent.join(","), "holders have not confirmed a person's state; their keys on loan have run out");
                        row.silent = Some(silent.join(","));
                    }
                    (row.in_force_at, row.done_at) = (Some(now), Some(now));
                    self.write("privacy.state-in-force", &mut row).await?;
                }
                Step::Finish => {
                    row.look_at = None;
                    return self.write("privacy.finish-state-request", &mut row).await;
                }
            }
        }
    }

    async fn progress(&self, row: &state_request::Model) -> Result<Progress, Error> {
        let followers = query::of::<follower::Entity>(row.person, Purpose::Rights).all(&self.db).await?;
        let followed: BTreeMap<_, _> = followers.into_iter().map(|row| (row.holder, row.followed)).collect();
        let holders = Contract::get().holders().iter().map(|holder| holder.service.clone());
        Ok(Progress {
            told_first: Kind::of(row.kind) == Kind::Lifting,
            change: row.change,
            announced_at: row.announced_at,
            keyring_at: row.keyring_at,
            holders: holders.map(|holder| (holder.clone(), followed.get(&holder).copied().unwrap_or_default())).collect(),
            in_force_at: row.in_force_at,
            notice_at: row.notice_at,
            told_at: row.told_at,
            now: self.db.clock().now(),
        })
    }

    /// The state as it is now: the keyring keeps the newest that it heard of.
    async fn tell_keyring(&self, row: &state_request::Model) -> Result<(), Error> {
        let state = query::of::<processing::Entity>(row.person, Purpose::Rights).one(&self.db).await?.ok_or(Error::NoSuchPerson)?;
        let ask = keyring::SetStateRequest {
            person_id: row.person.to_string(),
            restricted: state.restricted,
            withdrawn: purposes(state.withdrawn),
            version: state.version,
        };
        self.keyring.clone().set_state(ask).await.map_err(|_| Error::KeyringAway)?;
        Ok(())
    }

    async fn about(&self, row: &state_request::Model, name: &'static str) -> Result<Tx, Error> {
        self.db.begin_for(name, row.person, Purpose::Rights).await
    }

    async fn write(&self, name: &'static str, row: &mut state_request::Model) -> Result<(), Error> {
        let tx = self.about(row, name).await?;
        tx.update::<state_request::Entity>(row).await?;
        tx.commit().await
    }
}

async fn notify_in_tx(tx: &Tx, row: &state_request::Model) -> Result<(), Error> {
    let notice = match Kind::of(row.kind) {
        Kind::Restriction => Notice::RestrictionInForce,
        Kind::Lifting => Notice::RestrictionWillBeLifted,
        Kind::Withdrawal => Notice::WithdrawalInForce,
        Kind::ConsentAgain => Notice::ConsentAgainInForce,
    };
    let (request_id, person_id) = (row.id.to_string(), row.person.to_string());
    events::announce_in_tx(tx, RightsNoticeDue { request_id, person_id, notice: notice.into(), version: row.version }).await
}
