//! A server that dies, comes back empty, or falls silent: calls fail quickly, and the cache comes back by itself.

use std::{path::Path, time::Duration};

use foundation::{Clock, Mode};
use kolsai_cache::{Budget, Cache, CacheError, Condition, Config};
use tokio::time::{Instant, sleep, timeout};

use crate::own_redis::Redis;

const MINUTE: Duration = Duration::from_secs(60);

pub async fn open(address: &str, authority: Option<&Path>) -> Result<Cache, CacheError> {
    let config = Config { address, authority, prefix: "test", mode: Mode::Development };
    Cache::open(config, Clock::system(Mode::Development)).await
}

/// Waits until it answers.
pub async fn answers(cache: &Cache) {
    let answering = async {
        while cache.ping().await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), answering).await.expect("the cache comes back");
}

/// Every call fails, and none takes long.
async fn is_away(cache: &Cache) {
    let condition = Condition { key: "a", holds: None };
    let begun = Instant::now();
    assert_eq!(cache.get("a").await, Err(CacheError::Away));
    assert_eq!(cache.set("a", b"1".to_vec(), MINUTE).await, Err(CacheError::Away));
    assert_eq!(cache.set_if(condition, "a", b"1".to_vec(), MINUTE).await, Err(CacheError::Away));
    assert_eq!(cache.incr("n", MINUTE).await, Err(CacheError::Away));
    assert_eq!(cache.delete("a").await, Err(CacheError::Away));
    assert_eq!(cache.spend("b", &Budget::new(1, MINUTE), 1).await, Err(CacheError::Away));
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(700), "six calls took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_missed_at_once_and_found_again() {
    let Some(mut redis) = Redis::start() else { return };
    let cache = open(&redis.address(), None).await.unwrap();
    cache.set("a", b"1".to_vec(), MINUTE).await.unwrap();
    for _ in 0..2 {
        redis.kill();
        is_away(&cache).await;
        redis.begin();
        answers(&cache).await;
        // It keeps nothing, and nobody is told that it does.
        assert_eq!(cache.get("a").await, Ok(None));
        assert_eq!(cache.incr("n", MINUTE).await, Ok(1));
        cache.set("a", b"2".to_vec(), MINUTE).await.unwrap();
    }
    assert!(cache.may_forget());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_holds_nobody_up() {
    let Some(redis) = Redis::start() else { return };
    let cache = open(&redis.address(), None).await.unwrap();
    answers(&cache).await;
    redis.freeze();
    is_away(&cache).await;
    // By now the connection is given up, and calls do not even wait for their deadline.
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    is_away(&cache).await;
    assert!(begun.elapsed() < Duration::from_millis(30), "{:?}", begun.elapsed());
    redis.wake();
    answers(&cache).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_writes_is_none() {
    let Some(redis) = Redis::start() else { return };
    let cache = open(&redis.address(), None).await.unwrap();
    // As after a failover: it has become the replica of another one.
    assert_eq!(redis.say("REPLICAOF 127.0.0.1 1"), "+OK\r\n");
    assert_eq!(cache.set("a", b"1".to_vec(), MINUTE).await, Err(CacheError::Away));
    assert_eq!(redis.say("REPLICAOF NO ONE"), "+OK\r\n");
    answers(&cache).await;
    cache.set("a", b"1".to_vec(), MINUTE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_refuses_and_throws_nothing_away() {
    let Some(redis) = Redis::start() else { return };
    let cache = open(&redis.address(), None).await.unwrap();
    cache.set("a", b"1".to_vec(), MINUTE).await.unwrap();
    assert_eq!(redis.say("CONFIG SET maxmemory 1"), "+OK\r\n");
    assert_eq!(cache.set("b", b"1".to_vec(), MINUTE).await, Err(CacheError::OutOfMemory));
    assert_eq!(cache.get("a").await, Ok(Some(b"1".to_vec())));
    assert_eq!(redis.say("CONFIG SET maxmemory 0"), "+OK\r\n");
    cache.set("b", b"1".to_vec(), MINUTE).await.unwrap();
}
