//! An account and its credential, one row each per person.

pub mod account {
    use foundation::{PersonId, Timestamp};
    use personal_data::{BlindIndex, JsonValue, PersonalData, Sealed, category, schema};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "account")]
    #[personal(
        category = Account,
        purposes(Account, Education, Payment, Support, ServiceNotice, Newsletter, Security, Rights),
        keep(after = relation_end, days = 30),
        erase = delete
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, owner)]
        pub person: PersonId,
        #[personal(name)]
        pub first_name: Sealed<category::Account, str>,
        #[personal(name)]
        pub last_name: Sealed<category::Account, str>,
        #[personal(email)]
        pub email: Sealed<category::Account, str>,
        #[personal(blind_index)]
        pub email_index: BlindIndex,
        #[personal(phone)]
        pub phone: Option<Sealed<category::Account, str>>,
        /// Age bracket and language.
        #[personal(profile)]
        pub profile: Sealed<category::Account, JsonValue>,
        #[personal(time)]
        pub registered_at: Timestamp,
        #[personal(time)]
        pub confirmed_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }

    pub fn table() -> schema::Table {
        schema::table("account", "person")
            .bytes("first_name")
            .bytes("last_name")
            .bytes("email")
            .bytes("email_index")
            .optional_bytes("phone")
            .bytes("profile")
            .time("registered_at")
            .optional_time("confirmed_at")
            .number("version")
            .unique(&["email_index"])
            .index(&["confirmed_at", "registered_at"])
    }
}

pub mod credential {
    use foundation::{PersonId, Timestamp};
    use personal_data::{PersonalData, schema};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "credential")]
    #[personal(category = Credentials, purposes(Account, Security, Rights), keep(after = relation_end, days = 30), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, owner)]
        pub person: PersonId,
        #[personal(secret = "an Argon2id hash with its salt, as a PHC string")]
        pub password: String,
        #[personal(time)]
        pub changed_at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }

    pub fn table() -> schema::Table {
        schema::table("credential", "person").text("password").time("changed_at").number("version")
    }
}
