//! Accounts over gRPC.

use std::time::Duration;

use contract::identity::v1::{self as pb, accounts_server};
use service::caller;
use tonic::{Request, Response, Status};

use super::Accounts;

/// The adapter.
pub struct Rpc(pub Accounts);

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[tonic::async_trait]
impl accounts_server::Accounts for Rpc {
    async fn register(&self, request: Request<pb::RegisterRequest>) -> Result<Response<pb::RegisterResponse>, Status> {
        let caller = caller(&request)?;
        let ttl = self.0.register(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::RegisterResponse { link_ttl_seconds: seconds(ttl) }))
    }

    async fn confirm(&self, request: Request<pb::ConfirmRequest>) -> Result<Response<pb::ConfirmResponse>, Status> {
        let caller = caller(&request)?;
        self.0.confirm(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::ConfirmResponse {}))
    }

    async fn forget_password(&self, request: Request<pb::ForgetPasswordRequest>) -> Result<Response<pb::ForgetPasswordResponse>, Status> {
        let caller = caller(&request)?;
        let ttl = self.0.forget_password(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::ForgetPasswordResponse { link_ttl_seconds: seconds(ttl) }))
    }

    async fn reset_password(&self, request: Request<pb::ResetPasswordRequest>) -> Result<Response<pb::ResetPasswordResponse>, Status> {
        let caller = caller(&request)?;
        self.0.reset_password(&caller, request.into_inner()).await?;
        Ok(Response::new(pb::ResetPasswordResponse {}))
    }

    async fn get_profile(&self, request: Request<pb::GetProfileRequest>) -> Result<Response<pb::Profile>, Status> {
        let person = caller(&request)?.person()?;
        Ok(Response::new(self.0.profile(person).await?))
    }

    async fn close_account(&self, request: Request<pb::CloseAccountRequest>) -> Result<Response<pb::CloseAccountResponse>, Status> {
        let person = caller(&request)?.person()?;
        let until = self.0.close(person).await?;
        Ok(Response::new(pb::CloseAccountResponse { reopens_until: Some(until.to_proto()) }))
    }

    async fn update_profile(&self, request: Request<pb::UpdateProfileRequest>) -> Result<Response<pb::Profile>, Status> {
        let person = caller(&request)?.person()?;
        Ok(Response::new(self.0.update_profile(person, request.into_inner()).await?))
    }
}
