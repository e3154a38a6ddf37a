//! An event on its way: CloudEvents' names, identifiers only.

use contract::{Contract, Event};
use foundation::{PersonId, Timestamp, uuid::Uuid};

use crate::ReactionError;

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

    /// Whether its source is the service that announces its kind, by the contract. What every holder announces, any holder may.
    pub fn is_from_its_announcer(&self) -> bool {
        let Some(rule) = Contract::get().event(&self.kind) else { return false };
        match rule.package.split('.').nth(1) {
            Some("holder") => Contract::get().holder(&self.source).is_some(),
            owner => owner == Some(self.source.as_str()),
        }
    }
}

/// The person whom an event is about; none only where the contract says that it is about nobody.
pub(crate) fn person_of<E: Event>(event: &E) -> Result<Option<PersonId>, ReactionError> {
    match event.person() {
        Some(id) => id.parse().map(Some).map_err(|_| ReactionError::Poisoned("the person it is about is not an identifier")),
        None if Contract::get().event(E::TYPE).is_some_and(|rule| rule.person.is_some()) => {
            Err(ReactionError::Poisoned("it does not say which person it is about"))
        }
        None => Ok(None),
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}
