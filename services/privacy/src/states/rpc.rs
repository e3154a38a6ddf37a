//! gRPC adapter of restriction and withdrawal: parse, call, encode.

use std::sync::Arc;

use contract::privacy::v1::{self as pb, processing_server::Processing as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::States;
use crate::withdrawals::{Text, Withdrawals};

pub struct Rpc {
    pub states: Arc<States>,
    pub withdrawals: Withdrawals,
}

#[tonic::async_trait]
impl Api for Rpc {
    async fn get_my_processing(&self, request: Request<pb::GetMyProcessingRequest>) -> Result<Response<pb::ProcessingState>, Status> {
        Ok(Response::new(self.states.of(own(&request).await?).await?))
    }

    async fn restrict_me(&self, request: Request<pb::RestrictMeRequest>) -> Result<Response<pb::Request>, Status> {
        Ok(Response::new(self.states.restrict(own(&request).await?).await?))
    }

    async fn lift_my_restriction(&self, request: Request<pb::LiftMyRestrictionRequest>) -> Result<Response<pb::Request>, Status> {
        Ok(Response::new(self.states.lift(own(&request).await?).await?))
    }

    async fn withdraw_consent(&self, request: Request<pb::WithdrawConsentRequest>) -> Result<Response<pb::Request>, Status> {
        let person = own(&request).await?;
        Ok(Response::new(self.withdrawals.withdraw(person, request.get_ref().purpose()).await?))
    }

    async fn give_consent_again(&self, request: Request<pb::GiveConsentAgainRequest>) -> Result<Response<pb::Request>, Status> {
        let person = own(&request).await?;
        let ask = request.into_inner();
        let purpose = ask.purpose();
        let text = Text { version: ask.text_version, hash: ask.text_hash, language: ask.language };
        Ok(Response::new(self.withdrawals.permit(person, purpose, text).await?))
    }
}

async fn own<T>(request: &Request<T>) -> Result<foundation::PersonId, Status> {
    let caller = caller(request)?;
    let person = caller.person()?;
    caller.acts_on(person).await?;
    Ok(person)
}
