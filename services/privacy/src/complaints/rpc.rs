//! gRPC adapter of complaint files.

use contract::privacy::v1::{self as pb, complaints_server::Complaints as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::Complaints;

pub struct Rpc(pub Complaints);

#[tonic::async_trait]
impl Api for Rpc {
    async fn make_complaint_file(&self, request: Request<pb::MakeComplaintFileRequest>) -> Result<Response<pb::ComplaintFile>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let ask = request.get_ref();
        Ok(Response::new(self.0.make(person, &ask.language, &ask.text).await?))
    }
}
