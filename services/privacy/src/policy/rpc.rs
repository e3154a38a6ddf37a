//! gRPC adapter of the policy.

use std::sync::Arc;

use contract::privacy::v1::{self as pb, policies_server::Policies as Api};
use tonic::{Request, Response, Status};

use super::Policies;

pub struct Rpc(pub Arc<Policies>);

#[tonic::async_trait]
impl Api for Rpc {
    async fn get_policy(&self, request: Request<pb::GetPolicyRequest>) -> Result<Response<pb::Policy>, Status> {
        Ok(Response::new(self.0.get(&request.get_ref().language).await?))
    }
}
