//! The rows of the chain, and what each one's hash is over.

use contract::privacy::v1 as pb;
use foundation::Timestamp;
use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

use crate::{PersonalData, schema};

/// The role of a service may add to this table and read it, nothing else.
pub(crate) const TABLE: &str = "access_entry";

/// One link of this service's chain. Handles are mapped to people only in the keyring.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "access_entry")]
#[personal(none = "random handles instead of people; the mapping is in the keyring and goes with the person's key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key, plain = "the place in the chain")]
    pub sequence: i64,
    #[personal(time)]
    pub at: Timestamp,
    #[personal(plain = "a random handle, or nothing")]
    pub actor_handle: String,
    #[personal(plain = "a role, a service, or `self`")]
    pub actor_role: String,
    #[personal(plain = "a random handle, or nothing")]
    pub subject_handle: String,
    #[personal(plain = "the method's name")]
    pub method: String,
    #[personal(plain = "names of categories")]
    pub categories: String,
    #[personal(code)]
    pub purpose: i32,
    #[personal(plain = "`granted`, with the kind of the exception if it was by one, or the reason of the refusal")]
    pub decision: String,
    #[personal(plain = "hash of the entry before")]
    pub previous_hash: Vec<u8>,
    #[personal(plain = "SHA-256 over this entry")]
    pub hash: Vec<u8>,
}

pub(crate) fn table() -> schema::Table {
    schema::bare(TABLE)
        .number_key("sequence")
        .time("at")
        .text("actor_handle")
        .text("actor_role")
        .text("subject_handle")
        .text("method")
        .text("categories")
        .code("purpose")
        .text("decision")
        .bytes("previous_hash")
        .bytes("hash")
}

/// SHA-256 over every field before `hash`, each with its length, so that no two entries read alike.
pub fn hash(entry: &Model) -> Vec<u8> {
    let mut digest = Sha256::new();
    let numbers = [entry.sequence.to_be_bytes(), entry.at.micros().to_be_bytes(), i64::from(entry.purpose).to_be_bytes()];
    let texts = [&entry.actor_handle, &entry.actor_role, &entry.subject_handle, &entry.method, &entry.categories, &entry.decision];
    let parts = numbers.iter().map(|n| n.as_slice()).chain(texts.iter().map(|t| t.as_bytes())).chain([entry.previous_hash.as_slice()]);
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

impl From<Model> for pb::AccessEntry {
    fn from(entry: Model) -> Self {
        Self {
            sequence: entry.sequence,
            at: Some(entry.at.to_proto()),
            actor_handle: entry.actor_handle,
            actor_role: entry.actor_role,
            subject_handle: entry.subject_handle,
            method: entry.method,
            categories: entry.categories,
            purpose: entry.purpose,
            decision: entry.decision,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}

impl From<pb::AccessEntry> for Model {
    fn from(entry: pb::AccessEntry) -> Self {
        Self {
            sequence: entry.sequence,
            at: entry.at.as_ref().map_or(Timestamp::from_micros(0), Timestamp::from_proto),
            actor_handle: entry.actor_handle,
            actor_role: entry.actor_role,
            subject_handle: entry.subject_handle,
            method: entry.method,
            categories: entry.categories,
            purpose: entry.purpose,
            decision: entry.decision,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}
