//! gRPC adapter of the rights: parse, call, encode.

use std::{pin::Pin, sync::Arc};

use contract::{
    google::api::HttpBody,
    privacy::v1::{self as pb, rights_server::Rights as Api},
};
use futures::Stream;
use personal_data::Db;
use service::caller;
use tonic::{Request, Response, Status};

use crate::{accesses::Accesses, consents::Ledger, copies::Copies, erasures::Erasures, receipts::SigningKey, requests};

/// Every capability that answers a person about their rights.
pub struct Rpc {
    pub db: Db,
    pub copies: Arc<Copies>,
    pub erasures: Arc<Erasures>,
    pub accesses: Accesses,
    pub ledger: Ledger,
    pub signing: SigningKey,
}

#[tonic::async_trait]
impl Api for Rpc {
    type CopyMyDataStream = Pin<Box<dyn Stream<Item = Result<HttpBody, Status>> + Send>>;

    async fn copy_my_data(&self, request: Request<pb::CopyMyDataRequest>) -> Result<Response<Self::CopyMyDataStream>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        Ok(Response::new(Box::pin(self.copies.make(person).await?)))
    }

    async fn erase_me(&self, request: Request<pb::EraseMeRequest>) -> Result<Response<pb::EraseMeResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let claim = caller.idempotency(&request.get_ref().idempotency_key, request.get_ref())?;
        Ok(Response::new(self.erasures.order(person, &claim, request.get_ref().without_copy).await?))
    }

    async fn get_receipt(&self, request: Request<pb::GetReceiptRequest>) -> Result<Response<pb::Receipt>, Status> {
        let caller = caller(&request)?;
        // A receipt is about nobody whom we still know.
        caller.acts_on_nobody();
        Ok(Response::new(self.erasures.receipt(&request.get_ref().token).await?))
    }

    async fn list_my_requests(&self, request: Request<pb::ListMyRequestsRequest>) -> Result<Response<pb::ListMyRequestsResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        Ok(Response::new(pb::ListMyRequestsResponse { requests: requests::list(&self.db, person).await? }))
    }

    async fn list_my_consents(&self, request: Request<pb::ListMyConsentsRequest>) -> Result<Response<pb::ListMyConsentsResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let (consents, due) = self.ledger.list(person).await?;
        Ok(Response::new(pb::ListMyConsentsResponse { consents, due: due.into_iter().map(Into::into).collect() }))
    }

    async fn list_my_accesses(&self, request: Request<pb::ListMyAccessesRequest>) -> Result<Response<pb::ListMyAccessesResponse>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let ask = request.get_ref();
        Ok(Response::new(self.accesses.of(person, &ask.page_token, ask.page_size).await?))
    }

    async fn get_receipt_key(&self, _: Request<pb::GetReceiptKeyRequest>) -> Result<Response<pb::ReceiptKey>, Status> {
        Ok(Response::new(pb::ReceiptKey { key_id: self.signing.id(), public_key: self.signing.public().to_vec() }))
    }
}
