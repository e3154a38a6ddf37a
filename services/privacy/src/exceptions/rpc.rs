//! gRPC adapter of exceptions: parse, call, encode.

use contract::privacy::v1::{self as pb, exceptions_server::Exceptions as Api};
use foundation::PersonId;
use service::caller;
use tonic::{Request, Response, Status};

use super::{Exceptions, rows::access_exception};

pub struct Rpc(pub Exceptions);

#[tonic::async_trait]
impl Api for Rpc {
    async fn record_exception(&self, request: Request<pb::RecordExceptionRequest>) -> Result<Response<pb::AccessException>, Status> {
        let by = caller(&request)?;
        Ok(Response::new(encode(&self.0.record(&by, request.get_ref()).await?)))
    }

    async fn find_exception(&self, request: Request<pb::FindExceptionRequest>) -> Result<Response<pb::FindExceptionResponse>, Status> {
        let (by, ask) = (caller(&request)?, request.get_ref());
        let person = PersonId::parse_field(&ask.person_id, "person_id")?;
        by.acts_on(person).await?;
        let kind = self.0.find(PersonId::parse_field(&ask.staff_id, "staff_id")?, person).await?;
        Ok(Response::new(pb::FindExceptionResponse { kind: kind.into() }))
    }
}

fn encode(row: &access_exception::Model) -> pb::AccessException {
    pb::AccessException {
        exception_id: row.id.to_string(),
        person_id: row.person.to_string(),
        kind: row.kind,
        recorded_at: Some(row.recorded_at.to_proto()),
        until: Some(row.until.to_proto()),
    }
}
