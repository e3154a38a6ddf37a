//! A value sealed with the key of another category.
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
    pub note: Sealed<category::Learning, str>,
}

pub fn seal(key: &personal_data::keys::DataKey<category::Payment>, id: Uuid) -> Sealed<category::Learning, str> {
    Model::seal_note(key, id, "x")
}

pub fn open(key: &personal_data::keys::DataKey<category::Payment>, model: &Model) -> Option<String> {
    model.open_note(key).ok()
}

fn main() {}
