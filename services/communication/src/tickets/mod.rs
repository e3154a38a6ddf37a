//! Tickets, as whoever asks sees them.

mod contact;
mod desk;
mod error;
pub mod rows;
pub mod rpc;
pub(crate) mod rules;
mod view;

use contract::{
    Purpose,
    communication::v1::{TicketOpened, TicketState, Topic},
};
use foundation::{PersonId, Timestamp};
use personal_data::{
    Db, Idempotency, Tx,
    category::Communication,
    keys::{DataKey, Keys},
    query, schema,
};
use rows::{MessageId, TicketId, message, ticket};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use service::{Caller, Engines};

pub use contact::{ContactForm, Letter};
pub use desk::Desk;
pub use error::Error;
use rules::{Standing, Step};
pub use view::{Thread, answer_of, received};

use crate::{
    NAME,
    mail::{self, Kind, Notice},
};

type Key = DataKey<Communication>;

/// The most tickets of one person that are listed at once.
const LISTED: u64 = 200;

/// Clones share everything.
#[derive(Clone)]
pub struct Tickets {
    db: Db,
    keys: Keys,
}

impl Tickets {
    pub fn new(db: &Db, engines: &Engines) -> Self {
        Self { db: db.clone(), keys: engines.keys(NAME) }
    }

    /// Opens a ticket of the caller's. A mail says that it has arrived.
    pub async fn open(&self, by: &Caller, topic: Topic, text: &str, claim: &Idempotency) -> Result<Thread, Error> {
        let (person, topic, text) = (by.person()?, rules::topic(topic)?, rules::text(text)?);
        // Before the key: one borrowed for nothing would contradict an erasure that is under way.
        drop(self.db.begin_for("communication.may-open-ticket", person, Purpose::Support).await?);
        let key = self.keys.of::<Communication>(person, Purpose::Support).await?;
        let tx = self.db.begin_for("communication.open-ticket", person, Purpose::Support).await?;
        let row = opened(person, topic, tx.clock().now());
        if let Some(first) = tx.first_made(claim, row.id).await? {
            drop(tx);
            return view::thread(&self.db, self.own(person, TicketId(first)).await?, &key).await;
        }
        let row = open_in_tx(&tx, row, &key, text).await?;
        tx.commit().await?;
        view::thread(&self.db, row, &key).await
    }

    pub async fn list(&self, by: &Caller) -> Result<Vec<ticket::Model>, Error> {
        let mine = query::of::<ticket::Entity>(by.person()?, Purpose::Support).order_by_desc(ticket::Column::OpenedAt);
        Ok(mine.limit(LISTED).all(&self.db).await?)
    }

    pub async fn read(&self, by: &Caller, id: TicketId) -> Result<Thread, Error> {
        let row = self.own(by.person()?, id).await?;
        let key = self.keys.of::<Communication>(row.person, Purpose::Support).await?;
        view::thread(&self.db, row, &key).await
    }

    /// Writes on; a closed ticket goes back to the queue.
    pub async fn write_on(&self, by: &Caller, id: TicketId, text: &str, claim: &Idempotency) -> Result<Thread, Error> {
        let (person, text) = (by.person()?, rules::text(text)?);
        self.own(person, id).await?;
        let key = self.keys.of::<Communication>(person, Purpose::Support).await?;
        let tx = self.db.begin_for("communication.write-on", person, Purpose::Support).await?;
        let own = query::of::<ticket::Entity>(person, Purpose::Support).filter(ticket::Column::Id.eq(id));
        let mut row = own.one(&tx).await?.ok_or(Error::NoSuchTicket)?;
        if tx.first_made(claim, row.id).await?.is_none() {
            step_in_tx(&tx, &mut row, Step::WriteOn).await?;
            write_in_tx(&tx, &row, None, &key, text).await?;
            tx.commit().await?;
        }
        view::thread(&self.db, row, &key).await
    }

    /// Unknown and not-mine are the same.
    async fn own(&self, person: PersonId, id: TicketId) -> Result<ticket::Model, Error> {
        let own = query::of::<ticket::Entity>(person, Purpose::Support).filter(ticket::Column::Id.eq(id));
        own.one(&self.db).await?.ok_or(Error::NoSuchTicket)
    }
}

/// A new ticket of somebody with an account.
fn opened(person: PersonId, topic: Topic, now: Timestamp) -> ticket::Model {
    ticket::Model {
        id: TicketId::new_v4(),
        person,
        agent: Standing::NEW.agent,
        topic: topic as i32,
        state: Standing::NEW.state as i32,
        email: None,
        name: None,
        language: 0,
        opened_at: now,
        changed_at: now,
        version: 1,
    }
}

/// The ticket, its first message, the mail that says so and the event, in one transaction.
async fn open_in_tx(tx: &Tx, row: ticket::Model, key: &Key, text: &str) -> Result<ticket::Model, Error> {
    tx.insert::<ticket::Entity>(row.clone()).await?;
    write_in_tx(tx, &row, None, key, text).await?;
    mail::queue_in_tx(tx, row.person, Kind::Notice(Notice::TicketReceived), row.id).await?;
    let opened = TicketOpened { ticket_id: row.id.to_string(), person_id: row.person.to_string(), version: row.version };
    events::announce_in_tx(tx, opened).await?;
    Ok(row)
}

/// Writes a message, by an agent of the school or by whoever asked.
async fn write_in_tx(tx: &Tx, ticket: &ticket::Model, agent: Option<PersonId>, key: &Key, text: &str) -> Result<MessageId, Error> {
    let id = MessageId::new_v7();
    let row = message::Model {
        id,
        person: ticket.person,
        ticket: ticket.id,
        by_school: agent.is_some(),
        agent,
        text: message::Model::seal_text(key, id, text),
        sent_at: tx.clock().now(),
    };
    tx.insert::<message::Entity>(row).await?;
    Ok(id)
}

/// Takes the ticket to its next state, compare-and-set on its version.
async fn step_in_tx(tx: &Tx, row: &mut ticket::Model, step: Step) -> Result<(), Error> {
    let before = standing(row);
    let after = before.after(step)?;
    if after == before && !matches!(step, Step::Answer(_) | Step::WriteOn) {
        return Ok(());
    }
    (row.state, row.agent, row.changed_at) = (after.state as i32, after.agent, tx.clock().now());
    Ok(tx.update::<ticket::Entity>(row).await?)
}

fn standing(row: &ticket::Model) -> Standing {
    Standing { state: TicketState::try_from(row.state).unwrap_or_default(), agent: row.agent }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("ticket", "id")
            .id("person")
            .optional_id("agent")
            .code("topic")
            .code("state")
            .optional_bytes("email")
            .optional_bytes("name")
            .code("language")
            .time("opened_at")
            .time("changed_at")
            .number("version")
            .index(&["person"])
            .index(&["state", "changed_at"]),
        schema::table("ticket_message", "id")
            .id("person")
            .id("ticket")
            .flag("by_school")
            .optional_id("agent")
            .bytes("text")
            .time("sent_at")
            .index(&["ticket"])
            .index(&["person"]),
    ]
}
