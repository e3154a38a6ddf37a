//! An event on its way: CloudEvents' names, identifiers only.

use contract::Event;
use foundation::{PersonId, Timestamp, uuid::Uuid};

/// What travels. `payload` is the protobuf encoding of the message named by `kind`.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// CloudEvents `id`; unique for ever, and what the inbox remembers.
    pub id: Uuid,
    /// CloudEvents `source`: the service that announced it.
    pub source: String,
    /// CloudEvents `type`: the message's full name.
    pub kind: String,
    pub payload: Vec<u8>,
    /// W3C Trace Context of the call that announced it.
    pub traceparent: Option<String>,
    pub at: Timestamp,
}

impl Envelope {
    /// The event itself, if this is one of `E`.
    pub fn open<E: Event>(&self) -> Option<E> {
        if self.kind != E::TYPE {
            return None;
        }
        E::decode(self.payload.as_slice()).ok()
    }
}

/// The person whom an event is about.
pub(crate) fn person_of<E: Event>(event: &E) -> Option<PersonId> {
    event.person().and_then(|id| id.parse().ok())
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}
