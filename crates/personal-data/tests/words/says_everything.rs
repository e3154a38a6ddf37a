//! A row with every word, each borne out by its column.
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
    #[personal(other_person(on_erase = former_staff))]
    pub seen_by: Option<PersonId>,
    #[personal(free_text)]
    pub note: Sealed<category::Learning, str>,
    #[personal(name)]
    pub name: Option<Sealed<category::Learning, str>>,
    #[personal(result)]
    pub marks: Sealed<category::Learning, personal_data::JsonValue>,
    #[personal(blind_index)]
    pub index: personal_data::BlindIndex,
    #[personal(secret = "a hash that is compared as it is")]
    pub hash: Vec<u8>,
    #[personal(plain = "a code from a fixed list")]
    pub language: String,
    #[personal(object = "originals")]
    pub original: Option<String>,
    #[personal(link)]
    pub course: Uuid,
    #[personal(measure)]
    pub minutes: i64,
    #[personal(code)]
    pub state: i32,
    #[personal(time)]
    pub at: Timestamp,
    #[personal(version)]
    pub version: i64,
}

pub fn seal(key: &personal_data::keys::DataKey<category::Learning>, id: Uuid) -> Sealed<category::Learning, str> {
    Model::seal_note(key, id, "x")
}

fn main() {
    assert_eq!(<Entity as personal_data::Mapped>::MAP.columns.len(), 15);
}
