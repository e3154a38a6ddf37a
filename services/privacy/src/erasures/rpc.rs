//! gRPC adapter of erasures that wait.

use std::sync::Arc;

use contract::privacy::v1::{self as pb, erasures_server::Erasures as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Erasures, rows::ErasureId};

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
}
