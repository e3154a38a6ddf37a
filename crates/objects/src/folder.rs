//! The folder engine: the few S3 operations that the school uses, over files, on names that are object keys.

use std::path::{Path, PathBuf};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use s3s::{S3, S3Request, S3Response, S3Result, dto::*, s3_error};
use s3s_fs::FileSystem;

use crate::ObjectKey;

/// The one bucket of a folder.
pub(crate) const BUCKET: &str = "kolsai";

/// S3 over a folder. What is not implemented here answers NotImplemented.
pub(crate) struct Folder {
    root: PathBuf,
    files: FileSystem,
}

impl Folder {
    /// `root` exists. One `Folder` per root at a time: its temporary names are counted in memory.
    pub(crate) fn open(root: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(root.join(BUCKET))?;
        let files = FileSystem::new(root).map_err(|error| std::io::Error::other(format!("{error:?}")))?;
        Ok(Self { root: root.to_owned(), files })
    }

    /// The files that s3s-fs keeps beside an object: content type, checksum. It leaves them when the object goes, and
    /// a checksum of a person's file is still about that person.
    fn companions(&self, key: &str) -> [PathBuf; 2] {
        let [bucket, object] = [BUCKET, key].map(|text| BASE64_URL_SAFE_NO_PAD.encode(text));
        ["metadata", "internal"].map(|kind| self.root.join(format!(".bucket-{bucket}.object-{object}.{kind}.json")))
    }
}

fn known(bucket: &str, key: &str) -> S3Result<()> {
    if bucket != BUCKET {
        return Err(s3_error!(NoSuchBucket));
    }
    key.parse::<ObjectKey>().map(|_| ()).map_err(|_| s3_error!(InvalidArgument, "not an object key"))
}

#[async_trait::async_trait]
impl S3 for Folder {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        known(&request.input.bucket, &request.input.key)?;
        self.files.put_object(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        known(&request.input.bucket, &request.input.key)?;
        self.files.get_object(request).await
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        known(&request.input.bucket, &request.input.key)?;
        self.files.head_object(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        known(&request.input.bucket, &request.input.key)?;
        // Companions first: once the object is gone, nothing of it is left, whenever the process ends.
        for companion in self.companions(&request.input.key) {
            match tokio::fs::remove_file(companion).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(s3_error!(error, InternalError)),
                _ => {}
            }
        }
        self.files.delete_object(request).await
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(request).await
    }

    async fn get_bucket_versioning(&self, _: S3Request<GetBucketVersioningInput>) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        // Files have no versions.
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }
}
