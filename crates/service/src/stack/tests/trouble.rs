use std::time::Duration;

use contract::Role;
use foundation::PersonId;
use http::HeaderMap;
use personal_data::Decision;
use tonic::Code;
use tonic_types::StatusExt;

use super::{
    super::time_for,
    bench::{Bench, token},
};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn an_answer_whose_use_case_named_nobody_is_withheld() {
    let bench = Bench::new();
    let person = token(&bench.claims(PersonId::new_v4(), &[]));
    let support = token(&bench.claims(PersonId::new_v4(), &[Role::Support]));
    let cases = [
        ("gateway", "Ask", None),
        ("gateway", "Follow", None),
        ("gateway", "Gallery", Some(&person)),
        ("gateway", "Look", Some(&support)),
        ("friend", "Tell", None),
    ];
    for (peer, method, token) in cases {
        let got = bench.call(peer, method, token.map(String::as_str), "").await;
        assert_eq!((got.status.code(), got.reason.as_str()), (Code::Internal, "PERSON_NOT_NAMED"), "{method}");
        assert_eq!(bench.call(peer, method, token.map(String::as_str), "nobody").await.status.code(), Code::Ok, "{method}");
    }
    // A service that names the person in the request has said whose data it is.
    assert_eq!(bench.call("friend", "TellOne", None, "").await.status.code(), Code::Ok);
}

#[tokio::test]
async fn causes_stay_inside() {
    let bench = Bench::new();
    let mut headers = HeaderMap::new();
    headers.insert("doing", "nobody;break".parse().unwrap());
    headers.insert("traceparent", TRACEPARENT.parse().unwrap());
    let got = bench.send("gateway", "Ask", headers).await;
    assert_eq!(got.status.code(), Code::Internal);
    assert_eq!(got.status.message(), "internal error; quote the trace id");
    let info = got.status.get_details_error_info().unwrap();
    assert_eq!(info.metadata["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_what_was_named_is_recorded() {
    let bench = Bench::new();
    let (staff, person) = (PersonId::new_v4(), PersonId::new_v4());
    let token = token(&bench.claims(staff, &[Role::Support]));
    let got = bench.call("gateway", "Look", Some(&token), &format!("name:{person};panic")).await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::Internal, "INTERNAL"));
    let entries = bench.log.take();
    assert_eq!((entries.len(), entries[0].subject, entries[0].decision), (1, Some(person), Decision::Granted));
    assert_eq!(bench.call("gateway", "Open", None, "").await.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_call_ends_with_its_deadline() {
    let bench = Bench::new();
    let mut headers = HeaderMap::new();
    headers.insert("doing", "nobody;sleep".parse().unwrap());
    headers.insert("grpc-timeout", "150m".parse().unwrap());
    let begun = tokio::time::Instant::now();
    let got = bench.send("gateway", "Ask", headers).await;
    assert_eq!(got.status.code(), Code::DeadlineExceeded);
    assert!(begun.elapsed() >= Duration::from_millis(140) && begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_client_cannot_ask_for_more_time_than_there_is() {
    assert_eq!(time_for(None), Duration::from_secs(10));
    assert_eq!(time_for(Some(Duration::from_secs(2))), Duration::from_secs(2));
    assert_eq!(time_for(Some(Duration::from_secs(3600))), Duration::from_secs(60));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_an_entry_of_what_was_named() {
    let bench = Bench::new();
    let (staff, person) = (PersonId::new_v4(), PersonId::new_v4());
    let token = token(&bench.claims(staff, &[Role::Support]));
    let doing = format!("name:{person};sleep");
    let call = bench.call("gateway", "Look", Some(&token), &doing);
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(bench.log.take().iter().filter(|entry| entry.subject == Some(person)).count(), 1);
}
