//! A small keyring that is served and called as the real one: it derives, refuses, and remembers who asked.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::{
    Category, Purpose,
    keyring::v1::{self as pb, keyring_server, leased_key::Refusal},
};
use foundation::{Clock, PersonId, uuid::Uuid};
use hkdf::Hkdf;
use personal_data::keys::Keys;
use sha2::Sha256;
use tonic::{Request, Response, Status};

/// The keyring itself. Clones share everything.
#[derive(Clone)]
pub struct Keyring {
    clock: Clock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    people: HashSet<PersonId>,
    refusals: HashMap<PersonId, Refusal>,
    undeclared: HashSet<(Category, Purpose)>,
    handles: HashMap<(&'static str, PersonId), Uuid>,
    leases: Vec<Leased>,
    away: bool,
    /// One key for everybody and everything, so that nothing but the place of a value keeps it shut.
    one_key: bool,
}

/// A lease that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    pub service: &'static str,
    pub person: PersonId,
    pub category: Category,
    pub purpose: Purpose,
}

impl Keyring {
    pub fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), inner: Arc::default() }
    }

    /// As a service reaches it. In process the caller's name is the transport's.
    pub fn keys(&self, service: &'static str) -> Keys {
        let served = Served { keyring: self.clone(), service };
        Keys::new(service, foundation::transport(keyring_server::KeyringServer::new(served)), self.clock.clone())
    }

    pub fn person(&self) -> PersonId {
        let person = PersonId::new_v4();
        self.state().people.insert(person);
        person
    }

    pub fn refuse(&self, person: PersonId, refusal: Refusal) {
        self.state().refusals.insert(person, refusal);
    }

    pub fn does_not_declare(&self, category: Category, purpose: Purpose) {
        self.state().undeclared.insert((category, purpose));
    }

    pub fn goes_away(&self) {
        self.state().away = true;
    }

    pub fn gives_one_key_to_all(&self) {
        self.state().one_key = true;
    }

    pub fn leases(&self) -> Vec<Leased> {
        self.state().leases.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

struct Served {
    keyring: Keyring,
    service: &'static str,
}

impl Served {
    fn open(&self) -> Result<std::sync::MutexGuard<'_, Inner>, Status> {
        let state = self.keyring.state();
        if state.away { Err(Status::unavailable("away")) } else { Ok(state) }
    }
}

fn person(text: &str) -> Result<PersonId, Status> {
    text.parse().map_err(|_| Status::invalid_argument("no identifier"))
}

fn derived(one_key: bool, service: &str, person: PersonId, category: Category) -> Vec<u8> {
    let mut key = vec![0; 32];
    let info = if one_key { String::new() } else { format!("{service}|{}|{person}", category.as_str_name()) };
    Hkdf::<Sha256>::new(None, b"a key for tests").expand(info.as_bytes(), &mut key).unwrap();
    key
}

#[tonic::async_trait]
impl keyring_server::Keyring for Served {
    async fn create_key(&self, request: Request<pb::CreateKeyRequest>) -> Result<Response<pb::CreateKeyResponse>, Status> {
        let person = person(&request.into_inner().person_id)?;
        self.open()?.people.insert(person);
        Ok(Response::new(pb::CreateKeyResponse {}))
    }

    async fn lease(&self, request: Request<pb::LeaseRequest>) -> Result<Response<pb::LeaseResponse>, Status> {
        let ask = request.into_inner();
        let (category, purpose) = (ask.category(), ask.purpose());
        let mut state = self.open()?;
        if state.undeclared.contains(&(category, purpose)) {
            return Err(Status::permission_denied("not declared"));
        }
        let mut keys = Vec::new();
        for person_id in ask.person_ids {
            let person = person(&person_id)?;
            state.leases.push(Leased { service: self.service, person, category, purpose });
            let unknown = if state.people.contains(&person) { Refusal::Granted } else { Refusal::NoSuchPerson };
            let refusal = state.refusals.get(&person).copied().unwrap_or(unknown);
            let granted = refusal == Refusal::Granted;
            keys.push(pb::LeasedKey {
                person_id,
                refusal: refusal.into(),
                key: if granted { derived(state.one_key, self.service, person, category) } else { Vec::new() },
                key_version: 1,
                expires_at: granted.then(|| self.keyring.clock.now().plus(Duration::from_secs(300)).to_proto()),
            });
        }
        Ok(Response::new(pb::LeaseResponse { keys }))
    }

    async fn handles(&self, request: Request<pb::HandlesRequest>) -> Result<Response<pb::HandlesResponse>, Status> {
        let mut state = self.open()?;
        let mut handles = Vec::new();
        for person_id in request.into_inner().person_ids {
            let person = person(&person_id)?;
            let gone = state.refusals.get(&person) == Some(&Refusal::Erased) || !state.people.contains(&person);
            let handle =
                if gone { String::new() } else { state.handles.entry((self.service, person)).or_insert_with(Uuid::new_v4).to_string() };
            handles.push(pb::Handle { person_id, handle });
        }
        Ok(Response::new(pb::HandlesResponse { handles }))
    }

    async fn index_key(&self, _: Request<pb::IndexKeyRequest>) -> Result<Response<pb::IndexKeyResponse>, Status> {
        drop(self.open()?);
        Ok(Response::new(pb::IndexKeyResponse { key: derived(false, self.service, PersonId(Uuid::nil()), Category::Account) }))
    }

    async fn witness(&self, request: Request<pb::WitnessRequest>) -> Result<Response<pb::WitnessResponse>, Status> {
        let person = person(&request.into_inner().person_id)?;
        let mut services: Vec<_> = self.open()?.leases.iter().filter(|l| l.person == person).map(|l| l.service.to_owned()).collect();
        services.sort();
        services.dedup();
        Ok(Response::new(pb::WitnessResponse { services, borrowed: Vec::new() }))
    }

    async fn list_grants(&self, _: Request<pb::ListGrantsRequest>) -> Result<Response<pb::ListGrantsResponse>, Status> {
        Err(Status::unimplemented("nobody asks for grants here"))
    }

    async fn list_handles(&self, request: Request<pb::ListHandlesRequest>) -> Result<Response<pb::ListHandlesResponse>, Status> {
        let person = person(&request.into_inner().person_id)?;
        let handles =
            self.open()?.handles.iter().filter(|((_, whose), _)| *whose == person).map(|(_, handle)| handle.to_string()).collect();
        Ok(Response::new(pb::ListHandlesResponse { handles }))
    }

    async fn set_state(&self, request: Request<pb::SetStateRequest>) -> Result<Response<pb::SetStateResponse>, Status> {
        let ask = request.into_inner();
        let refusal = if ask.restricted { Refusal::Restricted } else { Refusal::Granted };
        self.open()?.refusals.insert(person(&ask.person_id)?, refusal);
        Ok(Response::new(pb::SetStateResponse {}))
    }

    async fn destroy_key(&self, request: Request<pb::DestroyKeyRequest>) -> Result<Response<pb::DestroyKeyResponse>, Status> {
        let person = person(&request.into_inner().person_id)?;
        let mut state = self.open()?;
        state.refusals.insert(person, Refusal::Erased);
        state.handles.retain(|(_, whose), _| *whose != person);
        Ok(Response::new(pb::DestroyKeyResponse { destroyed_at: Some(self.keyring.clock.now().to_proto()) }))
    }
}
