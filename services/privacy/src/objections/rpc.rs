//! gRPC adapter of objections: parse, call, encode.

use contract::privacy::v1::{self as pb, objections_server::Objections as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Ask, Objections, rows::ObjectionId};

pub struct Rpc(pub Objections);

#[tonic::async_trait]
impl Api for Rpc {
    async fn object_to_decision(&self, request: Request<pb::ObjectToDecisionRequest>) -> Result<Response<pb::Objection>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let claim = caller.idempotency(&request.get_ref().idempotency_key, request.get_ref())?;
        let ask = request.into_inner();
        let ask = Ask { decision: ask.decision(), decision_id: ask.decision_id, reason: ask.reason };
        Ok(Response::new(self.0.object(person, ask, &claim).await?))
    }

    async fn list_my_objections(
        &self,
        request: Request<pb::ListMyObjectionsRequest>,
    ) -> Result<Response<pb::ListMyObjectionsResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        Ok(Response::new(pb::ListMyObjectionsResponse { objections: self.0.of(person).await? }))
    }

    async fn read_objection(&self, request: Request<pb::ReadObjectionRequest>) -> Result<Response<pb::Objection>, Status> {
        let by = caller(&request)?;
        let id = ObjectionId::parse_field(&request.get_ref().request_id, "request_id")?;
        Ok(Response::new(self.0.read(&by, id).await?))
    }

    async fn answer_objection(&self, request: Request<pb::AnswerObjectionRequest>) -> Result<Response<pb::Objection>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let id = ObjectionId::parse_field(&ask.request_id, "request_id")?;
        Ok(Response::new(self.0.answer(&by, id, ask.outcome(), &ask.answer).await?))
    }
}
