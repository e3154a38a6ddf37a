//! The consent ledger. Consents and withdrawals are append-only in the database itself.

use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{PersonalData, Sealed, category};
use sha2::{Digest, Sha256};

/// How a consent was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Method {
    Registration = 1,
    /// To a text that had changed, by somebody who was signed in.
    Renewal = 2,
    Newsletter = 3,
    /// For one work.
    Publication = 4,
    /// After it was withdrawn.
    Again = 5,
}

impl Method {
    pub fn name(code: i32) -> &'static str {
        match code {
            1 => "registration",
            2 => "renewal",
            3 => "newsletter",
            4 => "publication",
            5 => "again",
            _ => "unknown",
        }
    }
}

pub mod consent {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// One consent with the eight things that it names (94-V art. 8), and the proof of it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "consent")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete, append_only)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "the operator, as the published text names it")]
        pub operator_name: String,
        #[personal(plain = "the operator's business identification number")]
        pub operator_bin: String,
        #[personal(name, copy = "full_name")]
        pub full_name: Sealed<category::Rights, str>,
        #[personal(plain = "a part of a published text: the term")]
        pub term: String,
        #[personal(plain = "a part of a published text: third parties")]
        pub third_parties: String,
        #[personal(plain = "a part of a published text: transfer abroad")]
        pub cross_border: String,
        #[personal(plain = "a part of a published text: publication")]
        pub publication: String,
        #[personal(plain = "a part of a published text: the kinds of data")]
        pub data_list: String,
        #[personal(plain = "a part of a published text: anything else")]
        pub other: String,
        #[personal(plain = "the version of a published text")]
        pub text_version: String,
        #[personal(plain = "the hash of a published text")]
        pub text_hash: String,
        #[personal(plain = "ru, kk or en: the text's language")]
        pub language: String,
        #[personal(code)]
        pub method: i32,
        /// The work that it is for, of a consent to publication.
        #[personal(link)]
        pub about: Option<Uuid>,
        #[personal(time)]
        pub given_at: Timestamp,
    }
}

pub mod consent_withdrawal {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// That a consent was taken back: a row of its own, so that nothing in the ledger changes.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "consent_withdrawal")]
    #[personal(category = Rights, purposes(Rights), keep(after = relation_end, years = 3), erase = delete, append_only)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(link)]
        pub consent: Uuid,
        #[personal(time)]
        pub withdrawn_at: Timestamp,
    }
}

pub mod consent_text {
    use sea_orm::entity::prelude::*;

    use super::*;

    /// A text that consents were asked to, kept for as long as anybody may have to prove what it said.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "consent_text")]
    #[personal(none = "the school's own published texts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "ru, kk or en")]
        pub language: String,
        #[personal(plain = "a version")]
        pub version: String,
        #[personal(plain = "SHA-256 of the text, in hex")]
        pub hash: String,
        #[personal(plain = "the published text")]
        pub text: String,
        #[personal(plain = "the operator, a legal person")]
        pub operator_name: String,
        #[personal(plain = "the operator's business identification number")]
        pub operator_bin: String,
        #[personal(time)]
        pub published_at: Timestamp,
        /// Whether everybody who agreed to an older text has been told.
        #[personal(measure)]
        pub told: bool,
        /// The last consent that was looked at for that.
        #[personal(link)]
        pub cursor: Option<Uuid>,
        #[personal(version)]
        pub row_version: i64,
    }
}

/// One identifier for things that belong together: doing it again makes the same.
pub fn derived(parts: &[&[u8]]) -> Uuid {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    Uuid::from_bytes(id)
}
