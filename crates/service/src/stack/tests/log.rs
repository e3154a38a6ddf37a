use contract::{Category, Purpose, Role};
use foundation::PersonId;
use personal_data::{Actor, Decision};
use tonic::Code;

use super::bench::{Bench, token};

#[tokio::test]
async fn staff_leave_an_entry_per_call_and_person() {
    let bench = Bench::new();
    let (aigul, one, two) = (PersonId::new_v4(), PersonId::new_v4(), PersonId::new_v4());
    bench.tied.0.lock().unwrap().extend([(aigul, one), (aigul, two)]);
    let claims = bench.claims(aigul, &[Role::Instructor]);
    for _ in 0..2 {
        bench.call("gateway", "Mark", Some(&token(&claims)), &format!("each:{one},{two}")).await;
        let entries = bench.log.take();
        assert_eq!(entries.len(), 2);
        for entry in entries {
            assert_eq!(entry.actor, Actor::Person { id: aigul, role: Some(Role::Instructor) });
            assert_eq!((entry.decision, entry.session), (Decision::Granted, Some(claims.sid)));
            assert_eq!((entry.method.as_str(), entry.categories), ("kolsai.test.v1.Desk.Mark", vec![Category::Learning]));
        }
    }
}

#[tokio::test]
async fn a_person_leaves_an_entry_per_session() {
    let bench = Bench::new();
    let me = PersonId::new_v4();
    let claims = bench.claims(me, &[]);
    for _ in 0..3 {
        assert_eq!(bench.call("gateway", "Mine", Some(&token(&claims)), "").await.status.code(), Code::Ok);
    }
    let entries = bench.log.take();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].subject, &entries[0].actor), (Some(me), &Actor::Person { id: me, role: None }));
    bench.call("gateway", "Mine", Some(&token(&bench.claims(me, &[]))), "").await;
    assert_eq!(bench.log.take().len(), 1);
}

#[tokio::test]
async fn links_leave_an_entry_each_time_and_services_none() {
    let bench = Bench::new();
    let person = PersonId::new_v4();
    for _ in 0..2 {
        bench.call("gateway", "Follow", None, &format!("name:{person}")).await;
    }
    assert_eq!(bench.log.take().iter().filter(|entry| entry.actor == Actor::Link && entry.subject == Some(person)).count(), 2);
    bench.call("friend", "Tell", None, &format!("each:{person}")).await;
    assert!(bench.log.take().is_empty());
}

#[tokio::test]
async fn every_refusal_leaves_an_entry() {
    let bench = Bench::new();
    let (staff, person) = (PersonId::new_v4(), PersonId::new_v4());
    let instructor = token(&bench.claims(staff, &[Role::Instructor]));
    let support = token(&bench.claims(staff, &[Role::Support]));
    let mine = token(&bench.claims(staff, &[]));
    let name = format!("name:{person}");
    let cases = [
        ("gateway", "Mine", None, "", "NOT_SIGNED_IN", None),
        ("gateway", "Tell", None, "nobody", "NOT_A_CALLER", None),
        ("gateway", "Mark", Some(&support), &name, "WRONG_ROLE", None),
        ("gateway", "Mark", Some(&instructor), &name, "NO_TIE", Some(person)),
        ("gateway", "MyThing", Some(&mine), &name, "NOT_FOUND", Some(person)),
        ("gateway", "Look", Some(&support), &format!("{name};deny"), "NOT_THIS_ONE", Some(person)),
        ("gateway", "Look", Some(&support), &format!("{name};lose"), "LOST", Some(person)),
        ("gateway", "Ask", None, "deny", "NOT_THIS_ONE", None),
    ];
    for (peer, method, token, doing, reason, subject) in cases {
        bench.call(peer, method, token.map(String::as_str), doing).await;
        let entries = bench.log.take();
        assert_eq!(entries.len(), 1, "{method} {reason}");
        assert_eq!((entries[0].decision, entries[0].subject), (Decision::Refused(reason), subject), "{method}");
    }
    // What is not there is nobody's: nothing was refused.
    bench.call("gateway", "Ask", None, "lose").await;
    assert!(bench.log.take().is_empty());
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_given() {
    let bench = Bench::new();
    let token = token(&bench.claims(PersonId::new_v4(), &[]));
    *bench.log.broken.lock().unwrap() = true;
    let got = bench.call("gateway", "Mine", Some(&token), "").await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::Unavailable, "ACCESS_LOG_UNAVAILABLE"));
    let got = bench.call("gateway", "Tell", None, "nobody").await;
    assert_eq!(got.reason, "ACCESS_LOG_UNAVAILABLE");
    *bench.log.broken.lock().unwrap() = false;
    assert_eq!(bench.call("gateway", "Mine", Some(&token), "").await.status.code(), Code::Ok);
    assert_eq!(bench.log.take().len(), 1, "an entry that was not written is written next time");
}

#[tokio::test]
async fn an_exception_stands_in_for_a_tie_and_shows() {
    let bench = Bench::new();
    let (staff, person, other) = (PersonId::new_v4(), PersonId::new_v4(), PersonId::new_v4());
    let instructor = token(&bench.claims(staff, &[Role::Instructor]));
    bench.tied.1.lock().unwrap().push((staff, person));
    let got = bench.call("gateway", "Mark", Some(&instructor), &format!("name:{person}")).await;
    assert_eq!(got.status.code(), Code::Ok);
    let entries = bench.log.take();
    assert_eq!(
        entries.iter().map(|entry| (entry.subject, entry.decision)).collect::<Vec<_>>(),
        [(Some(person), Decision::GrantedByException("SAFETY"))]
    );
    // It is for one person, and gives no role.
    assert_eq!(bench.call("gateway", "Mark", Some(&instructor), &format!("name:{other}")).await.reason, "NO_TIE");
    let support = token(&bench.claims(staff, &[Role::Support]));
    assert_eq!(bench.call("gateway", "Mark", Some(&support), &format!("name:{person}")).await.reason, "WRONG_ROLE");
}

#[tokio::test]
async fn what_is_withheld_of_an_answer_is_a_refusal_with_what_was_asked_for() {
    let bench = Bench::new();
    let (one, two) = (PersonId::new_v4(), PersonId::new_v4());
    let doing = format!("ask;each:{one},{two};withhold:{two}");
    assert_eq!(bench.call("friend", "Tell", None, &doing).await.status.code(), Code::Ok);
    let entries = bench.log.take();
    assert_eq!(entries.len(), 1, "what a service got is noted by the keyring");
    assert_eq!((entries[0].subject, entries[0].decision), (Some(two), Decision::Refused("ERASED")));
    assert_eq!((entries[0].purpose, entries[0].categories.as_slice()), (Purpose::Education, [Category::Learning].as_slice()));
}
