//! One chunk: its nonce, sealed and opened.

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};

/// Plaintext bytes of a full chunk.
pub const CHUNK: usize = 64 * 1024;
/// Bytes of the header.
pub const HEADER: usize = 1 + PREFIX;
/// Bytes that sealing adds to each chunk.
pub const TAG: usize = 16;
/// Bytes of a full chunk when sealed.
pub(super) const SEALED_CHUNK: usize = CHUNK + TAG;

const VERSION: u8 = 1;
const PREFIX: usize = 19;

/// A data key: 256 bits, derived for (person, service, category) by the keyring.
pub type DataKey = [u8; 32];

/// Why a sealed object does not open, or cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    #[error("the sealed object does not open: another key or context, or it was changed, cut or reordered")]
    DoesNotOpen,
    #[error("this is not a sealed object of a known version")]
    NotSealed,
    #[error("the range lies outside the sealed object")]
    Range,
    #[error("the object is too large to seal: at most 2^32 chunks")]
    TooLarge,
}

/// Everything that all chunks of one object share.
pub(super) struct Stream {
    aead: XChaCha20Poly1305,
    header: [u8; HEADER],
    added: Vec<u8>,
}

impl Stream {
    /// For a new object: a fresh random prefix, so that one key seals any number of objects.
    pub(super) fn fresh(key: &DataKey, context: &[u8]) -> Self {
        let mut header = [VERSION; HEADER];
        rand::fill(&mut header[1..]);
        Self::new(key, context, header)
    }

    /// For an object that exists.
    pub(super) fn of(key: &DataKey, context: &[u8], header: [u8; HEADER]) -> Result<Self, SealedError> {
        if header[0] == VERSION { Ok(Self::new(key, context, header)) } else { Err(SealedError::NotSealed) }
    }

    fn new(key: &DataKey, context: &[u8], header: [u8; HEADER]) -> Self {
        let added = [&[VERSION], context].concat();
        Self { aead: XChaCha20Poly1305::new(key.into()), header, added }
    }

    pub(super) fn header(&self) -> [u8; HEADER] {
        self.header
    }

    fn nonce(&self, number: u32, last: bool) -> XNonce {
        let mut nonce = [0; 24];
        nonce[..PREFIX].copy_from_slice(&self.header[1..]);
        nonce[PREFIX..PREFIX + 4].copy_from_slice(&number.to_be_bytes());
        nonce[PREFIX + 4] = u8::from(last);
        nonce.into()
    }

    /// Appends the sealed chunk to `out`.
    pub(super) fn seal(&self, number: u32, last: bool, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealedError> {
        let start = out.len();
        out.extend_from_slice(plaintext);
        let tag = self
            .aead
            .encrypt_inout_detached(&self.nonce(number, last), &self.added, (&mut out[start..]).into())
            .map_err(|_| SealedError::TooLarge)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Appends the opened chunk to `out`; on failure nothing is appended.
    pub(super) fn open(&self, number: u32, last: bool, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealedError> {
        let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(SealedError::DoesNotOpen)?;
        let start = out.len();
        out.extend_from_slice(text);
        let opened = self.aead.decrypt_inout_detached(&self.nonce(number, last), &self.added, (&mut out[start..]).into(), &Tag::from(*tag));
        opened.map_err(|_| {
            out.truncate(start);
            SealedError::DoesNotOpen
        })
    }
}
