//! A service, spoken to directly as a peer: over mutual TLS, with a certificate of one's own.

use anyhow::{Context, Result};
use bytes::{Buf, BufMut, Bytes};
use tonic::{
    Code, Request,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataValue,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use crate::platform::Platform;

/// The way to `service` for whoever holds the certificate of `as_whom`.
#[allow(clippy::disallowed_methods, reason = "a peer of the school, not a way out of it")]
pub fn channel(platform: &Platform, as_whom: &str, service: &str) -> Result<Channel> {
    let folder = platform.path("certificates").join(as_whom);
    let read = |name: &str| std::fs::read(folder.join(name)).with_context(|| format!("{name} of {as_whom}"));
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read("ca.crt")?))
        .identity(Identity::from_pem(read("tls.crt")?, read("tls.key")?))
        .domain_name("localhost");
    let address = format!("https://localhost:{}", platform.port(&format!("peer-{service}"))?);
    Ok(Endpoint::from_shared(address)?.tls_config(tls)?.connect_lazy())
}

/// What the service answers to a call of the method with an empty message: the code, and what it says.
pub async fn answer(channel: &Channel, path: &str, token: Option<&str>) -> Result<(Code, String)> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.context("the service is reached")?;
    let mut request = Request::new(Bytes::new());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", MetadataValue::try_from(format!("Bearer {token}"))?);
    }
    let answer = grpc.unary(request, path.parse()?, Raw).await;
    Ok(answer.map_or_else(|status| (status.code(), status.message().to_owned()), |_| (Code::Ok, String::new())))
}

/// Bytes as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        let length = source.remaining();
        Ok(Some(source.copy_to_bytes(length)))
    }
}
