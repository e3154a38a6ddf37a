//! Uploads into an embedded object store, which is reached only through this listener. A real S3 is reached directly, and
//! then nothing here is served.
//!
//! What passes is one kind of request: a PUT whose query carries a signature (AWS Signature Version 4, presigned). The store
//! alone decides whether the signature is good, and it decides before a byte of the body is taken.

mod refused;
mod waiting;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use foundation::Refusal;
use http::{HeaderMap, HeaderName, Method, Request, Response, header};
use percent_encoding::percent_decode_str;
use tokio::{sync::Semaphore, time::timeout};
use tonic::body::Body;

use crate::{call::too_late, config, json::Problem, loopback::Neighbour};
use waiting::waiting;

/// What the store's public base ends with; the store knows nothing of it.
const PREFIX: &str = "/objects";
const SIGNATURE: &str = "X-Amz-Signature";
const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
/// Headers of HTTP that S3 signs, beside its own.
const OF_S3: [HeaderName; 3] = [header::CONTENT_LENGTH, header::CONTENT_TYPE, HeaderName::from_static("content-md5")];
const AMZ_PREFIX: &str = "x-amz-";
const CHECKSUM_PREFIX: &str = "x-amz-checksum-";

/// The way to the embedded store.
pub(crate) struct Proxy {
    store: Neighbour,
    config: config::Uploads,
    /// Uploads take long: they have slots of their own, so that they never take those of calls.
    slots: Arc<Semaphore>,
}

/// A request that looks like a presigned upload.
pub(crate) struct Upload {
    request: Request<Body>,
    path_and_query: String,
    length: u64,
}

impl Proxy {
    pub(crate) fn new(target: SocketAddr, config: &config::Uploads) -> Self {
        Self { store: Neighbour::new(target), config: config.clone(), slots: Arc::new(Semaphore::new(config.max_concurrent)) }
    }

    /// What an upload costs the address that sends it.
    pub(crate) fn cost(&self) -> u32 {
        self.config.cost
    }

    /// Whether a path is the store's.
    pub(crate) fn is_under(path: &str) -> bool {
        path.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Looks at a request without its body. Reading, listing and deleting do not exist here, whoever signed them.
    pub(crate) fn accept(&self, request: Request<Body>) -> Result<Upload, Problem> {
        let query = request.uri().query().unwrap_or_default();
        if request.method() != Method::PUT || parameter(query, SIGNATURE).is_none_or(str::is_empty) {
            return Err(Problem::no_route());
        }
        let path = request.uri().path().strip_prefix(PREFIX).ok_or_else(Problem::no_route)?;
        let path_and_query = format!("{path}?{query}");
        let length = length(request.headers()).ok_or_else(refused::without_length)?;
        if length > self.config.max_bytes {
            return Err(refused::too_large(self.config.max_bytes));
        }
        Ok(Upload { request, path_and_query, length })
    }

    /// Passes an upload on and answers what the store said.
    pub(crate) async fn pass(&self, upload: Upload) -> Result<Response<Body>, Problem> {
        let Ok(_slot) = self.slots.try_acquire() else {
            return Err(Refusal::unavailable("BUSY", "too many uploads are under way; try again in a moment").into());
        };
        let Upload { request, path_and_query, length } = upload;
        let (parts, body) = request.into_parts();
        let mut onward = Request::builder().method(Method::PUT).uri(path_and_query);
        if let Some(headers) = onward.headers_mut() {
            *headers = signed(&parts.headers, parts.uri.query().unwrap_or_default());
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        let onward = onward.body(body).map_err(|_| Problem::no_route())?;

        let within = Duration::from_secs(self.config.deadline_seconds);
        let told = timeout(within, self.store.ask(waiting(onward), refused::unavailable()));
        let told = told.await.map_err(|_| Problem::from(too_late()))??;
        if !told.status.is_success() {
            return Err(refused::problem(told.status, &told.body, self.config.max_bytes));
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = told.status;
        let kept = told.headers.iter().filter(|(name, _)| *name == header::ETAG || name.as_str().starts_with(CHECKSUM_PREFIX));
        response.headers_mut().extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        Ok(response)
    }
}

/// The headers of S3 that the signature covers, and no others: what is not signed was not meant by whoever signed, and the
/// caller's access token is none of the store's business.
fn signed(headers: &HeaderMap, query: &str) -> HeaderMap {
    let names = parameter(query, SIGNED_HEADERS).unwrap_or_default();
    let names = percent_decode_str(names).decode_utf8_lossy();
    let mut kept = HeaderMap::new();
    for name in names.split(';').filter_map(|name| name.parse::<HeaderName>().ok()) {
        if OF_S3.contains(&name) || name.as_str().starts_with(AMZ_PREFIX) {
            for value in headers.get_all(&name) {
                kept.append(name.clone(), value.clone());
            }
        }
    }
    kept
}

/// A parameter of the query as it is written there.
fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The announced length; a body without one is nothing that could have been signed.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_is_signed_and_of_s3_goes_on() {
        let pairs = [
            ("content-type", "image/jpeg"),
            ("content-length", "5"),
            ("authorization", "Bearer t"),
            ("cookie", "a=b"),
            ("x-amz-meta-a", "signed"),
            ("x-amz-copy-source", "/kolsai/originals/x"),
        ];
        let headers: HeaderMap =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let query = "X-Amz-Expires=60&X-Amz-SignedHeaders=authorization%3Bcontent-type%3Bcookie%3Bhost%3Bx-amz-meta-a&X-Amz-Signature=0";
        let kept = signed(&headers, query);
        let mut names: Vec<&str> = kept.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "x-amz-meta-a"]);
        assert!(signed(&headers, "X-Amz-Signature=0").is_empty());
    }

    #[test]
    fn the_prefix_is_a_whole_segment() {
        for (path, under) in [("/objects/kolsai/x", true), ("/objects/", true), ("/objects", false), ("/objectsx/y", false), ("/", false)] {
            assert_eq!(Proxy::is_under(path), under, "{path}");
        }
    }
}
