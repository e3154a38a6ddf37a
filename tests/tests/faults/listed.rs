//! No transaction and no failpoint that nobody knows of.

use std::collections::BTreeMap;

use super::{
    list::List,
    sources::{Found, Sources},
};

/// Tells everything wrong at once.
#[test]
fn every_transaction_and_failpoint_is_listed() {
    let (sources, list, mut wrong) = (Sources::read(), List::read(), Vec::new());
    let names = places(&sources.names);
    for (name, places) in &names {
        if list.no_transactions.contains_key(*name) {
            continue;
        }
        if !list.transactions.contains_key(*name) {
            wrong.push(format!("`{name}` ({}) is not in [transactions]: walk through it, or say why not yet", places.join(", ")));
        }
        let shared = list.shared.get(*name).copied().unwrap_or(1);
        if places.len() != shared {
            wrong.push(format!("`{name}` stands in {} places, listed are {shared}: {}", places.len(), places.join(", ")));
        }
    }
    let points = places(&sources.points);
    for (name, places) in points.iter().filter(|(name, _)| !list.points.contains_key(**name)) {
        wrong.push(format!("`{name}` ({}) is not in [points]", places.join(", ")));
    }
    for found in &sources.through {
        if list.through.get(&found.file).is_none_or(|known| !known.contains_key(&found.what)) {
            wrong.push(format!("{} names a transaction by `{}`: write its name there, or list it in [through]", found.file, found.what));
        }
    }
    let gone = |name: &String, there: &BTreeMap<&str, Vec<&str>>| !there.contains_key(name.as_str());
    for name in list.transactions.keys().chain(list.no_transactions.keys()).chain(list.shared.keys()).filter(|name| gone(name, &names)) {
        wrong.push(format!("`{name}` is listed and stands in no source"));
    }
    for name in list.points.keys().filter(|name| gone(name, &points)) {
        wrong.push(format!("the point `{name}` is listed and stands in no source"));
    }
    for (file, known) in &list.through {
        for what in known.keys().filter(|what| !sources.through.iter().any(|found| found.file == *file && found.what == **what)) {
            wrong.push(format!("[through] lists `{what}` in {file}, which is not there"));
        }
    }
    assert!(wrong.is_empty(), "tests/faults.toml:\n  {}", wrong.join("\n  "));
}

fn places(found: &[Found]) -> BTreeMap<&str, Vec<&str>> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in found {
        places.entry(&one.what).or_default().push(&one.file);
    }
    places
}
