//! A ticket opened for reading, by whoever asked, by their agent, and by the mail that tells of it.

use contract::Purpose;
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Db, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::{
    Error, Key,
    rows::{MessageId, message, ticket},
};
use crate::language::Language;

/// A ticket and everything written in it.
pub struct Thread {
    pub ticket: ticket::Model,
    /// How to address a sender without an account.
    pub sender_name: Option<String>,
    /// The oldest first.
    pub messages: Vec<Message>,
}

pub struct Message {
    pub id: MessageId,
    pub by_school: bool,
    pub text: String,
    pub sent_at: Timestamp,
}

pub(super) async fn thread(db: &Db, ticket: ticket::Model, key: &Key) -> Result<Thread, Error> {
    let of = query::of::<message::Entity>(ticket.person, Purpose::Support).filter(message::Column::Ticket.eq(ticket.id));
    let mut messages = Vec::new();
    for row in of.order_by_asc(message::Column::SentAt).order_by_asc(message::Column::Id).all(db).await? {
        let text = row.open_text(key)?;
        messages.push(Message { id: row.id, by_school: row.by_school, text, sent_at: row.sent_at });
    }
    let sender_name = ticket.open_name(key)?;
    Ok(Thread { ticket, sender_name, messages })
}

/// What a mail about a ticket needs.
pub struct About {
    /// Empty when the mail only says that the ticket has arrived.
    pub answer: String,
    /// None for somebody with an account: identity knows their address.
    pub sender: Option<Sender>,
}

/// A sender without an account.
pub struct Sender {
    pub email: String,
    pub language: Language,
}

/// A ticket that has arrived; none when it is gone.
pub async fn received(db: &Db, person: PersonId, id: Uuid, key: &Key) -> Result<Option<About>, personal_data::Error> {
    let found = query::of::<ticket::Entity>(person, Purpose::Support).filter(ticket::Column::Id.eq(id));
    let Some(row) = found.one(db).await? else { return Ok(None) };
    let sender = row.open_email(key)?.map(|email| Sender { email, language: Language::of_code(row.language) });
    Ok(Some(About { answer: String::new(), sender }))
}

/// An answer of the school's; none when it is gone.
pub async fn answer_of(db: &Db, person: PersonId, id: Uuid, key: &Key) -> Result<Option<About>, personal_data::Error> {
    let found = query::of::<message::Entity>(person, Purpose::Support).filter(message::Column::Id.eq(id));
    let Some(row) = found.one(db).await? else { return Ok(None) };
    let answer = row.open_text(key)?;
    Ok(received(db, person, row.ticket.into(), key).await?.map(|about| About { answer, ..about }))
}
