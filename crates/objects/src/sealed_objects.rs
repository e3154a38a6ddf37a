//! Sealed objects in the store: put whole, read by range.

use std::ops::Range;

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};

use crate::{
    Error, ObjectKey, Objects,
    sealed::{self, CHUNK, DataKey, HEADER, Opener},
};

/// Plaintext bytes fetched at a time while streaming.
const STEP: u64 = 16 * CHUNK as u64;

/// A sealed object, opened for reading. Holds a data key: keep it no longer than the key's lease.
pub struct SealedObject {
    objects: Objects,
    key: ObjectKey,
    opener: Opener,
}

impl Objects {
    /// Seals the plaintext and writes it. The same `data_key` and `context` open it.
    pub async fn put_sealed(&self, key: &ObjectKey, data_key: &DataKey, context: &[u8], plaintext: &[u8]) -> Result<(), Error> {
        self.put(key, sealed::seal(data_key, context, plaintext)?).await
    }

    /// Seals the plaintext, writes it, and reads it back: what is answered as kept is there, whole, and opens.
    pub async fn keep_sealed(&self, key: &ObjectKey, data_key: &DataKey, context: &[u8], plaintext: &[u8]) -> Result<(), Error> {
        self.put_sealed(key, data_key, context, plaintext).await?;
        let object = self.open_sealed(key, data_key, context).await?;
        let length = plaintext.len() as u64;
        if object.len() != length {
            return Err(Error::NotKept);
        }
        let mut read = std::pin::pin!(object.stream(0..length));
        let mut rest = plaintext;
        while let Some(part) = read.try_next().await? {
            rest = rest.strip_prefix(part.as_ref()).ok_or(Error::NotKept)?;
        }
        if rest.is_empty() { Ok(()) } else { Err(Error::NotKept) }
    }

    /// Opens a sealed object for reading: reads its header and its end, so that a cut object is refused before any of it is given out.
    pub async fn open_sealed(&self, key: &ObjectKey, data_key: &DataKey, context: &[u8]) -> Result<SealedObject, Error> {
        let (header, total) = self.get_part(key, 0..HEADER as u64).await?;
        let header = *header.first_chunk::<HEADER>().ok_or(sealed::SealedError::NotSealed)?;
        let opener = Opener::new(data_key, context, header, total)?;
        opener.check_end(&self.get_range(key, opener.end_range()).await?)?;
        Ok(SealedObject { objects: self.clone(), key: key.clone(), opener })
    }
}

impl SealedObject {
    /// Bytes of the plaintext.
    pub fn len(&self) -> u64 {
        self.opener.len()
    }

    pub fn is_empty(&self) -> bool {
        self.opener.is_empty()
    }

    /// Reads a range of the plaintext (end exclusive) into memory.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let fetched = self.objects.get_range(&self.key, self.opener.sealed_range(&range)?).await?;
        Ok(self.opener.open_range(&range, &fetched)?.into())
    }

    /// Streams a range of the plaintext (end exclusive), about a mebibyte at a time.
    pub fn stream(self, range: Range<u64>) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        let steps = stream::try_unfold((self, range.start), move |(object, at)| async move {
            if at >= range.end {
                return Ok::<_, Error>(None);
            }
            // To the next border of steps, so that no chunk is fetched twice.
            let next = ((at / STEP + 1) * STEP).min(range.end);
            let bytes = object.read(at..next).await?;
            Ok(Some((bytes, (object, next))))
        });
        steps.into_stream()
    }
}
