//! What is recorded of a call.

use contract::{Category, Purpose, Role};
use foundation::{PersonId, uuid::Uuid};

const GRANTED: &str = "granted";
const BY_EXCEPTION: &str = "granted-by-exception:";

/// What is to be recorded of one person's part in a call.
#[derive(Clone, Debug)]
pub struct Entry {
    pub actor: Actor,
    pub subject: Option<PersonId>,
    pub method: String,
    pub categories: Vec<Category>,
    pub purpose: Purpose,
    pub decision: Decision,
    pub session: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Nobody,
    /// Without a role: a person about their own data.
    Person {
        id: PersonId,
        role: Option<Role>,
    },
    Service(String),
    Link,
    Partner(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Granted,
    /// To staff without a tie, by an exception of this kind.
    GrantedByException(&'static str),
    Refused(&'static str),
}

impl Decision {
    /// As an entry has it.
    pub fn text(self) -> String {
        match self {
            Self::Granted => GRANTED.to_owned(),
            Self::GrantedByException(kind) => format!("{BY_EXCEPTION}{kind}"),
            Self::Refused(reason) => reason.to_owned(),
        }
    }
}

/// Whether an entry's decision let the actor in.
pub fn is_granted(decision: &str) -> bool {
    decision == GRANTED || decision.starts_with(BY_EXCEPTION)
}

/// The kind of the exception by which an entry's actor was let in.
pub fn exception_of(decision: &str) -> Option<&str> {
    decision.strip_prefix(BY_EXCEPTION)
}

impl Actor {
    /// The person behind it, and what stands for its role.
    pub(super) fn parts(&self) -> (Option<PersonId>, String) {
        match self {
            Self::Nobody => (None, "nobody".to_owned()),
            Self::Person { id, role } => (Some(*id), role.map_or_else(|| "self".to_owned(), |r| r.as_str_name().to_lowercase())),
            Self::Service(name) => (None, format!("service:{name}")),
            Self::Link => (None, "link".to_owned()),
            Self::Partner(name) => (None, format!("partner:{name}")),
        }
    }
}
