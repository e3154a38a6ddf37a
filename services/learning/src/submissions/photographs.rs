//! Photographs as they are looked at: opened for a purpose, streamed, never handed out as a link to the store.

use contract::{Purpose, google::api::HttpBody};
use futures::{StreamExt, TryStreamExt, stream};
use objects::{ObjectKey, Objects};
use personal_data::{category, keys::Keys};
use photograph::Details;
use tonic::Status;

use super::{Error, names, rows::submission, rpc::BodyStream};

const JPEG: &str = "image/jpeg";

/// The renditions of a photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Full,
    /// At most 2048 pixels a side.
    Large,
    /// At most 512.
    Small,
}

impl Size {
    /// In pixels of the longer side, as callers ask for them.
    pub const ASKED: [u32; 2] = [2048, 512];

    pub fn parse(pixels: u32) -> Result<Self, Error> {
        match pixels {
            2048 => Ok(Self::Large),
            512 => Ok(Self::Small),
            _ => Err(Error::NoSuchSize),
        }
    }

    /// What a rendition of this size is sealed to.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Large => "large",
            Self::Small => "small",
        }
    }
}

/// What a submission's sealed columns say.
pub struct Opened {
    pub note: String,
    pub details: Details,
}

#[derive(Clone)]
pub struct Photographs {
    keys: Keys,
    objects: Objects,
}

impl Photographs {
    pub fn new(keys: Keys, objects: Objects) -> Self {
        Self { keys, objects }
    }

    pub async fn open(&self, row: &submission::Model) -> Result<Opened, Error> {
        let key = self.keys.of::<category::Learning>(row.learner_id, Purpose::Education).await?;
        let details = serde_json::from_value(row.open_details(&key)?);
        Ok(Opened {
            note: row.open_note(&key)?.unwrap_or_default(),
            details: details.map_err(|_| personal_data::Error::Internal("kept details cannot be read".into()))?,
        })
    }

    /// The JPEG of this size, about a mebibyte at a time.
    pub async fn stream(&self, row: &submission::Model, size: Size) -> Result<BodyStream, Error> {
        self.stream_for(row, size, Purpose::Education).await
    }

    /// The same, for another purpose than teaching.
    pub async fn stream_for(&self, row: &submission::Model, size: Size, purpose: Purpose) -> Result<BodyStream, Error> {
        let key = self.keys.of::<category::Learning>(row.learner_id, purpose).await?;
        let name = match size {
            Size::Full => &row.full,
            Size::Large => &row.large,
            Size::Small => &row.small,
        };
        let object: ObjectKey = name.parse().map_err(|_| personal_data::Error::Internal("a kept object key cannot be read".into()))?;
        let opened = self.objects.open_sealed(&object, key.raw().bytes(), &names::context(row.id, size.name())).await?;
        let length = opened.len();
        let parts = opened.stream(0..length).map_err(|error| Status::from(Error::Objects(error)));
        let bodies = parts.map_ok(|part| HttpBody { data: part.to_vec(), ..HttpBody::default() });
        // The type comes first, before a byte of the photograph.
        let head = HttpBody { content_type: JPEG.to_owned(), ..HttpBody::default() };
        Ok(Box::pin(stream::once(async { Ok(head) }).chain(bodies)))
    }
}
