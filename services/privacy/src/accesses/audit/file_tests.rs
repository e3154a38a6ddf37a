use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

use super::*;
use crate::accesses::append::signed_text;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn chain(length: i64, salt: &str) -> Vec<access_log::Model> {
    let mut chain: Vec<access_log::Model> = Vec::new();
    for sequence in 1..=length {
        let mut entry = access_log::Model {
            sequence,
            at: Timestamp::from_micros(1_790_000_000_000_000 + sequence),
            actor_handle: format!("handle {salt}"),
            actor_role: "instructor".into(),
            subject_handle: format!("handle {sequence}"),
            method: "kolsai.test.v1.Desk.Mark".into(),
            categories: "LEARNING".into(),
            purpose: 2,
            decision: "granted".into(),
            previous_hash: chain.last().map_or_else(Vec::new, |last| last.hash.clone()),
            hash: Vec::new(),
        };
        entry.hash = access_log::hash(&entry);
        chain.push(entry);
    }
    chain
}

fn point(service: &str, entry: &access_log::Model) -> Checkpoint {
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let text = signed_text(service, entry.sequence, &entry.hash, at);
    let signature = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, key().sign(text.as_bytes()).to_bytes());
    Checkpoint { service: service.into(), sequence: entry.sequence, hash: entry.hash.clone(), at, signature }
}

/// An export of two services' chains, with checkpoints in the middle and at the end of each.
fn lines(salt: &str) -> Vec<String> {
    let mut lines = vec![Line::head(Timestamp::from_micros(0))];
    for service in ["identity", "learning"] {
        let chain = chain(6, salt);
        for entry in &chain {
            lines.push(Line::entry(service, entry));
            if entry.sequence % 3 == 0 {
                lines.push(Line::checkpoint(&point(service, entry)));
            }
        }
    }
    lines.push(Line::End { records: 12 });
    lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect()
}

fn check(lines: &[String], anchors: &Anchors) -> Result<Verified, Finding> {
    match verify_file(lines.join("\n").as_bytes(), key().verifying_key().as_bytes(), anchors) {
        Ok(verified) => Ok(verified),
        Err(AuditError::Found(finding)) => Err(finding),
        Err(other) => panic!("{other}"),
    }
}

fn learning(sequence: i64) -> (String, i64) {
    ("learning".into(), sequence)
}

#[test]
fn what_was_written_and_signed_is_verified() {
    let verified = check(&lines("a"), &Anchors::default()).unwrap();
    assert_eq!((verified.records["identity"], verified.records["learning"], verified.checkpoints), (6, 6, 4));
}

#[test]
fn the_first_broken_missing_or_forked_record_is_named() {
    let (good, none) = (lines("a"), Anchors::default());
    let place =
        |sequence: i64| good.iter().position(|line| line.contains("learning") && line.contains(&format!("\"handle {sequence}\""))).unwrap();
    let (service, sequence) = learning(2);
    let mut altered = good.clone();
    altered[place(2)] = altered[place(2)].replace("granted", "NO_TIE");
    assert_eq!(check(&altered, &none), Err(Finding::Broken { service: service.clone(), sequence }));
    let mut missing = good.clone();
    missing.remove(place(2));
    assert_eq!(check(&missing, &none), Err(Finding::Missing { service: service.clone(), sequence }));
    // Somebody writes the record anew, with a hash of its own; the next does not continue it.
    let mut forged = chain(6, "a");
    forged[1].decision = "NO_TIE".into();
    forged[1].hash = access_log::hash(&forged[1]);
    let mut forked = good.clone();
    forked[place(2)] = serde_json::to_string(&Line::entry("learning", &forged[1])).unwrap();
    assert_eq!(check(&forked, &none), Err(Finding::Forked { service: service.clone(), sequence: 3 }));
    // And then every later one: the signed checkpoint is not of this chain.
    for at in 2..6 {
        forged[at].previous_hash = forged[at - 1].hash.clone();
        forged[at].hash = access_log::hash(&forged[at]);
        forked[place(at as i64 + 1)] = serde_json::to_string(&Line::entry("learning", &forged[at])).unwrap();
    }
    assert_eq!(check(&forked, &none), Err(Finding::Forked { service: service.clone(), sequence: 3 }));
    // The checkpoints too, by another key.
    let mut resigned = good.clone();
    let at = resigned.iter().rposition(|line| line.contains("checkpoint")).unwrap();
    resigned[at] = resigned[at].replace("\"signature\":\"", "\"signature\":\"AAAA");
    assert_eq!(check(&resigned, &none), Err(Finding::Forged { service: service.clone(), sequence: 6 }));
    // Or leaves them out.
    let mut unsigned = good.clone();
    unsigned.remove(at);
    assert_eq!(check(&unsigned, &none), Err(Finding::Unsigned { service: service.clone(), sequence: 6 }));
    let cut = &good[..good.len() - 1];
    assert_eq!(check(cut, &none), Err(Finding::CutShort { line: cut.len() }));
}

#[test]
fn an_anchor_kept_elsewhere_finds_a_log_that_was_written_and_signed_anew() {
    let key = key().verifying_key();
    let anchors = Anchors::read(lines("a").join("\n").as_bytes(), key.as_bytes()).unwrap();
    check(&lines("a"), &anchors).unwrap();
    assert_eq!(check(&lines("b"), &Anchors::default()).unwrap().checkpoints, 4, "whoever has the key makes a log that holds by itself");
    assert_eq!(check(&lines("b"), &anchors), Err(Finding::Forked { service: "identity".into(), sequence: 3 }));
    // One that ends before the anchor.
    let mut short: Vec<_> = lines("a").into_iter().filter(|line| !line.contains("learning")).collect();
    let last = short.len() - 1;
    short[last] = short[last].replace("12", "6");
    assert_eq!(check(&short, &anchors), Err(Finding::Missing { service: "learning".into(), sequence: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_changed_byte_shows(at in 0_usize..10_000, to in 32_u8..127) {
        let text = lines("a").join("\n");
        let mut bytes = text.clone().into_bytes();
        // The time of the export says nothing about a record.
        let first = text.find('\n').unwrap();
        let at = first + at % (bytes.len() - first);
        prop_assume!(bytes[at] != to && bytes[at] != b'\n');
        bytes[at] = to;
        let same: Result<Vec<serde_json::Value>, _> = std::str::from_utf8(&bytes).unwrap().lines().map(serde_json::from_str).collect();
        let before: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // Hexadecimal digits may change their case and say the same.
        let lowered = |values: &[serde_json::Value]| format!("{values:?}").to_lowercase();
        prop_assume!(same.is_err() || lowered(same.as_ref().unwrap()) != lowered(&before));
        prop_assert!(verify_file(bytes.as_slice(), key().verifying_key().as_bytes(), &Anchors::default()).is_err());
    }
}
