//! A value sealed as another category than its row's: the copy and the keyring would not know it.
extern crate kolsai_personal_data as personal_data;

#[allow(unused_imports)]
use foundation::{PersonId, Timestamp, uuid::Uuid};
#[allow(unused_imports)]
use personal_data::{PersonalData, Sealed, category};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "note")]
#[personal(category = Learning, purposes(Education, Rights), keep(after = relation_end, years = 3), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(owner)]
    pub person: PersonId,
    #[personal(free_text)]
    pub note: Sealed<category::Account, str>,
}

fn main() {}
