//! An erasure and the backups: noted outside of them before anything else is done, and on the receipt until when they hold somebody.

use foundation::{PersonId, Timestamp};
use personal_data::{Db, Error, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    Erasures,
    rows::{State, erasure},
};
use crate::receipts::Remaining;

impl Erasures {
    /// Writes the erasure into the ledger outside the backups, durably: from here on no restore undoes it.
    pub(super) async fn note_in_ledger(&self, row: &erasure::Model, person: PersonId) -> Result<(), Error> {
        let at = row.begun_at.unwrap_or(row.ordered_at);
        self.backups.note_erased(person, at).await.map_err(|error| Error::Internal(error.to_string()))
    }

    /// Until when the last backup holds somebody whose erasure is in force; none when no backup does.
    pub(super) async fn gone_from_backups_by(&self, in_force_at: Timestamp) -> Result<Option<Timestamp>, Error> {
        let gone = self.backups.gone_from_backups_by(in_force_at, self.db.clock().now()).await;
        gone.map_err(|error| Error::Internal(error.to_string()))
    }

    /// Where the ledger keeps the identifier, when there is one.
    pub(super) fn in_ledger(&self) -> Option<Remaining> {
        self.backups.ledger().map(|_| Remaining {
            place: "the ledger of erasures, outside the backups".into(),
            what: backup::LEDGER_MAP.into(),
            until: "not limited".into(),
        })
    }
}

/// Whose erasure this database has begun and not finished: the saga goes on with them.
pub(crate) async fn under_way(db: &Db) -> Result<Vec<PersonId>, Error> {
    let begun = query::anonymous::<erasure::Entity>()
        .filter(erasure::Column::Person.is_not_null())
        .filter(erasure::Column::State.is_in([State::Open as i32, State::Contradicted as i32]));
    Ok(begun.all(db).await?.into_iter().filter_map(|row| row.person.map(PersonId)).collect())
}
