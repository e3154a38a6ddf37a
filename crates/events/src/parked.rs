//! Events that a reaction could not take: poisoned ones, visible and replayable, and those held while a person's
//! processing is restricted.

use std::collections::HashMap;

use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, Error, PersonalData, Tx, person_state, query, schema};
use sea_orm::{Condition, ConnectionTrait, DbBackend, QueryFilter, QueryOrder, Statement, Value, entity::prelude::*};

use crate::{Envelope, Outcome, inbox};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "parked")]
#[personal(none = "events: identifiers only, by the contract")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(link)]
    pub event_id: Uuid,
    #[personal(plain = "the name of a service")]
    pub source: String,
    #[personal(plain = "the name of a reaction")]
    pub reaction: String,
    #[personal(plain = "the full name of a message of the contract")]
    pub kind: String,
    #[personal(plain = "an event: identifiers only, proven over the descriptors")]
    pub payload: Vec<u8>,
    #[personal(plain = "a trace id")]
    pub traceparent: Option<String>,
    /// `held` or why it is poisoned; never a value.
    #[personal(plain = "a reason out of our own code")]
    pub reason: String,
    #[personal(time)]
    pub announced_at: Timestamp,
    #[personal(time)]
    pub at: Timestamp,
    #[personal(version)]
    pub version: i64,
}

/// The reason of an event that waits for a restriction to be lifted.
pub const HELD: &str = "held";
/// The reason of an event that an operator gives back to its reaction: the running service takes it from here, once.
pub const GIVEN_BACK: &str = "given back";
/// The reason of an event whose source is not the service that announces its kind.
pub(crate) const FORGED: &str = "it comes from somebody who does not announce this kind";
/// The reason of an event of which a part is missing: no try will bring it back.
pub(crate) const CUT_SHORT: &str = "it was cut short";

pub(crate) fn table() -> schema::Table {
    schema::table("parked", "id")
        .id("event_id")
        .text("source")
        .text("reaction")
        .text("kind")
        .bytes("payload")
        .optional_text("traceparent")
        .text("reason")
        .time("announced_at")
        .time("at")
        .number("version")
        .index(&["reason"])
}

/// Puts an event aside; putting it aside twice changes nothing, but that what only waited says why it is here now.
pub async fn park_in_tx(tx: &Tx, envelope: &Envelope, reaction: &str, reason: &str) -> Result<(), Error> {
    let row = Model {
        id: inbox::id_of(envelope.id, reaction),
        event_id: envelope.id,
        source: envelope.source.clone(),
        reaction: reaction.to_owned(),
        kind: envelope.kind.clone(),
        payload: envelope.payload.clone(),
        traceparent: envelope.traceparent.clone(),
        reason: reason.to_owned(),
        announced_at: envelope.at,
        at: tx.clock().now(),
        version: 0,
    };
    if tx.insert_once::<Entity>(row.clone()).await? {
        return Ok(());
    }
    let waiting = query::anonymous::<Entity>().filter(Column::Id.eq(row.id)).filter(Column::Reason.is_in([HELD, GIVEN_BACK]));
    if let Some(mut waiting) = waiting.one(tx).await?.filter(|waiting| waiting.reason != reason) {
        waiting.reason = row.reason;
        tx.update::<Entity>(&mut waiting).await?;
    }
    Ok(())
}

/// Everything set aside in this service, oldest first.
pub async fn list(db: &Db) -> Result<Vec<Model>, Error> {
    Ok(query::anonymous::<Entity>().order_by_asc(Column::At).all(db).await?)
}

/// Says that what is set aside may be tried again: the event or the row with this identifier, or everything; but not what waits for a
/// restriction to be lifted, nor what was cut short. The running service does it, within a second or so. Answers how many there were.
pub async fn give_back(db: &Db, only: Option<Uuid>) -> Result<u64, Error> {
    let mut rows = query::anonymous::<Entity>().filter(Column::Reason.is_not_in([HELD, CUT_SHORT]));
    if let Some(id) = only {
        rows = rows.filter(Condition::any().add(Column::Id.eq(id)).add(Column::EventId.eq(id)));
    }
    let tx = db.begin("events.give-back").await?;
    let mut rows = rows.all(&tx).await?;
    for row in &mut rows {
        row.reason = GIVEN_BACK.to_owned();
        tx.update::<Entity>(row).await?;
    }
    tx.commit().await?;
    Ok(rows.len() as u64)
}

/// Gives back to its reaction what was held for people who are restricted no longer, and what an operator gave back. Answers how many
/// were taken. What was taken once is not taken again: the inbox remembers it when two of us do this at once.
pub async fn replay_held(db: &Db, reactors: &[std::sync::Arc<dyn crate::Reactor>]) -> Result<usize, Error> {
    let waiting = query::anonymous::<Entity>().filter(Column::Reason.is_in([HELD, GIVEN_BACK]));
    let waiting = waiting.order_by_asc(Column::AnnouncedAt).all(db).await?;
    let (mut taken, mut restricted) = (0, HashMap::new());
    for row in waiting {
        let Some(reactor) = reactors.iter().find(|reactor| reactor.name() == row.reaction) else { continue };
        if let Some(person) = reactor.person(&row.envelope()).filter(|_| row.reason == HELD) {
            // Asked once: a person may have much that waits.
            let is_restricted = match restricted.get(&person) {
                Some(known) => *known,
                None => person_state::of(db, person).await? == person_state::State::Restricted,
            };
            restricted.insert(person, is_restricted);
            if is_restricted {
                continue;
            }
        }
        match replay(db, &row, reactor.as_ref()).await {
            Ok(outcome) => taken += usize::from(outcome.is_taken()),
            // Somebody else gave it back meanwhile.
            Err(Error::Changed(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

impl Model {
    pub fn envelope(&self) -> Envelope {
        Envelope {
            id: self.event_id,
            source: self.source.clone(),
            kind: self.kind.clone(),
            payload: self.payload.clone(),
            traceparent: self.traceparent.clone(),
            at: self.announced_at,
        }
    }
}

/// Gives one back to its reaction; it stays parked when it is not taken again, and what an operator gave back says why. Answers what
/// became of it.
pub async fn replay(db: &Db, parked: &Model, reactor: &dyn crate::Reactor) -> Result<crate::Outcome, Error> {
    let envelope = parked.envelope();
    // What was set aside for its source is nobody's to let in by trying again.
    let outcome = match &parked.reason {
        reason if reason == CUT_SHORT => Outcome::Later(CUT_SHORT.into()),
        _ if envelope.kind == reactor.kind() && !envelope.is_from_its_announcer() => Outcome::Later(FORGED.into()),
        _ => reactor.react(&envelope).await,
    };
    match &outcome {
        taken if taken.is_taken() => {
            let tx = db.begin("events.replay").await?;
            tx.delete::<Entity>(parked).await?;
            tx.commit().await?;
        }
        // It was given back for one try.
        Outcome::Later(reason) if parked.reason == GIVEN_BACK => reactor.park(&envelope, reason).await?,
        _ => {}
    }
    Ok(outcome)
}

/// Removes what was set aside about somebody who is erased; answers how much it was. The payload names its people in text, whichever
/// event it is; the table holds only what failed or waits.
pub async fn forget_in_tx(tx: &Tx, person: PersonId) -> Result<u64, Error> {
    let backend = tx.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => "DELETE FROM parked WHERE instr(payload, ?) > 0",
        _ => "DELETE FROM parked WHERE position($1 in payload) > 0",
    };
    let text = Value::Bytes(Some(person.to_string().into_bytes()));
    Ok(tx.execute_raw(Statement::from_sql_and_values(backend, sql, [text])).await?.rows_affected())
}
