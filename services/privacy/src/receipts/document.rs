//! What a receipt says. Its fields are written in this order: these are the canonical bytes.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    /// `kolsai-erasure-receipt/1`.
    pub format: String,
    pub request_id: String,
    /// SHA-256 over the receipt token and the person's identifier: whoever has both can check whose it is.
    pub commitment: String,
    pub ordered_at: String,
    /// Every holder has done its part.
    pub recorded_at: String,
    /// The person's key is destroyed and every lease of it has run out or was given up.
    pub in_force_at: String,
    pub method: String,
    pub holders: Vec<Holder>,
    /// Services to which the keyring ever lent a key of this person.
    pub witnesses: Vec<String>,
    /// Only where holders and witness contradicted each other first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
    pub locked: Vec<Locked>,
    pub remaining: Vec<Remaining>,
    /// Absent where no backup is known that could hold the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_from_backups_by: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Holder {
    pub holder: String,
    pub map_hash: String,
    pub done_at: String,
    pub classes: Vec<Class>,
}

/// Rows of one table before and after, and the objects removed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Class {
    pub table: String,
    pub before: i64,
    pub after: i64,
    pub objects: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub locked: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub law: String,
    /// As its holder reported it; the receipt lists it under `locked`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
}

/// A row that a law keeps, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub item: String,
    pub until: String,
}

/// One item that a law keeps: which article, and until when. What the item says is with its holder alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct Locked {
    pub holder: String,
    pub table: String,
    /// A random identifier.
    pub item: String,
    pub law: String,
    /// It is destroyed on the day that begins then.
    pub until: String,
}

/// That a locked item is gone. Its fields are written in this order: these are the canonical bytes.
#[derive(Debug, Serialize, Deserialize)]
pub struct DestructionNote {
    /// `kolsai-destruction-note/1`.
    pub format: String,
    /// Of the erasure's receipt, and so the commitment.
    pub request_id: String,
    pub commitment: String,
    pub holder: String,
    pub table: String,
    pub item: String,
    pub law: String,
    pub kept_until: String,
    pub destroyed_at: String,
}

/// What the privacy officer looked into and found. A role, never a name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resumed {
    pub by: String,
    pub at: String,
    pub contradiction: String,
    pub reason: String,
}

/// Where the random identifier still stands, and until when.
#[derive(Debug, Serialize, Deserialize)]
pub struct Remaining {
    pub place: String,
    pub what: String,
    pub until: String,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}
