//! A refusal as it reaches the caller: `google.rpc.Status` with typed details.

use std::time::Duration;

use foundation::{DOMAIN, Refusal, reason_of};
use tonic::{Code, Status};
use tonic_types::StatusExt;

#[test]
fn every_refusal_carries_its_code_reason_and_domain() {
    let cases = [
        (Refusal::invalid("A", "name", "m"), Code::InvalidArgument),
        (Refusal::not_found("B", "m"), Code::NotFound),
        (Refusal::unauthenticated("C", "m"), Code::Unauthenticated),
        (Refusal::denied("D", "m"), Code::PermissionDenied),
        (Refusal::precondition("E", "m"), Code::FailedPrecondition),
        (Refusal::conflict("F", "m"), Code::Aborted),
        (Refusal::exhausted("G", "m", Duration::from_secs(7)), Code::ResourceExhausted),
        (Refusal::unavailable("H", "m"), Code::Unavailable),
    ];
    for (refusal, code) in cases {
        let reason = refusal.reason;
        let status = Status::from(refusal);
        assert_eq!((status.code(), status.message()), (code, "m"));
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, DOMAIN));
        assert_eq!(reason_of(&status).as_deref(), Some(reason));
    }
}

#[test]
fn the_field_and_the_wait_are_typed_details() {
    let status = Status::from(Refusal::conflict("A", "look at it again").at_field("etag"));
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!((violations[0].field.as_str(), violations[0].description.as_str()), ("etag", "look at it again"));

    let wait = |refusal: Refusal| Status::from(refusal).get_details_retry_info().and_then(|info| info.retry_delay);
    assert_eq!(wait(Refusal::exhausted("A", "m", Duration::from_millis(2500))), Some(Duration::from_millis(2500)));
    assert_eq!(wait(Refusal::unavailable("A", "m")), Some(Duration::from_secs(1)));
    assert_eq!(wait(Refusal::not_found("A", "m")), None);
}

#[test]
fn an_internal_cause_is_not_shown() {
    let status = Status::from(Refusal::internal(&"UNIQUE constraint failed: account.email"));
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?} {:?}", status.get_error_details()).contains("account"));
    assert_eq!(reason_of(&status).as_deref(), Some("INTERNAL"));
}

#[test]
fn a_status_of_somebody_else_has_no_reason() {
    assert_eq!(reason_of(&Status::unavailable("gone")), None);
    assert_eq!(reason_of(&Status::with_details(Code::Internal, "m", vec![0xff; 9].into())), None);
}

#[test]
fn every_error_can_carry_its_trace() {
    let typed = Status::from(Refusal::exhausted("A", "m", Duration::from_secs(7)).at_field("f"));
    let typed = foundation::with_trace_id(&typed, "4bf9");
    let info = typed.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.metadata["trace_id"].as_str(), typed.message()), ("A", "4bf9", "m"));
    assert!(typed.get_details_retry_info().is_some() && typed.get_details_bad_request().is_some());
    // What is there stays: the first who saw the error knows best.
    let again = foundation::with_trace_id(&typed, "0000").get_details_error_info().unwrap();
    assert_eq!(again.metadata["trace_id"], "4bf9");
    let bare = foundation::with_trace_id(&Status::unimplemented("no such method"), "4bf9").get_details_error_info().unwrap();
    assert_eq!((bare.reason.as_str(), bare.domain.as_str(), bare.metadata["trace_id"].as_str()), ("UNIMPLEMENTED", DOMAIN, "4bf9"));
}
