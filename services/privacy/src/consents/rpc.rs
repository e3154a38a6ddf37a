//! gRPC adapter of the ledger.

use contract::privacy::v1::{self as pb, consents_server::Consents as Api};
use service::caller;
use tonic::{Request, Response, Status};

use super::Ledger;

pub struct Rpc(pub Ledger);

#[tonic::async_trait]
impl Api for Rpc {
    async fn give_consent(&self, request: Request<pb::GiveConsentRequest>) -> Result<Response<pb::Consent>, Status> {
        let caller = caller(&request)?;
        let person = caller.person()?;
        caller.acts_on(person).await?;
        let ask = request.get_ref();
        let claim = caller.idempotency(&ask.idempotency_key, ask)?;
        Ok(Response::new(self.0.renew(person, ask, &claim).await?))
    }
}
