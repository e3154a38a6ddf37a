//! Rows that wait until their class is written: in a file without a name, sealed under a key that only this process has. Whatever
//! ends the process, nothing that could be read is left.

use std::io;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom},
};

/// Bytes of records sealed together.
const CHUNK: usize = 64 * 1024;
/// Bytes before each record and each sealed chunk: its length, big-endian.
const LENGTH: usize = 4;

pub(super) struct Spool {
    file: File,
    cipher: XChaCha20Poly1305,
    /// Records that are not sealed yet.
    open: Vec<u8>,
    /// Chunks sealed so far: each one's number is its nonce, which is safe under a key that nothing else is sealed with.
    chunks: u64,
    /// Where the next chunk goes.
    end: u64,
}

/// A place between two records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    chunk: u64,
    at: u64,
}

/// Records from a mark on.
pub(super) struct Records<'a> {
    spool: &'a mut Spool,
    chunk: u64,
    opened: Vec<u8>,
    read: usize,
}

impl Spool {
    pub fn try_new() -> io::Result<Self> {
        let key: [u8; 32] = rand::random();
        let file = File::from_std(tempfile::tempfile()?);
        Ok(Self { file, cipher: XChaCha20Poly1305::new(&key.into()), open: Vec::with_capacity(CHUNK), chunks: 0, end: 0 })
    }

    pub async fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.open.extend_from_slice(&length(record)?);
        self.open.extend_from_slice(record);
        if self.open.len() >= CHUNK { self.seal().await } else { Ok(()) }
    }

    /// Here: what is pushed from now on begins a chunk of its own.
    pub async fn mark(&mut self) -> io::Result<Mark> {
        if !self.open.is_empty() {
            self.seal().await?;
        }
        Ok(Mark { chunk: self.chunks, at: self.end })
    }

    async fn seal(&mut self) -> io::Result<()> {
        let sealed =
            self.cipher.encrypt(&nonce(self.chunks), self.open.as_slice()).map_err(|_| io::Error::other("a chunk does not seal"))?;
        self.open.clear();
        self.file.write_all(&length(&sealed)?).await?;
        self.file.write_all(&sealed).await?;
        self.chunks += 1;
        self.end += (LENGTH + sealed.len()) as u64;
        Ok(())
    }

    /// Reads from a mark on. Nothing more is pushed afterwards.
    pub async fn records(&mut self, from: Mark) -> io::Result<Records<'_>> {
        self.mark().await?;
        self.file.flush().await?;
        self.file.seek(SeekFrom::Start(from.at)).await?;
        Ok(Records { chunk: from.chunk, spool: self, opened: Vec::new(), read: 0 })
    }
}

impl Records<'_> {
    /// The next record; none at the end of the spool.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.read == self.opened.len() {
            if self.chunk == self.spool.chunks {
                return Ok(None);
            }
            let mut head = [0; LENGTH];
            self.spool.file.read_exact(&mut head).await?;
            let mut sealed = vec![0; u32::from_be_bytes(head) as usize];
            self.spool.file.read_exact(&mut sealed).await?;
            let payload = Payload { msg: &sealed, aad: &[] };
            self.opened = self.spool.cipher.decrypt(&nonce(self.chunk), payload).map_err(|_| io::Error::other("a chunk does not open"))?;
            (self.chunk, self.read) = (self.chunk + 1, 0);
        }
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let (head, rest) = self.opened[self.read..].split_first_chunk::<LENGTH>().ok_or_else(cut)?;
        let record = rest.get(..u32::from_be_bytes(*head) as usize).ok_or_else(cut)?;
        self.read += LENGTH + record.len();
        Ok(Some(record.to_vec()))
    }
}

fn length(bytes: &[u8]) -> io::Result<[u8; LENGTH]> {
    Ok(u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes())
}

fn nonce(chunk: u64) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(&chunk.to_be_bytes());
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_pushed_is_read_again_from_any_mark() {
        let mut spool = Spool::try_new().unwrap();
        let record = |n: u32| format!("{n}:{}", "x".repeat(n as usize % 3_000)).into_bytes();
        let mut marks = Vec::new();
        for n in 0..2_000 {
            if n % 500 == 0 {
                marks.push((n, spool.mark().await.unwrap()));
            }
            spool.push(&record(n)).await.unwrap();
        }
        spool.push(b"").await.unwrap();
        for (from, mark) in marks.into_iter().rev() {
            let mut records = spool.records(mark).await.unwrap();
            for n in from..2_000 {
                assert_eq!(records.next().await.unwrap().unwrap(), record(n));
            }
            assert_eq!(records.next().await.unwrap().as_deref(), Some(&b""[..]));
            assert_eq!(records.next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn nothing_in_the_file_can_be_read() {
        let mut spool = Spool::try_new().unwrap();
        spool.push(b"a name in the clear").await.unwrap();
        spool.mark().await.unwrap();
        spool.file.flush().await.unwrap();
        spool.file.seek(SeekFrom::Start(0)).await.unwrap();
        let mut bytes = Vec::new();
        spool.file.read_to_end(&mut bytes).await.unwrap();
        assert!(bytes.len() > 19 && !bytes.windows(4).any(|window| window == b"name"));
    }
}
