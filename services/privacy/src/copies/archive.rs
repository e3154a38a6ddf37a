//! The zip as it is made: what is written goes out at once, and only its digests stay.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use contract::google::api::HttpBody;
use foundation::Refusal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;
use tonic::Status;
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    result::ZipError,
    write::{SimpleFileOptions, StreamWriter},
};

use crate::receipts::SigningKey;

/// Bytes in one message of the answer.
const PART: usize = 64 * 1024;

/// The list of all files, and its signature.
pub const MANIFEST: &str = "manifest.json";
pub const SIGNATURE: &str = "manifest.json.sig";

/// Why a copy does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the reader has gone")]
    Gone,
    #[error("the archive cannot be written")]
    Zip(#[from] ZipError),
    #[error("rows cannot be kept until they are written")]
    Spool(#[from] io::Error),
    #[error("{}", .0.reason)]
    Refused(Refusal),
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<personal_data::Error> for Broken {
    fn from(error: personal_data::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Broken> for Status {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Refused(refusal) => refusal.into(),
            other => Refusal::internal(&other).into(),
        }
    }
}

/// What the zip writer wrote and nobody has taken yet.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    fn with<R>(&self, work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|pipe| pipe.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Pipe>>,
    pipe: Pipe,
    out: Sender<Result<HttpBody, Status>>,
    /// Name, size and SHA-256 of every file so far.
    manifest: Vec<Value>,
    /// The file that is being written, with its digest so far.
    open: Option<(String, u64, Sha256)>,
}

impl Archive {
    pub fn new(out: Sender<Result<HttpBody, Status>>) -> Self {
        let pipe = Pipe::default();
        Self { zip: ZipWriter::new_stream(pipe.clone()), pipe, out, manifest: Vec::new(), open: None }
    }

    /// The name of the file that is being written.
    pub fn writing(&self) -> Option<&str> {
        self.open.as_ref().map(|(name, ..)| name.as_str())
    }

    /// Begins a file. Photographs and mails are stored as they are, text is compressed.
    pub async fn start(&mut self, name: &str, method: CompressionMethod) -> Result<(), Broken> {
        self.close();
        // No time: two copies of the same data differ in nothing but what says when they were made.
        let options = SimpleFileOptions::default().compression_method(method).last_modified_time(DateTime::DEFAULT).unix_permissions(0o600);
        self.zip.start_file(name, options)?;
        self.open = Some((name.to_owned(), 0, Sha256::new()));
        self.drain(PART).await
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        for bytes in bytes.chunks(PART) {
            self.zip.write_all(bytes)?;
            if let Some((_, size, digest)) = &mut self.open {
                *size += bytes.len() as u64;
                digest.update(bytes);
            }
            self.drain(PART).await?;
        }
        Ok(())
    }

    /// A small text, whole.
    pub async fn text(&mut self, name: &str, text: &str) -> Result<(), Broken> {
        self.start(name, CompressionMethod::Deflated).await?;
        self.write(text.as_bytes()).await
    }

    fn close(&mut self) {
        if let Some((name, size, digest)) = self.open.take() {
            self.manifest.push(json!({ "name": name, "size": size, "sha256": hex::encode(digest.finalize()) }));
        }
    }

    /// Sends on what there is, once it fills a message.
    async fn drain(&mut self, least: usize) -> Result<(), Broken> {
        loop {
            let ready = self.pipe.with(|pipe| if pipe.len() < least.max(1) { None } else { Some(take(pipe)) });
            let Some(part) = ready else { return Ok(()) };
            let body = HttpBody { content_type: "application/zip".into(), data: part, extensions: Vec::new() };
            self.out.send(Ok(body)).await.map_err(|_| Broken::Gone)?;
        }
    }

    /// Writes the manifest with `head` in front of its entries, and signs it. What is left to be sent completes the archive: without
    /// it none opens. With it comes the SHA-256 of the manifest, in hex.
    pub async fn finish(mut self, mut head: serde_json::Map<String, Value>, signing: &SigningKey) -> Result<(String, Rest), Broken> {
        self.close();
        head.insert("entries".into(), std::mem::take(&mut self.manifest).into());
        let manifest = Value::Object(head).to_string();
        self.text(MANIFEST, &manifest).await?;
        self.text(SIGNATURE, &signing.sign(manifest.as_bytes())).await?;
        self.drain(PART).await?;
        let Self { zip, pipe, out, .. } = self;
        zip.finish()?;
        Ok((hex::encode(Sha256::digest(&manifest)), Rest { pipe, out }))
    }
}

/// The end of an archive, held back until its request is closed.
pub(super) struct Rest {
    pipe: Pipe,
    out: Sender<Result<HttpBody, Status>>,
}

impl Rest {
    pub async fn send(self) {
        loop {
            let part = self.pipe.with(take);
            let body = HttpBody { content_type: "application/zip".into(), data: part, extensions: Vec::new() };
            if body.data.is_empty() || self.out.send(Ok(body)).await.is_err() {
                return;
            }
        }
    }
}

fn take(pipe: &mut Vec<u8>) -> Vec<u8> {
    let rest = pipe.split_off(pipe.len().min(PART));
    std::mem::replace(pipe, rest)
}
