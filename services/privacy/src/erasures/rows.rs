//! Erasures under way and done. The identifier goes when the receipt is signed.

use foundation::{Timestamp, uuid::Uuid};
use personal_data::PersonalData;
use sha2::{Digest, Sha256};

foundation::typed_id!(
    /// An erasure.
    ErasureId
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum State {
    Open = 0,
    Done = 1,
    Contradicted = 2,
    /// For a copy that was asked for first, or for the end of its days of grace.
    Waiting = 3,
    /// Taken back while it waited.
    Cancelled = 4,
}

impl State {
    pub fn of(code: i32) -> Self {
        match code {
            1 => Self::Done,
            2 => Self::Contradicted,
            3 => Self::Waiting,
            4 => Self::Cancelled,
            _ => Self::Open,
        }
    }
}

pub mod erasure {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "erasure")]
    #[personal(none = "an erasure and its receipt, which holds no personal data; whom it is about goes when the receipt is signed")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: ErasureId,
        #[personal(tombstone = "whom to erase; emptied when the receipt is signed")]
        pub person: Option<Uuid>,
        #[personal(code)]
        pub state: i32,
        #[personal(time)]
        pub ordered_at: Timestamp,
        #[personal(time)]
        pub due_at: Timestamp,
        /// When the saga looks at it next.
        #[personal(time)]
        pub look_at: Timestamp,
        /// The number of the last order to the holders; see `rules::order_at`.
        #[personal(measure)]
        pub orders: i64,
        #[personal(plain = "names of services, once the keyring has testified")]
        pub witnesses: Option<String>,
        #[personal(time)]
        pub key_destroyed_at: Option<Timestamp>,
        #[personal(time)]
        pub done_at: Option<Timestamp>,
        #[personal(plain = "a salted hash that only the holder of the token can check")]
        pub commitment: Vec<u8>,
        #[personal(plain = "the receipt: no personal data")]
        pub document: Option<String>,
        #[personal(plain = "Ed25519 over the document")]
        pub signature: Option<String>,
        #[personal(plain = "what holders and witness disagree about, for the privacy officer")]
        pub contradiction: Option<String>,
        /// The first order of the current round; reports on earlier orders no longer count.
        #[personal(measure)]
        pub round: i64,
        #[personal(plain = "names of services that borrowed a key and reported that they held nothing")]
        pub silent: Option<String>,
        #[personal(plain = "names of services whose silence the privacy officer has looked into")]
        pub accounted_for: Option<String>,
        #[personal(plain = "the contradiction that the privacy officer has looked into")]
        pub resolved: Option<String>,
        #[personal(plain = "the role of whoever sent it on, never who it was")]
        pub officer_role: Option<String>,
        #[personal(plain = "what the privacy officer found; it names nobody and stands on the receipt")]
        pub officer_reason: Option<String>,
        #[personal(time)]
        pub resumed_at: Option<Timestamp>,
        /// When its days of grace are over.
        #[personal(time)]
        pub acts_at: Timestamp,
        /// It waits for no copy.
        #[personal(measure)]
        pub without_copy: bool,
        /// When the holders were ordered first.
        #[personal(time)]
        pub begun_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub mod holder_report {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "holder_report")]
    #[personal(none = "numbers of rows per table")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub erasure: Uuid,
        #[personal(plain = "the name of a service")]
        pub holder: String,
        #[personal(plain = "the hash of a data map")]
        pub map_hash: String,
        /// The order that it answers.
        #[personal(measure)]
        pub answers: i64,
        #[personal(measure)]
        pub left_over: i64,
        #[personal(plain = "numbers of rows per table, as JSON")]
        pub classes: String,
        #[personal(time)]
        pub expired_at: Option<Timestamp>,
        #[personal(time)]
        pub done_at: Timestamp,
    }
}

/// One report per erasure and holder.
pub fn report_id(erasure: Uuid, holder: &str) -> Uuid {
    let digest = Sha256::new().chain_update(erasure.as_bytes()).chain_update(holder).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}
