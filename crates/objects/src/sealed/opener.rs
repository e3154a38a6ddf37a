//! Opening, as a whole or a range of it.

use std::ops::Range;

use super::chunks::{CHUNK, DataKey, HEADER, SEALED_CHUNK, SealedError, Stream, TAG};

/// Opens any range of one sealed object from the chunks that hold it.
///
/// A range that leaves out the last chunk says nothing about the end of the object: [`Opener::check_end`] does.
pub struct Opener {
    stream: Stream,
    chunks: u32,
    sealed_len: u64,
}

impl Opener {
    /// `header` is the object's first bytes, `sealed_len` its length in the store.
    pub fn new(key: &DataKey, context: &[u8], header: [u8; HEADER], sealed_len: u64) -> Result<Self, SealedError> {
        let stream = Stream::of(key, context, header)?;
        let body = sealed_len.checked_sub(HEADER as u64).ok_or(SealedError::NotSealed)?;
        let chunks = u32::try_from(body.div_ceil(SEALED_CHUNK as u64)).map_err(|_| SealedError::TooLarge)?;
        let last = body.saturating_sub(u64::from(chunks.saturating_sub(1)) * SEALED_CHUNK as u64);
        // An empty chunk stands only for an empty object.
        let least = if chunks > 1 { TAG as u64 + 1 } else { TAG as u64 };
        if last < least {
            return Err(SealedError::DoesNotOpen);
        }
        Ok(Self { stream, chunks, sealed_len })
    }

    /// Bytes of the plaintext.
    pub fn len(&self) -> u64 {
        self.sealed_len - HEADER as u64 - u64::from(self.chunks) * TAG as u64
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which bytes of the sealed object hold this range of the plaintext (whole chunks; end exclusive).
    pub fn sealed_range(&self, plain: &Range<u64>) -> Result<Range<u64>, SealedError> {
        let chunks = self.chunks_of(plain)?;
        Ok(self.start_of(chunks.start)..self.start_of(chunks.end))
    }

    /// Opens a range of the plaintext; `sealed` is exactly the bytes of [`Opener::sealed_range`].
    pub fn open_range(&self, plain: &Range<u64>, sealed: &[u8]) -> Result<Vec<u8>, SealedError> {
        let chunks = self.chunks_of(plain)?;
        let mut out = self.open_chunks(chunks.clone(), sealed)?;
        let skip = plain.start - u64::from(chunks.start) * CHUNK as u64;
        let length = usize::try_from(plain.end - plain.start).map_err(|_| SealedError::Range)?;
        // Both fit: the chunks opened are the ones that hold the range.
        out.drain(..usize::try_from(skip).map_err(|_| SealedError::Range)?.min(out.len()));
        out.truncate(length);
        Ok(out)
    }

    /// Which bytes of the sealed object are its last chunk (end exclusive).
    pub fn end_range(&self) -> Range<u64> {
        self.start_of(self.chunks - 1)..self.sealed_len
    }

    /// Checks that the object ends where it says: `sealed` is exactly the bytes of [`Opener::end_range`].
    pub fn check_end(&self, sealed: &[u8]) -> Result<(), SealedError> {
        self.open_chunks(self.chunks - 1..self.chunks, sealed).map(|_| ())
    }

    fn chunks_of(&self, plain: &Range<u64>) -> Result<Range<u32>, SealedError> {
        if plain.start > plain.end || plain.end > self.len() {
            return Err(SealedError::Range);
        }
        if plain.is_empty() {
            // Nothing to open; only of an empty object is its one empty chunk opened, so that it too is checked.
            let first = u32::try_from(plain.start / CHUNK as u64).map_err(|_| SealedError::Range)?;
            return Ok(if self.is_empty() { 0..1 } else { first..first });
        }
        let chunk = |byte: u64| u32::try_from(byte / CHUNK as u64).map_err(|_| SealedError::Range);
        Ok(chunk(plain.start)?..chunk(plain.end - 1)? + 1)
    }

    fn start_of(&self, chunk: u32) -> u64 {
        (HEADER as u64 + u64::from(chunk) * SEALED_CHUNK as u64).min(self.sealed_len)
    }

    fn open_chunks(&self, chunks: Range<u32>, sealed: &[u8]) -> Result<Vec<u8>, SealedError> {
        let expected = self.start_of(chunks.end) - self.start_of(chunks.start);
        if sealed.len() as u64 != expected {
            return Err(SealedError::DoesNotOpen);
        }
        let mut out = Vec::with_capacity(sealed.len());
        for (number, chunk) in chunks.zip(sealed.chunks(SEALED_CHUNK)) {
            self.stream.open(number, number == self.chunks - 1, chunk, &mut out)?;
        }
        Ok(out)
    }
}

/// Opens a whole sealed object.
pub fn open(key: &DataKey, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealedError> {
    let (header, body) = sealed.split_first_chunk::<HEADER>().ok_or(SealedError::NotSealed)?;
    let opener = Opener::new(key, context, *header, sealed.len() as u64)?;
    opener.open_chunks(0..opener.chunks, body)
}
