//! Whether the store is one that the school can use, asked before anything is kept in it.

use aws_sdk_s3::{error::ProvideErrorMetadata, types::ObjectLockEnabled};
use bytes::Bytes;

use crate::{Error, ObjectKey, Objects, Prefix, client::failed};

impl Objects {
    /// Asks the store whether it is there, takes what is written, gives it back, and forgets what is deleted. What is refused here has
    /// to be set right by somebody; a store that does not answer may come back ([`Error::is_passing`]).
    pub async fn verify(&self) -> Result<(), Error> {
        if self.is_embedded() {
            return Ok(());
        }
        self.usable().await.map_err(set_right)?;
        self.let_expire().await;
        Ok(())
    }

    async fn usable(&self) -> Result<(), Error> {
        if self.keeps_versions().await? && self.is_locked().await? {
            return Err(Error::Locked);
        }
        // Rights are what they are: only trying them tells. One that is left over is swept with what was never sent in.
        let (probe, bytes) = (ObjectKey::new(Prefix::Incoming), Bytes::from_static(b"probe"));
        self.write(&probe, bytes.clone()).await?;
        if self.get(&probe).await? != bytes {
            return Err(Error::NotKept);
        }
        self.delete(&probe).await?;
        self.list(Prefix::Incoming).await.map(drop)
    }

    /// Whether versions can be locked, against everybody's deletion.
    async fn is_locked(&self) -> Result<bool, Error> {
        match self.client.get_object_lock_configuration().bucket(&self.bucket).send().await {
            Ok(lock) => {
                let enabled = lock.object_lock_configuration.and_then(|lock| lock.object_lock_enabled);
                Ok(enabled == Some(ObjectLockEnabled::Enabled))
            }
            Err(error) if matches!(error.code(), Some("ObjectLockConfigurationNotFoundError" | "NotImplemented")) => Ok(false),
            Err(error) => Err(failed("ask for its lock", error)),
        }
    }
}

/// What an operator can do something about, in their words.
fn set_right(error: Error) -> Error {
    match error {
        Error::NoSuchObject => Error::NoSuchBucket,
        Error::Refused { code, .. } if code == "NoSuchBucket" => Error::NoSuchBucket,
        Error::Refused { operation, code } => Error::NotPermitted { operation, code },
        Error::Unreachable { cause, .. } if cause.to_string().contains("certificate") => Error::Certificate,
        other => other,
    }
}
