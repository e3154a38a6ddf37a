//! The sandbox partner's hosted page, in development. A real partner has a page of its own elsewhere, and then nothing here is
//! served.
//!
//! What passes is the page and its form: GET and POST of `/sandbox/pay/{id}`. The partner's API and its controls do not.

use std::{net::SocketAddr, time::Duration};

use foundation::Refusal;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use tokio::time::timeout;
use tonic::body::Body;

use crate::{
    call::too_late,
    headers::Policy,
    json::{self, Problem},
    loopback::{Neighbour, Told},
};

/// What the page's public base ends with; the partner knows nothing of it.
const PREFIX: &str = "/sandbox";
const PAGE: &str = "/pay/";
const LONGEST_ID: usize = 64;
/// Bytes of a form with a test card in it.
const LARGEST_FORM: usize = 16 * 1024;
/// What the partner may say of its page; everything else of the answer is ours.
const KEPT: [HeaderName; 2] = [header::CONTENT_TYPE, header::CACHE_CONTROL];

/// The way to the partner's page.
pub(crate) struct Page {
    partner: Neighbour,
    /// Where the partner believes to be reached: `http://127.0.0.1:…`.
    origin: String,
    deadline: Duration,
}

impl Page {
    /// What a look at the page, or its form, costs the address that it comes from.
    pub(crate) const COST: u32 = 2;

    pub(crate) fn new(target: SocketAddr, deadline: Duration) -> Self {
        Self { partner: Neighbour::new(target), origin: format!("http://{target}"), deadline }
    }

    /// Whether a path is that of a payment's page.
    pub(crate) fn is_at(path: &str) -> bool {
        let id = path.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(PAGE));
        id.is_some_and(|id| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    }

    /// Answers what the partner shows.
    pub(crate) async fn show(&self, request: Request<Body>) -> Result<Response<Body>, Problem> {
        let told = timeout(self.deadline, self.ask(request)).await.map_err(|_| Problem::from(too_late()))??;
        if told.status.is_server_error() {
            return Err(unavailable().into());
        }
        let location = told.headers.get(header::LOCATION).and_then(|location| self.outside(location));
        let mut response = Response::new(Body::new(Full::new(told.body)));
        *response.status_mut() = told.status;
        response.extensions_mut().insert(Policy::WITH_FORM);
        let kept = KEPT.into_iter().filter_map(|name| told.headers.get(&name).map(|value| (name.clone(), value.clone())));
        response.headers_mut().extend(kept.chain(location.map(|location| (header::LOCATION, location))));
        Ok(response)
    }

    /// Of what a browser sends, only the form goes on: whoever is signed in here is nobody to the partner.
    async fn ask(&self, request: Request<Body>) -> Result<Told, Problem> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().strip_prefix(PREFIX).ok_or_else(Problem::no_route)?;
        let onward = Request::builder().uri(path);
        let onward = match parts.method {
            Method::GET | Method::HEAD => onward.method(Method::GET).body(Full::default()),
            Method::POST => {
                let form = json::whole(&parts.headers, body, LARGEST_FORM).await?;
                let kind = parts.headers.get(header::CONTENT_TYPE).map(|kind| (header::CONTENT_TYPE, kind.clone()));
                let onward = kind.into_iter().fold(onward, |onward, (name, value)| onward.header(name, value));
                onward.method(Method::POST).body(Full::new(form))
            }
            _ => return Err(Problem::wrong_verb(&[Method::GET, Method::POST])),
        };
        self.partner.ask(onward.map_err(|_| Problem::no_route())?, unavailable()).await
    }

    /// Where a redirect leads from outside: ways to the partner itself stay under the prefix, the way back to the school is as it is.
    fn outside(&self, location: &HeaderValue) -> Option<HeaderValue> {
        let told = location.to_str().ok()?;
        let own = told.strip_prefix(&self.origin).unwrap_or(told);
        if own.starts_with('/') && !own.starts_with("//") {
            return HeaderValue::try_from(format!("{PREFIX}{own}")).ok();
        }
        Some(location.clone())
    }
}

fn unavailable() -> Refusal {
    Refusal::unavailable("PARTNER_UNAVAILABLE", "the payment page cannot be shown at the moment; try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_a_payment_is_under_the_prefix() {
        for (path, at) in [
            ("/sandbox/pay/0195c0de-7a51", true),
            ("/sandbox/pay/", false),
            ("/sandbox/pay", false),
            ("/sandbox/pay/a/b", false),
            ("/sandbox/pay/..", false),
            ("/sandbox/pay/%2e%2e", false),
            ("/sandbox/pay/../control/a", false),
            ("/sandbox/control/a", false),
            ("/sandbox/payments", false),
            ("/sandbox/", false),
            ("/pay/a", false),
        ] {
            assert_eq!(Page::is_at(path), at, "{path}");
        }
        assert!(!Page::is_at(&format!("/sandbox/pay/{}", "a".repeat(LONGEST_ID + 1))));
    }

    #[test]
    fn a_redirect_stays_under_the_prefix_or_leads_back_to_the_school() {
        let page = Page::new(([127, 0, 0, 1], 80).into(), Duration::ZERO);
        for (told, outside) in [
            ("/pay/a", "/sandbox/pay/a"),
            ("http://127.0.0.1:80/pay/a", "/sandbox/pay/a"),
            ("http://127.0.0.1:8080/pay/a", "http://127.0.0.1:8080/pay/a"),
            ("https://localhost:8443/v1/orders/a", "https://localhost:8443/v1/orders/a"),
            ("//school.kz/a", "//school.kz/a"),
            ("b", "b"),
        ] {
            assert_eq!(page.outside(&HeaderValue::from_static(told)).unwrap(), outside, "{told}");
        }
    }
}
