//! A service of tests behind its real stack, called through real peers with really signed tokens.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cache::Cache;
use contract::{
    Category, Contract, Purpose, Role, Tie,
    identity::v1::{
        ListSigningKeysRequest, ListSigningKeysResponse, SigningKey as PublicKey,
        signing_keys_server::{SigningKeys, SigningKeysServer},
    },
};
use ed25519_dalek::{Signer, SigningKey};
use foundation::{Clock, Mode, PersonId, Refusal};
use http::{HeaderMap, Request, Response};
use personal_data::{AccessRecorder, Entry, Error};
use prost_reflect::DescriptorPool;
use tonic::{Response as Answer, Status, body::Body, server::NamedService, service::Routes};
use tower::ServiceExt;
use uuid::Uuid;

use super::super::{StackParts, around, around_by};
use crate::{
    call::{Caller, Exceptions, Ties, acting_for_caller},
    peers::Peers,
    token::{AUDIENCE, Claims, TokenVerifier, revocation_key},
};

pub(super) const KEY_ID: &str = "first";
pub(super) const ISSUER: &str = "kolsai";

pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) cache: Cache,
    pub(super) peers: Peers,
    pub(super) log: Arc<Log>,
    pub(super) tied: Arc<Tied>,
}

/// Everything that was recorded; can be made to fail.
#[derive(Default)]
pub(super) struct Log {
    entries: Mutex<Vec<Entry>>,
    pub(super) broken: Mutex<bool>,
}

/// Who teaches whom, and who has an exception for whom.
#[derive(Default)]
pub(super) struct Tied(pub(super) Mutex<Vec<(PersonId, PersonId)>>, pub(super) Mutex<Vec<(PersonId, PersonId)>>);

/// What came back.
pub(super) struct Got {
    pub(super) status: Status,
    pub(super) reason: String,
}

impl Bench {
    pub(super) fn new() -> Self {
        let clock = Clock::system(Mode::Development);
        let bench = Self {
            cache: Cache::in_memory(clock.clone(), 1000),
            clock,
            peers: Peers::in_process(),
            log: Arc::default(),
            tied: Arc::default(),
        };
        let identity = around(Routes::new(SigningKeysServer::new(Identity)), bench.parts("identity"));
        bench.peers.register("identity", identity).unwrap();
        bench.peers.register("test", around_by(contract(), Routes::new(Desk(bench.peers.clone())), bench.parts("test"))).unwrap();
        bench
    }

    fn parts(&self, service: &'static str) -> StackParts {
        StackParts {
            service,
            clock: self.clock.clone(),
            verifier: TokenVerifier::new(self.peers.transport(service, "identity"), self.cache.clone(), self.clock.clone(), ISSUER),
            recorder: Some(self.log.clone()),
            ties: Some(self.tied.clone()),
            exceptions: Some(self.tied.clone()),
            states: None,
        }
    }

    pub(super) fn claims(&self, person: PersonId, roles: &[Role]) -> Claims {
        let now = self.clock.now().seconds();
        Claims {
            sub: person,
            sid: Uuid::new_v4(),
            roles: roles.iter().map(|role| *role as i32).collect(),
            iat: now,
            exp: now + 300,
            auth_time: now,
            aud: AUDIENCE.into(),
            iss: ISSUER.into(),
        }
    }

    pub(super) async fn end_session(&self, session: Uuid) {
        self.cache.set(&revocation_key(session), vec![1], Duration::from_secs(600)).await.unwrap();
    }

    /// Calls a method as `peer`; `doing` is what the use case does, step by step.
    pub(super) async fn call(&self, peer: &'static str, method: &str, token: Option<&str>, doing: &str) -> Got {
        let mut headers = HeaderMap::new();
        headers.insert("doing", doing.parse().unwrap());
        if let Some(token) = token {
            headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        self.send(peer, method, headers).await
    }

    pub(super) async fn send(&self, peer: &'static str, method: &str, headers: HeaderMap) -> Got {
        let mut request = Request::builder().method("POST").uri(format!("/kolsai.test.v1.Desk/{method}")).body(Body::empty()).unwrap();
        *request.headers_mut() = headers;
        let answer = self.peers.transport(peer, "test").oneshot(request).await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap_or_else(|| Status::ok(""));
        Got { reason: foundation::reason_of(&status).unwrap_or_default(), status }
    }
}

/// A signed token with these claims.
pub(super) fn token(claims: &Claims) -> String {
    token_by(&signing_key(), r#"{"alg":"EdDSA","typ":"JWT","kid":"first"}"#, claims)
}

pub(super) fn token_by(key: &SigningKey, header: &str, claims: &Claims) -> String {
    let body = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap()));
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(key.sign(body.as_bytes()).to_bytes()))
}

pub(super) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

impl Log {
    pub(super) fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut self.entries.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl AccessRecorder for Log {
    async fn record(&self, entries: Vec<Entry>) -> Result<(), Error> {
        if *self.broken.lock().unwrap() {
            return Err(Error::AccessLog);
        }
        self.entries.lock().unwrap().extend(entries);
        Ok(())
    }
}

#[async_trait::async_trait]
impl Ties for Tied {
    async fn ties(&self, tie: Tie, staff: PersonId, person: PersonId) -> Result<bool, Refusal> {
        Ok(tie == Tie::Teaches && self.0.lock().unwrap().contains(&(staff, person)))
    }
}

#[async_trait::async_trait]
impl Exceptions for Tied {
    async fn holding(&self, staff: PersonId, person: PersonId) -> Option<&'static str> {
        self.1.lock().unwrap().contains(&(staff, person)).then_some("SAFETY")
    }
}

/// Identity's keys, served by the real generated server.
struct Identity;

#[tonic::async_trait]
impl SigningKeys for Identity {
    async fn list_signing_keys(&self, _: tonic::Request<ListSigningKeysRequest>) -> Result<Answer<ListSigningKeysResponse>, Status> {
        let key = PublicKey { key_id: KEY_ID.into(), public_key: signing_key().verifying_key().to_bytes().to_vec() };
        Ok(Answer::new(ListSigningKeysResponse { keys: vec![key] }))
    }
}

/// Does what the header `doing` says: `name:<person>`, `each:<person>,…`, `nobody`, `deny`, `lose`, `break`, `panic`, `sleep`.
/// `forward` and `forward-for-caller` call the peer `echo`.
#[derive(Clone)]
struct Desk(Peers);

impl NamedService for Desk {
    const NAME: &'static str = "kolsai.test.v1.Desk";
}

impl tower::Service<Request<Body>> for Desk {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = futures::future::BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let peers = self.0.clone();
        Box::pin(async move { Ok(do_all(&peers, request).await.map_or_else(Status::into_http, |()| Response::new(Body::empty()))) })
    }
}

async fn do_all(peers: &Peers, request: Request<Body>) -> Result<(), Status> {
    let caller = request.extensions().get::<Caller>().unwrap().clone();
    assert!(request.headers().keys().all(|name| !name.as_str().starts_with("x-kolsai-")));
    for step in request.headers()["doing"].to_str().unwrap().split(';') {
        match step.split_once(':').unwrap_or((step, "")) {
            ("name", person) => caller.acts_on(person.parse().unwrap()).await?,
            ("each", persons) => caller.acts_on_each(&persons.split(',').map(|id| id.parse().unwrap()).collect::<Vec<_>>()).await?,
            ("forward", _) => forward(peers).await,
            ("forward-for-caller", _) => acting_for_caller(forward(peers)).await,
            ("withhold", person) => caller.is_refused(person.parse().unwrap(), "ERASED"),
            ("ask", _) => caller.asks_for(Purpose::Education, Category::Learning),
            ("nobody", _) => caller.acts_on_nobody(),
            ("deny", _) => return Err(Refusal::denied("NOT_THIS_ONE", "no").into()),
            ("lose", _) => return Err(Refusal::not_found("LOST", "no").into()),
            ("break", _) => return Err(Status::internal("the password of the database is hunter2")),
            ("panic", _) => panic!("as asked"),
            ("sleep", _) => tokio::time::sleep(Duration::from_secs(3600)).await,
            _ => {}
        }
    }
    Ok(())
}

async fn forward(peers: &Peers) {
    peers.transport("test", "echo").oneshot(Request::new(Body::empty())).await.unwrap();
}

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let here = env!("CARGO_MANIFEST_DIR");
        let mut compiler = protox::Compiler::new([format!("{here}/tests/proto"), format!("{here}/../../proto")]).unwrap();
        compiler.include_imports(true).open_file("kolsai/test/v1/desk.proto").unwrap();
        Contract::of(&DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap())
    })
}
