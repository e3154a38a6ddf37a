//! What the databases, the partner and the bus say of each other, once everything is quiet.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::PoisonError,
};

use anyhow::{Context, Result};
use payment::sandbox;
use serde_json::Value;

use crate::{
    bus::Bus,
    database::Database,
    kept::Tally,
    platform::Platform,
    record::{Kind, Life},
};

/// Reactions that note nothing in the inbox, and why.
const WITHOUT_INBOX: &[(&str, &str)] = &[
    ("identity.destroy-key-on-registration-abandoned", "it changes nothing in its own database: a key destroyed twice is destroyed once"),
    ("identity.end-tokens-on-erasure-ordered", "a session that has ended ends no further"),
    ("identity.end-tokens-on-person-state-changed", "the same"),
];

/// What was counted, and what is wrong.
#[derive(Default)]
pub struct Agreement {
    pub events: usize,
    pub effects: usize,
    pub parked: usize,
    pub paid: usize,
    pub wrong: Vec<String>,
}

pub async fn of(platform: &Platform, bus: &Bus, lives: &[Life], tally: &mut Tally) -> Result<Agreement> {
    let databases = Database::all(platform).await?;
    let one = |service: &str| databases.iter().find(|database| database.service == service).with_context(|| service.to_owned());
    let mut agreement = Agreement::default();
    effects(&databases, bus, &mut agreement).await?;
    parked(&databases, bus, &mut agreement).await?;
    money(platform, one("payment")?, one("learning")?, &mut agreement).await?;
    mails(one("communication")?, &mut agreement).await?;
    attempts(one("learning")?, lives, tally).await?;
    for database in &databases {
        chain(database, one("privacy")?, &mut agreement).await?;
    }
    Ok(agreement)
}

/// Every event was taken once by every reaction that hears its kind.
async fn effects(databases: &[Database], bus: &Bus, agreement: &mut Agreement) -> Result<()> {
    let (mut events, mut taken): (HashMap<String, String>, HashSet<(String, String)>) = Default::default();
    for database in databases {
        if database.has("outbox").await? {
            for [id, kind] in database.texts("SELECT id::text, kind FROM outbox").await? {
                events.insert(id, kind.rsplit('.').next().unwrap_or_default().to_owned());
            }
        }
        if database.has("inbox").await? {
            let all = database.texts("SELECT event_id::text, reaction FROM inbox").await?;
            let count = all.len();
            taken.extend(all.into_iter().map(|[event, reaction]| (event, reaction)));
            let twice = database.number("SELECT count(*) - count(DISTINCT (event_id, reaction)) FROM inbox").await?;
            agreement.effects += count;
            if twice > 0 {
                agreement.wrong.push(format!("{}: {twice} effects were had twice", database.service));
            }
        }
    }
    agreement.events = events.len();
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    for reaction in bus.reactions().await? {
        if WITHOUT_INBOX.iter().any(|(name, _)| *name == reaction.name) {
            continue;
        }
        let heard = events.iter().filter(|(_, kind)| **kind == reaction.event);
        let lost = heard.filter(|(event, _)| !taken.contains(&((*event).clone(), reaction.name.clone()))).count();
        if lost > 0 {
            missing.insert(reaction.name, lost);
        }
    }
    agreement.wrong.extend(missing.into_iter().map(|(reaction, lost)| format!("{lost} events had no effect at {reaction}")));
    let unknown = taken.iter().filter(|(event, _)| !events.contains_key(event)).count();
    if unknown > 0 {
        agreement.wrong.push(format!("{unknown} effects of events that nobody announced"));
    }
    Ok(())
}

/// Set aside is what was sent in poisoned, by everybody who heard it, and nothing else.
async fn parked(databases: &[Database], bus: &Bus, agreement: &mut Agreement) -> Result<()> {
    let poisoned = bus.poisoned.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for database in databases {
        if !database.has("parked").await? {
            continue;
        }
        for [event, reaction, kind, reason] in database.texts("SELECT event_id::text, reaction, kind, reason FROM parked").await? {
            agreement.parked += 1;
            if poisoned.keys().any(|id| id.to_string() == event) {
                *found.entry(event).or_default() += 1;
            } else {
                agreement.wrong.push(format!("{reaction} has set aside a {kind}: {reason}"));
            }
        }
    }
    for (id, hear) in &poisoned {
        let count = found.get(&id.to_string()).copied().unwrap_or_default();
        if count != *hear {
            agreement.wrong.push(format!("a poisoned message was set aside by {count} of {hear} reactions"));
        }
    }
    Ok(())
}

/// The partner, the orders, the books, the receipts and the enrolments say the same.
async fn money(platform: &Platform, payment: &Database, learning: &Database, agreement: &mut Agreement) -> Result<()> {
    let wrong = &mut agreement.wrong;
    let file = sandbox::file_in(&platform.path("services/sandbox-partner"));
    let payments: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).context("the partner's payments")?)?;
    let (mut orders, mut paid_there) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    for one in &payments {
        let order = one["order"]["order_id"].as_str().unwrap_or_default().to_owned();
        if one["status"].as_str().is_some_and(|status| status.eq_ignore_ascii_case("paid")) {
            paid_there.insert(order.clone());
        }
        *orders.entry(order).or_default() += 1;
    }
    let twice = orders.values().filter(|count| **count > 1).count();
    if twice > 0 {
        wrong.push(format!("the partner has {twice} orders with more than one payment"));
    }
    // Kept by law, after an erasure too.
    let receipts = payment.texts("SELECT order_id::text, count(*)::text FROM tax_receipt GROUP BY 1").await?;
    let receipts: BTreeMap<String, String> = receipts.into_iter().map(|[order, count]| (order, count)).collect();
    let unheard = paid_there.iter().filter(|order| !receipts.contains_key(*order)).count();
    let unpaid = receipts.keys().filter(|order| !paid_there.contains(*order)).count();
    let doubled = receipts.values().filter(|count| *count != "1").count();
    for (count, what) in
        [(unheard, "payments without a receipt"), (unpaid, "receipts without a payment"), (doubled, "orders with two receipts")]
    {
        if count > 0 {
            wrong.push(format!("{count} {what}"));
        }
    }
    for (what, sql) in [
        ("minor units that the books differ by", "SELECT abs(sum(debit_minor) - sum(credit_minor))::bigint FROM ledger_entry"),
        (
            "orders whose books do not balance",
            "SELECT count(*) FROM (SELECT 1 FROM ledger_entry GROUP BY order_id HAVING sum(debit_minor) <> sum(credit_minor)) AS it",
        ),
        (
            "paid orders that are not booked once",
            "SELECT count(*) FROM course_order o WHERE state = 4 AND (SELECT count(*) FROM ledger_entry e WHERE e.order_id = o.id) <> 2",
        ),
        ("contradictions of the partner", "SELECT count(*) FROM order_alarm"),
        ("payments that belong to nobody", "SELECT count(*) FROM stray_payment"),
    ] {
        let count = payment.number(sql).await?;
        if count != 0 {
            wrong.push(format!("payment: {count} {what}"));
        }
    }
    let paid = payment.texts("SELECT id::text, person_id::text, course_id::text FROM course_order WHERE state = 4").await?;
    let opened = learning.texts("SELECT id::text, paid::text FROM course_order").await?;
    let opened: BTreeMap<String, String> = opened.into_iter().map(|[id, paid]| (id, paid)).collect();
    let enrolled =
        learning.texts("SELECT learner_id::text, course_id::text, count(*)::text, bool_and(open)::text FROM enrolment GROUP BY 1, 2");
    let enrolled: BTreeMap<(String, String), (String, String)> =
        enrolled.await?.into_iter().map(|[learner, course, count, open]| ((learner, course), (count, open))).collect();
    for [order, person, course] in &paid {
        let enrolment = enrolled.get(&(person.clone(), course.clone()));
        let is_one = enrolment.is_some_and(|(count, open)| count == "1" && open == "true");
        if opened.get(order).map(String::as_str) != Some("true") || !is_one {
            wrong.push(format!("the paid order {order} is not exactly one enrolment: {enrolment:?}"));
        }
    }
    agreement.paid = paid.len();
    Ok(())
}

/// Nothing is said twice to one person about one thing, and everything that was to be said is sent.
async fn mails(communication: &Database, agreement: &mut Agreement) -> Result<()> {
    for (what, sql) in [
        ("mails were given up", "SELECT count(*) FROM mail WHERE state = 3"),
        ("mails are doubled", "SELECT count(*) FROM (SELECT 1 FROM mail GROUP BY person, kind, about HAVING count(*) > 1) AS it"),
    ] {
        let count = communication.number(sql).await?;
        if count > 0 {
            agreement.wrong.push(format!("{count} {what}"));
        }
    }
    Ok(())
}

/// Tests that were taken have no list of their own in the contract.
async fn attempts(learning: &Database, lives: &[Life], tally: &mut Tally) -> Result<()> {
    let taken = learning.texts("SELECT learner_id::text, count(*)::text FROM test_attempt GROUP BY 1").await?;
    let taken: BTreeMap<String, usize> = taken.into_iter().map(|[learner, count]| (learner, count.parse().unwrap_or_default())).collect();
    for life in lives.iter().filter(|life| !life.asked_for_erasure()) {
        let (there, (fewest, most)) = (taken.get(&life.person.id).copied().unwrap_or_default(), life.bounds(Kind::Attempt));
        tally.note(life, Kind::Attempt, fewest.saturating_sub(there), there.saturating_sub(most));
    }
    Ok(())
}

/// A service's access log has no gap, and privacy has all of it.
async fn chain(database: &Database, privacy: &Database, agreement: &mut Agreement) -> Result<()> {
    if !database.has("access_entry").await? {
        return Ok(());
    }
    let gaps = database.number("SELECT max(sequence) - min(sequence) + 1 - count(*) FROM access_entry").await?;
    let service = database.service;
    let taken = format!("SELECT max(sequence) - min(sequence) + 1 - count(*) FROM service_access WHERE service = '{service}'");
    for (whose, gaps) in [(service, gaps), ("privacy's copy", privacy.number(&taken).await?)] {
        if gaps != 0 {
            agreement.wrong.push(format!("{gaps} gaps in the access log of {service} ({whose})"));
        }
    }
    Ok(())
}
