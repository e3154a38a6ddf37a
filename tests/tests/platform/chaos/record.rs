//! What clients were told: the record that the school is held to in the end.

use tokio::time::Instant;

use crate::story::Person;

/// What a client writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Account,
    Confirmation,
    Order,
    /// The partner took the money, and the school says that the order is paid.
    Payment,
    Lesson,
    Attempt,
    Photograph,
    Ticket,
    Copy,
    Restriction,
    Lifting,
    Erasure,
}

impl Kind {
    pub const ALL: [Self; 12] = [
        Self::Account,
        Self::Confirmation,
        Self::Order,
        Self::Payment,
        Self::Lesson,
        Self::Attempt,
        Self::Photograph,
        Self::Ticket,
        Self::Copy,
        Self::Restriction,
        Self::Lifting,
        Self::Erasure,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "accounts",
            Self::Confirmation => "confirmations",
            Self::Order => "orders",
            Self::Payment => "payments",
            Self::Lesson => "lessons completed",
            Self::Attempt => "tests taken",
            Self::Photograph => "photographs",
            Self::Ticket => "tickets",
            Self::Copy => "copies",
            Self::Restriction => "restrictions",
            Self::Lifting => "liftings",
            Self::Erasure => "erasures",
        }
    }
}

/// One write, and what its client knows of it.
#[derive(Clone, Debug)]
pub struct Write {
    pub kind: Kind,
    /// What the answer called it; empty where there is nothing to call.
    pub id: String,
    /// Whether it was acknowledged; else it is unknown: there or not there, but not twice.
    pub acknowledged: bool,
}

/// One client from their registration on.
#[derive(Clone, Default)]
pub struct Life {
    pub person: Person,
    pub writes: Vec<Write>,
    /// When its present session began.
    pub signed_in: Option<Instant>,
    /// Fetches the receipt of the erasure, when its answer arrived.
    pub receipt: Option<String>,
    /// Why it ended early.
    pub ended: Option<String>,
}

impl Life {
    pub fn new(person: Person) -> Self {
        Self { person, ..Self::default() }
    }

    pub fn wrote(&mut self, kind: Kind, id: impl Into<String>, acknowledged: bool) {
        self.writes.push(Write { kind, id: id.into(), acknowledged });
    }

    pub fn acknowledged(&self, kind: Kind) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(move |write| write.kind == kind && write.acknowledged)
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.acknowledged(kind).next().is_some()
    }

    /// The fewest and the most that there may be of a kind.
    pub fn bounds(&self, kind: Kind) -> (usize, usize) {
        let all = self.writes.iter().filter(|write| write.kind == kind).count();
        (self.acknowledged(kind).count(), all)
    }

    /// Whether an erasure was asked for, answered or not.
    pub fn asked_for_erasure(&self) -> bool {
        self.writes.iter().any(|write| write.kind == Kind::Erasure)
    }
}
