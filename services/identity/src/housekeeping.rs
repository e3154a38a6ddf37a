//! What ends by time: accounts that nobody confirmed, relations that nobody keeps up, roles that ran out. Rows go by the retention
//! sweep, which every service has.

use std::time::Duration;

use contract::Purpose;
use foundation::{BoxError, PersonId};
use personal_data::{Db, Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use service::CancellationToken;

use crate::{
    accounts::{
        self,
        rows::{account, credential},
    },
    links::rows::link,
    relation, sessions,
    staff::{self, rows::role_grant},
};

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(15);

/// How long an account may wait for its confirmation.
const UNCONFIRMED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Rows of one kind in one round; the next round goes on.
const BATCH: u64 = 200;

/// Runs until it is cancelled. A round that fails is logged and tried again with the next.
pub async fn run(db: Db, unused: Duration, cancel: CancellationToken) -> Result<(), BoxError> {
    loop {
        if let Err(error) = round(&db, unused).await {
            tracing::warn!(%error, "housekeeping did not finish its round");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = cancel.cancelled() => return Ok(()),
        }
    }
}

/// One round over everything.
pub async fn round(db: &Db, unused: Duration) -> Result<(), Error> {
    unconfirmed(db).await?;
    grants(db).await?;
    relation::end_unused(db, unused).await?;
    Ok(())
}

async fn unconfirmed(db: &Db) -> Result<(), Error> {
    let before = db.clock().now().minus(UNCONFIRMED);
    let select = query::across::<account::Entity>(Purpose::Account)
        .filter(account::Column::ConfirmedAt.is_null())
        .filter(account::Column::RegisteredAt.lte(before))
        .limit(BATCH);
    for row in select.all(db).await? {
        let Some(tx) = begin(db, "identity.abandon-unconfirmed", row.person).await? else { continue };
        let abandoned = abandon_in_tx(&tx, &row).await;
        settle(abandoned, tx).await?;
    }
    Ok(())
}

/// Everything that a registration left, in the order that lets a late confirmation win: the account goes first, if unchanged.
async fn abandon_in_tx(tx: &Tx, account: &account::Model) -> Result<(), Error> {
    tx.delete::<account::Entity>(account).await?;
    if let Some(credential) = query::of::<credential::Entity>(account.person, Purpose::Account).one(tx).await? {
        tx.delete::<credential::Entity>(&credential).await?;
    }
    for link in query::of::<link::Entity>(account.person, Purpose::Account).all(tx).await? {
        tx.delete::<link::Entity>(&link).await?;
    }
    sessions::delete_all_in_tx(tx, account.person).await?;
    relation::never_begun_in_tx(tx, account.person).await?;
    accounts::abandon_in_tx(tx, account.person, account.version + 1).await
}

async fn grants(db: &Db) -> Result<(), Error> {
    let select = query::across::<role_grant::Entity>(Purpose::Account)
        .filter(role_grant::Column::RevokedAt.is_null())
        .filter(role_grant::Column::Until.lte(db.clock().now()))
        .limit(BATCH);
    for row in select.all(db).await? {
        let Some(tx) = begin(db, "identity.end-grant", row.person).await? else { continue };
        settle(staff::end_in_tx(&tx, row).await.map(|_| ()), tx).await?;
    }
    Ok(())
}

/// None when the person was erased meanwhile: erasure has taken the row along.
async fn begin(db: &Db, name: &'static str, person: PersonId) -> Result<Option<Tx>, Error> {
    match db.begin_for(name, person, Purpose::Account).await {
        Ok(tx) => Ok(Some(tx)),
        Err(Error::Erased) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Commits, unless the row was changed meanwhile: then it is looked at anew in the next round.
async fn settle(done: Result<(), Error>, tx: Tx) -> Result<(), Error> {
    match done {
        Ok(()) => tx.commit().await,
        Err(Error::Changed(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
