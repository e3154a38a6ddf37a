//! gRPC adapter of the keyring: parse, call, encode.

use contract::{
    Category, Purpose,
    keyring::v1::{self as pb, keyring_server::Keyring as Api, leased_key::Refusal as Reason},
};
use foundation::{PersonId, Refusal, Timestamp};
use personal_data::Error;
use service::{Caller, caller};
use tonic::{Request, Response, Status};

use super::{Keyring, LEASE, Leased, rules};

/// People in one call.
const MOST: usize = 1_000;

pub struct Rpc(pub(super) Keyring);

#[tonic::async_trait]
impl Api for Rpc {
    async fn create_key(&self, request: Request<pb::CreateKeyRequest>) -> Result<Response<pb::CreateKeyResponse>, Status> {
        let (caller, person) = about(&request, &request.get_ref().person_id)?;
        caller.acts_on(person).await?;
        self.0.create(person).await?;
        Ok(Response::new(pb::CreateKeyResponse {}))
    }

    async fn lease(&self, request: Request<pb::LeaseRequest>) -> Result<Response<pb::LeaseResponse>, Status> {
        let caller = caller(&request)?;
        let ask = request.into_inner();
        let people = people(&ask.person_ids)?;
        caller.acts_on_each(&people).await?;
        let category = Category::try_from(ask.category).map_err(|_| unknown("category"))?;
        let purpose = Purpose::try_from(ask.purpose).map_err(|_| unknown("purpose"))?;
        caller.asks_for(purpose, category);
        // Counted from before the states are read: what they forbid from then on outlives no lease.
        let until = self.0.db.clock().now().plus(LEASE).to_proto();
        let answers = self.0.lease(service_of(&caller)?, &people, category, purpose).await?;
        for (person, leased) in people.iter().zip(&answers) {
            if let Leased::Refused(error) = leased {
                caller.is_refused(*person, reason(error).as_str_name());
            }
        }
        let keys = people.iter().zip(answers).map(|(person, leased)| encode(*person, leased, until)).collect();
        Ok(Response::new(pb::LeaseResponse { keys }))
    }

    async fn handles(&self, request: Request<pb::HandlesRequest>) -> Result<Response<pb::HandlesResponse>, Status> {
        let caller = caller(&request)?;
        let people = people(&request.get_ref().person_ids)?;
        caller.acts_on_each(&people).await?;
        let handles = self.0.handles(service_of(&caller)?, &people).await?;
        let handles = people.iter().zip(handles).map(|(person, handle)| pb::Handle {
            person_id: person.to_string(),
            handle: handle.map(|h| h.to_string()).unwrap_or_default(),
        });
        Ok(Response::new(pb::HandlesResponse { handles: handles.collect() }))
    }

    async fn index_key(&self, request: Request<pb::IndexKeyRequest>) -> Result<Response<pb::IndexKeyResponse>, Status> {
        let caller = caller(&request)?;
        let key = self.0.index_key(service_of(&caller)?).await?;
        Ok(Response::new(pb::IndexKeyResponse { key: key.to_vec() }))
    }

    async fn witness(&self, request: Request<pb::WitnessRequest>) -> Result<Response<pb::WitnessResponse>, Status> {
        let (caller, person) = about(&request, &request.get_ref().person_id)?;
        caller.acts_on(person).await?;
        // Who names no time asks for all.
        let before = request.get_ref().before.as_ref().map_or_else(|| self.0.db.clock().now(), Timestamp::from_proto);
        let witnessed = self.0.witness(person, before).await?;
        let services = witnessed.iter().map(|borrowed| borrowed.service.clone()).collect();
        let borrowed = witnessed.into_iter().map(|borrowed| pb::witness_response::Borrowed {
            service: borrowed.service,
            last_before: borrowed.last_before.map(Timestamp::to_proto),
        });
        Ok(Response::new(pb::WitnessResponse { services, borrowed: borrowed.collect() }))
    }

    async fn list_handles(&self, request: Request<pb::ListHandlesRequest>) -> Result<Response<pb::ListHandlesResponse>, Status> {
        let (caller, person) = about(&request, &request.get_ref().person_id)?;
        caller.acts_on(person).await?;
        let handles = self.0.handles_of(person).await?;
        Ok(Response::new(pb::ListHandlesResponse { handles: handles.iter().map(ToString::to_string).collect() }))
    }

    async fn list_grants(&self, request: Request<pb::ListGrantsRequest>) -> Result<Response<pb::ListGrantsResponse>, Status> {
        let (caller, person) = about(&request, &request.get_ref().person_id)?;
        caller.acts_on(person).await?;
        Ok(Response::new(pb::ListGrantsResponse { grants: self.0.grants_of(person, request.get_ref()).await? }))
    }

    async fn set_state(&self, request: Request<pb::SetStateRequest>) -> Result<Response<pb::SetStateResponse>, Status> {
        let (caller, person) = about(&request, &request.get_ref().person_id)?;
        caller.acts_on(person).await?;
        let ask = request.into_inner();
        let withdrawn: Vec<_> = ask.withdrawn().collect();
        self.0.set_state(person, ask.restricted, &withdrawn, ask.version).await?;
        Ok(Response::new(pb::SetStateResponse {}))
    }

    async fn destroy_key(&self, request: Request<pb::DestroyKeyRequest>) -> Result<Response<pb::DestroyKeyResponse>, Status> {
        let (caller, person) = about(&request, &request.get_ref().person_id)?;
        caller.acts_on(person).await?;
        let at = self.0.destroy(person).await?;
        Ok(Response::new(pb::DestroyKeyResponse { destroyed_at: Some(at.to_proto()) }))
    }
}

fn about<T>(request: &Request<T>, person: &str) -> Result<(Caller, PersonId), Status> {
    Ok((caller(request)?, PersonId::parse_field(person, "person_id")?))
}

fn people(ids: &[String]) -> Result<Vec<PersonId>, Refusal> {
    if ids.is_empty() || ids.len() > MOST {
        return Err(Refusal::invalid("WRONG_NUMBER", "person_ids", "name between 1 and 1,000 people in one call"));
    }
    ids.iter().map(|id| PersonId::parse_field(id, "person_ids")).collect()
}

fn service_of(caller: &Caller) -> Result<&str, Refusal> {
    caller.service().ok_or_else(|| Refusal::denied("NOT_A_CALLER", "only services borrow keys"))
}

fn unknown(field: &'static str) -> Refusal {
    Refusal::invalid("UNKNOWN_VALUE", field, "this is not in the contract's closed list")
}

/// Why a key stays here.
fn reason(error: &Error) -> Reason {
    match error {
        Error::Erased => Reason::Erased,
        Error::Restricted => Reason::Restricted,
        Error::Withdrawn(_) => Reason::PurposeWithdrawn,
        _ => Reason::NoSuchPerson,
    }
}

fn encode(person: PersonId, leased: Leased, until: prost_types::Timestamp) -> pb::LeasedKey {
    let (key, refusal) = match leased {
        Leased::Key(key) => (key.to_vec(), Reason::Granted),
        Leased::Refused(error) => (Vec::new(), reason(&error)),
    };
    pb::LeasedKey { person_id: person.to_string(), refusal: refusal.into(), key, key_version: rules::KEY_VERSION, expires_at: Some(until) }
}
