//! Whether anything is still under way.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

use crate::{bus::Bus, database::Database, platform::Platform};

/// A holder that was away is asked again every minute; a mail that was not noted leaves again after half a minute.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(500);

/// What must be nothing in the end: whose, in words, and how it is counted.
const OPEN: &[(&str, &str, &str)] = &[
    ("communication", "mails that wait", "SELECT count(*) FROM mail WHERE state = 1"),
    ("privacy", "erasures", "SELECT count(*) FROM erasure WHERE done_at IS NULL AND state <> 4"),
    ("privacy", "copies", "SELECT count(*) FROM copy_request WHERE done_at IS NULL"),
    ("privacy", "requests about a person's state", "SELECT count(*) FROM state_request WHERE look_at IS NOT NULL"),
];

/// Waits until nothing is under way.
pub async fn becomes(platform: &Platform, bus: &Bus) -> Result<Duration> {
    let began = Instant::now();
    loop {
        let open = under_way(platform, bus).await?;
        if open.is_empty() {
            return Ok(began.elapsed());
        }
        if began.elapsed() > PATIENCE {
            bail!("still under way after {} s: {}", PATIENCE.as_secs(), open.join("; "));
        }
        sleep(PAUSE).await;
    }
}

async fn under_way(platform: &Platform, bus: &Bus) -> Result<Vec<String>> {
    let (mut open, mut ends, mut taken) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    let mut note = |service: &str, count: i64, what: &str| {
        if count > 0 {
            open.push(format!("{service}: {count} {what}"));
        }
    };
    for reaction in bus.reactions().await? {
        note(&reaction.name, i64::try_from(reaction.waiting).unwrap_or(i64::MAX), "events that wait");
    }
    for database in Database::all(platform).await? {
        if database.has("outbox").await? {
            note(database.service, database.number("SELECT count(*) FROM outbox WHERE published_at IS NULL").await?, "unpublished events");
        }
        if database.has("parked").await? {
            let waiting = database.number("SELECT count(*) FROM parked WHERE reason IN ('held', 'given back')").await?;
            note(database.service, waiting, "held events");
        }
        for (_, what, sql) in OPEN.iter().filter(|(service, ..)| *service == database.service) {
            note(database.service, database.number(sql).await?, what);
        }
        if database.has("access_entry").await? {
            ends.insert(database.service.to_owned(), database.number("SELECT max(sequence) FROM access_entry").await?);
        }
        if database.service == "privacy" {
            for [service, sequence] in database.texts("SELECT service, sequence::text FROM chain_end").await? {
                taken.insert(service, sequence.parse::<i64>()?);
            }
        }
    }
    for (service, end) in ends {
        let missing = end - taken.get(&service).copied().unwrap_or_default();
        note(&service, missing, "entries of the access log that privacy has not");
    }
    Ok(open)
}
