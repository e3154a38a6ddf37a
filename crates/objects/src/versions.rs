//! Buckets that keep versions: what is erased goes with every version of it and every mark that it was deleted.

use aws_sdk_s3::error::ProvideErrorMetadata;
use foundation::Timestamp;

use crate::{Error, ObjectKey, Objects, client::failed, objects::written};

/// A version of an object, or the mark of a deletion.
pub(crate) struct Version {
    key: String,
    id: String,
    pub(crate) modified: Timestamp,
}

impl Objects {
    /// Asked anew each time: a bucket may be given versions while this process runs.
    pub(crate) async fn keeps_versions(&self) -> Result<bool, Error> {
        if self.is_embedded() {
            return Ok(false);
        }
        match self.client.get_bucket_versioning().bucket(&self.bucket).send().await {
            // A store that knows no versions keeps none. One that kept some, and does not now, still has them.
            Err(error) if error.code() == Some("NotImplemented") => Ok(false),
            Err(error) => Err(failed("ask for its versioning", error)),
            Ok(versioning) => Ok(versioning.status.is_some()),
        }
    }

    /// Every version and mark below a prefix.
    pub(crate) async fn versions(&self, prefix: &str) -> Result<Vec<Version>, Error> {
        let (mut found, mut key_marker, mut id_marker) = (Vec::new(), None, None);
        loop {
            let list = self.client.list_object_versions().bucket(&self.bucket).prefix(prefix);
            let list = list.set_key_marker(key_marker.take()).set_version_id_marker(id_marker.take());
            let page = list.send().await.map_err(|error| failed("list versions", error))?;
            let versions = page.versions().iter().map(|one| (one.key(), one.version_id(), one.last_modified()));
            let marks = page.delete_markers().iter().map(|one| (one.key(), one.version_id(), one.last_modified()));
            for (key, id, modified) in versions.chain(marks) {
                // What was there before the bucket had versions is called `null`.
                let (key, id) = (key.unwrap_or_default().to_owned(), id.unwrap_or("null").to_owned());
                found.push(Version { key, id, modified: written(modified) });
            }
            if !page.is_truncated.unwrap_or_default() {
                return Ok(found);
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_version_id_marker);
            if key_marker.is_none() {
                return Err(Error::Refused { operation: "list versions", code: "no place to go on".into() });
            }
        }
    }

    pub(crate) async fn delete_version(&self, version: &Version) -> Result<(), Error> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(&version.key).version_id(&version.id);
        match delete.send().await.map_err(|error| failed("delete a version", error)) {
            Ok(_) | Err(Error::NoSuchObject) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Until there is none: somebody may write while we delete.
    pub(crate) async fn delete_versions(&self, key: &ObjectKey) -> Result<(), Error> {
        for _ in 0..3 {
            let mut all = self.versions(key.as_str()).await?;
            all.retain(|version| version.key == key.as_str());
            if all.is_empty() {
                return Ok(());
            }
            for version in &all {
                self.delete_version(version).await?;
            }
        }
        if self.versions(key.as_str()).await?.iter().any(|version| version.key == key.as_str()) { Err(Error::NotForgotten) } else { Ok(()) }
    }
}
