//! The payment partner's hosted page, as a browser uses it. It is the partner's, not the school's.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use super::{Broken, outside::Outside};

/// A test number that belongs to nobody.
const TEST_CARD: &str = "4242424242424242";

/// Opens the page and sends its form.
pub async fn pay(outside: &Outside, url: &str) -> Result<(), Broken> {
    let (status, body) = open(outside, Method::GET, url, "").await?;
    if !status.is_success() || !body.contains("<form") || !body.contains("card_number") {
        return Err(Broken::Page { expected: "the page was to have a form for a card", status, body });
    }
    let form = format!("card_number={TEST_CARD}&outcome=paid");
    let (status, body) = open(outside, Method::POST, url, &form).await?;
    if status.is_success() { Ok(()) } else { Err(Broken::Page { expected: "the payment was to be taken", status, body }) }
}

/// A sandbox on loopback speaks plain HTTP; any other page is reached as the school is.
async fn open(outside: &Outside, method: Method, url: &str, form: &str) -> Result<(StatusCode, String), Broken> {
    let (status, body) = if url.starts_with("https://") {
        let answer = outside.call(method, url).body("application/x-www-form-urlencoded", form.to_owned()).answer().await?;
        (answer.status, answer.body)
    } else {
        plain(method, url, form).await.map_err(|why| Broken::wrong(format!("the payment page at {url} does not answer: {why}")))?
    };
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[allow(clippy::disallowed_methods, reason = "a person's browser, not a way out of the school")]
async fn plain(method: Method, url: &str, form: &str) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let browser: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form.to_owned())))?;
    let (head, body) = browser.request(request).await?.into_parts();
    Ok((head.status, body.collect().await?.to_bytes()))
}
