//! One part on its way back: store → hash → age → content. It is believed only when size and hash are the catalogue's.

use std::io::{self, Read};

use age::DecryptError;
use bytes::{Buf, Bytes};
use objects::{Vault, VaultReader};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{Error, Part, keys::Identities, progress::Watch};

const AHEAD: usize = 2;

/// Reads a part, decrypts it, and gives the content to `consume`; then compares size and hash with the catalogue. What `consume` did
/// counts only when this succeeds: look at everything first with a `consume` that keeps nothing.
pub(crate) async fn unpack<C>(vault: &Vault, part: &Part, keys: &std::sync::Arc<Identities>, watch: Watch, consume: C) -> Result<(), Error>
where
    C: FnOnce(&mut dyn Read) -> Result<(), Error> + Send + 'static,
{
    let reader = match vault.reader(&part.name).await {
        Err(objects::Error::NoSuchObject) => return Err(Error::MissingPart { part: part.name.clone() }),
        other => other.map_err(Error::Store)?,
    };
    let (sender, receiver) = mpsc::channel(AHEAD);
    let (part, keys) = (part.clone(), keys.clone());
    let work = tokio::task::spawn_blocking(move || decrypted(receiver, &part, &keys, watch, consume));
    send(reader, sender).await?;
    work.await?
}

/// Reads a part to its end and keeps nothing.
pub(crate) fn look(content: &mut dyn Read) -> Result<(), Error> {
    io::copy(content, &mut io::sink()).map(drop).map_err(|source| Error::Write { part: "nothing".into(), source })
}

async fn send(mut reader: VaultReader, sender: mpsc::Sender<Bytes>) -> Result<(), Error> {
    while let Some(piece) = reader.next().await.map_err(Error::Store)? {
        if sender.send(piece).await.is_err() {
            // Whoever reads has failed, and says why.
            break;
        }
    }
    Ok(())
}

fn decrypted<C>(receiver: mpsc::Receiver<Bytes>, part: &Part, keys: &Identities, watch: Watch, consume: C) -> Result<(), Error>
where
    C: FnOnce(&mut dyn Read) -> Result<(), Error>,
{
    let mut raw = Raw { receiver, piece: Bytes::new(), sha256: Sha256::new(), size: 0 };
    let outcome = match keys.decrypt(&mut raw) {
        Err(DecryptError::NoMatchingKeys) => Err(Trouble::Key),
        Err(error) => Err(Trouble::Content(error.to_string())),
        Ok(opened) => {
            let mut content = Content { opened, watch, size: 0, broken: None };
            let consumed = consume(&mut content);
            match (content.broken, consumed) {
                (Some(why), _) => Err(Trouble::Content(why)),
                (None, Err(error)) => return Err(error),
                (None, Ok(())) => Ok((content.size, content.watch)),
            }
        }
    };
    // The rest is read for its hash, which says more than what age stumbled over.
    io::copy(&mut raw, &mut io::sink()).map_err(|source| Error::Write { part: part.name.clone(), source })?;
    let damaged = |why: String| Error::Damaged { part: part.name.clone(), why };
    if raw.size != part.size {
        return Err(damaged(format!("it has {} bytes and the catalogue says {}", raw.size, part.size)));
    }
    if hex::encode(raw.sha256.finalize()) != part.sha256 {
        return Err(damaged("its hash is not the catalogue's".into()));
    }
    match outcome {
        Ok((size, watch)) if size == part.content_size => {
            watch.finished(size);
            Ok(())
        }
        Ok((size, _)) => Err(damaged(format!("{size} bytes were read of {}", part.content_size))),
        Err(Trouble::Key) => Err(Error::WrongKey { part: part.name.clone() }),
        Err(Trouble::Content(why)) => Err(damaged(why)),
    }
}

enum Trouble {
    Key,
    Content(String),
}

/// The encrypted bytes as they come from the store.
struct Raw {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
    sha256: Sha256,
    size: u64,
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => {
                    self.sha256.update(&piece);
                    self.size += piece.len() as u64;
                    self.piece = piece;
                }
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.split_to(length).copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// The decrypted content. Remembers that it broke, whatever its reader makes of it.
struct Content<R> {
    opened: R,
    watch: Watch,
    size: u64,
    broken: Option<String>,
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.opened.read(buffer).inspect_err(|error| self.broken = Some(error.to_string()))?;
        self.size += read as u64;
        self.watch.done(self.size);
        Ok(read)
    }
}
