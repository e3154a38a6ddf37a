//! The other side of the desk: an agent takes a ticket, reads it, answers, closes. Having it is the tie.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Purpose, Tie,
    communication::v1::{TicketAnswered, TicketState},
};
use foundation::{PersonId, Refusal, uuid::Uuid};
use personal_data::{Db, Idempotency, category::Communication, keys::Keys, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use service::{Caller, Engines, Ties};

use super::{
    Error, Thread,
    rows::{TicketId, ticket},
    rules::{self, Step},
    standing, step_in_tx, view, write_in_tx,
};
use crate::{
    NAME,
    mail::{self, Kind, Notice},
};

/// Tickets on a page when nobody says otherwise, and at most.
const PAGE: u64 = 50;
const LARGEST_PAGE: u64 = 100;

/// Clones share everything.
#[derive(Clone)]
pub struct Desk {
    db: Db,
    keys: Keys,
}

impl Desk {
    pub fn new(db: &Db, engines: &Engines) -> Self {
        Self { db: db.clone(), keys: engines.keys(NAME) }
    }

    /// What nobody has yet and what the caller has, the longest unchanged first; and the token of the next page.
    pub async fn queue(&self, by: &Caller, page_size: u32, page_token: &str) -> Result<(Vec<ticket::Model>, String), Error> {
        let agent = by.person()?;
        let size = if page_size == 0 { PAGE } else { u64::from(page_size).min(LARGEST_PAGE) };
        let theirs = Condition::any().add(ticket::Column::Agent.is_null()).add(ticket::Column::Agent.eq(agent));
        let mut waiting =
            query::across::<ticket::Entity>(Purpose::Support).filter(ticket::Column::State.ne(TicketState::Closed as i32)).filter(theirs);
        if !page_token.is_empty() {
            let (at, id) = read_token(page_token)?;
            let later = Condition::all().add(ticket::Column::ChangedAt.eq(at)).add(ticket::Column::Id.gt(id));
            waiting = waiting.filter(Condition::any().add(ticket::Column::ChangedAt.gt(at)).add(later));
        }
        let ordered = waiting.order_by_asc(ticket::Column::ChangedAt).order_by_asc(ticket::Column::Id);
        let mut rows = ordered.limit(size + 1).all(&self.db).await?;
        let more = rows.len() as u64 > size;
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let senders: Vec<_> = rows.iter().map(|row| row.person).collect();
        by.acts_on_each(&senders).await?;
        let next = rows.last().filter(|_| more).map(token_of).unwrap_or_default();
        Ok((rows, next))
    }

    /// Makes the tie: it asks for none, and shows not a word of what was written.
    pub async fn take(&self, by: &Caller, id: TicketId) -> Result<ticket::Model, Error> {
        let agent = by.person()?;
        let found = self.find(id).await?;
        by.acts_on(found.person).await?;
        self.step("communication.take-ticket", found, Step::Take(agent)).await
    }

    pub async fn read(&self, by: &Caller, id: TicketId) -> Result<Thread, Error> {
        let row = self.tied(by, id).await?;
        let key = self.keys.of::<Communication>(row.person, Purpose::Support).await?;
        view::thread(&self.db, row, &key).await
    }

    /// Answers, and queues the mail that carries the answer.
    pub async fn answer(&self, by: &Caller, id: TicketId, text: &str, claim: &Idempotency) -> Result<Thread, Error> {
        let (agent, text) = (by.person()?, rules::text(text)?);
        let mut row = self.tied(by, id).await?;
        let key = self.keys.of::<Communication>(row.person, Purpose::Support).await?;
        let tx = self.db.begin_for("communication.answer-ticket", row.person, Purpose::Support).await?;
        if tx.first_made(claim, row.id).await?.is_some() {
            drop(tx);
            return view::thread(&self.db, row, &key).await;
        }
        step_in_tx(&tx, &mut row, Step::Answer(agent)).await?;
        let message = write_in_tx(&tx, &row, Some(agent), &key, text).await?;
        if !foundation::sabotage::breaks("P32") {
            mail::queue_in_tx(&tx, row.person, Kind::Notice(Notice::TicketAnswered), message).await?;
        }
        let answered = TicketAnswered { ticket_id: row.id.to_string(), person_id: row.person.to_string(), version: row.version };
        events::announce_in_tx(&tx, answered).await?;
        tx.commit().await?;
        view::thread(&self.db, row, &key).await
    }

    /// Ends the tie, and asks for none: whoever closed it may ask again when the answer was lost. Only its own agent closes a ticket.
    pub async fn close(&self, by: &Caller, id: TicketId) -> Result<ticket::Model, Error> {
        let agent = by.person()?;
        let row = self.find(id).await?;
        by.acts_on(row.person).await?;
        self.step("communication.close-ticket", row, Step::Close(agent)).await
    }

    async fn step(&self, name: &'static str, mut row: ticket::Model, step: Step) -> Result<ticket::Model, Error> {
        let tx = self.db.begin_for(name, row.person, Purpose::Support).await?;
        step_in_tx(&tx, &mut row, step).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The tie is to the person; the ticket must be the agent's own too: another one of the same person is not theirs.
    async fn tied(&self, by: &Caller, id: TicketId) -> Result<ticket::Model, Error> {
        let row = self.find(id).await?;
        by.acts_on(row.person).await?;
        if standing(&row).ties(by.person()?) { Ok(row) } else { Err(Error::NotYours) }
    }

    /// Whose it is serves security alone: the state of whoever asked is seen when they are named.
    async fn find(&self, id: TicketId) -> Result<ticket::Model, Error> {
        query::by_key::<ticket::Entity>(id, Purpose::Security).one(&self.db).await?.ok_or(Error::NoSuchTicket)
    }
}

#[async_trait]
impl Ties for Desk {
    async fn ties(&self, tie: Tie, staff: PersonId, person: PersonId) -> Result<bool, Refusal> {
        if tie != Tie::HasTicket {
            return Ok(false);
        }
        let theirs = query::of::<ticket::Entity>(person, Purpose::Security).filter(ticket::Column::Agent.eq(staff));
        let theirs = theirs.all(&self.db).await.map_err(personal_data::Error::from)?;
        Ok(theirs.iter().any(|row| standing(row).ties(staff)))
    }
}

fn token_of(row: &ticket::Model) -> String {
    let mut bytes = row.changed_at.micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(row.id.0.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_token(token: &str) -> Result<(i64, Uuid), Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::PageToken)?;
    let (at, id) = bytes.split_at_checked(8).ok_or(Error::PageToken)?;
    let at = at.try_into().map(i64::from_be_bytes).map_err(|_| Error::PageToken)?;
    Ok((at, Uuid::from_slice(id).map_err(|_| Error::PageToken)?))
}
