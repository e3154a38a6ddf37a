//! partner.rs: a client of another team.

use std::{io, path::Path, time::Duration};

use contract::{
    analytics::v1::{ReportRequest, published_reports_client::PublishedReportsClient},
    identity::v1::{ResolveForMailRequest, contacts_client::ContactsClient},
};
use tonic::{
    Request, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

/// Over mutual TLS, with the team's own certificate.
#[allow(clippy::disallowed_methods, reason = "somebody else's client, not a way out of the school")]
fn channel(certificates: &Path, address: &str) -> Result<Channel, Status> {
    let read = |name: &str| std::fs::read(certificates.join(name)).map_err(|error: io::Error| Status::internal(error.to_string()));
    let wrong = |error: tonic::transport::Error| Status::internal(error.to_string());
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read("ca.crt")?))
        .identity(Identity::from_pem(read("tls.crt")?, read("tls.key")?));
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(wrong)?.tls_config(tls).map_err(wrong)?;
    Ok(endpoint.connect_timeout(Duration::from_secs(2)).http2_keep_alive_interval(Duration::from_secs(20)).connect_lazy())
}

fn within_two_seconds<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(2));
    request
}

/// The method that the team may call: how many trends are published.
pub async fn trends(certificates: &Path, address: &str) -> Result<usize, Status> {
    let ask = within_two_seconds(ReportRequest::default());
    let answer = PublishedReportsClient::new(channel(certificates, address)?).get_trends(ask).await?;
    Ok(answer.into_inner().trends.len())
}

/// One that it may not: `PERMISSION_DENIED`, reason `NOT_A_CALLER`.
pub async fn somebody(certificates: &Path, address: &str) -> Result<(), Status> {
    let ask = within_two_seconds(ResolveForMailRequest { person_id: "018f3f3e-0000-7000-8000-000000000000".into(), ..Default::default() });
    ContactsClient::new(channel(certificates, address)?).resolve_for_mail(ask).await.map(drop)
}
