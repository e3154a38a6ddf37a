//! Counts the promises from the results of a test run, read from standard input as the test runner prints them.

use std::{
    collections::BTreeMap,
    io::{BufRead, stdin},
};

const PARTS: &str = include_str!("../../promises.toml");

/// Passing and failing tests of one part.
#[derive(Default)]
struct Results {
    passed: u32,
    failed: u32,
}

#[allow(clippy::print_stdout, reason = "this program prints the count")]
fn main() -> anyhow::Result<()> {
    let promises: BTreeMap<String, toml::Table> = toml::from_str(PARTS)?;
    let mut results: BTreeMap<(String, String), Results> = BTreeMap::new();
    for line in stdin().lock().lines() {
        let Some((promise, rest, passed)) = read(&line?) else { continue };
        let part = promises.get(&promise).into_iter().flat_map(|parts| parts.keys()).find(|part| rest.starts_with(part.as_str()));
        let part = part.cloned().unwrap_or(rest);
        let of = results.entry((promise, part)).or_default();
        if passed { of.passed += 1 } else { of.failed += 1 }
    }
    let (mut kept, mut broken) = (0, 0);
    for (promise, parts) in &promises {
        let of = |part: &String| results.get(&(promise.clone(), part.clone()));
        let failed: Vec<_> =
            results.iter().filter(|((p, _), r)| p == promise && r.failed > 0).map(|((_, part), _)| part.as_str()).collect();
        let missing: Vec<_> =
            parts.iter().filter(|(part, _)| of(part).is_none_or(|r| r.passed == 0)).filter_map(|(_, what)| what.as_str()).collect();
        if !failed.is_empty() {
            broken += 1;
            println!("{promise} broken   {}", failed.join(", "));
        } else if missing.is_empty() {
            kept += 1;
            println!("{promise} kept     {}", parts.values().filter_map(|what| what.as_str()).collect::<Vec<_>>().join("; "));
        } else {
            println!("{promise} not yet  {}", missing.join("; "));
        }
    }
    println!("{kept} of {} kept", promises.len());
    if broken > 0 {
        anyhow::bail!("{broken} broken");
    }
    Ok(())
}

/// `test promises::erasure::p19_gone_… ... ok` is (P19, gone_…, true).
fn read(line: &str) -> Option<(String, String, bool)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let name = name.trim_end_matches(" - should panic").rsplit("::").next()?;
    let (promise, part) = name.split_once('_')?;
    let number = promise.strip_prefix('p')?;
    if number.len() != 2 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match outcome.trim() {
        "ok" => Some((format!("P{number}"), part.to_owned(), true)),
        "FAILED" => Some((format!("P{number}"), part.to_owned(), false)),
        _ => None,
    }
}
