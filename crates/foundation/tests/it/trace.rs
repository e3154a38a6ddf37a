//! W3C Trace Context: `traceparent` and `tracestate` by the rules of the working group's own test suite.

use foundation::trace::{self, Incoming};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    map
}

fn incoming(pairs: &[(&str, &str)]) -> Option<Incoming> {
    Incoming::of(&headers(pairs))
}

/// The `tracestate` that goes on, of a request with these headers beside a good `traceparent`.
fn state(values: &[&str]) -> String {
    let pairs: Vec<_> = std::iter::once(("traceparent", GOOD)).chain(values.iter().map(|value| ("tracestate", *value))).collect();
    let mut out = HeaderMap::new();
    incoming(&pairs).expect("the trace goes on, whatever its state is").write(&mut out);
    out.get("tracestate").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn a_traceparent_is_read() {
    let context = trace::parse(GOOD).unwrap();
    assert_eq!(context.trace_id().to_string(), TRACE);
    assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
    assert!(context.is_sampled() && context.is_remote());
    assert!(!trace::parse(&GOOD.replace("-01", "-00")).unwrap().is_sampled());
}

#[test]
fn what_is_not_valid_restarts_the_trace() {
    let bad = [
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-the-future-will-be-like",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ".0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0.-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "000-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0000-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-.bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473.-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
        "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-.0f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b71-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-.0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0.",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-001",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
    ];
    for text in bad {
        assert!(trace::parse(text).is_none(), "{text}");
        assert!(incoming(&[("traceparent", text), ("tracestate", "foo=1")]).is_none(), "{text}");
    }
    assert!(incoming(&[("tracestate", "foo=1")]).is_none(), "a state without a trace");
    assert!(incoming(&[("traceparent", GOOD), ("traceparent", GOOD)]).is_none(), "two traces are none");
    assert!(incoming(&[("trace-parent", GOOD)]).is_none());
}

#[test]
fn a_later_version_is_read_as_far_as_it_is_known() {
    for text in [
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
        " \t00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t ",
    ] {
        assert_eq!(trace::parse(text).expect(text).trace_id().to_string(), TRACE);
    }
    // What goes on is ours: version 00, and no flag that nobody has defined.
    let future = GOOD.replacen("00-", "cc-", 1).replace("-01", "-ff");
    assert_eq!(incoming(&[("traceparent", &future)]).unwrap().traceparent(), GOOD.replace("-01", "-03"));
}

#[test]
fn a_state_goes_on_in_its_order() {
    assert_eq!(state(&["foo=1,bar=2"]), "foo=1,bar=2");
    assert_eq!(state(&["foo=1", "bar=2"]), "foo=1,bar=2");
    assert_eq!(state(&["foo=1", "bar=2", "rojo=1,congo=2", "baz=3"]), "foo=1,bar=2,rojo=1,congo=2,baz=3");
    assert_eq!(state(&["", "foo=1"]), "foo=1");
    assert_eq!(state(&["foo=1,", ",bar=2"]), "foo=1,bar=2");
    assert_eq!(state(&["foo=1 \t , \t bar=2, \t baz=3"]), "foo=1,bar=2,baz=3");
    assert_eq!(state(&["foo=1,bar=2,foo=3"]), "foo=1,bar=2");
    let key: String = ('a'..='z').chain('0'..='9').chain("_-*/".chars()).collect();
    let value: String = (0x20..=0x7e_u8).map(char::from).filter(|c| !matches!(c, ',' | '=')).collect();
    let (value, tenant) = (value.trim().to_owned(), format!("{key}@a-z0-9_-*/"));
    assert_eq!(state(&[&format!("{key}={value},{tenant}={value}")]), format!("{key}={value},{tenant}={value}"));
    assert_eq!(state(&["0foo=1"]), "0foo=1", "level 2: a key may begin with a digit");
}

#[test]
fn a_state_that_is_not_valid_is_dropped_whole() {
    for text in ["foo =1", "FOO=1", "foo.bar=1", "foo@=1,bar=2", "@foo=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2"] {
        assert_eq!(state(&[text]), "", "{text}");
        assert_eq!(state(&["foo=1", text]), "", "{text}");
    }
    for text in ["foo=bar=baz", "foo=,bar=3", "foo", "=1", "foo=a\tb"] {
        assert_eq!(state(&[text]), "", "{text}");
    }
    let member = |n: usize| format!("bar{n:02}={n:02}");
    let many: Vec<_> = (1..=32).map(member).collect();
    assert_eq!(state(&[&many.join(",")]), many.join(","));
    assert_eq!(state(&[&many.join(","), "one=more"]), "");
    let (most, too_long) = ("z".repeat(256), "z".repeat(257));
    assert_eq!(state(&["foo=1", &format!("{most}=1")]), format!("foo=1,{most}=1"));
    assert_eq!(state(&["foo=1", &format!("{too_long}=1")]), "");
    assert_eq!(state(&["foo=1", &format!("{}@{}=1", "t".repeat(241), "v".repeat(13))]).len(), 263);
    assert_eq!(state(&["foo=1", &format!("{}@v=1", "t".repeat(242))]), "");
    assert_eq!(state(&["foo=1", &format!("t@{}=1", "v".repeat(15))]), "");
    assert_eq!(state(&[&format!("foo={most}")]), format!("foo={most}"));
    assert_eq!(state(&[&format!("foo={too_long}")]), "");
}

#[test]
fn of_a_long_state_the_long_members_go_first() {
    let long = format!("long={}", "x".repeat(200));
    let many: Vec<_> = (10..40).map(|n| format!("member{n}={n}23456789")).collect();
    let left = state(&[&long, &many.join(",")]);
    assert!(left.len() <= 512 && !left.contains("long") && left.starts_with("member10="), "{left}");
}

#[test]
fn from_outside_only_known_members_of_a_state_stay() {
    let map = headers(&[("traceparent", GOOD), ("tracestate", "who=aigul@example.kz,known=1")]);
    let mut out = HeaderMap::new();
    Incoming::keeping(&map, |key| key == "known").unwrap().write(&mut out);
    assert_eq!(out["tracestate"], "known=1");
    Incoming::keeping(&map, |_| false).unwrap().write(&mut out);
    assert!(!out.contains_key("tracestate"));
}

#[test]
fn without_tracing_there_is_no_trace() {
    assert_eq!(trace::current_traceparent(), None);
    trace::parent_of(&tracing::Span::none(), Some(GOOD));
    assert!(!trace::inject(&mut HeaderMap::new()));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>(), state in any::<String>()) {
        let _ = trace::parse(&text);
        if let (Ok(parent), Ok(state)) = (HeaderValue::try_from(text), HeaderValue::try_from(state)) {
            let _ = Incoming::of(&HeaderMap::from_iter([(trace::TRACEPARENT, parent), (trace::TRACESTATE, state)]));
        }
    }
}
