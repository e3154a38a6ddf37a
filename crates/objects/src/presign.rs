//! Uploads that come from outside: a signed URL for one PUT of one object, of one length and type.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use crate::{Error, ObjectKey, Objects, Prefix, client::failed};

/// A presigned upload is good for at most a day.
pub const LONGEST_UPLOAD_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What is to be uploaded. S3 signs an exact length, not a greatest one: the client says how long its file is, the
/// caller decides whether that is too long, and the store then takes that many bytes and no others.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// Bytes; at least one.
    pub length: u64,
    /// The media type, e.g. `image/jpeg`.
    pub content_type: &'a str,
    /// From now on, by the system's clock: the store checks it by its own.
    pub good_for: Duration,
}

/// A PUT that needs no other credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedPut {
    pub url: String,
    /// Headers that must be sent as they are: they are signed.
    pub headers: Vec<(String, String)>,
}

/// The URL is a credential: it stays out of logs.
impl std::fmt::Debug for PresignedPut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresignedPut").finish_non_exhaustive()
    }
}

impl Objects {
    /// Signs one upload into `incoming/`. There is no presigned GET: personal objects are read through a service.
    pub async fn presigned_put(&self, key: &ObjectKey, upload: Upload<'_>) -> Result<PresignedPut, Error> {
        if !key.is_in(Prefix::Incoming) {
            return Err(Error::Upload("its prefix"));
        }
        if upload.good_for > LONGEST_UPLOAD_TIME {
            return Err(Error::Upload("its time"));
        }
        let length = i64::try_from(upload.length).ok().filter(|length| *length > 0).ok_or(Error::Upload("its length"))?;
        let config = PresigningConfig::expires_in(upload.good_for).map_err(|_| Error::Upload("its time"))?;
        let put = self.signer.put_object().bucket(&self.bucket).key(key.as_str());
        let put = put.content_length(length).content_type(upload.content_type);
        let signed = put.presigned(config).await.map_err(|error| failed("presign", error))?;
        let headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(PresignedPut { url: self.public(signed.uri()), headers })
    }

    /// The URL as it is reached from outside. The signature stays for the store's own host, which the gateway sets.
    fn public(&self, url: &str) -> String {
        match (&self.public_base, url.strip_prefix(&self.endpoint)) {
            (Some(base), Some(rest)) => format!("{base}{rest}"),
            _ => url.to_owned(),
        }
    }
}
