//! What is refused at the start, and what is waited for.

use std::{fs, path::Path, time::Duration};

use kolsai_cache::{Cache, CacheError};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::time::{Instant, sleep};

use crate::{
    outage::{answers, open},
    own_redis::{PASSWORD, Redis},
};

/// An authority and a certificate for these names.
fn certify(folder: &Path, names: &[&str]) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "authority of a test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    fs::write(folder.join("ca.pem"), authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let leaf = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    let key = KeyPair::generate().unwrap();
    fs::write(folder.join("server.pem"), leaf.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

fn refusal(opened: Result<Cache, CacheError>) -> CacheError {
    opened.err().expect("it should have been refused")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_and_not_shown() {
    let Some(redis) = Redis::start() else { return };
    for address in [redis.address_with("guessed"), redis.address().replace(&format!(":{PASSWORD}@"), "")] {
        let refused = refusal(open(&address, None).await);
        assert_eq!(refused, CacheError::Credentials);
        assert!(!refused.to_string().contains("guessed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_verified() {
    let Some(redis) = Redis::start_tls(|folder| certify(folder, &["localhost", "127.0.0.1"])) else { return };
    let cache = open(&redis.address(), redis.authority()).await.unwrap();
    cache.set("a", b"1".to_vec(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(cache.get("a").await, Ok(Some(b"1".to_vec())));

    // Another authority, and the machine's own.
    let other = tempfile::tempdir().unwrap();
    certify(other.path(), &["localhost"]);
    assert_eq!(refusal(open(&redis.address(), Some(&other.path().join("ca.pem"))).await), CacheError::Certificate);
    assert_eq!(refusal(open(&redis.address(), None).await), CacheError::Certificate);
    // A file that is no certificate, and one that is not there.
    for name in ["server.key", "absent.pem"] {
        let path = other.path().join(name);
        assert_eq!(refusal(open(&redis.address(), Some(&path)).await), CacheError::Authority { path });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_host_is_not_trusted() {
    let Some(redis) = Redis::start_tls(|folder| certify(folder, &["elsewhere.example"])) else { return };
    assert_eq!(refusal(open(&redis.address(), redis.authority()).await), CacheError::Certificate);
}

/// It hangs up on a handshake, as a server does that dies: waited for, and never spoken to in plain text.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_used_where_tls_is_asked_for() {
    let Some(redis) = Redis::start() else { return };
    let cache = open(&redis.address().replace("redis://", "rediss://"), None).await.unwrap();
    assert_eq!(cache.get("a").await, Err(CacheError::Away));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_throws_values_away_is_refused() {
    let Some(redis) = Redis::start_with(&["--maxmemory-policy", "allkeys-lru"]) else { return };
    let refused = refusal(open(&redis.address(), None).await);
    assert!(refused.to_string().contains("noeviction"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_too_little_is_refused() {
    let Some(redis) = Redis::start() else { return };
    assert_eq!(redis.say("ACL SETUSER kolsai on >few ~* +get +set"), "+OK\r\n");
    let address = format!("redis://kolsai:few@127.0.0.1:{}", redis.port());
    assert!(matches!(refusal(open(&address, None).await), CacheError::Unfit(_)));
    assert_eq!(redis.say("ACL SETUSER kolsai +mget +del +eval +info"), "+OK\r\n");
    answers(&open(&address, None).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let Some(mut redis) = Redis::start() else { return };
    redis.kill();
    let begun = Instant::now();
    let cache = open(&redis.address(), None).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_eq!(cache.get("a").await, Err(CacheError::Away));
    redis.begin();
    answers(&cache).await;

    // One that comes while the start waits.
    redis.kill();
    let address = redis.address();
    let opening = tokio::spawn(async move { open(&address, None).await });
    sleep(Duration::from_millis(500)).await;
    redis.begin();
    assert_eq!(opening.await.unwrap().unwrap().get("a").await, Ok(None));
}
