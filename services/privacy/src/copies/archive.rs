//! The zip: a page for people, JSON Lines for machines, files as they are, and a signed manifest.

use std::{collections::BTreeMap, fs::File, io::Write};

use contract::holder::v1::ExportedRow;
use foundation::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::page;
use crate::receipts::SigningKey;

pub(super) struct Archive {
    zip: ZipWriter<File>,
    /// Rows by service and table, as JSON texts.
    tables: BTreeMap<(String, String), Vec<String>>,
    /// Name, size and SHA-256 of every entry.
    manifest: Vec<(String, u64, String)>,
    /// The file that is being written, with its digest so far.
    open: Option<(String, u64, Sha256)>,
}

impl Archive {
    pub fn try_new() -> std::io::Result<Self> {
        let zip = ZipWriter::new(tempfile::tempfile()?);
        Ok(Self { zip, tables: BTreeMap::new(), manifest: Vec::new(), open: None })
    }

    /// A row, or a part of the file that belongs to the row before.
    pub fn add(&mut self, service: &str, row: ExportedRow) -> Result<(), ZipError> {
        if row.file_name.is_empty() {
            self.close();
            self.tables.entry((service.to_owned(), row.table)).or_default().push(row.json);
            return Ok(());
        }
        let name = format!("{service}/files/{}", safe(&row.file_name));
        if self.open.as_ref().is_none_or(|(open, ..)| *open != name) {
            self.close();
            // Photographs are compressed already.
            self.zip.start_file(&name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true))?;
            self.open = Some((name, 0, Sha256::new()));
        }
        self.zip.write_all(&row.file_part)?;
        if let Some((_, size, digest)) = &mut self.open {
            *size += row.file_part.len() as u64;
            digest.update(&row.file_part);
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some((name, size, digest)) = self.open.take() {
            self.manifest.push((name, size, hex::encode(digest.finalize())));
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), ZipError> {
        self.zip.start_file(name, SimpleFileOptions::default())?;
        self.zip.write_all(bytes)?;
        self.manifest.push((name.to_owned(), bytes.len() as u64, hex::encode(Sha256::digest(bytes))));
        Ok(())
    }

    /// Writes the tables, the page and the manifest, and gives the file.
    pub fn finish(mut self, signing: &SigningKey, now: Timestamp) -> Result<File, ZipError> {
        self.close();
        let tables = std::mem::take(&mut self.tables);
        for ((service, table), rows) in &tables {
            self.write(&format!("{service}/{table}.jsonl"), (rows.join("\n") + "\n").as_bytes())?;
        }
        self.write("index.html", page::render(&tables, now).as_bytes())?;
        let entries: Vec<_> =
            self.manifest.iter().map(|(name, size, sha256)| json!({ "name": name, "size": size, "sha256": sha256 })).collect();
        let manifest = json!({ "format": "kolsai-copy/1", "made_at": now.to_string(), "key_id": signing.id(), "entries": entries });
        let manifest = manifest.to_string();
        self.write("manifest.json", manifest.as_bytes())?;
        self.write("manifest.json.sig", signing.sign(manifest.as_bytes()).as_bytes())?;
        self.zip.finish()
    }
}

/// A file name that stays in its folder.
fn safe(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect::<String>()
        .replace("..", "_")
}
