//! Tombstones of this database, asked for many people at once.

use std::collections::HashSet;

use foundation::PersonId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    Db, Error,
    person_state::{Column, Entity, State},
};

/// Those of `people` whom this database does not know as erased, in their order.
#[allow(clippy::disallowed_methods, reason = "the table of states itself")]
pub async fn not_erased(db: &Db, people: &[PersonId]) -> Result<Vec<PersonId>, Error> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let erased = Entity::find().select_only().column(Column::Person).filter(Column::State.eq(State::Erased as i32));
    let erased: HashSet<PersonId> = erased.into_tuple::<PersonId>().all(db).await?.into_iter().collect();
    Ok(people.iter().filter(|person| !erased.contains(person)).copied().collect())
}
