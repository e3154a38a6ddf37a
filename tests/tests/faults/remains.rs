//! What must be gone after an erasure, to the byte, whatever died on the way.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use testkit::Person;

use super::database::{Database, blob};

/// Bytes that were of a person's, and what they were.
pub struct Remains(Vec<(String, Vec<u8>)>);

impl Remains {
    /// Names and addresses, the sealed rows, and the wrapped key that opens every sealed copy.
    pub async fn of(data: &Path, person: &Person) -> Result<Self> {
        let id = blob(&person.id)?;
        let texts =
            [&person.first_name, &person.last_name, &person.email, &person.phone].map(|text| (text.clone(), text.clone().into_bytes()));
        let mut needles = texts.to_vec();
        for (service, table, column) in [
            ("keyring", "person_key", "wrapped"),
            ("identity", "account", "first_name"),
            ("identity", "account", "email"),
            ("identity", "credential", "password"),
        ] {
            let database = Database::one(data, service).await?;
            let rows = database.rows(&format!("SELECT CAST(\"{column}\" AS BLOB) AS it FROM {table} WHERE person = {id}")).await?;
            ensure!(rows.len() == 1, "one {service}.{table} of a person, not {}", rows.len());
            needles.push((format!("{service}.{table}.{column}"), rows[0].try_get("", "it")?));
        }
        ensure!(needles.iter().all(|(_, bytes)| bytes.len() >= 8), "too short to be looked for");
        Ok(Self(needles))
    }

    /// Where any of it stands in any file.
    pub fn found(&self, data: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for file in files(data) {
            let Ok(bytes) = std::fs::read(&file) else { continue };
            let names = self.0.iter().filter(|(_, needle)| contains(&bytes, needle)).map(|(name, _)| name);
            found.extend(names.map(|name| format!("{name} is still in {}", file.strip_prefix(data).unwrap_or(&file).display())));
        }
        found
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| *byte == needle[0]) {
        if haystack[from + at..].starts_with(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}
