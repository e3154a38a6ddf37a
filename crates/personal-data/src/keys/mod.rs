//! Data keys on loan from the keyring: one per person, service and category, for a stated purpose, for minutes.

mod data_key;
mod leases;

use std::sync::Arc;

use contract::{Category, Purpose, keyring::v1 as pb};
use foundation::{Clock, PersonId, Timestamp, Transport, uuid::Uuid};
use pb::{keyring_client::KeyringClient, leased_key::Refusal as KeyRefusal};
use tonic::Code;
use zeroize::{Zeroize, Zeroizing};

pub use data_key::{DataKey, RawKey};
use leases::{Handles, Lease, Leases};

use crate::{Error, category::CategoryMark, own_access};

/// People whose handles are asked for in one call.
const MOST_HANDLES: usize = 1_000;

/// A service's way to the keyring. Clones share the leases.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    service: &'static str,
    client: KeyringClient<Transport>,
    clock: Clock,
    leases: Leases,
    handles: Handles,
    index_key: tokio::sync::OnceCell<Zeroizing<Vec<u8>>>,
}

impl Keys {
    pub fn new(service: &'static str, keyring: Transport, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            service,
            client: KeyringClient::new(keyring),
            clock,
            leases: Leases::default(),
            handles: Handles::default(),
            index_key: tokio::sync::OnceCell::new(),
        }))
    }

    /// Makes the key of a new person; a second call changes nothing.
    pub async fn create(&self, person: PersonId) -> Result<(), Error> {
        let ask = pb::CreateKeyRequest { person_id: person.to_string() };
        self.0.client.clone().create_key(ask).await.map_err(|status| away(&status))?;
        Ok(())
    }

    /// The key of one person's data of one category, or the reason why not.
    pub async fn of<C: CategoryMark>(&self, person: PersonId, purpose: Purpose) -> Result<DataKey<C>, Error> {
        self.raw(person, C::CATEGORY, purpose).await.map(DataKey::new)
    }

    /// As `of`, the category known only at run time: for what runs over the map.
    pub async fn raw(&self, person: PersonId, category: Category, purpose: Purpose) -> Result<RawKey, Error> {
        let mut keys = self.many(&[person], category, purpose).await?;
        match keys.pop().unwrap_or(Err(Error::NoSuchPerson)) {
            // Reading what is one's own is a right, whatever one's state forbids the school.
            Err(Error::Restricted | Error::Withdrawn(_)) if own_access::reader(purpose) == Some(person) => {
                self.many(&[person], category, Purpose::Rights).await?.pop().unwrap_or(Err(Error::NoSuchPerson))
            }
            key => key,
        }
    }

    /// One answer per person, in their order, in one call for those that are not on loan already.
    pub async fn many(&self, people: &[PersonId], category: Category, purpose: Purpose) -> Result<Vec<Result<RawKey, Error>>, Error> {
        let now = self.0.clock.now();
        // A person evicted while the keyring answers is not remembered: what comes back may be older than the eviction.
        let seen = self.0.leases.evictions();
        let mut answers: Vec<_> = people.iter().map(|person| self.0.leases.get(*person, category, purpose, now).map(Ok)).collect();
        let missing: Vec<_> = (0..people.len()).filter(|at| answers[*at].is_none()).collect();
        if !missing.is_empty() {
            let ask: Vec<_> = missing.iter().map(|at| people[*at]).collect();
            let leased = self.lease(&ask, category, purpose).await?;
            for (at, mut leased) in missing.into_iter().zip(leased) {
                answers[at] = Some(self.read(people[at], &mut leased, purpose).map(|(key, until)| {
                    self.0.leases.put(people[at], Lease { category, purpose, key: key.clone(), until }, seen);
                    key
                }));
            }
        }
        Ok(answers.into_iter().map(|answer| answer.unwrap_or(Err(Error::KeyringAway))).collect())
    }

    async fn lease(&self, people: &[PersonId], category: Category, purpose: Purpose) -> Result<Vec<pb::LeasedKey>, Error> {
        let ask = pb::LeaseRequest {
            person_ids: people.iter().map(PersonId::to_string).collect(),
            category: category.into(),
            purpose: purpose.into(),
        };
        match self.0.client.clone().lease(ask).await {
            Ok(answer) => Ok(answer.into_inner().keys),
            Err(status) if status.code() == Code::PermissionDenied => Err(Error::Undeclared { category, purpose }),
            Err(status) => Err(away(&status)),
        }
    }

    fn read(&self, person: PersonId, leased: &mut pb::LeasedKey, purpose: Purpose) -> Result<(RawKey, Timestamp), Error> {
        match leased.refusal() {
            KeyRefusal::Granted => {}
            KeyRefusal::NoSuchPerson => return Err(Error::NoSuchPerson),
            KeyRefusal::Erased => return Err(Error::Erased),
            KeyRefusal::Restricted => return Err(Error::Restricted),
            KeyRefusal::PurposeWithdrawn => return Err(Error::Withdrawn(purpose)),
        }
        let bytes: Result<[u8; 32], _> = leased.key.as_slice().try_into();
        leased.key.zeroize();
        let bytes = bytes.map_err(|_| Error::KeyringAway)?;
        let until = leased.expires_at.as_ref().map_or(self.0.clock.now(), Timestamp::from_proto);
        Ok((RawKey::new(bytes, self.0.service, person), until))
    }

    /// The random handle under which this service's access log speaks of a person; none once they are erased.
    pub async fn handle(&self, person: PersonId) -> Result<Option<Uuid>, Error> {
        Ok(self.handles(&[person]).await?.pop().flatten())
    }

    /// One answer per person, in their order, in one call for those that are not known already.
    pub async fn handles(&self, people: &[PersonId]) -> Result<Vec<Option<Uuid>>, Error> {
        let seen = self.0.handles.evictions();
        let mut handles: Vec<_> = people.iter().map(|person| self.0.handles.get(*person)).collect();
        let missing: Vec<_> = (0..people.len()).filter(|at| handles[*at].is_none()).collect();
        for part in missing.chunks(MOST_HANDLES) {
            let ask = pb::HandlesRequest { person_ids: part.iter().map(|at| people[*at].to_string()).collect() };
            let answer = self.0.client.clone().handles(ask).await.map_err(|status| away(&status))?.into_inner();
            for (at, answered) in part.iter().zip(answer.handles) {
                handles[*at] = answered.handle.parse().ok();
                if let Some(handle) = handles[*at] {
                    self.0.handles.put(people[*at], handle, seen);
                }
            }
        }
        Ok(handles)
    }

    /// The key of this service's blind indexes.
    pub async fn index_key(&self) -> Result<&[u8], Error> {
        let fetch = || async {
            let answer = self.0.client.clone().index_key(pb::IndexKeyRequest {}).await.map_err(|status| away(&status))?;
            Ok::<_, Error>(Zeroizing::new(answer.into_inner().key))
        };
        self.0.index_key.get_or_try_init(fetch).await.map(|key| key.as_slice())
    }

    /// Forgets every key and handle of a person: their state changed.
    pub fn evict(&self, person: PersonId) {
        self.0.leases.evict(person);
        self.0.handles.evict(person);
    }
}

fn away(status: &tonic::Status) -> Error {
    tracing::warn!(code = ?status.code(), reason = foundation::reason_of(status), "the keyring refused or did not answer");
    match status.code() {
        Code::NotFound => Error::NoSuchPerson,
        Code::FailedPrecondition => Error::Erased,
        _ => Error::KeyringAway,
    }
}
