//! Copies of the services' chains, by handles, and where each chain ends.

use foundation::{Timestamp, uuid::Uuid};
use personal_data::{PersonalData, access_log};
use sha2::{Digest, Sha256};

pub mod service_access {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "service_access")]
    #[personal(none = "random handles instead of people; the mapping is in the keyring and goes with the person's key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(plain = "the name of a service")]
        pub service: String,
        #[personal(measure)]
        pub sequence: i64,
        #[personal(time)]
        pub at: Timestamp,
        /// When it was handed over: a review looks at what came in its period, however late that was.
        #[personal(time)]
        pub taken_at: Timestamp,
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
        #[personal(plain = "`granted`, or the reason of the refusal")]
        pub decision: String,
        #[personal(plain = "hash of the entry before")]
        pub previous_hash: Vec<u8>,
        #[personal(plain = "SHA-256 over the entry")]
        pub hash: Vec<u8>,
    }
}

/// The last entry of each service's chain, signed.
pub mod chain_end {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "chain_end")]
    #[personal(none = "hashes and signatures of access logs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(plain = "the name of a service")]
        pub service: String,
        #[personal(measure)]
        pub sequence: i64,
        #[personal(plain = "hash of the last entry")]
        pub hash: Vec<u8>,
        #[personal(plain = "Ed25519 over service, sequence, hash and time")]
        pub signature: String,
        #[personal(time)]
        pub at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }
}

/// An end of a chain that is kept for good, one an hour.
pub mod checkpoint {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "checkpoint")]
    #[personal(none = "hashes and signatures of access logs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(plain = "the name of a service")]
        pub service: String,
        #[personal(measure)]
        pub sequence: i64,
        #[personal(plain = "hash of the entry at that place")]
        pub hash: Vec<u8>,
        #[personal(plain = "Ed25519 over service, sequence, hash and time")]
        pub signature: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}

pub fn chain_id(service: &str) -> Uuid {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha256::digest(service)[..16]);
    Uuid::from_bytes(id)
}

pub fn copy_of(service: &str, entry: access_log::Model, taken_at: Timestamp) -> service_access::Model {
    service_access::Model {
        id: Uuid::now_v7(),
        service: service.to_owned(),
        sequence: entry.sequence,
        at: entry.at,
        taken_at,
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
