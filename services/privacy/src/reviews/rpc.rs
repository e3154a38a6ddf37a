//! gRPC adapter of the reviews: parse, call, encode.

use contract::privacy::v1::{self as pb, reviews_server::Reviews as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Reviews, rows::ReviewId};

pub struct Rpc(pub Reviews);

#[tonic::async_trait]
impl Api for Rpc {
    async fn list_reviews(&self, _: Request<pb::ListReviewsRequest>) -> Result<Response<pb::ListReviewsResponse>, Status> {
        Ok(Response::new(self.0.list().await?))
    }

    async fn get_review(&self, request: Request<pb::GetReviewRequest>) -> Result<Response<pb::Review>, Status> {
        let by = caller(&request)?;
        let id = ReviewId::parse_field(&request.get_ref().review_id, "review_id")?;
        Ok(Response::new(self.0.get(&by, id).await?))
    }

    async fn sign_review(&self, request: Request<pb::SignReviewRequest>) -> Result<Response<pb::Review>, Status> {
        let by = caller(&request)?;
        Ok(Response::new(self.0.sign(&by, request.get_ref()).await?))
    }
}
