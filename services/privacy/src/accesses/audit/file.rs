//! The lines of an export, and their check without the school.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use foundation::Timestamp;
use personal_data::access_log;
use serde::{Deserialize, Serialize};

use super::{
    AuditError,
    verify::{Checkpoint, Finding, Verified, Verifier},
};

const FORMAT: &str = "kolsai-access-log/1";

/// One line. Times are UTC microseconds, hashes hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Line {
    Head {
        format: String,
        exported_at: String,
    },
    Entry(Box<Entry>),
    Checkpoint {
        service: String,
        sequence: i64,
        hash: String,
        at: i64,
        signature: String,
    },
    /// A file without its last line was cut short.
    End {
        records: u64,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    service: String,
    sequence: i64,
    at: i64,
    actor_handle: String,
    actor_role: String,
    subject_handle: String,
    method: String,
    categories: String,
    purpose: i32,
    decision: String,
    previous_hash: String,
    hash: String,
}

impl Line {
    pub fn head(at: Timestamp) -> Self {
        Self::Head { format: FORMAT.to_owned(), exported_at: at.to_string() }
    }

    pub fn entry(service: &str, entry: &access_log::Model) -> Self {
        Self::Entry(Box::new(Entry {
            service: service.to_owned(),
            sequence: entry.sequence,
            at: entry.at.micros(),
            actor_handle: entry.actor_handle.clone(),
            actor_role: entry.actor_role.clone(),
            subject_handle: entry.subject_handle.clone(),
            method: entry.method.clone(),
            categories: entry.categories.clone(),
            purpose: entry.purpose,
            decision: entry.decision.clone(),
            previous_hash: hex::encode(&entry.previous_hash),
            hash: hex::encode(&entry.hash),
        }))
    }

    pub fn checkpoint(point: &Checkpoint) -> Self {
        Self::Checkpoint {
            service: point.service.clone(),
            sequence: point.sequence,
            hash: hex::encode(&point.hash),
            at: point.at.micros(),
            signature: point.signature.clone(),
        }
    }
}

impl Entry {
    fn model(self) -> Option<access_log::Model> {
        Some(access_log::Model {
            sequence: self.sequence,
            at: Timestamp::from_micros(self.at),
            actor_handle: self.actor_handle,
            actor_role: self.actor_role,
            subject_handle: self.subject_handle,
            method: self.method,
            categories: self.categories,
            purpose: self.purpose,
            decision: self.decision,
            previous_hash: hex::decode(self.previous_hash).ok()?,
            hash: hex::decode(self.hash).ok()?,
        })
    }
}

/// Checkpoints of an earlier export, kept elsewhere: by service and place, the hash.
#[derive(Default)]
pub struct Anchors(BTreeMap<(String, i64), Vec<u8>>);

impl Anchors {
    /// Out of an earlier export, which is checked itself first.
    pub fn read(file: impl Read, public_key: &[u8]) -> Result<Self, AuditError> {
        let mut anchors = Self::default();
        go_along(file, public_key, &Self::default(), |point| {
            anchors.0.insert((point.service.clone(), point.sequence), point.hash.clone());
        })?;
        Ok(anchors)
    }

    fn check(&self, service: &str, entry: &access_log::Model) -> Result<(), Finding> {
        match self.0.get(&(service.to_owned(), entry.sequence)) {
            Some(hash) if *hash != entry.hash => Err(Finding::Forked { service: service.to_owned(), sequence: entry.sequence }),
            _ => Ok(()),
        }
    }
}

/// Checks an export offline, against the public key of receipts and, when there are any, checkpoints that were kept elsewhere.
pub fn verify_file(file: impl Read, public_key: &[u8], anchors: &Anchors) -> Result<Verified, AuditError> {
    go_along(file, public_key, anchors, |_| {})
}

fn go_along(file: impl Read, public_key: &[u8], anchors: &Anchors, mut each: impl FnMut(&Checkpoint)) -> Result<Verified, AuditError> {
    let mut verifier = Verifier::try_new(public_key)?;
    let (mut number, mut records, mut ended) = (0, 0, None);
    for text in BufReader::new(file).lines() {
        number += 1;
        let malformed = || Finding::Malformed { line: number };
        let line: Line = serde_json::from_str(&text?).map_err(|_| malformed())?;
        match (number, line) {
            (1, Line::Head { format, .. }) if format == FORMAT => {}
            (2.., Line::Entry(entry)) if ended.is_none() => {
                let service = entry.service.clone();
                let entry = entry.model().ok_or_else(malformed)?;
                verifier.record(&service, &entry)?;
                anchors.check(&service, &entry)?;
                records += 1;
            }
            (2.., Line::Checkpoint { service, sequence, hash, at, signature }) if ended.is_none() => {
                let hash = hex::decode(hash).map_err(|_| malformed())?;
                let point = Checkpoint { service, sequence, hash, at: Timestamp::from_micros(at), signature };
                verifier.checkpoint(&point)?;
                each(&point);
            }
            (2.., Line::End { records }) if ended.is_none() => ended = Some(records),
            _ => return Err(malformed().into()),
        }
    }
    let beyond = anchors.0.keys().find(|(service, place)| verifier.place(service) < *place);
    if let Some((service, _)) = beyond {
        return Err(Finding::Missing { sequence: verifier.place(service) + 1, service: service.clone() }.into());
    }
    if ended != Some(records) {
        return Err(Finding::CutShort { line: number }.into());
    }
    Ok(verifier.finish()?)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
