//! gRPC adapter of the receipts of copies.

use std::sync::Arc;

use contract::privacy::v1::{self as pb, copies_server::Copies as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::Copies;
use crate::requests::rows::CopyRequestId;

pub struct Rpc(pub Arc<Copies>);

#[tonic::async_trait]
impl Api for Rpc {
    async fn get_copy_receipt(&self, request: Request<pb::GetCopyReceiptRequest>) -> Result<Response<pb::Receipt>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let id = CopyRequestId::parse_field(&request.get_ref().request_id, "request_id")?;
        Ok(Response::new(self.0.receipt(person, id).await?))
    }
}
