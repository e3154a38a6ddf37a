//! The store over a bucket of another server's, with versions: ministack, as `deploy/key-services` starts it.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        BucketLifecycleConfiguration, BucketVersioningStatus, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
        VersioningConfiguration,
    },
};
use bytes::Bytes;
use foundation::{Clock, Mode};
use kolsai_objects::{Config, Error, ObjectKey, Objects, Prefix};

/// `host:port` of an S3 that knows versions and takes any credentials.
const S3: &str = "KOLSAI_TEST_S3";

struct Bucket {
    objects: Objects,
    bare: Client,
    name: String,
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where their server is")]
async fn bucket(locked: bool) -> Option<Bucket> {
    let Ok(host) = std::env::var(S3) else {
        eprintln!("{S3} is not set: nothing is tested on a bucket with versions");
        return None;
    };
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(format!("http://{host}"))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .force_path_style(true)
        .build();
    let bare = Client::from_conf(config);
    let name = format!("kolsai-{}", uuid::Uuid::new_v4().simple());
    bare.create_bucket().bucket(&name).object_lock_enabled_for_bucket(locked).send().await.unwrap();
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    bare.put_bucket_versioning().bucket(&name).versioning_configuration(enabled).send().await.unwrap();
    Some(Bucket { objects: open(&host, &name), bare, name })
}

fn open(host: &str, bucket: &str) -> Objects {
    let address = format!("s3+http://test:test@{host}/{bucket}").parse().unwrap();
    Objects::open(Config { address, public_base: None, mode: Mode::Development }).unwrap()
}

impl Bucket {
    /// Versions, and marks of deletions.
    async fn kept(&self) -> (usize, usize) {
        let page = self.bare.list_object_versions().bucket(&self.name).send().await.unwrap();
        (page.versions().len(), page.delete_markers().len())
    }

    async fn deletes_without_us(&self, key: &ObjectKey) {
        self.bare.delete_object().bucket(&self.name).key(key.as_str()).send().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_erased_goes_with_all_its_versions() {
    let Some(bucket) = bucket(false).await else { return };
    bucket.objects.verify().await.unwrap();
    assert_eq!(bucket.kept().await, (0, 0), "nothing is left of the trial");
    let (key, other) = (ObjectKey::new(Prefix::Originals), ObjectKey::new(Prefix::Originals));
    for bytes in ["first", "second"] {
        bucket.objects.put(&key, Bytes::from_static(bytes.as_bytes())).await.unwrap();
    }
    bucket.deletes_without_us(&key).await;
    bucket.objects.put(&key, Bytes::from_static(b"third")).await.unwrap();
    bucket.objects.put(&other, Bytes::from_static(b"another")).await.unwrap();
    assert_eq!(bucket.kept().await, (4, 1));
    assert_eq!(bucket.objects.get(&key).await.unwrap(), "third");

    bucket.objects.delete(&key).await.unwrap();
    bucket.objects.delete(&key).await.unwrap();
    assert_eq!(bucket.kept().await, (1, 0), "and nothing of another object");
    bucket.deletes_without_us(&other).await;
    bucket.objects.delete(&other).await.unwrap();
    assert_eq!(bucket.kept().await, (0, 0));
}

#[tokio::test]
async fn the_sweep_takes_every_version_and_what_was_never_finished() {
    let Some(bucket) = bucket(false).await else { return };
    let (sent, kept) = (ObjectKey::new(Prefix::Incoming), ObjectKey::new(Prefix::Originals));
    for key in [&sent, &sent, &kept] {
        bucket.objects.put(key, Bytes::from_static(b"bytes")).await.unwrap();
    }
    bucket.deletes_without_us(&sent).await;
    bucket.bare.create_multipart_upload().bucket(&bucket.name).key(sent.as_str()).send().await.unwrap();
    let uploads = async || bucket.bare.list_multipart_uploads().bucket(&bucket.name).send().await.unwrap().uploads().len();
    let (clock, hour) = (Clock::system(Mode::Development), Duration::from_secs(3600));

    assert_eq!(bucket.objects.sweep_incoming(clock.now().minus(hour)).await.unwrap(), 0);
    assert_eq!((bucket.kept().await, uploads().await), ((3, 1), 1));
    assert_eq!(bucket.objects.sweep_incoming(clock.now().plus(hour)).await.unwrap(), 3);
    assert_eq!((bucket.kept().await, uploads().await), ((1, 0), 0));
    assert_eq!(bucket.objects.get(&kept).await.unwrap(), "bytes");
}

#[tokio::test]
async fn the_bucket_gets_its_own_rules_and_keeps_those_of_others() {
    let Some(bucket) = bucket(false).await else { return };
    let others = LifecycleRule::builder()
        .id("somebody-elses")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("reports/").build())
        .expiration(LifecycleExpiration::builder().days(30).build())
        .build()
        .unwrap();
    let all = BucketLifecycleConfiguration::builder().rules(others).build().unwrap();
    bucket.bare.put_bucket_lifecycle_configuration().bucket(&bucket.name).lifecycle_configuration(all).send().await.unwrap();
    for _ in 0..2 {
        bucket.objects.verify().await.unwrap();
        let rules = bucket.bare.get_bucket_lifecycle_configuration().bucket(&bucket.name).send().await.unwrap();
        let mut names: Vec<_> = rules.rules().iter().filter_map(|rule| rule.id().map(str::to_owned)).collect();
        names.sort();
        assert_eq!(names, ["kolsai-incoming", "kolsai-marks", "kolsai-parts", "somebody-elses"]);
    }
}

#[tokio::test]
async fn a_bucket_that_is_missing_or_locked_is_refused_in_a_sentence() {
    let Some(locked) = bucket(true).await else { return };
    let error = locked.objects.verify().await.unwrap_err();
    assert!(matches!(error, Error::Locked), "{error:?}");
    #[allow(clippy::disallowed_methods, reason = "the same server again")]
    let nowhere = open(&std::env::var(S3).unwrap(), "kolsai-nowhere");
    let error = nowhere.verify().await.unwrap_err();
    assert!(matches!(error, Error::NoSuchBucket) && !error.is_passing(), "{error:?}");
    assert_eq!(error.to_string(), "there is no such bucket; make it, or correct the end of the address");
}
