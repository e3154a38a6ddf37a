//! The relation with the school: it ends when somebody closes their account, or when nobody has used it for years; signing in while
//! the account still stands takes it up again. What is kept for some time after it, in every service, is counted from there.

pub mod rows;
mod rules;

use std::time::Duration;

use contract::{Purpose, identity::v1 as pb};
use foundation::{PersonId, Timestamp};
use personal_data::{Db, Error, Tx, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

use rows::{Column, Entity, Model};

/// Relations ended in one round.
const BATCH: u64 = 200;

/// The account is used: a relation that had ended goes on.
pub async fn note_use_in_tx(tx: &Tx, person: PersonId) -> Result<(), Error> {
    let now = tx.clock().now();
    let Some(mut relation) = of(tx, person).await? else {
        return tx.insert::<Entity>(Model { person, used_at: now, ended_at: None, version: 1 }).await;
    };
    let reopened = relation.ended_at.take().is_some();
    if !reopened && !rules::is_noted_anew(relation.used_at, now) {
        return Ok(());
    }
    relation.used_at = now;
    match tx.update::<Entity>(&mut relation).await {
        // Somebody else noted the same at the same time.
        Err(Error::Changed(_)) if !reopened => return Ok(()),
        other => other?,
    }
    if reopened { told_in_tx(tx, &relation).await } else { Ok(()) }
}

/// Ends the relation, unless it has ended. Answers when it did.
pub async fn end_in_tx(tx: &Tx, person: PersonId) -> Result<Timestamp, Error> {
    let now = tx.clock().now();
    let mut relation = match of(tx, person).await? {
        Some(Model { ended_at: Some(ended), .. }) => return Ok(ended),
        Some(relation) => relation,
        None => {
            let fresh = Model { person, used_at: now, ended_at: None, version: 1 };
            tx.insert::<Entity>(fresh.clone()).await?;
            fresh
        }
    };
    relation.ended_at = Some(now);
    tx.update::<Entity>(&mut relation).await?;
    told_in_tx(tx, &relation).await?;
    Ok(now)
}

/// A registration came to nothing: what others may have kept of it, a consent, goes after its term.
pub async fn never_begun_in_tx(tx: &Tx, person: PersonId) -> Result<(), Error> {
    let now = tx.clock().now();
    told_in_tx(tx, &Model { person, used_at: now, ended_at: Some(now), version: 1 }).await
}

/// Ends the relations with those who have not used their account for so long.
pub async fn end_unused(db: &Db, unused: Duration) -> Result<(), Error> {
    let before = db.clock().now().minus(unused);
    let select = query::across::<Entity>(Purpose::Account).filter(Column::EndedAt.is_null()).filter(Column::UsedAt.lte(before));
    for relation in select.limit(BATCH).all(db).await? {
        let tx = match db.begin_for("identity.end-unused-relation", relation.person, Purpose::Account).await {
            Ok(tx) => tx,
            // Erased meanwhile: the row has gone with them.
            Err(Error::Erased) => continue,
            Err(error) => return Err(error),
        };
        match of(&tx, relation.person).await? {
            // Used meanwhile, or ended.
            Some(row) if row.version != relation.version => continue,
            None => continue,
            Some(_) => {}
        }
        end_in_tx(&tx, relation.person).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn of(tx: &Tx, person: PersonId) -> Result<Option<Model>, Error> {
    Ok(query::of::<Entity>(person, Purpose::Account).one(tx).await?)
}

/// Here at once, so that no sweep of this database comes before the event; everywhere else by the event.
async fn told_in_tx(tx: &Tx, relation: &Model) -> Result<(), Error> {
    person_state::relation_in_tx(tx, relation.person, relation.ended_at, relation.version).await?;
    let event = pb::RelationChanged {
        person_id: relation.person.to_string(),
        ended_at: relation.ended_at.map(Timestamp::to_proto),
        version: relation.version,
    };
    events::announce_in_tx(tx, event).await
}
