//! gRPC adapter of the access logs.

use contract::privacy::v1::{self as pb, access_logs_server::AccessLogs as Api};
use foundation::Refusal;
use service::caller;
use tonic::{Request, Response, Status};

use super::Accesses;

pub struct Rpc(pub Accesses);

#[tonic::async_trait]
impl Api for Rpc {
    async fn append_accesses(&self, request: Request<pb::AppendAccessesRequest>) -> Result<Response<pb::AppendAccessesResponse>, Status> {
        let caller = caller(&request)?;
        let service = caller.service().ok_or_else(|| Refusal::denied("NOT_A_CALLER", "only services hand in their logs"))?;
        let ask = request.get_ref();
        let last_sequence = self.0.append(service, ask.held_sequence, ask.entries.clone()).await?;
        Ok(Response::new(pb::AppendAccessesResponse { last_sequence }))
    }
}
