//! A row that is kept for a while and names a column that is no time.
extern crate kolsai_personal_data as personal_data;

#[allow(unused_imports)]
use foundation::{PersonId, Timestamp, uuid::Uuid};
#[allow(unused_imports)]
use personal_data::{PersonalData, Sealed, category};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "note")]
#[personal(category = Learning, purposes(Education), keep(after = created, at = person, days = 30), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(owner)]
    pub person: PersonId,
    #[personal(time)]
    pub at: Timestamp,
}

fn main() {}
