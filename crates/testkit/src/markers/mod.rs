//! Looks for a value in everything that a school has written, in every shape that it might have taken.
//!
//! On SQLite the files themselves are read, byte by byte: with what was deleted, and the write-ahead log. On PostgreSQL every row of
//! every table is read, as text and as bytes: its files hold dead rows and a write-ahead log of the whole server, which are the
//! server's to clear, and in which nothing personal stands but what was sealed under a key that is destroyed.

mod rows;
mod shapes;

use std::path::{Path, PathBuf};

use crate::{School, Stack, log};
pub use rows::stands;
use shapes::Wanted;

/// Where any shape of any marker stands: files below the data folder and in the folder for temporary files, what was logged, and
/// rows of PostgreSQL.
pub async fn find(school: &School, markers: &[String]) -> Vec<String> {
    look(school, &Wanted::new(markers.iter().flat_map(|marker| shapes::of_text(marker)).collect())).await
}

/// The same for what is no text: keys, hashes, blind indexes.
pub async fn find_bytes(school: &School, secrets: &[Vec<u8>]) -> Vec<String> {
    look(school, &Wanted::new(secrets.iter().flat_map(|secret| shapes::of_bytes(secret)).collect())).await
}

async fn look(school: &School, wanted: &Wanted) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(&school.data()).into_iter().chain(temporary()) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        if wanted.is_in(&bytes) {
            found.push(file.display().to_string());
        }
    }
    // Every school of the process logs into one memory: what a marker's own school logged is in it, and its traces are.
    if wanted.is_in(&log::lines()) {
        found.push("log".to_owned());
    }
    if school.stack != Stack::Embedded {
        for (service, address) in rows::addresses(school) {
            found.extend(rows::holding(service, &address, wanted).await);
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut all = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

/// What lies openly where programs put their temporary files; folders there are other schools'.
fn temporary() -> Vec<PathBuf> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.is_file() && (name.starts_with(".tmp") || name.starts_with("kolsai"))
    };
    let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).filter(ours).collect()
}
