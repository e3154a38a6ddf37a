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
    ];
    // Base64 reads differently at each of three offsets; the middle of each reading is the same wherever it starts.
    for lead in 0..3 {
        let text = BASE64_STANDARD_NO_PAD.encode([vec![b' '; lead], marker.as_bytes().to_vec()].concat());
        let (from, to) = (lead * 2, text.len().saturating_sub(3));
        shapes.push(text.as_bytes()[from.min(to)..to].to_vec());
    }
    shapes.sort();
    shapes.dedup();
    shapes
}

/// Where any shape of any marker stands: files below the data folder, what was logged, and rows of PostgreSQL.
pub async fn find(school: &School, markers: &[String]) -> Vec<String> {
    let shapes: Vec<_> = markers.iter().flat_map(|marker| shapes(marker)).collect();
    let mut found = Vec::new();
    for file in files(&school.data()) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        if shapes.iter().any(|shape| contains(&bytes, shape)) {
            found.push(file.display().to_string());
        }
    }
    // Every school of the process logs into one memory: what a marker's own school logged is in it.
    let logged = log::lines();
    if shapes.iter().any(|shape| contains(&logged, shape)) {
        found.push("log".to_owned());
    }
    if school.stack != Stack::Embedded {
        for (service, address) in addresses(school) {
            found.extend(rows(service, &address, &shapes).await);
        }
    }
    found
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
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
    ["identity", "keyring", "privacy", "communication", "learning", "payment"].map(of).to_vec()
}

/// Every row of every table, as text and as bytes.
#[allow(clippy::disallowed_methods, reason = "the scan reads what no map declares")]
async fn rows(service: &str, address: &str, shapes: &[Vec<u8>]) -> Vec<String> {
    let db = Database::connect(address).await.expect("the database of the scan");
    let query = |sql: String| Statement::from_string(DbBackend::Postgres, sql);
    let tables = "SELECT table_name::text AS t FROM information_schema.tables WHERE table_schema = current_schema()";
    let mut found = Vec::new();
    for table in db.query_all_raw(query(tables.into())).await.expect("tables") {
        let table: String = table.try_get("", "t").expect("a name");
        // `bytea` as text is hex: looked for as such too.
        for row in db.query_all_raw(query(format!(r#"SELECT t::text AS r FROM "{table}" t"#))).await.expect("rows") {
            let row: String = row.try_get("", "r").expect("a row");
            let hex = |shape: &Vec<u8>| shape.iter().map(|b| format!("{b:02x}")).collect::<String>();
            if shapes.iter().any(|shape| contains(row.as_bytes(), shape) || row.contains(&hex(shape))) {
                found.push(format!("{service}.{table}"));
            }
        }
    }
    found
}
