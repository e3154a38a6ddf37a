//! The offline check of a copy: its signature, and every file against the manifest.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read, Seek, SeekFrom},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zip::{ZipArchive, result::ZipError};

use super::archive::{MANIFEST, SIGNATURE};
use crate::receipts::{self, VerifyError};

/// A manifest or signature beyond this is none of ours.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Why a copy is not believed. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error("this is not a whole zip archive: it was cut short, or never was one")]
    NotAnArchive(#[source] ZipError),
    #[error("`{0}` is missing")]
    Missing(String),
    #[error("`{0}` was added: the manifest does not have it")]
    Added(String),
    #[error("`{0}` is in the archive twice")]
    Twice(String),
    #[error("`{0}` was changed")]
    Changed(String),
    #[error("`manifest.json` is not what was signed")]
    Signature(#[source] VerifyError),
    #[error("`manifest.json` is none that this program knows")]
    Manifest,
}

/// What a copy says of itself, once all of it was checked.
#[derive(Debug)]
pub struct VerifiedCopy {
    pub made_at: String,
    pub key_id: String,
    pub files: usize,
    /// Whether the key was given; otherwise it is the archive's own, and only shows that the archive agrees with itself.
    pub key_given: bool,
}

#[derive(Deserialize)]
struct Manifest {
    format: String,
    made_at: String,
    key_id: String,
    public_key: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    size: u64,
    sha256: String,
}

/// Checks a copy against the school's public key, or, when none is given, against the key that it brings along.
pub fn verify_copy<R: Read + Seek>(mut file: R, key: Option<&[u8]>) -> Result<VerifiedCopy, CopyError> {
    let listed = listed(&mut file)?;
    let mut archive = ZipArchive::new(file).map_err(CopyError::NotAnArchive)?;
    let manifest = text(&mut archive, MANIFEST)?;
    let signature = text(&mut archive, SIGNATURE)?;
    let read: Manifest = serde_json::from_str(&manifest).map_err(|_| CopyError::Manifest)?;
    if read.format != "kolsai-copy/1" {
        return Err(CopyError::Manifest);
    }
    let own = hex::decode(&read.public_key).map_err(|_| CopyError::Manifest)?;
    receipts::verify(&manifest, &signature, key.unwrap_or(&own)).map_err(CopyError::Signature)?;

    if listed.len() < archive.len() {
        return Err(CopyError::Changed("the archive's own list".into()));
    }
    let mut seen = BTreeSet::from([MANIFEST.to_owned(), SIGNATURE.to_owned()]);
    let entries: BTreeMap<_, _> = read.entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    for name in &listed {
        if !entries.contains_key(name.as_str()) && name != MANIFEST && name != SIGNATURE {
            return Err(CopyError::Added(name.clone()));
        }
    }
    for (name, entry) in &entries {
        check(&mut archive, name, entry)?;
        seen.insert((*name).to_owned());
    }
    // A name that stands twice would be one file here and another one elsewhere.
    let mut once = BTreeSet::new();
    if let Some(twice) = listed.iter().find(|name| !once.insert(*name)) {
        return Err(CopyError::Twice(twice.clone()));
    }
    Ok(VerifiedCopy { made_at: read.made_at, key_id: read.key_id, files: seen.len(), key_given: key.is_some() })
}

fn check<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str, entry: &Entry) -> Result<(), CopyError> {
    let changed = || CopyError::Changed(name.to_owned());
    let mut file = match archive.by_name(name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Err(CopyError::Missing(name.to_owned())),
        Err(_) => return Err(changed()),
    };
    let (mut digest, mut size, mut part) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        // Whatever the zip itself finds wrong is a change too.
        let read = file.read(&mut part).map_err(|_| changed())?;
        if read == 0 {
            break;
        }
        digest.update(&part[..read]);
        size += read as u64;
        if size > entry.size {
            return Err(changed());
        }
    }
    if size == entry.size && hex::encode(digest.finalize()) == entry.sha256 { Ok(()) } else { Err(changed()) }
}

fn text<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str) -> Result<String, CopyError> {
    let file = archive.by_name(name).map_err(|_| CopyError::Missing(name.to_owned()))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(|_| CopyError::Changed(name.to_owned()))?;
    Ok(text)
}

/// Every name of the archive's own list, as it stands there: a reader of archives tells each name once.
fn listed<R: Read + Seek>(file: &mut R) -> Result<Vec<String>, CopyError> {
    /// Bytes of a central header before its name (APPNOTE 4.3.12).
    const HEADER: usize = 46;
    let begins = {
        let archive = ZipArchive::new(&mut *file).map_err(CopyError::NotAnArchive)?;
        archive.central_directory_start()
    };
    file.seek(SeekFrom::Start(begins))?;
    let mut names = Vec::new();
    let mut rest = io::BufReader::new(&mut *file);
    let mut header = [0; HEADER];
    while rest.read_exact(&mut header).is_ok() && header.starts_with(b"PK\x01\x02") {
        let field = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let (mut name, beyond) = (vec![0; field(28)], field(30) + field(32));
        rest.read_exact(&mut name)?;
        io::copy(&mut rest.by_ref().take(beyond as u64), &mut io::sink())?;
        names.push(String::from_utf8_lossy(&name).into_owned());
    }
    drop(rest);
    file.seek(SeekFrom::Start(0))?;
    Ok(names)
}
