use cache::Config;
use foundation::Mode;

use super::{local::SHARED_BUCKETS, *};
use crate::own_redis::Redis;

fn limits(burst: u32, max_addresses: usize) -> config::Limits {
    config::Limits { per_address_per_second: 1, burst, max_addresses, ..Default::default() }
}

fn limiter(burst: u32, max_addresses: usize) -> (Limiter, Clock) {
    let clock = Clock::system(Mode::Development);
    (Limiter::new(&limits(burst, max_addresses), clock.clone(), None), clock)
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_bucket_empties_and_fills_again() {
    let (limiter, clock) = limiter(10, 100);
    limiter.take(address("198.51.100.1"), 10).await.unwrap();
    let refusal = limiter.take(address("198.51.100.1"), 1).await.unwrap_err();
    assert_eq!(refusal.reason, "TOO_MANY_CALLS");
    assert!(refusal.retry_after.unwrap() >= Duration::from_secs(1));
    limiter.take(address("198.51.100.2"), 1).await.unwrap();
    clock.advance(Duration::from_secs(11));
    limiter.take(address("198.51.100.1"), 10).await.unwrap();
}

#[tokio::test]
async fn a_network_of_64_bits_is_one_address_and_a_mapped_one_is_its_v4() {
    let (limiter, _) = limiter(1, 100);
    limiter.take(address("2001:db8::1"), 1).await.unwrap();
    limiter.take(address("2001:db8::ffff:2"), 1).await.unwrap_err();
    limiter.take(address("2001:db8:0:1::1"), 1).await.unwrap();
    limiter.take(address("198.51.100.1"), 1).await.unwrap();
    limiter.take(address("::ffff:198.51.100.1"), 1).await.unwrap_err();
}

#[tokio::test]
async fn memory_is_bounded_and_idle_addresses_are_forgotten() {
    let (limiter, clock) = limiter(5, 10);
    for last in 0..=255 {
        for third in 0..20 {
            let _ = limiter.take(address(&format!("203.0.{third}.{last}")), 1).await;
        }
    }
    assert!(limiter.local.len() <= 10 + SHARED_BUCKETS as usize);
    clock.advance(Duration::from_secs(3_600));
    limiter.forget_idle();
    assert_eq!(limiter.local.len(), 0);
}

#[tokio::test]
async fn a_cost_beyond_the_bucket_takes_all_of_it() {
    let (limiter, _) = limiter(5, 10);
    limiter.take(address("198.51.100.1"), 50).await.unwrap();
    limiter.take(address("198.51.100.1"), 1).await.unwrap_err();
}

/// A gateway with its own connection to the cache.
async fn gateway(redis: &Redis, limits: &config::Limits, clock: &Clock) -> (Limiter, Cache) {
    let address = redis.address();
    let config = Config { address: &address, authority: None, prefix: "test", mode: Mode::Development };
    let cache = Cache::open(config, clock.clone()).await.unwrap();
    (Limiter::new(limits, clock.clone(), Some(cache.clone())), cache)
}

/// How many of these calls pass, spread over the gateways.
async fn pass(gateways: &[&Limiter], from: &str, cost: u32, calls: usize) -> u32 {
    let mut passed = 0;
    for call in 0..calls {
        passed += u32::from(gateways[call % gateways.len()].take(address(from), cost).await.is_ok());
    }
    passed
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_together_spend_one_budget() {
    let Some(redis) = Redis::start() else { return };
    let clock = Clock::system(Mode::Development);
    // So slow that what comes back during the test counts for nothing.
    let limits = limits(100, 1000);
    let ((one, _), (other, _)) = (gateway(&redis, &limits, &clock).await, gateway(&redis, &limits, &clock).await);
    let both = pass(&[&one, &other], "198.51.100.1", 1, 400).await;
    assert!((100..=105).contains(&both), "{both} calls passed of a budget of 100");
    // What one gateway holds in a slice is the only thing that the other does not have.
    let (alone, rest) = (pass(&[&one], "198.51.100.2", 1, 55).await, pass(&[&other], "198.51.100.2", 1, 400).await);
    assert_eq!(alone, 55);
    assert!((40..=50).contains(&rest), "{rest} calls passed of the other 45");
    // It comes back for both, a second for each.
    clock.advance(Duration::from_secs(30));
    let again = pass(&[&one, &other], "198.51.100.1", 1, 400).await;
    assert!((30..=40).contains(&again), "{again} calls passed of 30");
    // Dear calls are paid whole.
    let dear = pass(&[&one, &other], "198.51.100.3", 30, 20).await;
    assert!((2..=3).contains(&dear), "{dear} calls of 30 passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_do_not_overspend() {
    let Some(redis) = Redis::start() else { return };
    let clock = Clock::system(Mode::Development);
    let limits = limits(50, 1000);
    let gateways = [gateway(&redis, &limits, &clock).await.0, gateway(&redis, &limits, &clock).await.0].map(std::sync::Arc::new);
    let calls = (0..400).map(|call| {
        let gateway = gateways[call % 2].clone();
        tokio::spawn(async move { gateway.take(address("198.51.100.1"), 1).await.is_ok() })
    });
    let mut passed = 0;
    for call in calls.collect::<Vec<_>>() {
        passed += u32::from(call.await.unwrap());
    }
    assert!((45..=55).contains(&passed), "{passed} calls passed of a budget of 50");
}

/// Neither open nor closed: without the cache each gateway keeps its own count.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_cache_each_gateway_limits_by_itself() {
    let Some(mut redis) = Redis::start() else { return };
    let clock = Clock::system(Mode::Development);
    let limits = limits(20, 1000);
    let ((one, cache), (other, _)) = (gateway(&redis, &limits, &clock).await, gateway(&redis, &limits, &clock).await);
    assert!((20..=21).contains(&pass(&[&one, &other], "198.51.100.1", 1, 100).await));
    redis.kill();
    assert_eq!(pass(&[&one], "198.51.100.2", 1, 100).await, 20);
    assert_eq!(pass(&[&other], "198.51.100.2", 1, 100).await, 20);
    redis.begin();
    while cache.ping().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!((20..=21).contains(&pass(&[&one], "198.51.100.3", 1, 100).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_reaches_the_cache_and_none_stays() {
    let Some(redis) = Redis::start() else { return };
    let clock = Clock::system(Mode::Development);
    let (one, _) = gateway(&redis, &limits(20, 3), &clock).await;
    for last in 1..=9 {
        one.take(address(&format!("198.51.100.{last}")), 1).await.unwrap();
    }
    // More addresses than are remembered count by themselves.
    assert_eq!(one.shared.as_ref().unwrap().len(), 3);
    let keys = redis.say("KEYS *");
    assert!(keys.contains("gateway:limit:") && !keys.contains("198.51"), "{keys}");
    let key = keys.lines().find(|line| line.contains("gateway:limit:")).unwrap();
    assert!(redis.say(&format!("PTTL {key}")).trim_matches([':', '\r', '\n']).parse::<u64>().unwrap() <= 20_000);
    clock.advance(Duration::from_secs(3));
    one.forget_idle();
    assert_eq!(one.shared.as_ref().unwrap().len(), 0);
}
