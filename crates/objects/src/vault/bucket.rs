//! A vault in a bucket: small files in one put, large ones in parts, which the store joins at the end or forgets.

use std::ops::Range;

use aws_sdk_s3::{
    Client,
    error::ProvideErrorMetadata,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use bytes::{Bytes, BytesMut};
use foundation::Timestamp;

use super::{PIECE, VaultFile};
use crate::{Error, client::failed};

/// Parts may not be more than 10,000 (S3): 16 MiB each are enough for 156 GiB.
const PART: usize = 2 * PIECE;

pub(super) struct Writing {
    client: Client,
    bucket: String,
    name: String,
    waiting: BytesMut,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl Writing {
    pub(super) fn new(client: Client, bucket: String, name: String) -> Self {
        Self { client, bucket, name, waiting: BytesMut::new(), upload: None, parts: Vec::new() }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.waiting.extend_from_slice(&bytes);
        while self.waiting.len() >= PART {
            let part = self.waiting.split_to(PART).freeze();
            self.send(part).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<(), Error> {
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => self.begin().await?,
        };
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let ask = self.client.upload_part().bucket(&self.bucket).key(&self.name).upload_id(&upload).part_number(number);
        let sent = ask.body(ByteStream::from(part)).send().await.map_err(|error| failed("put", error))?;
        self.parts.push(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
        Ok(())
    }

    async fn begin(&mut self) -> Result<String, Error> {
        let begun = self.client.create_multipart_upload().bucket(&self.bucket).key(&self.name);
        let begun = begun.send().await.map_err(|error| failed("put", error))?;
        let upload = begun.upload_id.ok_or_else(|| Error::Refused { operation: "put", code: "no upload id".into() })?;
        Ok(self.upload.insert(upload).clone())
    }

    pub(super) async fn finish(mut self) -> Result<(), Error> {
        let rest = self.waiting.split().freeze();
        if self.upload.is_none() {
            let put = self.client.put_object().bucket(&self.bucket).key(&self.name).body(ByteStream::from(rest));
            put.content_type("application/octet-stream").send().await.map_err(|error| failed("put", error))?;
            return Ok(());
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        let whole = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(&self.name).set_upload_id(self.upload.clone());
        complete.multipart_upload(whole).send().await.map_err(|error| failed("put", error))?;
        Ok(())
    }

    /// The store keeps the parts of an upload that nobody ends, and bills them.
    pub(super) async fn abort(self) {
        let Some(upload) = self.upload else { return };
        let gone = self.client.abort_multipart_upload().bucket(&self.bucket).key(&self.name).upload_id(upload).send().await;
        if let Err(error) = gone {
            tracing::warn!(error = %failed("abort", error), "an upload that was given up stays in the bucket until its own rules sweep it");
        }
    }
}

pub(super) async fn forgets(client: &Client, bucket: &str) -> Result<(), Error> {
    match client.get_bucket_versioning().bucket(bucket).send().await {
        // A store that knows no versions keeps none.
        Err(error) if error.code() == Some("NotImplemented") => Ok(()),
        Err(error) => Err(failed("versioning", error)),
        Ok(versioning) => versioning.status.map_or(Ok(()), |_| Err(Error::Versioned)),
    }
}

pub(super) async fn size(client: &Client, bucket: &str, name: &str) -> Result<u64, Error> {
    let head = client.head_object().bucket(bucket).key(name).send().await.map_err(|error| failed("head", error))?;
    Ok(head.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default())
}

pub(super) async fn read(client: &Client, bucket: &str, name: &str, range: Range<u64>) -> Result<Bytes, Error> {
    let header = format!("bytes={}-{}", range.start, range.end - 1);
    let got = client.get_object().bucket(bucket).key(name).range(header).send().await.map_err(|error| failed("get", error))?;
    let body = got.body.collect().await.map_err(|error| Error::Unreachable { operation: "get", cause: error.into() })?;
    Ok(body.into_bytes())
}

pub(super) async fn list(client: &Client, bucket: &str, prefix: &str) -> Result<Vec<VaultFile>, Error> {
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut files = Vec::new();
    while let Some(page) = pages.next().await {
        for object in page.map_err(|error| failed("list", error))?.contents() {
            let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
            files.extend(object.key().map(|name| VaultFile { name: name.to_owned(), size }));
        }
    }
    Ok(files)
}

pub(super) async fn delete(client: &Client, bucket: &str, name: &str) -> Result<(), Error> {
    match client.delete_object().bucket(bucket).key(name).send().await.map_err(|error| failed("delete", error)) {
        Ok(_) | Err(Error::NoSuchObject) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Uploads in parts that nobody has ended.
pub(crate) async fn sweep(client: &Client, bucket: &str, older_than: Timestamp) -> Result<u64, Error> {
    let listed = match client.list_multipart_uploads().bucket(bucket).send().await {
        // Not every store tells; its own rules sweep them then.
        Err(error) if matches!(error.code(), Some("NotImplemented" | "AccessDenied" | "MethodNotAllowed")) => return Ok(0),
        other => other.map_err(|error| failed("list", error))?,
    };
    let mut swept = 0;
    for upload in listed.uploads() {
        let begun = upload.initiated().map_or(i64::MAX, |at| at.secs().saturating_mul(1_000_000));
        if let (Some(key), Some(id)) = (upload.key(), upload.upload_id())
            && Timestamp::from_micros(begun) < older_than
        {
            let abort = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id);
            abort.send().await.map_err(|error| failed("abort", error))?;
            swept += 1;
        }
    }
    Ok(swept)
}
