//! Sealing, all at once or as the plaintext comes.

use bytes::Bytes;

use super::chunks::{CHUNK, DataKey, HEADER, SEALED_CHUNK, SealedError, Stream, TAG};

/// Seals a plaintext that comes in pieces. The sealed object is the header, then what each call returns, in order.
pub struct Sealer {
    stream: Stream,
    number: u32,
    // Held back until more comes: only then is it known not to be the last chunk.
    pending: Vec<u8>,
}

impl Sealer {
    /// `context` must be given again to open.
    pub fn new(key: &DataKey, context: &[u8]) -> (Self, [u8; HEADER]) {
        let stream = Stream::fresh(key, context);
        let header = stream.header();
        (Self { stream, number: 0, pending: Vec::with_capacity(CHUNK) }, header)
    }

    /// Takes more plaintext; returns what of the sealed object is ready, possibly nothing.
    pub fn push(&mut self, mut plaintext: &[u8]) -> Result<Vec<u8>, SealedError> {
        let mut out = Vec::new();
        while !plaintext.is_empty() {
            if self.pending.len() == CHUNK {
                self.stream.seal(self.number, false, &self.pending, &mut out)?;
                self.number = self.number.checked_add(1).ok_or(SealedError::TooLarge)?;
                self.pending.clear();
            }
            let (now, later) = plaintext.split_at(plaintext.len().min(CHUNK - self.pending.len()));
            self.pending.extend_from_slice(now);
            plaintext = later;
        }
        Ok(out)
    }

    /// Returns the last chunk. A sealed object without it does not open.
    pub fn finish(self) -> Result<Vec<u8>, SealedError> {
        let mut out = Vec::with_capacity(self.pending.len() + TAG);
        self.stream.seal(self.number, true, &self.pending, &mut out)?;
        Ok(out)
    }
}

/// Seals a whole plaintext. `context` must be given again to open.
pub fn seal(key: &DataKey, context: &[u8], plaintext: &[u8]) -> Result<Bytes, SealedError> {
    let (mut sealer, header) = Sealer::new(key, context);
    let mut out = Vec::with_capacity(HEADER + (plaintext.len() / CHUNK + 1) * SEALED_CHUNK);
    out.extend_from_slice(&header);
    out.extend_from_slice(&sealer.push(plaintext)?);
    out.extend_from_slice(&sealer.finish()?);
    Ok(out.into())
}
