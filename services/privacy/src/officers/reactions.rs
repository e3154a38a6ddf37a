//! Who becomes a privacy officer and who no longer is. Both commute by the grant's version.

use async_trait::async_trait;
use contract::{
    Purpose, Role,
    identity::v1::{RoleGranted, RoleRevoked},
};
use events::{Reaction, ReactionError};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::rows::officer;

pub struct NoteOfficer;
pub struct ForgetOfficer;

#[async_trait]
impl Reaction<RoleGranted> for NoteOfficer {
    const NAME: &'static str = "privacy.note-officer-on-grant";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, granted: RoleGranted) -> Result<(), ReactionError> {
        if granted.role() != Role::PrivacyOfficer {
            return Ok(());
        }
        let until = granted.until.as_ref().map(Timestamp::from_proto);
        note_in_tx(tx, read(&granted.grant_id, &granted.person_id, true, until, granted.version)?).await
    }
}

#[async_trait]
impl Reaction<RoleRevoked> for ForgetOfficer {
    const NAME: &'static str = "privacy.forget-officer-on-revocation";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, revoked: RoleRevoked) -> Result<(), ReactionError> {
        if revoked.role() != Role::PrivacyOfficer {
            return Ok(());
        }
        note_in_tx(tx, read(&revoked.grant_id, &revoked.person_id, false, None, revoked.version)?).await
    }
}

fn read(grant: &str, person: &str, granted: bool, until: Option<Timestamp>, version: i64) -> Result<officer::Model, ReactionError> {
    let (Ok(id), Ok(person)) = (grant.parse::<Uuid>(), person.parse::<PersonId>()) else {
        return Err(ReactionError::Poisoned("an identifier of the grant cannot be read"));
    };
    Ok(officer::Model { id, person, granted, until, seen: version, version: 0 })
}

async fn note_in_tx(tx: &Tx, told: officer::Model) -> Result<(), ReactionError> {
    let known = query::of::<officer::Entity>(told.person, Purpose::Rights).filter(officer::Column::Id.eq(told.id));
    match known.one(tx).await? {
        Some(known) if known.seen >= told.seen => Ok(()),
        Some(known) => Ok(tx.update::<officer::Entity>(&mut officer::Model { version: known.version, ..told }).await?),
        None => Ok(tx.insert::<officer::Entity>(told).await?),
    }
}
