//! gRPC passes through: the gateway reads the path and the headers, never the messages.

use std::{error::Error, net::IpAddr};

use foundation::{BoxError, Refusal};
use http::{HeaderValue, Method, Request, Response, Version, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

use crate::{deadline, edge::Edge, headers, own, trace::Trace};

/// The media type under which the settings name gRPC messages.
const GRPC: &str = "application/grpc";

impl Edge {
    /// Answers a gRPC request; refusals are gRPC answers too.
    pub(crate) async fn pass(&self, request: Request<Body>, address: IpAddr, trace: &Trace) -> Response<Body> {
        self.try_pass(request, address, trace).await.unwrap_or_else(Status::into_http)
    }

    async fn try_pass(&self, mut request: Request<Body>, address: IpAddr, trace: &Trace) -> Result<Response<Body>, Status> {
        if request.method() != Method::POST {
            return Err(Status::new(Code::Internal, "a gRPC call is a POST"));
        }
        let path = request.uri().path().to_owned();
        if own::is_own(&path) {
            self.admission.admit_stranger(address).await?;
            headers::strip(request.headers_mut());
            let Ok(response) = self.own.clone().oneshot(request).await;
            return Ok(response);
        }
        // A method between services is answered exactly like one that does not exist.
        let Some(rule) = self.contract.method(&path).filter(|rule| rule.is_public()) else {
            self.admission.admit_stranger(address).await?;
            return Err(Status::unimplemented(""));
        };
        trace.name(&rule.full_name);
        self.admission.admit(rule, address, request.headers()).await?;

        let deadline = deadline::of(request.headers(), self.config.deadline());
        let whole = !rule.client_streaming;
        let mut request = if whole { self.bounded(request)? } else { request };
        *request.version_mut() = Version::HTTP_2;
        // Only the path goes on: the authority was the gateway's own.
        *request.uri_mut() = path.parse().map_err(|error| Refusal::internal(&error))?;
        let map = request.headers_mut();
        headers::strip(map);
        map.insert(header::TE, HeaderValue::from_static("trailers"));
        deadline::write(map, deadline);
        trace.write(map);

        let mut response = self.caller.send(rule, request, deadline).await?;
        headers::strip(response.headers_mut());
        Ok(response)
    }

    /// A message larger than the settings allow is refused before it reaches a service.
    fn bounded(&self, request: Request<Body>) -> Result<Request<Body>, Status> {
        let most = self.config.max_body_of(GRPC);
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > most) {
            return Err(too_large().into());
        }
        Ok(request.map(|body| Body::new(Limited::new(body, most).map_err(body_error))))
    }
}

fn too_large() -> Refusal {
    Refusal::new(Code::ResourceExhausted, "TOO_LARGE", "the request is larger than may be sent here")
}

/// What the service sees of a body that broke off. A status keeps its meaning on the way.
fn body_error(error: Box<dyn Error + Send + Sync>) -> BoxError {
    if error.is::<LengthLimitError>() { Box::new(Status::from(too_large())) } else { error }
}
