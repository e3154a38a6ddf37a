//! Relays of several processes over one outbox call each other through PostgreSQL (LISTEN and NOTIFY).
//!
//! A commit wakes the relay of its own process, without a server in between. NOTIFY inside the announcing transaction would make
//! PostgreSQL commit one transaction at a time (it holds a lock over the whole server until the commit is on disk); so it is the relay
//! that calls, outside of any transaction, when its outbox holds more than it takes at once. Whoever misses the call looks every half
//! second.

use std::time::Duration;

use personal_data::{Db, Error};
use sea_orm::{ConnectionTrait, DbBackend, sqlx::postgres::PgListener};
use tokio_util::sync::CancellationToken;

/// The channel; a database is one service's, so it needs no name in it.
const CHANNEL: &str = "kolsai_outbox";
/// Before a lost connection is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// Calls the relays of other processes.
pub(crate) async fn call(db: &Db) -> Result<(), Error> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
    }
    Ok(())
}

/// Wakes this process's relay when another calls, until it is cancelled.
pub(crate) async fn listen(db: Db, until: CancellationToken) {
    let Some(pool) = db.postgres_pool() else { return };
    while !until.is_cancelled() {
        let heard = async {
            let mut listener = PgListener::connect_with(pool).await?;
            listener.listen(CHANNEL).await?;
            loop {
                // None: the connection was lost and is there again; something may have been missed.
                listener.try_recv().await?;
                db.committed().notify_waiters();
            }
        };
        let lost: Result<(), sea_orm::sqlx::Error> = tokio::select! {
            lost = heard => lost,
            () = until.cancelled() => return,
        };
        if let Err(error) = lost {
            tracing::debug!(service = db.service(), %error, "calls of other relays are not heard; tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = until.cancelled() => return,
        }
    }
}
