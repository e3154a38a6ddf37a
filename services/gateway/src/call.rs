//! One gRPC call over a transport, framed by hand: the gateway knows messages by descriptor, not by type.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use contract::MethodRule;
use foundation::{Refusal, Transport};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version, header};
use http_body_util::{BodyExt, Full};
use prost::Message;
use prost_reflect::DynamicMessage;
use tokio::time::timeout;
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

use crate::{deadline, service::Transports, trace::Trace};

/// Largest single message that a service may answer.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// One flag byte and four bytes of length before every message.
const PREFIX: usize = 5;

/// The way to the services.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) transports: Transports,
}

impl Caller {
    pub(crate) fn transport(&self, rule: &MethodRule) -> Result<Transport, Refusal> {
        let process = rule.process.as_deref().unwrap_or_default();
        (self.transports)(process)
            .ok_or_else(|| Refusal::unavailable("NOT_RUNNING", "the service that does this is not running; try again later"))
    }

    /// Sends a request as it is, and hides from the caller why a service cannot be reached.
    pub(crate) async fn send(&self, rule: &MethodRule, request: Request<Body>, deadline: Duration) -> Result<Response<Body>, Status> {
        let transport = self.transport(rule)?;
        match timeout(deadline, transport.oneshot(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                tracing::warn!(method = %rule.full_name, cause = %error.0, "a service could not be reached");
                Err(Refusal::unavailable("NOT_REACHED", "the service that does this cannot be reached; try again").into())
            }
            Err(_) => Err(too_late().into()),
        }
    }

    /// Calls with one message.
    pub(crate) async fn call(
        &self,
        rule: &MethodRule,
        message: &DynamicMessage,
        metadata: HeaderMap,
        trace: &Trace,
        deadline: Duration,
    ) -> Result<Answer, Status> {
        let mut request = Request::new(Body::new(Full::new(frame(message)?)));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = rule.path.parse().map_err(|error| Refusal::internal(&error))?;
        *request.headers_mut() = metadata;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        deadline::write(headers, deadline);
        trace.write(headers);

        let (parts, body) = self.send(rule, request, deadline).await?.into_parts();
        match Status::from_header_map(&parts.headers) {
            Some(status) if status.code() != Code::Ok => Err(status),
            ended => Ok(Answer { metadata: parts.headers, body, buffer: BytesMut::new(), ended: ended.is_some() }),
        }
    }
}

/// The caller's time, or ours, has run out.
pub(crate) fn too_late() -> Refusal {
    Refusal::new(Code::DeadlineExceeded, "TOO_LATE", "this took longer than it may; try again")
}

fn frame(message: &DynamicMessage) -> Result<Bytes, Status> {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).map_err(|error| Refusal::internal(&error))?);
    message.encode(&mut bytes).map_err(|error| Refusal::internal(&error))?;
    Ok(bytes.freeze())
}

/// What a service answers: messages, then a status.
pub(crate) struct Answer {
    pub(crate) metadata: HeaderMap,
    body: Body,
    buffer: BytesMut,
    ended: bool,
}

impl Answer {
    /// The next message; `None` once the service has ended well.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => match frame.into_trailers().ok().as_ref().and_then(Status::from_header_map) {
                        Some(status) if status.code() != Code::Ok => return Err(status),
                        status => self.ended = status.is_some(),
                    },
                },
                Some(Err(status)) => return Err(status),
                None if self.ended && self.buffer.is_empty() => return Ok(None),
                None => return Err(broken("the answer ended without a status")),
            }
        }
    }

    /// The one message of a unary method.
    pub(crate) async fn only(&mut self) -> Result<Bytes, Status> {
        let message = self.next().await?.ok_or_else(|| broken("the answer holds no message"))?;
        match self.next().await? {
            None => Ok(message),
            Some(_) => Err(broken("the answer holds more than one message")),
        }
    }

    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((prefix, _)) = self.buffer.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let [flag, length @ ..] = *prefix;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if flag != 0 {
            return Err(broken("the answer is compressed though nobody asked for it"));
        }
        if length > LARGEST_ANSWER {
            return Err(broken("a message of the answer is too large"));
        }
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

fn broken(cause: &'static str) -> Status {
    Refusal::internal(&cause).into()
}
