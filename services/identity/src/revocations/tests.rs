//! What is ended stays ended, whatever becomes of the cache: in memory, and on a Redis that is emptied, killed and cut off.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use cache::Config;
use contract::identity::v1::{revocations_server::RevocationsServer, signing_keys_server::SigningKeysServer};
use foundation::{Clock, Mode, Transport, transport};
use service::{
    CancellationToken, Claims, TokenVerifier,
    token::{AUDIENCE, MIRROR_LEASE},
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Response, Status, body::Body, service::Routes};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::{migrations::Migrations, own_redis::Redis, sessions::signing::Signer};

/// Identity with nothing but its notes, and a verifier elsewhere that reaches it while it is `up`.
struct Bench {
    revocations: Revocations,
    verifier: TokenVerifier,
    signer: Arc<Signer>,
    clock: Clock,
    up: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
    cancel: CancellationToken,
    _folder: TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

async fn cache_at(redis: &Redis, clock: &Clock) -> Cache {
    let address = redis.address();
    let config = Config { address: &address, authority: None, prefix: "test", mode: Mode::Development };
    Cache::open(config, clock.clone()).await.unwrap()
}

impl Bench {
    async fn new(redis: &Redis) -> Self {
        let clock = Clock::system(Mode::Development);
        // Each side has a connection of its own, as in two processes.
        Self::over(cache_at(redis, &clock).await, cache_at(redis, &clock).await, clock).await
    }

    async fn in_memory() -> Self {
        let clock = Clock::system(Mode::Development);
        let cache = Cache::in_memory(clock.clone(), 100);
        Self::over(cache.clone(), cache, clock).await
    }

    async fn over(cache: Cache, elsewhere: Cache, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("identity.db").display());
        let db = Db::open::<Migrations>(&address, "identity", clock.clone()).await.unwrap();
        let revocations = Revocations::new(db, cache);
        let signer = Arc::new(Signer::load(None, Mode::Development, folder.path()).unwrap());
        let (up, asked) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let identity = identity(&revocations, &signer, &up, &asked);
        let verifier = TokenVerifier::new(identity, elsewhere, clock.clone(), "kolsai");
        let bench = Self { revocations, verifier, signer, clock, up, asked, cancel: CancellationToken::new(), _folder: folder };
        bench.revocations.restore().await.unwrap();
        // The keys are known from here on.
        bench.check(&bench.token(PersonId::new_v4()).1).await.unwrap();
        bench
    }

    fn mirrors(&self) {
        tokio::spawn(self.revocations.mirror().run(self.cancel.child_token()));
    }

    /// Waits until the mirror is signed for.
    async fn is_signed(&self) {
        let signed = async {
            while !matches!(self.revocations.cache.get(MIRROR_LEASE).await, Ok(Some(_))) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), signed).await.expect("the mirror is signed");
    }

    fn token(&self, person: PersonId) -> (SessionId, String) {
        let (session, now) = (SessionId::new_v4(), self.clock.now().seconds());
        let claims = Claims {
            sub: person,
            sid: session.0,
            roles: Vec::new(),
            iat: now,
            exp: now + 600,
            auth_time: now,
            aud: AUDIENCE.into(),
            iss: "kolsai".into(),
        };
        (session, self.signer.sign(&claims).unwrap())
    }

    async fn note(&self, session: SessionId) -> Noted {
        let tx = self.revocations.db.begin("identity.end-session").await.unwrap();
        let noted = self.revocations.note_in_tx(&tx, &[session]).await.unwrap();
        tx.commit().await.unwrap();
        noted
    }

    async fn end(&self, session: SessionId) {
        self.note(session).await.tell().await.unwrap();
    }

    async fn check(&self, token: &str) -> Result<(), &'static str> {
        self.verifier.check(token).await.map(drop).map_err(|refusal| refusal.reason)
    }

    async fn check_entirely(&self, token: &str) -> Result<(), &'static str> {
        self.verifier.check_entirely(token).await.map(drop).map_err(|refusal| refusal.reason)
    }

    /// Whatever the mirror does meanwhile, one stays ended and the other stays good.
    async fn stay(&self, ended: &str, good: &str, span: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < span {
            assert_eq!(self.check(ended).await, Err("SESSION_ENDED"), "after {:?}", begun.elapsed());
            assert_eq!(self.check(good).await, Ok(()), "after {:?}", begun.elapsed());
            sleep(Duration::from_millis(3)).await;
        }
    }
}

/// The two services that a verifier asks, without the stack around them.
fn identity(revocations: &Revocations, signer: &Arc<Signer>, up: &Arc<AtomicBool>, asked: &Arc<AtomicU32>) -> Transport {
    let mut routes = Routes::builder();
    routes.add_service(RevocationsServer::new(revocations.clone())).add_service(SigningKeysServer::new(Keys(signer.clone())));
    let (routes, up, asked) = (routes.routes(), up.clone(), asked.clone());
    transport(service_fn(move |request: http::Request<Body>| {
        let (routes, up, asked) = (routes.clone(), up.clone(), asked.clone());
        async move {
            if request.uri().path().ends_with("ListEnded") {
                asked.fetch_add(1, Ordering::SeqCst);
            }
            if !up.load(Ordering::SeqCst) {
                return Ok(Status::unavailable("it is gone").into_http());
            }
            routes.oneshot(request).await
        }
    }))
}

struct Keys(Arc<Signer>);

#[tonic::async_trait]
impl contract::identity::v1::signing_keys_server::SigningKeys for Keys {
    async fn list_signing_keys(
        &self,
        _: tonic::Request<contract::identity::v1::ListSigningKeysRequest>,
    ) -> Result<Response<contract::identity::v1::ListSigningKeysResponse>, Status> {
        let key = contract::identity::v1::SigningKey { key_id: self.0.id(), public_key: self.0.public().to_vec() };
        Ok(Response::new(contract::identity::v1::ListSigningKeysResponse { keys: vec![key] }))
    }
}

#[tokio::test]
async fn a_note_is_as_good_as_its_transaction() {
    let bench = Bench::in_memory().await;
    let (session, token) = bench.token(PersonId::new_v4());
    let tx = bench.revocations.db.begin("identity.end-session").await.unwrap();
    let rolled_back = bench.revocations.note_in_tx(&tx, &[session]).await.unwrap();
    drop((tx, rolled_back));
    assert_eq!(bench.check(&token).await, Ok(()));
    bench.end(session).await;
    assert_eq!(bench.check(&token).await, Err("SESSION_ENDED"));
    assert_eq!(bench.asked.load(Ordering::SeqCst), 0, "a cache of this process needs nobody beside it");
}

#[tokio::test]
async fn what_a_process_knew_the_next_one_tells_its_own_cache() {
    let bench = Bench::in_memory().await;
    let ((session, token), person) = (bench.token(PersonId::new_v4()), PersonId::new_v4());
    bench.end(session).await;
    bench.revocations.end_person(person, &[]).await.unwrap();
    let cache = Cache::in_memory(bench.clock.clone(), 100);
    let next = Revocations::new(bench.revocations.db.clone(), cache.clone());
    next.restore().await.unwrap();
    let identity = identity(&next, &bench.signer, &bench.up, &bench.asked);
    let verifier = TokenVerifier::new(identity, cache, bench.clock.clone(), "kolsai");
    for token in [token, bench.token(person).1] {
        assert_eq!(verifier.check(&token).await.unwrap_err().reason, "SESSION_ENDED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stays_ended_when_redis_is_emptied() {
    let Some(redis) = Redis::start() else { return };
    let bench = Bench::new(&redis).await;
    bench.mirrors();
    bench.is_signed().await;
    let (session, ended) = bench.token(PersonId::new_v4());
    let person = PersonId::new_v4();
    let (of_erased, good) = (bench.token(person).1, bench.token(PersonId::new_v4()).1);
    bench.end(session).await;
    bench.revocations.end_person(person, &[]).await.unwrap();
    bench.stay(&ended, &good, Duration::from_millis(100)).await;
    for _ in 0..5 {
        assert_eq!(redis.say("FLUSHALL"), "+OK\r\n");
        bench.stay(&ended, &good, Duration::from_millis(700)).await;
        assert_eq!(bench.check(&of_erased).await, Err("SESSION_ENDED"));
        bench.is_signed().await;
    }
    // In the cache again, and nobody needs identity.
    bench.up.store(false, Ordering::SeqCst);
    sleep(Duration::from_millis(600)).await;
    bench.stay(&ended, &good, Duration::from_millis(300)).await;
    assert_eq!(bench.check_entirely(&good).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_redis_is_dead_is_ended_within_a_second() {
    let Some(mut redis) = Redis::start() else { return };
    let bench = Bench::new(&redis).await;
    bench.mirrors();
    bench.is_signed().await;
    let ((before, ended_before), (meanwhile, ended_meanwhile)) = (bench.token(PersonId::new_v4()), bench.token(PersonId::new_v4()));
    let good = bench.token(PersonId::new_v4()).1;
    bench.end(before).await;
    bench.stay(&ended_before, &good, Duration::from_millis(50)).await;

    redis.kill();
    bench.stay(&ended_before, &good, Duration::from_millis(300)).await;
    assert_eq!(bench.check(&ended_meanwhile).await, Ok(()));
    bench.end(meanwhile).await;
    sleep(Duration::from_millis(600)).await;
    bench.stay(&ended_meanwhile, &good, Duration::from_millis(300)).await;
    assert_eq!(bench.check_entirely(&good).await, Ok(()));

    let asked = bench.asked.load(Ordering::SeqCst);
    bench.stay(&ended_meanwhile, &good, Duration::from_secs(1)).await;
    let more = bench.asked.load(Ordering::SeqCst) - asked;
    assert!(more <= 4, "some hundred checks asked identity {more} times in a second");

    redis.begin();
    bench.stay(&ended_before, &good, Duration::from_millis(500)).await;
    bench.is_signed().await;
    bench.stay(&ended_meanwhile, &good, Duration::from_millis(300)).await;
    assert!(matches!(bench.revocations.cache.get(&revocation_key(meanwhile.0)).await, Ok(Some(_))), "told by the mirror");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_nobody_told_is_in_force_within_a_second() {
    let Some(redis) = Redis::start() else { return };
    let bench = Bench::new(&redis).await;
    // Two replicas; the one that noted it died between commit and cache.
    bench.mirrors();
    bench.mirrors();
    bench.is_signed().await;
    let (session, token) = bench.token(PersonId::new_v4());
    drop(bench.note(session).await);
    let begun = Instant::now();
    while bench.check(&token).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(1), "not in force after {:?}", begun.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bench.check(&token).await, Err("SESSION_ENDED"));
}

/// The table of `service::token`, line by line, without identity.
#[tokio::test(flavor = "multi_thread")]
async fn without_identity_an_intact_cache_is_enough_but_not_for_fresh_methods() {
    let Some(mut redis) = Redis::start() else { return };
    let bench = Bench::new(&redis).await;
    let (session, ended) = bench.token(PersonId::new_v4());
    let good = bench.token(PersonId::new_v4()).1;
    bench.end(session).await;
    let mut mirror = bench.revocations.mirror();
    assert!(mirror.turn().await.unwrap());
    bench.up.store(false, Ordering::SeqCst);

    // Signed still: nobody is asked.
    assert_eq!((bench.check(&good).await, bench.check_entirely(&good).await), (Ok(()), Ok(())));
    // Filled, and no longer signed.
    sleep(Duration::from_secs(1)).await;
    assert_eq!((bench.check(&good).await, bench.check(&ended).await), (Ok(()), Err("SESSION_ENDED")));
    assert_eq!(bench.check_entirely(&good).await, Err("REVOCATIONS_UNAVAILABLE"));
    // Empty.
    assert_eq!(redis.say("FLUSHALL"), "+OK\r\n");
    for token in [&good, &ended] {
        assert_eq!(bench.check(token).await, Err("REVOCATIONS_UNAVAILABLE"));
    }
    // Away.
    redis.kill();
    let refusal = bench.verifier.check(&good).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (Code::Unavailable, "REVOCATIONS_UNAVAILABLE"));
    // Identity is back, the cache is not.
    bench.up.store(true, Ordering::SeqCst);
    sleep(Duration::from_millis(300)).await;
    assert_eq!((bench.check(&good).await, bench.check(&ended).await), (Ok(()), Err("SESSION_ENDED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_for_a_cache_that_was_emptied_behind_them() {
    let Some(redis) = Redis::start() else { return };
    let bench = Bench::new(&redis).await;
    let (session, _) = bench.token(PersonId::new_v4());
    bench.end(session).await;
    let (mut one, mut other) = (bench.revocations.mirror(), bench.revocations.mirror());
    assert!(one.turn().await.unwrap() && other.turn().await.unwrap());
    assert_eq!(redis.say("FLUSHALL"), "+OK\r\n");
    // Whoever comes first fills it; the other one signs for the new filling, and only with everything in it.
    assert!(other.turn().await.unwrap());
    assert!(one.turn().await.unwrap());
    assert!(matches!(bench.revocations.cache.get(&revocation_key(session.0)).await, Ok(Some(_))));
    // One that another replica is filling is left to it.
    assert_eq!(redis.say("FLUSHALL"), "+OK\r\n");
    bench.revocations.cache.set("revoked-mirror-filler", b"somebody else".to_vec(), Duration::from_secs(1)).await.unwrap();
    assert!(!one.turn().await.unwrap());
    bench.clock.advance(Duration::from_secs(2));
    assert!(one.turn().await.unwrap());
}
