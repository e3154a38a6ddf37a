//! Whether records are what was written and signed, without IO.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use foundation::Timestamp;
use personal_data::access_log;

use crate::accesses::append::signed_text;

/// The first record that is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("{service}, record {sequence} is broken: it was altered after it was written")]
    Broken { service: String, sequence: i64 },
    #[error("{service}, record {sequence} is missing")]
    Missing { service: String, sequence: i64 },
    #[error("{service}, record {sequence} is forked: it does not continue the record before, or is another than was handed over or signed")]
    Forked { service: String, sequence: i64 },
    #[error("{service}, the checkpoint at record {sequence} is not signed by this key")]
    Forged { service: String, sequence: i64 },
    #[error("{service}: nothing signed stands behind record {sequence}, where the log ends")]
    Unsigned { service: String, sequence: i64 },
    #[error("line {line} cannot be read as what an export writes")]
    Malformed { line: usize },
    #[error("the file ends before the export did: after line {line}")]
    CutShort { line: usize },
    #[error("the public key is not 32 bytes of Ed25519")]
    Key,
}

/// What was found in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records by service.
    pub records: BTreeMap<String, i64>,
    pub checkpoints: u64,
}

/// Goes along the chains, record by record.
pub struct Verifier {
    key: VerifyingKey,
    ends: BTreeMap<String, End>,
    checkpoints: u64,
}

#[derive(Default)]
struct End {
    sequence: i64,
    hash: Vec<u8>,
    signed: i64,
}

/// A signed end of a chain.
pub struct Checkpoint {
    pub service: String,
    pub sequence: i64,
    pub hash: Vec<u8>,
    pub at: Timestamp,
    pub signature: String,
}

impl Verifier {
    pub fn try_new(public_key: &[u8]) -> Result<Self, Finding> {
        let key: [u8; 32] = public_key.try_into().map_err(|_| Finding::Key)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| Finding::Key)?;
        Ok(Self { key, ends: BTreeMap::new(), checkpoints: 0 })
    }

    /// The next record of a service's chain.
    pub fn record(&mut self, service: &str, entry: &access_log::Model) -> Result<(), Finding> {
        let end = self.ends.entry(service.to_owned()).or_default();
        follows(service, end.sequence, &end.hash, entry)?;
        (end.sequence, end.hash) = (entry.sequence, entry.hash.clone());
        Ok(())
    }

    /// A checkpoint stands right behind the record that it signs.
    pub fn checkpoint(&mut self, point: &Checkpoint) -> Result<(), Finding> {
        let (service, sequence) = (point.service.clone(), point.sequence);
        if !self.is_signed(point) {
            return Err(Finding::Forged { service, sequence });
        }
        let end = self.ends.entry(service.clone()).or_default();
        if end.sequence < sequence {
            return Err(Finding::Missing { sequence: end.sequence + 1, service });
        }
        if end.sequence != sequence || end.hash != point.hash {
            return Err(Finding::Forked { service, sequence });
        }
        end.signed = sequence;
        self.checkpoints += 1;
        Ok(())
    }

    fn is_signed(&self, point: &Checkpoint) -> bool {
        let text = signed_text(&point.service, point.sequence, &point.hash, point.at);
        let signature = BASE64_URL_SAFE_NO_PAD.decode(&point.signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }

    /// Where each chain ends now.
    pub fn place(&self, service: &str) -> i64 {
        self.ends.get(service).map_or(0, |end| end.sequence)
    }

    /// Every chain must end at something signed.
    pub fn finish(self) -> Result<Verified, Finding> {
        if let Some((service, end)) = self.ends.iter().find(|(_, end)| end.signed < end.sequence) {
            return Err(Finding::Unsigned { service: service.clone(), sequence: end.sequence });
        }
        let records = self.ends.into_iter().map(|(service, end)| (service, end.sequence)).collect();
        Ok(Verified { records, checkpoints: self.checkpoints })
    }
}

/// Whether a record is its own and continues the one before.
pub fn follows(service: &str, sequence: i64, hash: &[u8], entry: &access_log::Model) -> Result<(), Finding> {
    let (service, place) = (service.to_owned(), entry.sequence);
    if place > sequence + 1 {
        return Err(Finding::Missing { service, sequence: sequence + 1 });
    }
    if access_log::hash(entry) != entry.hash {
        return Err(Finding::Broken { service, sequence: place });
    }
    if place <= sequence || entry.previous_hash != hash {
        return Err(Finding::Forked { service, sequence: place });
    }
    Ok(())
}
