use std::time::Duration;

use contract::Role;
use foundation::PersonId;
use http::HeaderMap;
use tonic::Code;

use super::bench::{Bench, token};

#[tokio::test]
async fn anyone_link_and_partner_need_no_session() {
    let bench = Bench::new();
    for method in ["Open", "Ask", "Follow", "Hook"] {
        let got = bench.call("gateway", method, None, "nobody").await;
        assert_eq!(got.status.code(), Code::Ok, "{method}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_in_the_contract_does_not_exist() {
    let bench = Bench::new();
    assert_eq!(bench.call("gateway", "Elsewhere", None, "nobody").await.status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_person_signs_in() {
    let bench = Bench::new();
    let got = bench.call("gateway", "Mine", None, "").await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::Unauthenticated, "NOT_SIGNED_IN"));
    let token = token(&bench.claims(PersonId::new_v4(), &[]));
    assert_eq!(bench.call("gateway", "Mine", Some(&token), "").await.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_person_finds_nothing_of_anybody_else() {
    let bench = Bench::new();
    let (me, other) = (PersonId::new_v4(), PersonId::new_v4());
    let token = token(&bench.claims(me, &[]));
    assert_eq!(bench.call("gateway", "MyThing", Some(&token), &format!("name:{me}")).await.status.code(), Code::Ok);
    let got = bench.call("gateway", "MyThing", Some(&token), &format!("name:{other}")).await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(bench.call("gateway", "Gallery", Some(&token), &format!("each:{me},{other}")).await.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_careful_method_wants_a_fresh_sign_in() {
    let bench = Bench::new();
    let mut claims = bench.claims(PersonId::new_v4(), &[]);
    claims.exp += 3600;
    let token = token(&claims);
    assert_eq!(bench.call("gateway", "Careful", Some(&token), "").await.status.code(), Code::Ok);
    bench.clock.advance(Duration::from_secs(601));
    let got = bench.call("gateway", "Careful", Some(&token), "").await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::Unauthenticated, "SIGN_IN_AGAIN"));
}

#[tokio::test]
async fn staff_need_a_role_and_a_tie() {
    let bench = Bench::new();
    let (aigul, oleg, learner) = (PersonId::new_v4(), PersonId::new_v4(), PersonId::new_v4());
    bench.tied.0.lock().unwrap().push((aigul, learner));
    let doing = format!("name:{learner}");
    let as_learner = token(&bench.claims(oleg, &[Role::Learner, Role::Support]));
    let got = bench.call("gateway", "Mark", Some(&as_learner), &doing).await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::PermissionDenied, "WRONG_ROLE"));
    let untied = token(&bench.claims(oleg, &[Role::Instructor]));
    let got = bench.call("gateway", "Mark", Some(&untied), &doing).await;
    assert_eq!((got.status.code(), got.reason.as_str()), (Code::PermissionDenied, "NO_TIE"));
    let got = bench.call("gateway", "Mark", Some(&untied), &format!("each:{learner}")).await;
    assert_eq!(got.reason, "NO_TIE");
    let tied = token(&bench.claims(aigul, &[Role::Instructor]));
    assert_eq!(bench.call("gateway", "Mark", Some(&tied), &doing).await.status.code(), Code::Ok);
}

#[tokio::test]
async fn a_service_method_knows_its_callers() {
    let bench = Bench::new();
    assert_eq!(bench.call("friend", "Tell", None, "nobody").await.status.code(), Code::Ok);
    for stranger in ["gateway", "test", "identity"] {
        let got = bench.call(stranger, "Tell", None, "nobody").await;
        assert_eq!((got.status.code(), got.reason.as_str()), (Code::PermissionDenied, "NOT_A_CALLER"), "{stranger}");
    }
}

#[tokio::test]
async fn nobody_becomes_a_peer_by_saying_so() {
    let bench = Bench::new();
    let mut headers = HeaderMap::new();
    for (name, value) in [("doing", "nobody"), ("x-kolsai-peer", "friend"), ("x-kolsai-person", "me"), ("peer", "friend")] {
        headers.insert(name, value.parse().unwrap());
    }
    assert_eq!(bench.send("gateway", "Tell", headers.clone()).await.reason, "NOT_A_CALLER");
    // A friend's call with such headers goes through without them: the service asserts that none arrives.
    assert_eq!(bench.send("friend", "Tell", headers).await.status.code(), Code::Ok);
}
