//! gRPC adapter of erasures that wait.

use std::{collections::HashSet, sync::Arc};

use contract::privacy::v1::{self as pb, erasures_server::Erasures as Api};
use foundation::{PersonId, Refusal};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Erasures, ledger, rows::ErasureId};

/// People in one question.
const MOST: usize = 1_000;

pub struct Rpc(pub Arc<Erasures>);

#[tonic::async_trait]
impl Api for Rpc {
    async fn cancel_my_erasure(
        &self,
        request: Request<pb::CancelMyErasureRequest>,
    ) -> Result<Response<pb::CancelMyErasureResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let id = ErasureId::parse_field(&request.get_ref().request_id, "request_id")?;
        self.0.cancel(person, id).await?;
        Ok(Response::new(pb::CancelMyErasureResponse {}))
    }

    async fn list_under_way(&self, request: Request<pb::ListUnderWayRequest>) -> Result<Response<pb::ListUnderWayResponse>, Status> {
        let caller = caller(&request)?;
        let asked = request.get_ref().person_ids.iter().map(|id| PersonId::parse_field(id, "person_ids"));
        let asked: Vec<PersonId> = asked.collect::<Result<_, _>>()?;
        if asked.len() > MOST {
            return Err(Refusal::invalid("TOO_MANY", "person_ids", "ask for at most 1,000 at once").into());
        }
        caller.acts_on_each(&asked).await?;
        let under_way: HashSet<PersonId> = ledger::under_way(&self.0.db).await.map_err(Refusal::from)?.into_iter().collect();
        let person_ids = asked.into_iter().filter(|person| under_way.contains(person)).map(|person| person.to_string()).collect();
        Ok(Response::new(pb::ListUnderWayResponse { person_ids }))
    }
}
