//! The one client transport, in process or remote.

use tower::{Service, ServiceExt, util::BoxCloneSyncService};

/// Any error, boxed, as tower speaks of it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call did not reach the other side. A type of its own: with a bare box, futures over generated clients are not
/// `Send` enough for the compiler.
#[derive(Debug, thiserror::Error)]
#[error("the call did not get through")]
pub struct TransportError(#[source] pub BoxError);

/// What generated clients are generic over: an in-process service or a remote channel, to the caller alike.
pub type Transport = BoxCloneSyncService<http::Request<tonic::body::Body>, http::Response<tonic::body::Body>, TransportError>;

/// Makes any suitable service into the one transport.
pub fn transport<S, E>(service: S) -> Transport
where
    S: Service<http::Request<tonic::body::Body>, Response = http::Response<tonic::body::Body>, Error = E> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    E: Into<BoxError> + 'static,
{
    BoxCloneSyncService::new(service.map_err(|error: E| TransportError(error.into())))
}
