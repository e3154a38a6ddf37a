//! Contacts over gRPC.

use contract::identity::v1::{self as pb, contacts_server};
use service::caller;
use tonic::{Request, Response, Status};

use super::Contacts;

/// The adapter.
pub struct Rpc(pub Contacts);

#[tonic::async_trait]
impl contacts_server::Contacts for Rpc {
    async fn resolve_for_mail(&self, request: Request<pb::ResolveForMailRequest>) -> Result<Response<pb::MailContact>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.resolve(&caller, request.get_ref()).await?))
    }

    async fn resolve_names(&self, request: Request<pb::ResolveNamesRequest>) -> Result<Response<pb::Names>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.names(&caller, request.get_ref()).await?))
    }
}
