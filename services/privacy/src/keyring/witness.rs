//! The second witness of an erasure: which services borrowed a person's keys, and until when they may have had use of one.

use std::time::Duration;

use foundation::{PersonId, Timestamp};
use personal_data::{Error, query};
use sea_orm::{
    ColumnTrait, DbErr, QueryFilter, QuerySelect,
    sea_query::{Alias, ColumnDef, Expr, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::{
    Keyring,
    rows::{handle, key_grant},
};

/// Grants are noted once an hour.
const HOUR: Duration = Duration::from_secs(3600);

/// A service that borrowed a key of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Borrowed {
    pub service: String,
    /// The end of the last hour in which a key was lent before the time asked for, or that time; none when it was lent only later.
    pub last_before: Option<Timestamp>,
}

impl Keyring {
    /// Services to which a data key of this person was ever lent.
    pub async fn witness(&self, person: PersonId, before: Timestamp) -> Result<Vec<Borrowed>, Error> {
        let mut all = Vec::new();
        for row in query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0)).all(&self.db).await? {
            let lent = query::anonymous::<key_grant::Entity>().filter(key_grant::Column::Handle.eq(row.handle));
            let hours: Vec<(Timestamp, Timestamp)> =
                lent.select_only().column(key_grant::Column::Hour).column(key_grant::Column::FirstAt).into_tuple().all(&self.db).await?;
            if !hours.is_empty() {
                all.push(Borrowed { service: row.service, last_before: last_before(&hours, before) });
            }
        }
        all.sort_by(|a, b| a.service.cmp(&b.service));
        Ok(all)
    }
}

/// Of hours and the first grants in them: a key that was lent in an hour may have been lent again until that hour was over.
fn last_before(hours: &[(Timestamp, Timestamp)], before: Timestamp) -> Option<Timestamp> {
    hours.iter().filter(|(_, first_at)| *first_at < before).map(|(hour, _)| hour.plus(HOUR).min(before)).max()
}

/// Adds when, within its hour, a key was lent first.
pub(super) struct FirstGrants;

impl MigrationName for FirstGrants {
    fn name(&self) -> &str {
        "keyring_0002"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FirstGrants {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = || Alias::new("key_grant");
        let mut first_at = ColumnDef::new(Alias::new("first_at"));
        first_at.big_integer().not_null().default(0);
        manager.alter_table(Table::alter().table(table()).add_column(&mut first_at).to_owned()).await?;
        // Of what was lent before, only the hour is known.
        let mut update = sea_orm::sea_query::Query::update();
        update.table(table()).value(Alias::new("first_at"), Expr::col(Alias::new("hour")));
        manager.execute(update).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(minutes * 60_000_000)
    }

    #[test]
    fn what_was_lent_after_the_order_is_no_witness_of_what_was_held_before() {
        assert_eq!(last_before(&[], at(90)), None);
        assert_eq!(last_before(&[(at(60), at(91))], at(90)), None, "in the same hour, and after");
        assert_eq!(last_before(&[(at(60), at(90))], at(90)), None);
        assert_eq!(last_before(&[(at(60), at(89))], at(90)), Some(at(90)), "not later than the order");
        assert_eq!(last_before(&[(at(0), at(7)), (at(60), at(91))], at(90)), Some(at(60)), "until its hour was over");
        assert_eq!(last_before(&[(at(0), at(7)), (at(60), at(89))], at(900)), Some(at(120)));
    }
}
