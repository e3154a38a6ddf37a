//! The store: put, get, head, delete, list.

use std::{net::SocketAddr, ops::Range, sync::Arc};

use aws_sdk_s3::{Client, primitives::ByteStream};
use bytes::Bytes;
use foundation::{Timestamp, failpoint};

use crate::{
    Config, Error, ObjectKey, ObjectsAddress, Prefix,
    client::{client, failed},
    embedded::Embedded,
};

/// What the store knows of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Bytes.
    pub size: u64,
    /// When it was last written, by the store's own clock.
    pub modified: Timestamp,
}

/// The object store. Clones share it.
#[derive(Clone)]
pub struct Objects {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    pub(crate) endpoint: String,
    pub(crate) public_base: Option<String>,
    embedded: Option<Arc<Embedded>>,
}

impl Objects {
    /// Opens the store. A folder gets its server here, on the current Tokio runtime; an S3 is first reached when used.
    pub fn open(config: Config) -> Result<Self, Error> {
        config.validate()?;
        let (settings, embedded) = match config.address {
            ObjectsAddress::S3(settings) => (settings, None),
            ObjectsAddress::Folder(folder) => {
                let embedded = Embedded::open(&folder)?;
                (embedded.settings.clone(), Some(embedded))
            }
        };
        let public_base = config.public_base.map(|base| base.trim_end_matches('/').to_owned());
        Ok(Self { client: client(&settings), bucket: settings.bucket, endpoint: settings.endpoint, public_base, embedded })
    }

    /// Asks the store whether it is there and forgets what is deleted: a bucket that keeps versions would keep what was
    /// erased. For readiness, before the first call.
    pub async fn verify(&self) -> Result<(), Error> {
        let asked = self.client.get_bucket_versioning().bucket(&self.bucket).send().await;
        match asked.map_err(|error| failed("versioning", error))?.status {
            None => Ok(()),
            Some(_) => Err(Error::Versioned),
        }
    }

    /// Where the gateway passes requests under the public base on to: strip the base's path, set `Host` to this address.
    /// None for an S3, which clients reach themselves.
    pub fn proxy_target(&self) -> Option<SocketAddr> {
        self.embedded.as_ref().map(|embedded| embedded.address)
    }

    /// Writes the whole object, over what was there.
    pub async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), Error> {
        failpoint::at("objects", "put.before");
        let put = self.client.put_object().bucket(&self.bucket).key(key.as_str()).body(ByteStream::from(bytes));
        put.content_type("application/octet-stream").send().await.map_err(|error| failed("put", error))?;
        failpoint::at("objects", "put.after");
        Ok(())
    }

    /// Reads the whole object into memory.
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes, Error> {
        let got = self.client.get_object().bucket(&self.bucket).key(key.as_str()).send().await.map_err(|error| failed("get", error))?;
        collected(got.body).await
    }

    /// Reads the bytes `range.start..range.end`. A range that reaches beyond the object is [`Error::Range`].
    pub async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, Error> {
        if range.is_empty() {
            return if range.start == range.end { Ok(Bytes::new()) } else { Err(Error::Range) };
        }
        let length = range.end - range.start;
        let (bytes, _) = self.get_part(key, range).await?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(Error::Range) }
    }

    /// Reads what there is of a range that is not empty, and says how large the whole object is.
    pub(crate) async fn get_part(&self, key: &ObjectKey, range: Range<u64>) -> Result<(Bytes, u64), Error> {
        let header = format!("bytes={}-{}", range.start, range.end - 1);
        let get = self.client.get_object().bucket(&self.bucket).key(key.as_str()).range(header);
        let got = get.send().await.map_err(|error| failed("get", error))?;
        let total = got.content_range.as_deref().and_then(|range| range.rsplit_once('/')).and_then(|(_, total)| total.parse().ok());
        let total = total.ok_or_else(|| Error::Refused { operation: "get", code: "no Content-Range".into() })?;
        Ok((collected(got.body).await?, total))
    }

    /// What the store knows of the object; None when there is none.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<Meta>, Error> {
        match self.client.head_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(head) => Ok(Some(Meta { size: size(head.content_length), modified: written(head.last_modified.as_ref()) })),
            Err(error) => match failed("head", error) {
                Error::NoSuchObject => Ok(None),
                other => Err(other),
            },
        }
    }

    /// Deletes the object; that there is none is as good.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        failpoint::at("objects", "delete.before");
        match self.client.delete_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(_) => {}
            Err(error) => match failed("delete", error) {
                Error::NoSuchObject => {}
                other => return Err(other),
            },
        }
        failpoint::at("objects", "delete.after");
        Ok(())
    }

    /// All keys of a prefix, in order.
    pub async fn list(&self, prefix: Prefix) -> Result<Vec<ObjectKey>, Error> {
        Ok(self.listed(prefix).await?.into_iter().map(|(key, _)| key).collect())
    }

    pub(crate) async fn listed(&self, prefix: Prefix) -> Result<Vec<(ObjectKey, Meta)>, Error> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}/", prefix.as_str()));
        let mut pages = list.into_paginator().send();
        let (mut found, mut strange) = (Vec::new(), 0_u32);
        while let Some(page) = pages.next().await {
            for object in page.map_err(|error| failed("list", error))?.contents() {
                match object.key().map(str::parse) {
                    Some(Ok(key)) => found.push((key, Meta { size: size(object.size()), modified: written(object.last_modified()) })),
                    _ => strange += 1,
                }
            }
        }
        if strange > 0 {
            tracing::warn!(prefix = prefix.as_str(), strange, "the bucket holds objects that are not ours");
        }
        Ok(found)
    }
}

fn size(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

fn written(at: Option<&aws_sdk_s3::primitives::DateTime>) -> Timestamp {
    let micros = at.map_or(0, |at| at.as_nanos() / 1_000);
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

async fn collected(body: ByteStream) -> Result<Bytes, Error> {
    match body.collect().await {
        Ok(bytes) => Ok(bytes.into_bytes()),
        Err(error) => Err(Error::Unreachable { operation: "get", cause: error.into() }),
    }
}
