//! The tables of a service that exists only here: personal ones, one that a law keeps, one that holds nobody's data.

use contract::{Category, Purpose};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{
    BlindIndex, Holds, JsonValue, PersonalData, Sealed, category,
    map::{About, OnErase, StoreKind, StoreMap},
    schema,
};
use sea_orm::entity::prelude::*;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The service whose contract declares ACCOUNT data.
pub const SERVICE: &str = "identity";

foundation::typed_id!(LetterId);

/// Names, sealed; one row per person.
pub mod profile {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "profile")]
    #[personal(category = Account, purposes(Account, Rights), keep(after = relation_end, days = 30), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, owner)]
        pub person: PersonId,
        #[personal(name)]
        pub first_name: Sealed<category::Account, str>,
        #[personal(phone)]
        pub phone: Option<Sealed<category::Account, str>>,
        #[personal(profile)]
        pub settings: Sealed<category::Account, JsonValue>,
        #[personal(blind_index)]
        pub email_index: BlindIndex,
        #[personal(secret = "a hash that must be compared as it is")]
        pub password_hash: Vec<u8>,
        #[personal(time)]
        pub at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }
}

/// Two people in one row, and an object.
pub mod letter {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "letter")]
    #[personal(category = Account, purposes(Account, Education, Newsletter, Rights), keep(after = created, at = sent_at, years = 1), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: LetterId,
        #[personal(owner)]
        pub author: PersonId,
        #[personal(other_person(on_erase = former_staff))]
        pub answered_by: Option<PersonId>,
        #[personal(free_text)]
        pub body: Sealed<category::Account, str>,
        #[personal(object = "attachments")]
        pub attachment: Option<String>,
        #[personal(plain = "a code out of a closed list, but nothing stops a mistake")]
        pub topic: String,
        #[personal(measure)]
        pub readings: i64,
        #[personal(measure)]
        pub urgent: bool,
        #[personal(time)]
        pub sent_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

/// Kept by law: its own category, nothing sealed.
pub mod invoice {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "invoice")]
    #[personal(category = LockedPayment, purposes(LegalRetention), keep(after = tax_period, at = dated_at, years = 5), erase = lock(law = "Tax Code, art. 48"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub payer: PersonId,
        #[personal(measure)]
        pub tenge: i64,
        #[personal(time)]
        pub dated_at: Timestamp,
    }
}

/// Nobody's.
pub mod counter {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "counter")]
    #[personal(none = "a number that counts nothing of anybody's")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(measure)]
        pub value: i64,
        #[personal(version)]
        pub version: i64,
    }
}

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.push(schema::migration("identity_0001", || {
            vec![
                schema::table("profile", "person")
                    .bytes("first_name")
                    .optional_bytes("phone")
                    .bytes("settings")
                    .bytes("email_index")
                    .bytes("password_hash")
                    .time("at")
                    .number("version")
                    .unique(&["email_index"]),
                schema::table("letter", "id")
                    .id("author")
                    .optional_id("answered_by")
                    .bytes("body")
                    .optional_text("attachment")
                    .text("topic")
                    .number("readings")
                    .flag("urgent")
                    .optional_time("sent_at")
                    .number("version")
                    .index(&["author"]),
                schema::table("invoice", "id").id("payer").number("tenge").time("dated_at"),
                schema::table("counter", "id").number("value").number("version"),
            ]
        }));
        all
    }
}

/// Where attachments are.
pub const STORES: &[StoreMap] = &[StoreMap {
    store: "attachments",
    kind: StoreKind::Objects,
    holds: "what was sent with a letter",
    about: About::Personal { category: Category::Account, purposes: &[Purpose::Account], erase: OnErase::Delete },
    keep: "as long as the letter",
    on_erase: "removed",
}];

pub fn holds() -> Holds {
    Holds::of::<(profile::Entity, letter::Entity, invoice::Entity, counter::Entity)>(SERVICE).keeps(STORES)
}

/// A profile with everything in it; `name` is what the tests look for.
pub fn a_profile(key: &personal_data::keys::DataKey<category::Account>, name: &str, at: Timestamp) -> profile::Model {
    let person = key.raw().person();
    profile::Model {
        person,
        first_name: profile::Model::seal_first_name(key, person, name),
        phone: profile::Model::seal_phone(key, person, "+77010000000"),
        settings: profile::Model::seal_settings(key, person, &serde_json::json!({ "language": "kk" })),
        email_index: BlindIndex::of(b"index key", "profile", "email_index", &person.to_string()),
        password_hash: b"$argon2id$".to_vec(),
        at,
        version: 0,
    }
}

pub fn a_letter(key: &personal_data::keys::DataKey<category::Account>, body: &str) -> letter::Model {
    let id = LetterId::new_v7();
    letter::Model {
        id,
        author: key.raw().person(),
        answered_by: None,
        body: letter::Model::seal_body(key, id, body),
        attachment: None,
        topic: "QUESTION".into(),
        readings: 0,
        urgent: false,
        sent_at: None,
        version: 0,
    }
}
