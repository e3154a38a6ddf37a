//! Rules of the bucket itself, where the store takes them: a second net below the sweep, which goes on when this program does not.

use aws_sdk_s3::{
    error::{BuildError, ProvideErrorMetadata},
    types::{
        AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
        LifecycleRuleFilter, NoncurrentVersionExpiration,
    },
};

use crate::{Error, Objects, Prefix, client::failed};

/// The rules that are ours; those of others in the same bucket stay.
const OURS: &str = "kolsai-";
/// The sweep takes what is older than a day; what it left goes after the next.
const DAYS: i32 = 2;

impl Objects {
    /// Sets the rules unless they are there. A store that takes none, or not from us, is swept by this program alone.
    pub(crate) async fn let_expire(&self) {
        match self.set_rules().await {
            Ok(()) => {}
            Err(Error::Refused { code, .. }) => {
                tracing::info!(code, "the bucket takes no rules from us: what is never sent in goes by our own sweep alone");
            }
            Err(error) => tracing::warn!(%error, "the bucket's own rules could not be set; the sweep goes on without them"),
        }
    }

    async fn set_rules(&self) -> Result<(), Error> {
        let asked = self.client.get_bucket_lifecycle_configuration().bucket(&self.bucket).send().await;
        let there = match asked {
            Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Vec::new(),
            // A store without rules: our own sweep is all there is.
            Err(error) if error.code() == Some("NotImplemented") => return Ok(()),
            other => other.map_err(|error| failed("ask for its rules", error))?.rules.unwrap_or_default(),
        };
        let ours = rules().map_err(|error| Error::Refused { operation: "set its rules", code: error.to_string() })?;
        if ours.iter().all(|rule| there.iter().any(|other| other.id() == rule.id())) {
            return Ok(());
        }
        let is_ours = |rule: &LifecycleRule| rule.id().is_some_and(|id| id.starts_with(OURS));
        let all = there.into_iter().filter(|rule| !is_ours(rule)).chain(ours).collect();
        let all = BucketLifecycleConfiguration::builder().set_rules(Some(all)).build();
        let all = all.map_err(|error| Error::Refused { operation: "set its rules", code: error.to_string() })?;
        let set = self.client.put_bucket_lifecycle_configuration().bucket(&self.bucket).lifecycle_configuration(all);
        set.send().await.map_err(|error| failed("set its rules", error))?;
        tracing::info!("the bucket lets uploads that are never sent in expire by itself too");
        Ok(())
    }
}

fn rules() -> Result<Vec<LifecycleRule>, BuildError> {
    let rule = |name: &str, prefix: &str| {
        let filter = LifecycleRuleFilter::builder().prefix(prefix).build();
        LifecycleRule::builder().id(format!("{OURS}{name}")).status(ExpirationStatus::Enabled).filter(filter)
    };
    let incoming = format!("{}/", Prefix::Incoming.as_str());
    Ok(vec![
        rule("incoming", &incoming)
            .expiration(LifecycleExpiration::builder().days(DAYS).build())
            .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(1).build())
            .build()?,
        // A mark that nothing is left behind.
        rule("marks", &incoming).expiration(LifecycleExpiration::builder().expired_object_delete_marker(true).build()).build()?,
        rule("parts", "")
            .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(DAYS).build())
            .build()?,
    ])
}
