//! Staff over gRPC.

use contract::identity::v1::{self as pb, staff_server};
use service::caller;
use tonic::{Request, Response, Status};

use super::Staff;

/// The adapter.
pub struct Rpc(pub Staff);

#[tonic::async_trait]
impl staff_server::Staff for Rpc {
    async fn grant_role(&self, request: Request<pb::GrantRoleRequest>) -> Result<Response<pb::RoleGrant>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.grant(&caller, request.into_inner()).await?))
    }

    async fn revoke_role(&self, request: Request<pb::RevokeRoleRequest>) -> Result<Response<pb::RoleGrant>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.revoke(&caller, request.get_ref()).await?))
    }

    async fn list_staff(&self, request: Request<pb::ListStaffRequest>) -> Result<Response<pb::ListStaffResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.list(&caller, request.get_ref()).await?))
    }
}
