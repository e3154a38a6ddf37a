//! The adapter: raw bytes and the header in, nothing out.

use contract::{
    google::api::HttpBody,
    payment::v1::{NotifyResponse, partner_notifications_server::PartnerNotifications},
};
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use super::Notifications;
use crate::partner::signature::PARTNER_HEADER;

pub(crate) struct Rpc(pub Notifications);

#[tonic::async_trait]
impl PartnerNotifications for Rpc {
    async fn notify(&self, request: Request<HttpBody>) -> Result<Response<NotifyResponse>, Status> {
        let caller = service::caller(&request)?;
        let mut signatures = request.metadata().get_all(PARTNER_HEADER).iter();
        // Two signatures are none: nobody could say which one was meant.
        let signature = signatures.next().and_then(|value| value.to_str().ok()).filter(|_| signatures.next().is_none()).map(str::to_owned);
        // Wiped afterwards, whatever was in it.
        let body = Zeroizing::new(request.into_inner().data);
        self.0.take(&caller, signature.as_deref(), &body).await?;
        Ok(Response::new(NotifyResponse {}))
    }
}
