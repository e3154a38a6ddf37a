//! What a school holds, counted: a walk that a crash interrupts must leave what an undisturbed one leaves.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;

use super::{database::Database, mails, walk::People};

/// Counted in kinds, so that one thing too many and one too few do not make up for each other: by these columns.
const BY: &[(&str, &str)] = &[
    ("outbox", "kind"),
    ("delivery", "reaction || CASE WHEN outcome IN ('done', 'repeated') THEN ' taken' ELSE ' ' || outcome END"),
    ("inbox", "reaction"),
    ("parked", "reaction || ' ' || reason"),
    ("payment.course_order", "'state ' || state || ' receipt ' || (receipt_number IS NOT NULL)"),
    ("ledger_entry", "'account ' || account || ': ' || debit_minor || ' to ' || credit_minor"),
    ("mail", "'kind ' || kind || ' state ' || state"),
    ("copy_request", "'done ' || (done_at IS NOT NULL)"),
    ("erasure", "'state ' || state"),
    ("enrolment", "'open ' || open || ' instructor ' || (instructor_id IS NOT NULL)"),
    ("test_attempt", "passed"),
];

/// Beginnings of what may differ, and why.
const MAY_DIFFER: &[(&str, &str)] = &[
    ("access_entry", "every try of a call is recorded, and so is the one whose answer was lost"),
    ("privacy.service_access", "the same"),
    ("privacy.chain_end", "a service whose log is still empty has no end yet; the ends themselves are compared apart"),
    ("keyring.person_key", "a registration that died before its commit leaves a key that opens nothing"),
    ("keyring.handle", "the same"),
    ("keyring.key_grant", "by the hour, and with every try"),
    ("payment.transfer", "a partner whose word did not arrive is asked"),
    ("identity.session", "whoever signs in again has a session more"),
    ("identity.revocation", "and ends one more when the person is erased"),
    ("idempotency", "a claim on nothing hides whether an address is known"),
    ("seaql_migrations", "the schema's own"),
];

/// Parts of what there may be more of, and why.
const MAY_BE_MORE: &[(&str, &str)] = &[
    ("copy_request done 1", "whoever did not get the whole copy takes another"),
    ("RegistrationAbandoned", "a repeated registration costs the same work: a person of whom nothing is known, made and abandoned"),
    ("abandoned", "the same"),
    ("identity.person_state", "the same"),
    ("privacy.person_state", "the same"),
    ("communication.person_state", "the same"),
];

/// Parts of what may be told or dropped, and why; what it does is counted where it does it.
const EITHER: &[(&str, &str)] =
    &[("-on-withdrawal", "the erasure's last word about a person comes before the erasure, and is taken, or after it, and is dropped")];

/// Every order of an erasure says a person's state once more, beside what the walk made of it before; and what nobody has confirmed
/// before the school was down for minutes is said again.
const ONE_BY_STATE: &[&str] = &["PersonStateChanged", "follow-person-state", "end-tokens-on-person-state-changed"];
const ONE_BY_ORDER: &[&str] = &["end-tokens-on-erasure-ordered"];

/// What holders answer to a state that is no erasure's.
const BY_STATE: &[&str] = &["StateFollowed", "note-followed-state"];

/// What an erasure says, and what says it on: once more with every order, and one is given again when nobody answers for a minute.
const BY_ORDER: &[&str] = &["ErasureOrdered", "ErasureReported", "erase-on-order", "record-report-of-holder"];

/// The same of the one rectification: what has been down for minutes is asked again.
const BY_RECTIFICATION: &[&str] = &["RectificationOrdered", "RectificationReported", "rectify-on-order", "record-rectification-of-holder"];

/// By table and kind, how many.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    counts: BTreeMap<String, i64>,
    /// Of the one erasure; 1 before there is one.
    orders: i64,
    /// Of the one rectification; 1 before there is one.
    rectifications: i64,
    /// How often a state was said, with those that orders of the erasure say.
    states: i64,
    /// The same without them.
    own_states: i64,
}

impl Evidence {
    pub async fn of(data: &Path, people: &People) -> Result<Self> {
        let (mut counts, mut orders, mut rectifications, mut states, mut own_states) = (BTreeMap::new(), 1, 1, 0, 0);
        for database in Database::all(data).await? {
            if database.service == "privacy" {
                let ordered = async |kind: &str| -> Result<i64> {
                    database.number(&format!("SELECT count(*) FROM outbox WHERE kind LIKE '%.{kind}'")).await
                };
                let erasures = ordered("ErasureOrdered").await?;
                states = ordered("PersonStateChanged").await?;
                own_states = states - erasures;
                (orders, rectifications) = (erasures.max(1), ordered("RectificationOrdered").await?.max(1));
            }
            for table in database.tables().await? {
                let whole = format!("{}.{table}", database.service);
                let is = |name: &str| name == table || name == whole;
                if MAY_DIFFER.iter().any(|(name, _)| is(name)) {
                    continue;
                }
                let by = BY.iter().find(|(name, _)| is(name)).map_or("''", |(_, by)| *by);
                for row in database.rows(&format!("SELECT CAST({by} AS TEXT) AS kind, count(*) AS n FROM \"{table}\" GROUP BY 1")).await? {
                    let kind: String = row.try_get("", "kind")?;
                    counts.insert(format!("{whole} {kind}").trim_end().to_owned(), row.try_get("", "n")?);
                }
            }
        }
        counts.extend(mails::counted(&data.join("mail"), people)?);
        counts.extend(objects(&data.join("objects")));
        Ok(Self { counts, orders, rectifications, states, own_states })
    }

    /// Where this differs from what an undisturbed walk left, in words.
    pub fn unlike(&self, undisturbed: &Self) -> Vec<String> {
        let mut kinds: Vec<_> = self.counts.keys().chain(undisturbed.counts.keys()).collect();
        kinds.sort();
        kinds.dedup();
        let expected = |kind: &String| {
            let there = undisturbed.counts.get(kind).copied().unwrap_or_default();
            let one_of = |parts: &[&str]| parts.iter().any(|part| kind.contains(part));
            match () {
                () if one_of(ONE_BY_STATE) => there + self.states - undisturbed.states,
                () if one_of(ONE_BY_ORDER) => there + self.orders - undisturbed.orders,
                () if one_of(BY_STATE) && undisturbed.own_states > 0 => there * self.own_states / undisturbed.own_states,
                () if one_of(BY_ORDER) => there * self.orders,
                () if one_of(BY_RECTIFICATION) => there * self.rectifications,
                () => there,
            }
        };
        let both = kinds.into_iter().map(|kind| (kind, self.counts.get(kind).copied().unwrap_or_default(), expected(kind)));
        let either = |kind: &String| EITHER.iter().any(|(part, _)| kind.contains(part));
        let may_be_more = |kind: &String| MAY_BE_MORE.iter().any(|(part, _)| kind.contains(part));
        let differ = both
            .filter(|(kind, here, there)| here < there || (here > there && !may_be_more(kind)))
            .filter(|(kind, here, there)| !(either(kind) && here.abs_diff(*there) <= self.orders.unsigned_abs()));
        differ.map(|(kind, here, there)| format!("{kind}: {here} in place of {there}")).collect()
    }
}

/// Files of the object store, by the first part of their key.
fn objects(folder: &Path) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for bucket in std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
        for prefix in std::fs::read_dir(bucket.path()).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
            let files = std::fs::read_dir(prefix.path()).into_iter().flatten().flatten().filter(|entry| entry.path().is_file()).count();
            *counts.entry(format!("objects {}", prefix.file_name().to_string_lossy())).or_default() +=
                i64::try_from(files).unwrap_or(i64::MAX);
        }
    }
    counts.retain(|_, count| *count > 0);
    counts
}

/// Whether nothing is under way any more: what was announced is published, mail is sent, the access log is handed over.
pub async fn is_quiet(data: &Path) -> Result<bool> {
    let databases = Database::all(data).await?;
    let mut ends = BTreeMap::new();
    for database in &databases {
        if database.has("outbox").await? && database.number("SELECT count(*) FROM outbox WHERE published_at IS NULL").await? > 0 {
            return Ok(false);
        }
        if database.has("access_entry").await? {
            ends.insert(database.service.clone(), database.number("SELECT max(sequence) FROM access_entry").await?);
        }
        let busy = match database.service.as_str() {
            "communication" => database
                .number(
                    "SELECT (SELECT count(*) FROM mail WHERE sent_at IS NULL) + (SELECT count(*) FROM newsletter_issue WHERE queued = 0)",
                )
                .await?,
            // The demo school is told week by week; 2 is a week that is still to be made up.
            "learning" => database.number("SELECT (SELECT count(*) FROM fact_period) = 0 OR max(state = 2) FROM fact_period").await?,
            "privacy" => database.number("SELECT count(*) FROM erasure WHERE done_at IS NULL").await?,
            _ => 0,
        };
        if busy > 0 {
            return Ok(false);
        }
    }
    let Some(privacy) = databases.iter().find(|database| database.service == "privacy") else { return Ok(false) };
    for row in privacy.rows("SELECT service, sequence FROM chain_end").await? {
        let (service, taken): (String, i64) = (row.try_get("", "service")?, row.try_get("", "sequence")?);
        ends.entry(service).and_modify(|end| *end -= taken);
    }
    Ok(ends.values().all(|missing| *missing <= 0))
}
