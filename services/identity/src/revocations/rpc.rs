//! Revocations over gRPC, for whoever checks tokens and cannot rely on the cache.

use contract::identity::v1::{self as pb, revocations_server};
use foundation::Refusal;
use tonic::{Request, Response, Status};

use super::Revocations;

#[tonic::async_trait]
impl revocations_server::Revocations for Revocations {
    async fn list_ended(&self, _: Request<pb::ListEndedRequest>) -> Result<Response<pb::ListEndedResponse>, Status> {
        let handles = self.handles().await.map_err(Refusal::from)?;
        Ok(Response::new(pb::ListEndedResponse { handles }))
    }
}
