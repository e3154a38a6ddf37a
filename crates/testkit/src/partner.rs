//! The payment partner: its page, as a browser reaches it through the gateway, and its controls, which are for tests alone.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use payment::sandbox;
use serde_json::Value;

use crate::{Answer, School};

/// A test number that belongs to nobody.
pub const TEST_CARD: &str = "4242424242424242";

const FORM: &str = "application/x-www-form-urlencoded";

/// Fills in the form of a payment page. `card` may have spaces or hyphens, `outcome` is `paid`, `declined` or `unknown`.
pub async fn pay(school: &School, payment_url: &str, card: &str, outcome: &str) -> Answer {
    let form = format!("card_number={}&outcome={outcome}", card.replace(' ', "+"));
    if payment_url.starts_with("http://") {
        // A sandbox that a test runs apart from the school.
        return open(payment_url, FORM, form).await;
    }
    let headers = [("content-type", FORM)];
    school.client.send(Method::POST, payment_url, &headers, form.into()).await.expect("the partner's page answers")
}

/// Tells the sandbox what to deliver: `{"deliver": ["forged"]}`. Answers which status each delivery met.
pub async fn control(school: &School, payment_url: &str, order: Value) -> Value {
    let address = school.engines().neighbour(sandbox::NAME).expect("a sandbox in this process");
    let payment = payment_url.rsplit('/').next().unwrap_or_default();
    open(&format!("http://{address}/control/{payment}"), "application/json", order.to_string()).await.ok()
}

#[allow(clippy::disallowed_methods, reason = "somebody outside, not a way out of the school")]
async fn open(url: &str, content_type: &str, body: String) -> Answer {
    let http: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(url).header(header::CONTENT_TYPE, content_type).body(Full::new(body.into()));
    let answer = http.request(request.expect("a request to the partner")).await.expect("the partner answers");
    let (head, body) = answer.into_parts();
    Answer { status: head.status, headers: head.headers, body: body.collect().await.expect("the whole answer").to_bytes() }
}
