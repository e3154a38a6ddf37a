//! One part on its way out: content → age → hash → store, in constant memory.

use std::io::{self, Write};

use bytes::Bytes;
use objects::{Vault, VaultWriter};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{Error, keys::Recipients, progress::Watch};

/// Bytes that go to the store at a time, and how many such pieces wait for it.
const PIECE: usize = 1024 * 1024;
const AHEAD: usize = 8;

/// A part as it was stored.
pub(crate) struct Packed {
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) content_size: u64,
}

/// Encrypts what `produce` writes and stores it under `name`. When anything fails, nothing is stored.
pub(crate) async fn pack<P>(vault: &Vault, name: &str, recipients: &Recipients, watch: Watch, produce: P) -> Result<Packed, Error>
where
    P: FnOnce(&mut dyn Write) -> Result<(), Error> + Send + 'static,
{
    let mut writer = vault.writer(name).await.map_err(Error::Store)?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let (recipients, part) = (recipients.clone(), name.to_owned());
    let work = tokio::task::spawn_blocking(move || encrypted(sender, &recipients, watch, part, produce));
    let stored = store(&mut writer, receiver).await;
    let packed = match work.await {
        Ok(packed) => packed,
        Err(ended) => {
            writer.abort().await;
            return Err(ended.into());
        }
    };
    match (stored, packed) {
        (Ok(()), Ok(packed)) => {
            writer.finish().await.map_err(Error::Store)?;
            Ok(packed)
        }
        // A store that failed is why the content could not be written.
        (Err(error), _) | (_, Err(error)) => {
            writer.abort().await;
            Err(error)
        }
    }
}

async fn store(writer: &mut VaultWriter, mut receiver: mpsc::Receiver<Bytes>) -> Result<(), Error> {
    while let Some(piece) = receiver.recv().await {
        writer.write(piece).await.map_err(Error::Store)?;
    }
    Ok(())
}

fn encrypted<P>(sender: mpsc::Sender<Bytes>, recipients: &Recipients, watch: Watch, part: String, produce: P) -> Result<Packed, Error>
where
    P: FnOnce(&mut dyn Write) -> Result<(), Error>,
{
    let failed = |source| Error::Write { part: part.clone(), source };
    let hashed = Hashed { output: Pieces { sender, waiting: Vec::with_capacity(PIECE) }, sha256: Sha256::new(), size: 0 };
    let mut content = Counted { output: recipients.encrypt(hashed).map_err(failed)?, watch, size: 0 };
    produce(&mut content)?;
    let content_size = content.size;
    let mut hashed = content.output.finish().map_err(failed)?;
    hashed.flush().map_err(failed)?;
    Ok(Packed { size: hashed.size, sha256: hex::encode(hashed.sha256.finalize()), content_size })
}

/// Hands pieces over to the store; fails when the store has gone.
struct Pieces {
    sender: mpsc::Sender<Bytes>,
    waiting: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE));
        self.sender.blocking_send(piece.into()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

struct Hashed {
    output: Pieces,
    sha256: Sha256,
    size: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write_all(bytes)?;
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

struct Counted<W> {
    output: W,
    watch: Watch,
    size: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.size += written as u64;
        self.watch.done(self.size);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
