//! Servers that this installation embeds listen on plain loopback and are reached only through this listener. Each has its room
//! (`uploads`, `partner_page`), which says what little of it passes.

mod exchange;

use std::net::SocketAddr;

use bytes::Bytes;
use foundation::{BoxError, Refusal};
use http::{HeaderValue, Request, header};
use http_body::Body;

use crate::json::Problem;
pub(crate) use exchange::Told;
use exchange::{Lost, exchange};

/// An embedded server.
pub(crate) struct Neighbour {
    address: SocketAddr,
    host: HeaderValue,
}

impl Neighbour {
    pub(crate) fn new(address: SocketAddr) -> Self {
        // An address and a port are always a header value.
        let host = HeaderValue::from_str(&address.to_string()).unwrap_or(HeaderValue::from_static("localhost"));
        Self { address, host }
    }

    /// Sends a request, whose target is a path, and waits for the whole answer. `away` is said when nobody answers.
    pub(crate) async fn ask<B>(&self, mut request: Request<B>, away: Refusal) -> Result<Told, Problem>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        request.headers_mut().insert(header::HOST, self.host.clone());
        exchange(self.address, request).await.map_err(|lost| match lost {
            Lost::Body => Problem::bad_body("the body broke off"),
            Lost::Server(cause) => {
                tracing::warn!(%cause, reason = away.reason, "an embedded server could not be reached");
                away.into()
            }
        })
    }
}
