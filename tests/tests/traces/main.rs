//! Everything visible, and nothing of anybody: one registration seen by a collector, a scraper and the log.
#![allow(clippy::disallowed_methods, reason = "a test starts the program in an environment of its own")]

mod collector;
mod school;

use std::{collections::BTreeSet, time::Duration};

use collector::{Collector, text};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use school::School;
use serde_json::{Value, json};
use testkit::{Consents, letters};
use uuid::Uuid;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const FAILING: &str = "0af7651916cd43dd8448eb211c80319c";

/// What a person says of themselves, and nobody else in the world.
struct Markers {
    first_name: String,
    last_name: String,
    email: String,
    phone: String,
    password: String,
}

impl Markers {
    fn new() -> Self {
        let marker = Uuid::new_v4().simple().to_string();
        let digits: String = marker.bytes().map(|byte| char::from(b'0' + byte % 10)).take(9).collect();
        Self {
            first_name: format!("Aigerim{}", letters(&marker[..12])),
            last_name: format!("Bekova{}", letters(&marker[12..24])),
            email: format!("aigerim.{marker}@learner.example"),
            phone: format!("+77{digits}"),
            password: format!("Steppe wind {} over Charyn", &marker[..16]),
        }
    }

    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let all = [&self.first_name, &self.last_name, &self.email, &self.phone, &self.password];
        all.into_iter().map(String::as_str).filter(|marker| bytes.windows(marker.len()).any(|window| window == marker.as_bytes())).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_goes_through_everything_and_holds_nothing_of_anybody() {
    let collector = Collector::default();
    let endpoint = collector.listen().await;
    let settings = [("KOLSAI__TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()), ("KOLSAI__TELEMETRY__LOG_FILTER", "info,kolsai_events=debug")];
    let school = School::start(&settings).await;
    let person = Markers::new();

    let body = json!({
        "first_name": person.first_name, "last_name": person.last_name, "email": person.email, "phone": person.phone,
        "age_bracket": "ADULT", "password": person.password, "language": "en",
        "consents": Consents::shown(&school.client, "en").await.0, "idempotency_key": Uuid::new_v4().to_string(),
    });
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    // Anybody can write anything into a `tracestate`.
    let state = format!("who={}", person.email);
    let headers = [("content-type", "application/json"), ("traceparent", &traceparent), ("tracestate", &state)];
    let answer = school.client.send(http::Method::POST, "/v1/accounts", &headers, body.to_string().into()).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.trace_id().as_str()), (200, TRACE), "{}", String::from_utf8_lossy(&answer.body));
    school.mail.token(&person.email, "/confirm?token=").await;

    let spans = seen(&collector, TRACE, |spans| {
        let kinds: BTreeSet<String> = spans.iter().map(kind).collect();
        ["gateway", "call identity", "statement identity", "publish identity", "reaction communication"]
            .iter()
            .all(|kind| kinds.contains(*kind))
    })
    .await;
    // Every span but the first has its parent in the trace: it is one tree.
    let ids: BTreeSet<Vec<u8>> = spans.iter().map(|span| span.span_id.clone()).collect();
    let roots: Vec<_> = spans.iter().filter(|span| !ids.contains(&span.parent_span_id)).map(|span| span.name.as_str()).collect();
    assert_eq!(roots, ["kolsai.identity.v1.Accounts.Register"], "{:?}", spans.iter().map(kind).collect::<Vec<_>>());
    let statement = spans.iter().find(|span| span.name == "INSERT outbox").expect("the outbox is written in the trace");
    let told = |key: &str| text(&statement.attributes, key);
    assert_eq!(
        [told("db.system.name"), told("db.operation.name"), told("db.collection.name"), told("db.namespace")],
        ["sqlite", "INSERT", "outbox", "identity"]
    );
    assert!(spans.iter().any(|span| span.name == "COMMIT"));

    // An error carries its trace, and its span says that it is one.
    let wrong = format!("00-{FAILING}-00f067aa0ba902b7-01");
    let headers = [("content-type", "application/json"), ("traceparent", wrong.as_str())];
    let ask = json!({ "email": person.email, "password": "not theirs" }).to_string();
    let refused = school.client.send(http::Method::POST, "/v1/sessions", &headers, ask.into()).await.unwrap().refused();
    assert_eq!(refused.json()["error"]["trace_id"], FAILING);

    let scraped = school.scraped().await;
    for line in [
        r#"http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",rpc_method="kolsai.identity.v1.Accounts.Register"}"#,
        r#"kolsai_outbox_depth{kolsai_service="identity"}"#,
        r#"kolsai_events_parked{kolsai_service="communication"} 0"#,
        r#"kolsai_alarms_total{alarm="CHAIN_BROKEN"} 0"#,
        "kolsai_ready 1",
        "process_memory_usage_bytes ",
        r#"kolsai_events_reacted_total{"#,
        r#"db_client_operation_duration_seconds_count{"#,
        r#"db_client_connection_max{"#,
        r#"kolsai_clocks{kolsai_clock_state="overdue"} 0"#,
    ] {
        assert!(scraped.lines().any(|written| written.starts_with(line)), "{line} is missing in\n{scraped}");
    }
    let call = r#"rpc_method="kolsai.identity.v1.Accounts/Register""#;
    assert!(scraped.lines().any(|line| line.starts_with("rpc_server_call_duration_seconds_count{") && line.contains(call)), "{scraped}");

    let (well, screen) = school.status().await;
    assert!(well, "{screen}");
    for part in
        ["gateway        ready", "identity       SQLite", "clocks         0 at risk, none overdue", "last backup    none are configured"]
    {
        assert!(screen.contains(part), "{part} is missing in\n{screen}");
    }
    assert_eq!(person.found_in(screen.as_bytes()), Vec::<&str>::new());

    let log = school.log();
    let lines: Vec<Value> = log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).expect(line)).collect();
    let reacted = lines.iter().filter(|line| line["message"] == "reacted" && line["trace_id"] == TRACE).count();
    assert!(reacted > 0, "no line of a reaction has its trace:\n{log}");

    let metrics = collector.clone();
    school.stop().await;
    assert!(metrics.metrics().iter().any(|name| name == "rpc.server.call.duration"), "metrics come by OTLP too");
    for (where_, bytes) in [("traces and metrics", collector.bytes()), ("the log", log.into_bytes()), ("the scrape", scraped.into_bytes())]
    {
        assert_eq!(person.found_in(&bytes), Vec::<&str>::new(), "in {where_}");
    }
}

/// A share of nothing: only what fails is collected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_that_nobody_asked_for_is_collected_when_it_fails() {
    let collector = Collector::default();
    let endpoint = collector.listen().await;
    let settings = [("KOLSAI__TELEMETRY__OTLP_ENDPOINT", endpoint.as_str()), ("KOLSAI__TELEMETRY__SAMPLE_RATIO", "0")];
    let school = School::start(&settings).await;

    let well = school.client.get("/v1/policy", None).await.unwrap();
    assert_eq!(well.status.as_u16(), 200);
    // A method that is not there: by the conventions that is a failure of the server's.
    let headers = [("content-type", "application/grpc"), ("te", "trailers")];
    let failed =
        school.client.send(http::Method::POST, "/kolsai.privacy.v1.Policies/Repeal", &headers, bytes::Bytes::from_static(&[0; 5])).await;
    let failed = failed.unwrap();
    let status = tonic::Status::from_header_map(&failed.headers).unwrap_or_else(|| panic!("no error of gRPC: {failed:?}"));
    let info = tonic_types::StatusExt::get_details_error_info(&status).expect("a typed error");
    assert_eq!(info.metadata["trace_id"], failed.trace_id());

    let spans = seen(&collector, &failed.trace_id(), |spans| !spans.is_empty()).await;
    assert!(spans.iter().any(|span| span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)), "{spans:?}");
    school.stop().await;
    assert!(collector.of(&well.trace_id()).is_empty(), "what went well was not asked for");
}

/// `statement identity`: what a span is, and whose.
fn kind(span: &Span) -> String {
    let service = [text(&span.attributes, "service"), text(&span.attributes, "db.namespace")].concat();
    let what = match () {
        () if !text(&span.attributes, "db.system.name").is_empty() => "statement",
        () if !text(&span.attributes, "rpc.system").is_empty() => "call",
        () if span.name == "publish" => "publish",
        () if !text(&span.attributes, "messaging.destination.name").is_empty() => "reaction",
        () if service == "gateway" => return service,
        () => "other",
    };
    format!("{what} {service}")
}

/// The spans of a trace, once they are as wanted.
async fn seen(collector: &Collector, trace: &str, wanted: impl Fn(&[Span]) -> bool) -> Vec<Span> {
    for _ in 0..300 {
        let spans = collector.of(trace);
        if wanted(&spans) {
            // What ended a moment later comes with the next batch.
            tokio::time::sleep(Duration::from_secs(3)).await;
            return collector.of(trace);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not all of the trace came: {:?}", collector.of(trace).iter().map(kind).collect::<Vec<_>>());
}
