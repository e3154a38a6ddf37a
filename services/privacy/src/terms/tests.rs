use super::*;

fn calendar() -> Calendar {
    Calendar::try_new(6).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

/// The vectors of the working calendar (law-kz).
#[test]
fn terms_end_when_the_law_says() {
    for (received, days, due) in [
        ("2026-03-19", 3, "2026-03-27"),
        ("2026-03-20", 1, "2026-03-26"),
        ("2026-04-30", 3, "2026-05-06"),
        ("2026-08-28", 1, "2026-08-31"),
        ("2026-11-20", 3, "2026-11-25"),
        ("2026-12-15", 15, "2027-01-11"),
        ("2027-03-12", 1, "2027-03-16"),
    ] {
        let found = calendar().after(received.parse().unwrap(), days).unwrap();
        assert_eq!(found.date.to_string(), due, "received {received}, {days} working days; skipped {:?}", found.skipped);
        assert!(found.skipped.iter().all(|(_, reason)| !reason.is_empty()) && !found.provisional);
    }
}

#[test]
fn a_term_ends_with_its_last_day_in_almaty() {
    let due = calendar().after("2026-11-20".parse().unwrap(), 3).unwrap();
    assert_eq!(due.at.to_string(), "2026-11-25T19:00:00Z");
    // 20:30 UTC is the next day in Almaty.
    assert_eq!(calendar().due("copy", at("2026-11-19T20:30:00Z")).unwrap().0.date.to_string(), "2026-11-25");
}

#[test]
fn the_strictest_regime_governs_and_is_said() {
    let found = calendar().governed("copy", at("2026-11-20T05:00:00Z")).unwrap();
    assert_eq!((found.strictest.regime, found.strictest.due.date.to_string().as_str()), (Regime::Kz, "2026-11-25"));
    assert!(found.strictest.article.contains("94-V"));
    // 20 December 2026 is a Sunday.
    assert_eq!((found.others[0].regime, found.others[0].due.date.to_string().as_str()), (Regime::Eu, "2026-12-21"));
    // A breach on the eve of Nauryz: 72 hours end before the next working day does.
    let breach = calendar().governed("breach", at("2026-03-20T08:00:00Z")).unwrap();
    assert_eq!((breach.strictest.regime, breach.strictest.due.at.to_string().as_str()), (Regime::Eu, "2026-03-23T08:00:00Z"));
    assert_eq!(breach.others[0].due.date.to_string(), "2026-03-26");
    let withdrawal = calendar().governed("withdrawal", at("2026-12-15T05:00:00Z")).unwrap();
    assert_eq!((withdrawal.strictest.regime, withdrawal.strictest.due.date.to_string().as_str()), (Regime::Eu, "2026-12-15"));
    assert_eq!(withdrawal.others[0].due.date.to_string(), "2027-01-11");
}

#[test]
fn months_and_calendar_days_end_on_a_working_day() {
    let calendar = calendar();
    let month = |day: &str| calendar.on(Regime::Eu, day.parse().unwrap(), Length::Months(1)).unwrap().date.to_string();
    assert_eq!(month("2027-01-31"), "2027-03-01", "28 February 2027 is a Sunday");
    assert_eq!(month("2026-03-31"), "2026-04-30", "a month without the date ends with its last day");
    let complaint = calendar.due("complaint", at("2026-03-11T05:00:00Z")).unwrap().0;
    assert_eq!(complaint.date.to_string(), "2026-03-26", "21 March is a holiday, and so are the days after");
    assert_eq!(calendar.due("complaint", at("2026-11-02T05:00:00Z")).unwrap().0.date.to_string(), "2026-11-12");
}

#[test]
fn unknown_rights_have_no_term() {
    assert!(matches!(calendar().due("tea", at("2026-11-20T05:00:00Z")), Err(CalendarError::NoTerm(_))));
}

/// Nobody has announced the days off of later years.
#[test]
fn a_gap_is_said_and_loses_no_request() {
    let calendar = calendar();
    let refused = calendar.after("2027-04-29".parse().unwrap(), 3).unwrap_err();
    assert!(matches!(refused, CalendarError::Gap { before: None, .. }), "{refused}");
    assert!(refused.to_string().contains("2027-05-01"), "{refused}");
    assert!(matches!(calendar.due("copy", at("2031-06-02T05:00:00Z")), Err(CalendarError::Gap { .. })));
    let counted = calendar.governed("copy", at("2031-06-02T05:00:00Z")).unwrap().strictest;
    assert!(counted.due.provisional);
    assert_eq!(counted.due.date.to_string(), "2031-06-05");
}

#[test]
fn a_hole_between_two_announcements_is_an_error() {
    let file = r#"
        version = "2028"
        [[covers]]
        from = "2028-01-01"
        through = "2028-12-31"
        source = "a decree"
    "#;
    let refused = Calendar::with(6, Some(file)).err().unwrap();
    assert!(matches!(refused, CalendarError::Gap { before: Some(_), .. }), "{refused}");
}

#[test]
fn moved_days_off_move_terms() {
    let file = r#"
        version = "moved-1"
        [[covers]]
        from = "2027-05-02"
        through = "2027-12-31"
        source = "a decree"
        [[day_off]]
        date = "2026-11-23"
        reason = "moved from 28 November"
        source = "a decree"
        [[working_day]]
        date = "2026-11-28"
        reason = "its day off was moved to 23 November"
        source = "a decree"
    "#;
    let moved = Calendar::with(6, Some(file)).unwrap();
    assert_ne!(moved.version(), calendar().version());
    assert_eq!(moved.after("2026-11-20".parse().unwrap(), 3).unwrap().date.to_string(), "2026-11-26");
    assert_eq!(moved.after("2026-11-27".parse().unwrap(), 1).unwrap().date.to_string(), "2026-11-28");
    assert!(moved.after("2027-04-29".parse().unwrap(), 3).is_ok(), "the gap is closed");
    let both = file.replace("2026-11-28", "2026-11-23");
    assert!(matches!(Calendar::with(6, Some(&both)), Err(CalendarError::OffAndWorking(_))));
}

#[test]
fn the_second_day_off_is_the_employers_rule() {
    let friday_free = Calendar::try_new(5).unwrap();
    assert_eq!(friday_free.after("2026-11-19".parse().unwrap(), 1).unwrap().date.to_string(), "2026-11-21", "a Saturday");
}
