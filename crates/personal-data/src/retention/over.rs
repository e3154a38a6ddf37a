//! Which rows of a table are over, as one condition of the database, and how many there are.

use std::time::Duration;

use contract::Category;
use foundation::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::{
    Db, Error, Holds,
    map::{After, Keep, TableMap},
};

/// A row that is over for longer than this is overdue: some sweep did not do its work.
pub const OVERDUE: Duration = Duration::from_secs(24 * 3600);

/// What a round would remove from one table, and what should have gone before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub table: &'static str,
    pub keep: String,
    /// Rows whose term is over now.
    pub due: u64,
    /// Those of them whose term was over a day ago.
    pub overdue: u64,
}

impl Holds {
    /// The dry run: what is over in each table that expires, and nothing is removed.
    pub async fn due(&self, db: &Db) -> Result<Vec<Due>, Error> {
        let now = db.clock().now();
        let mut all = Vec::new();
        for map in self.maps() {
            let Some(keep) = map.keep else { continue };
            let (due, overdue) = (count(db, map, now).await?, count(db, map, now.minus(OVERDUE)).await?);
            all.push(Due { table: map.table, keep: keep.to_string(), due, overdue });
        }
        Ok(all)
    }
}

async fn count(db: &Db, map: &TableMap, now: Timestamp) -> Result<u64, Error> {
    let Some(over) = condition(map, now) else { return Ok(0) };
    let sql = format!(r#"SELECT count(*) AS n FROM "{}" WHERE {over}"#, map.table);
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// None for a table that does not expire. Names come from the map and numbers from the clock: nothing in it is anybody's word.
pub(super) fn condition(map: &TableMap, now: Timestamp) -> Option<String> {
    let keep = map.keep?;
    let over = match (keep.after, keep.at) {
        (After::RelationEnd, _) => relation_over(map, &keep, now)?,
        (_, None) => return None,
        (_, Some(at)) if at.is_date => format!(r#""{}" < '{}'"#, at.column, keep.cutoff_date(now)),
        (_, Some(at)) => {
            let passed = format!(r#""{}" <= {}"#, at.column, keep.cutoff(now).micros());
            match relation_over(map, &keep, now).filter(|_| at.is_optional) {
                // What has not come so far ends with the relation.
                Some(relation) => format!(r#"({passed} OR ("{}" IS NULL AND {relation}))"#, at.column),
                None => passed,
            }
        }
    };
    Some(match map.owner().filter(|_| waits(map)) {
        Some(owner) => {
            format!(r#"{over} AND NOT EXISTS (SELECT 1 FROM person_state ps WHERE ps.person = "{}"."{owner}" AND ps.state = 1)"#, map.table)
        }
        None => over,
    })
}

fn relation_over(map: &TableMap, keep: &Keep, now: Timestamp) -> Option<String> {
    let (owner, cutoff) = (map.owner()?, keep.cutoff(now).micros());
    Some(format!(r#""{owner}" IN (SELECT ps.person FROM person_state ps WHERE ps.relation_end <= {cutoff})"#))
}

/// Restriction is storage and nothing else: what a dispute may be about waits until it is lifted. Sessions and links end all the
/// same, and a term that a law sets runs.
fn waits(map: &TableMap) -> bool {
    map.law().is_none() && map.category().is_some_and(|category| category != Category::Credentials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::{About, ColumnMap, Moment, OnErase, Span};

    const fn column(name: &'static str, word: &'static str) -> ColumnMap {
        ColumnMap { name, word, note: "" }
    }

    const COLUMNS: &[ColumnMap] = &[column("id", "key"), column("person", "owner"), column("at", "time")];

    fn map(category: Category, after: After, at: Option<Moment>) -> TableMap {
        let about = About::Personal { category, purposes: &[], erase: OnErase::Delete };
        TableMap { table: "note", about, keep: Some(Keep { after, span: Span::Days(1), at }), append_only: false, columns: COLUMNS }
    }

    fn at(is_optional: bool) -> Option<Moment> {
        Some(Moment { column: "at", is_date: false, is_optional })
    }

    #[test]
    fn what_has_not_ended_ends_with_the_relation() {
        let now = Timestamp::from_micros(200_000_000_000);
        let over = |map: TableMap| condition(&map, now).unwrap();
        assert_eq!(over(map(Category::Credentials, After::Ended, at(false))), r#""at" <= 113600000000"#);
        let open = over(map(Category::Credentials, After::Ended, at(true)));
        assert!(open.contains(r#"OR ("at" IS NULL AND "person" IN (SELECT ps.person"#), "{open}");
        let learning = over(map(Category::Learning, After::RelationEnd, None));
        assert!(learning.contains("relation_end <= 113600000000") && learning.contains("ps.state = 1"), "{learning}");
    }

    #[test]
    fn a_table_that_says_nothing_does_not_expire() {
        let silent = TableMap { keep: None, ..map(Category::Learning, After::RelationEnd, None) };
        assert_eq!(condition(&silent, Timestamp::from_micros(0)), None);
    }
}
