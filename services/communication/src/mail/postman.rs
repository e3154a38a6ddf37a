//! The worker that sends what is due: leased, composed, sent, noted, and no transaction open meanwhile.

use std::{sync::Arc, time::Duration};

use contract::{Purpose, communication::v1::RightsNoticeSent};
use egress::Egress;
use foundation::{BoxError, failpoint};
use futures::{StreamExt, stream};
use personal_data::{Db, Error, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use service::CancellationToken;

use super::{
    Composer, Kind, State,
    compose::of_data,
    rows::mail,
    rules::{self, NotSent},
};

/// Mails on the way at a time.
const AT_ONCE: usize = 4;
const BATCH: u64 = 32;
/// The safety net beside the wake-up after each commit.
const POLL: Duration = Duration::from_millis(500);

/// What a person waits for goes before what they do not.
const IN_TURN: [Purpose; 5] = [Purpose::Account, Purpose::Rights, Purpose::ServiceNotice, Purpose::Support, Purpose::Newsletter];

/// Clones share everything.
#[derive(Clone)]
pub struct Postman {
    db: Db,
    egress: Egress,
    composer: Arc<Composer>,
}

impl Postman {
    pub(crate) fn new(db: Db, egress: Egress, composer: Composer) -> Self {
        Self { db, egress, composer: Arc::new(composer) }
    }

    /// Works until it is cancelled; finishes the batch in hand.
    pub async fn run(self, until: CancellationToken) -> Result<(), BoxError> {
        while !until.is_cancelled() {
            // Registered before looking, so that a commit in between is not missed.
            let committed = self.db.committed().clone();
            let woken = committed.notified();
            if self.send_due().await? == 0 {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep(POLL) => {}
                    () = until.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    /// One round. Answers how many mails it took in hand, sent or not. People whose state forbids the mail's purpose are
    /// left out: what waits for the restricted goes when the restriction is lifted.
    pub async fn send_due(&self) -> Result<usize, Error> {
        for purpose in IN_TURN {
            let due = query::across::<mail::Entity>(purpose)
                .filter(mail::Column::Purpose.eq(purpose as i32))
                .filter(mail::Column::State.eq(State::Queued as i32))
                .filter(mail::Column::DueAt.lte(self.db.clock().now()))
                .order_by_asc(mail::Column::DueAt)
                .limit(BATCH)
                .all(&self.db)
                .await?;
            if !due.is_empty() {
                let taken = due.len();
                stream::iter(due).for_each_concurrent(AT_ONCE, |row| self.deliver(row)).await;
                return Ok(taken);
            }
        }
        Ok(0)
    }

    async fn deliver(&self, row: mail::Model) {
        let id = row.id;
        if let Err(error) = self.try_deliver(row).await {
            tracing::warn!(mail = %id, %error, "a mail is not noted as it is; it comes again");
        }
    }

    async fn try_deliver(&self, row: mail::Model) -> Result<(), Error> {
        let Some(row) = self.lease(row).await? else { return Ok(()) };
        let sent = match tokio::time::timeout(rules::SENDING, self.send(&row)).await {
            Ok(sent) => sent,
            Err(_) => Err(NotSent::Later("sending took too long".into())),
        };
        self.note(row, sent).await
    }

    /// Compare-and-set on the row's version: of two postmen one has it. None: somebody else does, or it must wait.
    async fn lease(&self, mut row: mail::Model) -> Result<Option<mail::Model>, Error> {
        // It was found by this purpose.
        let purpose = Purpose::try_from(row.purpose).unwrap_or(Purpose::ServiceNotice);
        let tx = match self.db.begin_for("communication.lease-mail", row.person, purpose).await {
            Ok(tx) => tx,
            Err(Error::Erased | Error::Restricted | Error::Withdrawn(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        row.due_at = tx.clock().now().plus(rules::LEASE);
        row.attempts += 1;
        match tx.update::<mail::Entity>(&mut row).await {
            Err(Error::Changed(_)) => return Ok(None),
            other => other?,
        }
        tx.commit_quietly().await?;
        Ok(Some(row))
    }

    async fn send(&self, row: &mail::Model) -> Result<(), NotSent> {
        let mail = self.composer.compose(row).await?;
        // Writing took a while: what has been forbidden meanwhile does not leave.
        let purpose = Purpose::try_from(row.purpose).unwrap_or(Purpose::ServiceNotice);
        person_state::check(&self.db, row.person, purpose).await.map_err(of_data)?;
        match self.egress.mail(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_transient() => Err(NotSent::Later(error.to_string())),
            Err(error) => {
                tracing::error!(mail = %row.id, %error, "a mail cannot be sent");
                Err(NotSent::Never("it was refused on the way out"))
            }
        }
    }

    async fn note(&self, mut row: mail::Model, sent: Result<(), NotSent>) -> Result<(), Error> {
        failpoint::at("communication.mail", "sent");
        // Restriction and withdrawal must not make us forget what we did.
        let tx = match self.db.begin_for("communication.note-mail", row.person, Purpose::Rights).await {
            Ok(tx) => tx,
            Err(Error::Erased) => {
                // Erased while it was on the way: its file goes after all.
                let forgotten = self.egress.forget_mail(&[row.id.into()]).await;
                return forgotten.map(|_| ()).map_err(|error| Error::Internal(error.to_string()));
            }
            Err(error) => return Err(error),
        };
        let now = tx.clock().now();
        match &sent {
            Ok(()) => (row.state, row.sent_at) = (State::Sent as i32, Some(now)),
            Err(not_sent) => {
                tracing::info!(mail = %row.id, attempts = row.attempts, reason = ?not_sent, "a mail was not sent");
                let (state, wait) = rules::after(not_sent, row.attempts);
                (row.state, row.due_at) = (state as i32, now.plus(wait));
            }
        }
        tx.update::<mail::Entity>(&mut row).await?;
        if sent.is_ok() && Kind::of_code(row.kind).is_some_and(|kind| kind.purpose() == Purpose::Rights) {
            let (request_id, person_id) = (row.about.to_string(), row.person.to_string());
            let told = RightsNoticeSent { request_id, person_id, sent_at: Some(now.to_proto()), version: row.version };
            events::announce_in_tx(&tx, told).await?;
            return tx.commit().await;
        }
        tx.commit_quietly().await
    }
}
