//! The register's rows.

pub mod transfer {
    use foundation::{PersonId, Timestamp, uuid::Uuid};
    use personal_data::PersonalData;
    use sea_orm::entity::prelude::*;

    /// One transfer of somebody's data to a recipient outside: which classes left, never their values.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "transfer")]
    #[personal(
        category = Communication,
        purposes(Account, ServiceNotice, Newsletter, Support, Rights),
        keep(after = created, years = 1),
        erase = delete
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(plain = "the name of a declared recipient")]
        pub recipient: String,
        #[personal(plain = "a country code, ISO 3166-1 alpha-2")]
        pub country: String,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "names of data classes")]
        pub classes: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}
