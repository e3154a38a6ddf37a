//! A person's own copy of their data, opened.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use serde_json::Value;
use zip::ZipArchive;

use crate::{Person, School};

/// Every entry by its name.
pub struct Copy(pub BTreeMap<String, Vec<u8>>);

impl School {
    /// The copy that a person gets now. It asks for a fresh sign-in.
    pub async fn copy(&self, person: &Person) -> Copy {
        let answer = self.client.get("/v1/me/copy", Some(&person.access_token)).await.expect("the copy answers").ok_bytes();
        let mut archive = ZipArchive::new(Cursor::new(answer)).expect("a zip archive");
        let mut entries = BTreeMap::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the bytes of an entry");
            entries.insert(entry.name().expect("a name").into_owned(), bytes);
        }
        Copy(entries)
    }
}

impl Copy {
    /// The rows of one table of one service.
    pub fn rows(&self, service: &str, table: &str) -> Vec<Value> {
        let text = self.0.get(&format!("{service}/{table}.jsonl")).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let lines = text.iter().flat_map(|text| text.lines()).filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
    }

    /// Names of the tables of one service that have rows.
    pub fn tables(&self, service: &str) -> Vec<String> {
        let of = |name: &String| name.strip_prefix(service)?.strip_prefix('/')?.strip_suffix(".jsonl").map(str::to_owned);
        self.0.keys().filter_map(of).collect()
    }

    /// All text of all entries.
    pub fn text(&self) -> String {
        self.0.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}
