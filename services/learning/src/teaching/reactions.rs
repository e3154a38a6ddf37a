//! Who becomes an instructor and who no longer is, as identity tells it. Both commute by the grant's version.

use async_trait::async_trait;
use contract::{
    Purpose, Role,
    identity::v1::{RoleGranted, RoleRevoked},
};
use events::{Reaction, ReactionError};
use foundation::{PersonId, Timestamp};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::rows::grant;
use crate::ids::GrantId;

pub struct NoteInstructor;
pub struct ForgetInstructor;

#[async_trait]
impl Reaction<RoleGranted> for NoteInstructor {
    const NAME: &'static str = "learning.note-instructor-on-grant";
    const PURPOSE: Purpose = Purpose::Education;

    async fn react_in_tx(&self, tx: &Tx, granted: RoleGranted) -> Result<(), ReactionError> {
        if granted.role() != Role::Instructor {
            return Ok(());
        }
        let until = granted.until.as_ref().map(Timestamp::from_proto);
        let row = read(&granted.grant_id, &granted.person_id, true, until, granted.version)?;
        note_in_tx(tx, row).await
    }
}

#[async_trait]
impl Reaction<RoleRevoked> for ForgetInstructor {
    const NAME: &'static str = "learning.forget-instructor-on-revocation";
    const PURPOSE: Purpose = Purpose::Education;

    async fn react_in_tx(&self, tx: &Tx, revoked: RoleRevoked) -> Result<(), ReactionError> {
        if revoked.role() != Role::Instructor {
            return Ok(());
        }
        note_in_tx(tx, read(&revoked.grant_id, &revoked.person_id, false, None, revoked.version)?).await
    }
}

fn read(grant: &str, person: &str, granted: bool, until: Option<Timestamp>, version: i64) -> Result<grant::Model, ReactionError> {
    let (Ok(id), Ok(instructor_id)) = (grant.parse::<GrantId>(), person.parse::<PersonId>()) else {
        return Err(ReactionError::Poisoned("an identifier of the grant cannot be read"));
    };
    Ok(grant::Model { id, instructor_id, granted, until, seen: version, version: 0 })
}

async fn note_in_tx(tx: &Tx, told: grant::Model) -> Result<(), ReactionError> {
    let known = query::of::<grant::Entity>(told.instructor_id, Purpose::Education).filter(grant::Column::Id.eq(told.id));
    match known.one(tx).await? {
        Some(known) if known.seen >= told.seen => Ok(()),
        Some(known) => Ok(tx.update::<grant::Entity>(&mut grant::Model { version: known.version, ..told }).await?),
        None => Ok(tx.insert::<grant::Entity>(told).await?),
    }
}
