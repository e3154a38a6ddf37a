//! Mail: queued with the change that it tells of, sent by a worker.

mod compose;
pub mod held;
mod kind;
mod postman;
pub mod rows;
mod rules;
mod texts;

use foundation::{PersonId, uuid::Uuid};
use personal_data::{Error, Tx, schema};

pub(crate) use compose::Composer;
pub use kind::{Kind, Notice};
pub use postman::Postman;
use rows::{MailId, mail};
pub use rules::State;
pub use texts::{Texts, TextsError};

/// Queues a mail in the transaction of what it tells of: both commit or neither.
pub async fn queue_in_tx(tx: &Tx, person: PersonId, kind: Kind, about: impl Into<Uuid>) -> Result<(), Error> {
    let (id, now) = (MailId::new_v4(), tx.clock().now());
    let row = mail::Model {
        id,
        person,
        kind: kind.code(),
        purpose: kind.purpose() as i32,
        about: about.into(),
        file: id.to_string(),
        state: State::Queued as i32,
        attempts: 0,
        created_at: now,
        due_at: now,
        sent_at: None,
        version: 0,
    };
    tx.insert::<mail::Entity>(row).await
}

pub(crate) fn table() -> schema::Table {
    schema::table("mail", "id")
        .id("person")
        .code("kind")
        .code("purpose")
        .id("about")
        .text("file")
        .code("state")
        .number("attempts")
        .time("created_at")
        .time("due_at")
        .optional_time("sent_at")
        .number("version")
        .index(&["state", "due_at"])
        .index(&["person"])
}
