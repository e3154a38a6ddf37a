//! One clock, microseconds, UTC.

use std::time::Duration;

use foundation::{Clock, Mode, Timestamp};
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_time_survives_the_contract(micros in any::<i64>()) {
        let at = Timestamp::from_micros(micros);
        let proto = at.to_proto();
        prop_assert!((0..1_000_000_000).contains(&proto.nanos));
        prop_assert_eq!(Timestamp::from_proto(&proto), at);
    }

    #[test]
    fn whatever_a_caller_sends_is_some_time(seconds in any::<i64>(), nanos in any::<i32>()) {
        let _ = Timestamp::from_proto(&prost_types::Timestamp { seconds, nanos }).to_string();
    }

    #[test]
    fn spans_add_up(micros in -(1_i64 << 60)..(1 << 60), span in 0_u64..(1 << 60)) {
        let (at, span) = (Timestamp::from_micros(micros), Duration::from_micros(span));
        prop_assert_eq!(at.plus(span).since(at), span);
        prop_assert_eq!(at.plus(span).minus(span), at);
        prop_assert_eq!(at.minus(span).since(at), Duration::ZERO);
    }
}

#[test]
fn the_ends_of_time_do_not_wrap() {
    let (first, last) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    assert_eq!((first.minus(Duration::MAX), last.plus(Duration::MAX)), (first, last));
}

#[test]
fn a_time_reads_as_rfc_3339() {
    assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_micros(1_766_000_000_123_456).to_string(), "2025-12-17T19:33:20.123456Z");
    assert_eq!(Timestamp::from_micros(-1).seconds(), -1);
}

#[test]
fn clones_of_a_clock_move_together() {
    let clock = Clock::system(Mode::Development);
    let (clone, before) = (clock.clone(), clock.now());
    assert!(clock.advance(Duration::from_secs(86_400)));
    assert!(clone.now().since(before) >= Duration::from_secs(86_400));
}

#[test]
fn a_mode_has_two_names() {
    for mode in [Mode::Development, Mode::Production] {
        assert_eq!(mode.to_string().parse::<Mode>(), Ok(mode));
    }
    assert!("Production".parse::<Mode>().is_err() && "".parse::<Mode>().is_err());
    assert_eq!(Mode::default(), Mode::Development);
}
