//! Figures of an erasure: the work of one service for one person, with few people and with many in its database.
//!
//! The tables of payment are filled from their own live schema, one row a person in each that has an owner; then people out of the
//! middle are erased as an order does it: objects, rows, mentions, the look into every column, the report, the checkpoint.
//! `KOLSAI_BENCH_PEOPLE` is the larger number.

use std::time::Instant;

use anyhow::Context;
use foundation::{Clock, Mode, PersonId, uuid::Uuid};
use personal_data::{Db, Holds};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

const PEOPLE: u64 = 200_000;
/// Erased to measure one.
const ERASED: u64 = 40;

#[allow(clippy::print_stdout, reason = "this program prints figures")]
fn figure(name: &str, value: f64, unit: &str, compared: &str) {
    println!("{name:<44} {value:>10.2} {unit:<8} {compared}");
}

fn sqlite(sql: String) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

/// The identifier of the n-th person, in SQL and here.
const PERSON: &str = "CAST(x'6b6f6c736169' || substr(printf('%010d', n), 1, 10) AS BLOB)";

fn person(n: u64) -> anyhow::Result<PersonId> {
    let bytes = [b"kolsai".as_slice(), format!("{n:010}").as_bytes()].concat();
    Ok(PersonId(Uuid::from_slice(&bytes)?))
}

/// A value for a column of one row.
fn value(kind: &str) -> &'static str {
    match kind.to_ascii_lowercase() {
        kind if kind.contains("uuid") => "randomblob(16)",
        kind if kind.contains("text") => "'row ' || n",
        kind if kind.contains("blob") => "randomblob(60)",
        kind if kind.contains("bool") => "0",
        _ => "n",
    }
}

async fn fill(db: &Db, holds: &Holds, people: u64) -> anyhow::Result<u64> {
    // What is filled for a figure need not survive a power cut; the erasures below are durable again.
    db.execute_unprepared("CREATE TABLE bench_person (n INTEGER PRIMARY KEY)").await?;
    let count = format!(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {people}) INSERT INTO bench_person SELECT n FROM c"
    );
    db.execute_unprepared(&count).await?;
    let mut rows = 0;
    let owned = holds.maps().into_iter().filter_map(|map| Some((map.table, map.owner()?)));
    for (table, owner) in owned.chain([("person_state", "person")]) {
        let columns = db.query_all_raw(sqlite(format!("SELECT name, type, pk FROM pragma_table_info('{table}')"))).await?;
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for column in columns {
            let (name, kind): (String, String) = (column.try_get("", "name")?, column.try_get("", "type")?);
            values.push(match name.as_str() {
                name if name == owner => PERSON,
                "state" if table == "person_state" => "0",
                _ => value(&kind),
            });
            names.push(format!("\"{name}\""));
        }
        let sql = format!("INSERT INTO {table} ({}) SELECT {} FROM bench_person", names.join(", "), values.join(", "));
        rows += db.execute_raw(sqlite(sql)).await.with_context(|| format!("filling {table}"))?.rows_affected();
    }
    db.execute_unprepared("DROP TABLE bench_person").await?;
    db.checkpoint().await?;
    Ok(rows)
}

/// Median milliseconds of one erasure in a database of so many people, and how many rows it held.
#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time")]
async fn median_ms(people: u64) -> anyhow::Result<(f64, u64)> {
    let folder = tempfile::tempdir()?;
    let address = format!("sqlite://{}", folder.path().join("payment.db").display());
    let db = Db::open::<payment::Migrations>(&address, "payment", Clock::system(Mode::Development)).await?;
    let holds = payment::holds();
    let rows = fill(&db, &holds, people).await?;
    let mut times = Vec::new();
    for n in 0..ERASED {
        let person = person(people / 2 + n * (people / (3 * ERASED)).max(1))?;
        let begun = Instant::now();
        let removed = holds.remove_objects(&db, person).await?;
        let tx = db.begin("holder.erase").await?;
        let report = holds.erase_in_tx(&tx, person, &removed).await?;
        tx.commit().await?;
        db.checkpoint().await?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        let held: u64 = report.classes.iter().map(|class| class.before).sum();
        anyhow::ensure!(held >= 4 && report.left_over == 0, "the person was there and is gone: {report:?}");
    }
    db.close().await?;
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], rows))
}

#[tokio::main]
#[allow(clippy::disallowed_methods, reason = "the program's own setting")]
async fn main() -> anyhow::Result<()> {
    let many = std::env::var("KOLSAI_BENCH_PEOPLE").ok().map_or(Ok(PEOPLE), |people| people.parse())?;
    let few = many / 10;
    let (small, rows_small) = median_ms(few).await?;
    let (large, rows_large) = median_ms(many).await?;
    let name = |people: u64| format!("erase one of {people} people in payment, median");
    figure(&name(few), small, "ms", &format!("{rows_small} rows; SQLite, synchronous FULL, checkpoint counted in"));
    figure(
        &name(many),
        large,
        "ms",
        &format!("limit 200 ms; {rows_large} rows; {:.2} × the line above for ten times the people", large / small),
    );
    Ok(())
}
