//! Mailed links and printed certificates lead to pages that work without scripts.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use http::{Method, StatusCode};
use tracing::{Event, Metadata, Subscriber, field::Field, field::Visit, span};

use crate::school::{School, Told};

const FORM: &str = "application/x-www-form-urlencoded";
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

fn html(told: &Told) -> String {
    assert_eq!(told.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(told.header("content-security-policy"), POLICY);
    assert_eq!((told.header("cache-control"), told.header("referrer-policy")), ("no-store", "no-referrer"));
    String::from_utf8(told.body.to_vec()).unwrap()
}

async fn submit(school: &School, path: &str, form: &'static str) -> (StatusCode, String) {
    let told = school.ask(Method::POST, path).header("content-type", FORM).header("accept-language", "en").body(form).send().await;
    (told.status, html(&told))
}

#[tokio::test]
async fn a_mailed_link_shows_a_form_that_holds_the_token() {
    let school = School::open().await;
    for (path, field) in [("/confirm", false), ("/reset", true)] {
        for http2 in [true, false] {
            let ask = school.get(&format!("{path}?token=a%22%3E%3Cb")).header("accept-language", "kk");
            let told = if http2 { ask.send().await } else { ask.over_http1().send().await };
            let page = html(&told);
            assert_eq!(told.status, StatusCode::OK);
            assert!(page.contains("lang=\"kk\"") && page.contains("name=\"token\" value=\"a&quot;&gt;&lt;b\""), "{page}");
            assert!(page.contains(&format!("<form method=\"post\" action=\"{path}\">")) && page.contains("<button>"), "{page}");
            assert_eq!(page.contains("type=\"password\""), field);
        }
        let told = school.get(path).send().await;
        assert_eq!(told.status, StatusCode::BAD_REQUEST);
        assert!(html(&told).contains("Ссылка недействительна"));
        let head = school.ask(Method::HEAD, &format!("{path}?token=a")).send().await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    }
    assert!(school.seen.lock().unwrap().is_empty(), "looking at a link does nothing");
}

#[tokio::test]
async fn the_form_does_what_the_route_does_and_says_how_it_went() {
    let school = School::open().await;
    for (path, form, status, words) in [
        ("/confirm", "token=link%3C%3E", 200, "your address is confirmed"),
        ("/confirm", "token=used", 400, "This link was used before"),
        ("/confirm", "token=odd", 400, "this is &lt;odd&gt;"),
        ("/confirm", "token=other", 500, "something went wrong on our side"),
        ("/reset", "token=link%3C%3E&new_password=a+long+phrase+%26+more%2B", 200, "Your password is changed"),
        ("/reset", "token=link%3C%3E&new_password=short", 400, "easy to guess"),
        ("/reset", "token=used&new_password=a+long+phrase+%26+more%2B", 400, "This link was used before"),
        ("/reset", "%ff=", 400, "not UTF-8"),
    ] {
        let (told, page) = submit(&school, path, form).await;
        assert_eq!(told.as_u16(), status, "{form}: {page}");
        assert!(page.contains(words) && !page.contains("10.0.0.7"), "{form}: {page}");
    }
    let seen = school.last_seen();
    assert_eq!(seen.get("accept-language").unwrap(), "en");
}

#[tokio::test]
async fn forms_have_a_size_a_type_and_their_verbs_and_their_price() {
    let school = School::with(|config| (config.limits.per_address_per_second, config.limits.burst) = (1, 30)).await;
    let post = |path: &'static str| school.ask(Method::POST, path);
    let told = post("/reset").header("content-type", FORM).body("x".repeat(16 * 1024 + 1)).send().await;
    assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE);
    html(&told);
    let told = post("/confirm").header("content-type", "application/json").body("{}").send().await;
    assert_eq!(told.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for (path, verbs) in [("/", "GET, HEAD"), ("/certificates/KLS-1", "GET, HEAD")] {
        let told = post(path).header("content-type", FORM).body("token=a").send().await;
        assert_eq!((told.status, told.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, verbs));
    }
    assert_eq!(school.ask(Method::DELETE, "/confirm").send().await.header("allow"), "GET, HEAD, POST");
    assert!(school.seen.lock().unwrap().is_empty());
    // A new password costs ten, on the page as on its route.
    let mut last = StatusCode::OK;
    for _ in 0..3 {
        let (status, page) = submit(&school, "/reset", "token=link%3C%3E&new_password=short").await;
        last = status;
        assert!(status != StatusCode::TOO_MANY_REQUESTS || page.contains("Too many attempts"));
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_certificate_is_checked_on_a_page() {
    let school = School::open().await;
    let told = school.get("/certificates/KLS-1").header("accept-language", "en-GB,en;q=0.9").send().await;
    let page = html(&told);
    assert_eq!(told.status, StatusCode::OK);
    for words in ["is genuine", "KLS-1", "&lt;Light&gt; en", "2026-11-22 (UTC)"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let told = school.get("/certificates/KLS-2").send().await;
    assert_eq!(told.status, StatusCode::NOT_FOUND);
    assert!(html(&told).contains("Подлинного сертификата с таким номером нет"));
    assert_eq!(school.get("/certificates/a/b").send().await.reason(), "NO_SUCH_ROUTE");
}

#[tokio::test]
async fn the_front_page_names_the_school_and_its_policy() {
    let school = School::with(|config| config.school = "Light & Co".into()).await;
    let told = school.get("/").send().await;
    let page = html(&told);
    assert!(told.status == StatusCode::OK && page.contains("<h1>Light &amp; Co</h1>") && page.contains("href=\"/v1/policy"), "{page}");
    assert_eq!(page.matches("href=").count(), 1);
}

/// Everything that our own spans and events say.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.lock().unwrap().push_str(&format!("{field}={value:?}\n"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("kolsai")
    }
    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn no_token_and_no_password_is_logged() {
    let log = Log::default();
    // The whole binary's: a subscriber of one thread would miss call sites that another thread met first.
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let school = School::open().await;
    let trace = "6a09e667f3bcc908bb67ae8584caa73b";
    let traceparent = format!("00-{trace}-b7ad6b7169203331-01");
    for (path, form) in [("/confirm", "token=SECRETLINK"), ("/reset", "token=SECRETLINK&new_password=SECRETWORD")] {
        school.get(&format!("{path}?token=SECRETLINK")).header("traceparent", &traceparent).send().await;
        school.ask(Method::POST, path).header("traceparent", &traceparent).header("content-type", FORM).body(form).send().await;
    }
    let log = log.0.lock().unwrap();
    assert!(log.matches(trace).count() >= 4, "the control: what is done is recorded: {log}");
    assert!(!log.contains("SECRET"), "{log}");
}
