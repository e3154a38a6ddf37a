//! Sessions and signing keys over gRPC.

use contract::identity::v1::{self as pb, sessions_server, signing_keys_server};
use foundation::Refusal;
use service::caller;
use tonic::{Request, Response, Status};

use super::{
    Sessions,
    rows::{SessionId, session},
};

/// The adapter of both.
#[derive(Clone)]
pub struct Rpc(pub Sessions);

#[tonic::async_trait]
impl sessions_server::Sessions for Rpc {
    async fn sign_in(&self, request: Request<pb::SignInRequest>) -> Result<Response<pb::Tokens>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.sign_in(&caller, request.into_inner()).await?))
    }

    async fn refresh(&self, request: Request<pb::RefreshRequest>) -> Result<Response<pb::Tokens>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.0.refresh(&caller, request.into_inner()).await?))
    }

    async fn sign_out(&self, request: Request<pb::SignOutRequest>) -> Result<Response<pb::SignOutResponse>, Status> {
        let caller = caller(&request)?;
        let session = caller.session().ok_or_else(|| Refusal::unauthenticated("NOT_SIGNED_IN", "sign in and send the access token"))?;
        self.0.end(caller.person()?, SessionId(session)).await?;
        Ok(Response::new(pb::SignOutResponse {}))
    }

    async fn list_sessions(&self, request: Request<pb::ListSessionsRequest>) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let caller = caller(&request)?;
        let current = caller.session().map(SessionId);
        let sessions = self.0.list(caller.person()?).await?;
        let sessions = sessions.into_iter().map(|session| encode(&session, current)).collect();
        Ok(Response::new(pb::ListSessionsResponse { sessions }))
    }
}

fn encode(session: &session::Model, current: Option<SessionId>) -> pb::Session {
    pb::Session {
        session_id: session.id.to_string(),
        signed_in_at: Some(session.signed_in_at.to_proto()),
        last_used_at: Some(session.last_used_at.to_proto()),
        current: current == Some(session.id),
    }
}

#[tonic::async_trait]
impl signing_keys_server::SigningKeys for Rpc {
    async fn list_signing_keys(&self, _: Request<pb::ListSigningKeysRequest>) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let signer = self.0.signer();
        let key = pb::SigningKey { key_id: signer.id(), public_key: signer.public().to_vec() };
        Ok(Response::new(pb::ListSigningKeysResponse { keys: vec![key] }))
    }
}
