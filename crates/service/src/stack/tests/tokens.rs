use std::time::Duration;

use ed25519_dalek::SigningKey;
use foundation::PersonId;
use tonic::Code;

use super::bench::{Bench, signing_key, token, token_by};
use crate::token::Claims;

const HEADER: &str = r#"{"alg":"EdDSA","kid":"first"}"#;

#[tokio::test]
async fn a_token_ends_by_our_clock() {
    let bench = Bench::new();
    let token = token(&bench.claims(PersonId::new_v4(), &[]));
    assert_eq!(bench.call("gateway", "Mine", Some(&token), "").await.status.code(), Code::Ok);
    bench.clock.advance(Duration::from_secs(299));
    assert_eq!(bench.call("gateway", "Mine", Some(&token), "").await.status.code(), Code::Ok);
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(bench.call("gateway", "Mine", Some(&token), "").await.reason, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn an_ended_session_ends_its_tokens() {
    let bench = Bench::new();
    let claims = bench.claims(PersonId::new_v4(), &[]);
    bench.end_session(claims.sid).await;
    assert_eq!(bench.call("gateway", "Mine", Some(&token(&claims)), "").await.reason, "SESSION_ENDED");
}

#[tokio::test]
async fn a_forged_token_is_worth_nothing() {
    let bench = Bench::new();
    let good = bench.claims(PersonId::new_v4(), &[]);
    let with = |change: fn(&mut Claims)| {
        let mut claims = good.clone();
        change(&mut claims);
        token(&claims)
    };
    let whole = token(&good);
    let (body, signature) = whole.rsplit_once('.').unwrap();
    let (other, _) = token(&bench.claims(PersonId::new_v4(), &[])).rsplit_once('.').map(|(b, s)| (b.to_owned(), s.to_owned())).unwrap();
    let forged = [
        token_by(&SigningKey::from_bytes(&[8; 32]), HEADER, &good),
        token_by(&signing_key(), r#"{"alg":"EdDSA"}"#, &good),
        token_by(&signing_key(), r#"{"alg":"EdDSA","kid":"unknown"}"#, &good),
        token_by(&signing_key(), r#"{"alg":"HS256","kid":"first"}"#, &good),
        token_by(&signing_key(), r#"{"alg":"none","kid":"first"}"#, &good),
        format!("{other}.{signature}"),
        format!("{body}."),
        with(|claims| claims.aud = "elsewhere".into()),
        with(|claims| claims.iss = "elsewhere".into()),
        with(|claims| claims.iat += 3600),
        with(|claims| claims.auth_time += 3600),
        "a.b.c".into(),
        "x".repeat(5000),
    ];
    for token in forged {
        let got = bench.call("gateway", "Mine", Some(&token), "").await;
        assert_eq!((got.status.code(), got.reason.as_str()), (Code::Unauthenticated, "INVALID_TOKEN"), "{token}");
    }
    assert_eq!(bench.call("gateway", "Mine", Some(&whole), "").await.status.code(), Code::Ok);
}

#[tokio::test]
async fn without_identity_nobody_is_let_in_and_nobody_is_refused() {
    let bench = Bench::new();
    let token = token(&bench.claims(PersonId::new_v4(), &[]));
    let (clock, cache) = (bench.clock.clone(), bench.cache.clone());
    let alone = crate::token::TokenVerifier::new(crate::Peers::in_process().transport("test", "identity"), cache, clock, "kolsai");
    let refusal = alone.check(&token).await.unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (Code::Unavailable, "SIGNING_KEYS_UNAVAILABLE"));
}
