//! Looks for a value in everything that a school has written, in every shape that it might have taken.

use std::path::{Path, PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use crate::{School, Stack, log};

/// Every shape in which a marker is looked for.
fn shapes(marker: &str) -> Vec<Vec<u8>> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| marker.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut shapes = vec![
        marker.as_bytes().to_vec(),
        marker.to_lowercase().into_bytes(),
        marker.to_uppercase().into_bytes(),
        percent_encoding::utf8_percent_encode(marker, percent_encoding::NON_ALPHANUMERIC).to_string().into_bytes(),
        serde_json::Value::from(marker).to_string().trim_matches('"').as_bytes().to_vec(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        marker.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
    ];
    // Base64 reads differently at each of three offsets; the middle of each reading is the same wherever it starts.
    for lead in 0..3 {
        let text = BASE64_STANDARD_NO_PAD.encode([vec![b' '; lead], marker.as_bytes().to_vec()].concat());
        let (from, to) = (lead * 2, text.len().saturating_sub(3));
        shapes.push(text.as_bytes()[from.min(to)..to].to_vec());
    }
    shapes.retain(|shape| shape.len() > 1);
    shapes.sort();
    shapes.dedup();
    shapes
}

/// Where any shape of any marker stands: files below the data folder, what was logged, and rows of PostgreSQL.
pub async fn find(school: &School, markers: &[String]) -> Vec<String> {
    let wanted = Wanted::new(markers.iter().flat_map(|marker| shapes(marker)).collect());
    let mut found = Vec::new();
    for file in files(&school.data()) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        if wanted.is_in(&bytes) {
            found.push(file.display().to_string());
        }
    }
    // Every school of the process logs into one memory: what a marker's own school logged is in it.
    if wanted.is_in(&log::lines()) {
        found.push("log".to_owned());
    }
    if school.stack != Stack::Embedded {
        for (service, address) in addresses(school) {
            found.extend(rows(service, &address, &wanted).await);
        }
    }
    found
}

/// What is looked for, in one pass over the bytes however many shapes there are: a school's files are large, and tests are not
/// compiled to be fast.
struct Wanted {
    shapes: Vec<Vec<u8>>,
    /// By the first two bytes, whether any shape begins so.
    begins: Vec<bool>,
}

impl Wanted {
    fn new(shapes: Vec<Vec<u8>>) -> Self {
        let mut begins = vec![false; 1 << 16];
        for shape in &shapes {
            begins[pair(shape[0], shape[1])] = true;
        }
        Self { shapes, begins }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        let mut at = 0;
        while at + 1 < bytes.len() {
            if self.begins[pair(bytes[at], bytes[at + 1])] && self.shapes.iter().any(|shape| bytes[at..].starts_with(shape)) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The same shapes as PostgreSQL writes bytes: in hex.
    fn in_hex(&self) -> Self {
        let hex = |shape: &Vec<u8>| shape.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
        Self::new(self.shapes.iter().map(hex).collect())
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut all = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn addresses(school: &School) -> Vec<(&'static str, String)> {
    let of = |service| (service, school.engines().settings().database_address(service));
    ["identity", "keyring", "privacy", "communication", "learning", "payment", "analytics"].map(of).to_vec()
}

/// Every row of every table, as text and as bytes.
#[allow(clippy::disallowed_methods, reason = "the scan reads what no map declares")]
async fn rows(service: &str, address: &str, wanted: &Wanted) -> Vec<String> {
    let in_hex = wanted.in_hex();
    let db = Database::connect(address).await.expect("the database of the scan");
    let query = |sql: String| Statement::from_string(DbBackend::Postgres, sql);
    let tables = "SELECT table_name::text AS t FROM information_schema.tables WHERE table_schema = current_schema()";
    let mut found = Vec::new();
    for table in db.query_all_raw(query(tables.into())).await.expect("tables") {
        let table: String = table.try_get("", "t").expect("a name");
        // `bytea` as text is hex: looked for as such too.
        for row in db.query_all_raw(query(format!(r#"SELECT t::text AS r FROM "{table}" t"#))).await.expect("rows") {
            let row: String = row.try_get("", "r").expect("a row");
            if wanted.is_in(row.as_bytes()) || in_hex.is_in(row.as_bytes()) {
                found.push(format!("{service}.{table}"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_in_every_shape_and_nowhere_else() {
        let wanted = Wanted::new(shapes("Aigerim 4f/ә"));
        let base64 = |lead: &str| BASE64_STANDARD_NO_PAD.encode(format!("{lead}Aigerim 4f/ә, and on"));
        for text in
            ["x Aigerim 4f/ә x", "AIGERIM 4F/Ә", "aigerim 4f/ә", "q=Aigerim%204f%2F%D3%99", &base64(""), &base64("a"), &base64("ab")]
        {
            assert!(wanted.is_in(text.as_bytes()), "{text}");
        }
        let utf16: Vec<u8> = "Aigerim 4f/ә".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(wanted.is_in(&utf16));
        assert!(!wanted.is_in(b"Aigerim 4e, Aigerim, 4f"));
        assert!(!wanted.is_in(b"A") && !wanted.is_in(b""));
    }
}
