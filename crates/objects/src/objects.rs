//! The store: put, get, head, delete, list.

use std::{net::SocketAddr, ops::Range, sync::Arc};

use aws_sdk_s3::{Client, primitives::ByteStream, types::ChecksumMode};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use foundation::{Timestamp, failpoint};
use sha2::{Digest, Sha256};

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
    /// Signs for the host where people reach the store.
    pub(crate) signer: Client,
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
        let signer = client(&settings, settings.public.as_deref().unwrap_or(&settings.endpoint))?;
        let client = client(&settings, &settings.endpoint)?;
        Ok(Self { client, signer, bucket: settings.bucket, endpoint: settings.endpoint, public_base, embedded })
    }

    /// Where the gateway passes requests under the public base on to: strip the base's path, set `Host` to this address.
    /// None for an S3, which clients reach themselves.
    pub fn proxy_target(&self) -> Option<SocketAddr> {
        self.embedded.as_ref().map(|embedded| embedded.address)
    }

    /// Whether the store is a folder of this process.
    pub(crate) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Writes the whole object, over what was there. What is answered as written is there: the store has compared it with its checksum.
    pub async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), Error> {
        failpoint::at("objects", "put.before");
        self.write(key, bytes).await?;
        failpoint::at("objects", "put.after");
        Ok(())
    }

    pub(crate) async fn write(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), Error> {
        let (length, sum) = (bytes.len() as u64, BASE64_STANDARD.encode(Sha256::digest(&bytes)));
        let put = self.client.put_object().bucket(&self.bucket).key(key.as_str()).checksum_sha256(&sum).body(ByteStream::from(bytes));
        let put = put.content_type("application/octet-stream").send().await.map_err(|error| failed("put", error))?;
        let head = self.client.head_object().bucket(&self.bucket).key(key.as_str()).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.map_err(|error| failed("head", error))?;
        // A store of before checksums says none: then its length must do.
        let other = |said: Option<&str>| said.is_some_and(|said| said != sum);
        if size(head.content_length) != length || other(put.checksum_sha256()) || other(head.checksum_sha256()) {
            return Err(Error::NotKept);
        }
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

    /// Deletes the object with all its versions; that there is none is as good.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        failpoint::at("objects", "delete.before");
        if self.keeps_versions().await? {
            self.delete_versions(key).await?
        } else {
            self.delete_plain(key).await?
        }
        failpoint::at("objects", "delete.after");
        Ok(())
    }

    pub(crate) async fn delete_plain(&self, key: &ObjectKey) -> Result<(), Error> {
        match self.client.delete_object().bucket(&self.bucket).key(key.as_str()).send().await.map_err(|error| failed("delete", error)) {
            Ok(_) | Err(Error::NoSuchObject) => Ok(()),
            Err(error) => Err(error),
        }
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

pub(crate) fn written(at: Option<&aws_sdk_s3::primitives::DateTime>) -> Timestamp {
    let micros = at.map_or(0, |at| at.as_nanos() / 1_000);
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

async fn collected(body: ByteStream) -> Result<Bytes, Error> {
    match body.collect().await {
        Ok(bytes) => Ok(bytes.into_bytes()),
        Err(error) => Err(Error::Unreachable { operation: "get", cause: error.into() }),
    }
}
