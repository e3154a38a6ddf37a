//! The few pages behind mailed links and printed certificates: small, without scripts, in the language that the browser asks for.
//! What a page does, it does over the JSON route of the same thing, so that its limits, rules and log hold. A token stands in the
//! page's form only: neither it nor the query is recorded anywhere.

mod html;
mod mine;
mod words;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tonic::{Code, body::Body};

use crate::{
    edge::Edge,
    headers::{self, Policy},
    json::{self, Problem},
    trace::Trace,
};
use foundation::Refusal;
use mine::Thing;
use words::Words;

/// Bytes of a form.
const LARGEST_FORM: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";
const LONGEST_NUMBER: usize = 64;
const CERTIFICATES: &str = "/certificates/";
const WORKS: &str = "/works/";

/// A page by its path.
pub(crate) enum Page {
    Home,
    Confirm,
    Reset,
    /// The number as the path writes it.
    Certificate(String),
    /// A work that its learner shows to everybody.
    Work(uuid::Uuid),
    /// Something of whoever signs in on it.
    Mine(Thing),
}

impl Page {
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Home),
            "/confirm" => Some(Self::Confirm),
            "/reset" => Some(Self::Reset),
            _ if path.starts_with(WORKS) => mine::canonical(path.strip_prefix(WORKS)?).map(Self::Work),
            _ if path.starts_with("/my/") => Thing::at(path).map(Self::Mine),
            _ => {
                let number = path.strip_prefix(CERTIFICATES)?;
                let plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-%+ ".contains(&byte));
                (plain && (1..=LONGEST_NUMBER).contains(&number.len())).then(|| Self::Certificate(number.to_owned()))
            }
        }
    }

    /// What it calls with a form's values, and what it says when that went well.
    fn submits(&self, form: &Form, words: &Words) -> Option<(&'static str, Value, [&'static str; 2])> {
        match self {
            Self::Confirm => {
                let ask = json!({ "token": form.value("token") });
                Some(("/v1/accounts:confirm", ask, [words.confirm_title, words.confirmed]))
            }
            Self::Reset => {
                let ask = json!({ "token": form.value("token"), "newPassword": form.value("new_password") });
                Some(("/v1/accounts:resetPassword", ask, [words.reset_title, words.password_set]))
            }
            Self::Home | Self::Certificate(_) | Self::Work(_) | Self::Mine(_) => None,
        }
    }

    /// The verbs that it knows.
    fn verbs(&self) -> &'static [Method] {
        match self {
            Self::Confirm | Self::Reset | Self::Mine(_) => &[Method::GET, Method::HEAD, Method::POST],
            Self::Home | Self::Certificate(_) | Self::Work(_) => &[Method::GET, Method::HEAD],
        }
    }
}

impl Edge {
    /// Shows a page; a refusal is a page too, with its own status.
    pub(crate) async fn show_page(&self, page: Page, request: Request<Body>, address: IpAddr, trace: &Trace) -> Response<Body> {
        trace.name("page");
        let words = Words::wanted(request.headers());
        let (mut response, html) = match self.answer_page(&page, request, address, trace, words).await {
            Ok(html) => (Response::new(Body::empty()), html),
            Err(problem) => {
                let said = words.of_reason(problem.reason()).unwrap_or(problem.message());
                let title = if matches!(page, Page::Certificate(_)) { words.certificate_title } else { words.refused_title };
                let html = html::sentence(words, title, said);
                (problem.into_response(trace.id()), html)
            }
        };
        *response.body_mut() = Body::new(Full::new(Bytes::from(html)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response.extensions_mut().insert(if matches!(page, Page::Work(_)) { Policy::WITH_PICTURE } else { Policy::WITH_FORM });
        response
    }

    async fn answer_page(
        &self,
        page: &Page,
        request: Request<Body>,
        address: IpAddr,
        trace: &Trace,
        words: &'static Words,
    ) -> Result<String, Problem> {
        // The page itself costs one; what it calls costs what its rule says.
        self.admission.admit_stranger(address).await?;
        if !page.verbs().contains(request.method()) {
            return Err(Problem::wrong_verb(page.verbs()));
        }
        if request.method() == Method::POST {
            let form = Form::read(request).await?;
            if let Page::Mine(thing) = page {
                return self.show_mine(*thing, &form, words, address, trace).await;
            }
            let (path, ask, [title, done]) = page.submits(&form, words).ok_or_else(Problem::no_route)?;
            self.call_route(Method::POST, path, ask.to_string(), None, words, address, trace).await?;
            return Ok(html::sentence(words, title, done));
        }
        Ok(match page {
            Page::Home => html::home(words, &self.config.school),
            Page::Confirm => html::confirm(words, &token(&request)?),
            Page::Reset => html::reset(words, &token(&request)?),
            Page::Mine(thing) => html::sign_in(words, &thing.path()),
            Page::Certificate(number) => {
                let path = format!("/v1/certificates/{number}?language={}", words.language);
                let told = self.call_route(Method::GET, &path, String::new(), None, words, address, trace).await?;
                let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
                // A time in canonical JSON begins with its day, in UTC.
                let day = text("issuedAt").split('T').next().unwrap_or_default();
                html::certificate(words, text("number"), text("courseTitle"), day, text("signedAs"))
            }
            Page::Work(id) => {
                let path = format!("/v1/works/{id}?language={}", words.language);
                let told = self.call_route(Method::GET, &path, String::new(), None, words, address, trace).await?;
                let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
                let picture = format!("/v1/works/{id}/renditions/2048");
                html::work(words, text("title"), &picture, text("signedAs"), text("courseTitle"))
            }
        })
    }

    /// Asks a JSON route as any caller would. Of the browser's headers none go on but the language.
    #[allow(clippy::too_many_arguments, reason = "what a request is made of")]
    async fn call_route(
        &self,
        method: Method,
        path: &str,
        body: String,
        token: Option<&str>,
        words: &Words,
        address: IpAddr,
        trace: &Trace,
    ) -> Result<Value, Problem> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, words.language);
        let request = token.into_iter().fold(request, |request, token| request.header(header::AUTHORIZATION, format!("Bearer {token}")));
        let request = request.body(Body::new(Full::new(Bytes::from(body)))).map_err(|_| Problem::no_route())?;
        let answer = self.transcode(request, address, trace).await?;
        let bytes = answer.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|error| Refusal::internal(&error).into())
    }
}

/// The values of a form.
struct Form(Vec<(String, String)>);

impl Form {
    async fn read(request: Request<Body>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if headers::media_type(&parts.headers) != FORM {
            let message = "send the form as `application/x-www-form-urlencoded`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, "WRONG_MEDIA_TYPE", message));
        }
        let bytes = json::whole(&parts.headers, body, LARGEST_FORM).await?;
        let text = str::from_utf8(&bytes).map_err(|_| Problem::bad_body("the form is not UTF-8"))?;
        Ok(Self(json::pairs(text).map_err(|_| Problem::bad_body("the form is not UTF-8"))?))
    }

    /// The first value of a name; empty when there is none.
    fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// The token of a mailed link. What is wrong with it, only its use can tell.
fn token(request: &Request<Body>) -> Result<String, Problem> {
    let pairs = json::pairs(request.uri().query().unwrap_or_default()).unwrap_or_default();
    let token = pairs.into_iter().find(|(key, _)| key == "token").map(|(_, value)| value).filter(|token| !token.is_empty());
    let invalid = || Refusal::invalid("LINK_INVALID", "token", "this link is not valid; ask for a new one");
    token.ok_or_else(|| invalid().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_path() {
        for (path, at) in [
            ("/", true),
            ("/confirm", true),
            ("/confirm/", false),
            ("/reset", true),
            ("/certificates/KLS-1A2B-3C4D", true),
            ("/certificates/", false),
            ("/certificates/a/b", false),
            ("/certificates/a:b", false),
            ("/v1/policy", false),
            ("/works/0b6f9a3e-5d0f-4c59-9a70-2f1d6a1f2b3c", true),
            ("/works/0B6F9A3E-5D0F-4C59-9A70-2F1D6A1F2B3C", false),
            ("/works/", false),
            ("/works/../v1/policy", false),
        ] {
            assert_eq!(Page::at(path).is_some(), at, "{path}");
        }
        assert!(Page::at(&format!("/certificates/{}", "a".repeat(LONGEST_NUMBER + 1))).is_none());
    }
}
