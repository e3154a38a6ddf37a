//! Whether this caller may call this method. Whether they may see this person is the use case's question.

use contract::{MethodRule, Role, Who};
use foundation::Refusal;
use http::{HeaderMap, header::AUTHORIZATION};
use personal_data::Actor;
use uuid::Uuid;

use super::StackParts;
use crate::{
    call::principal::Principal,
    peers::{Peer, Standing},
    token::Claims,
};

/// A refusal, and who was refused, as far as that is known.
pub(super) struct Denied {
    pub(super) refusal: Box<Refusal>,
    pub(super) actor: Actor,
    pub(super) session: Option<Uuid>,
}

pub(super) async fn authorize(rule: &MethodRule, peer: &Peer, headers: &HeaderMap, parts: &StackParts) -> Result<Principal, Denied> {
    known(rule, peer)?;
    match rule.who {
        Who::Anyone => Ok(Principal::Anyone),
        Who::Link => Ok(Principal::Link),
        Who::Partner => Ok(Principal::Partner(rule.service_name.clone())),
        Who::Service => service(rule, peer),
        Who::Person => Ok(Principal::Person(signed_in(rule, headers, parts).await?)),
        Who::Staff => {
            let claims = signed_in(rule, headers, parts).await?;
            match role_of(&claims, rule) {
                Some(role) => Ok(Principal::Staff(claims, role)),
                None if foundation::sabotage::breaks("P15") => Ok(Principal::Staff(claims, contract::Role::Learner)),
                None => Err(of_person(&claims, Refusal::denied("WRONG_ROLE", "your roles do not allow this; ask an administrator"))),
            }
        }
        // The contract's own check lets no such rule start; nobody may call it all the same.
        Who::Unspecified => Err(of_nobody(Refusal::denied("NO_RULE", "nobody may call this method"))),
    }
}

/// The school's own services bring everybody's calls. A client of another team brings its own alone: what people and staff may do is
/// done through the gateway, which counts and limits.
fn known(rule: &MethodRule, peer: &Peer) -> Result<(), Denied> {
    match peer.standing() {
        Standing::House => Ok(()),
        Standing::Client => service(rule, peer).map(drop),
        Standing::Stranger => {
            Err(of_service(peer, "UNKNOWN_PEER", "the contract names the calling service nowhere; ask for it to be declared"))
        }
    }
}

fn service(rule: &MethodRule, peer: &Peer) -> Result<Principal, Denied> {
    if rule.who == Who::Service && rule.callers.iter().any(|caller| caller == peer.name()) {
        return Ok(Principal::Service(peer.clone()));
    }
    Err(of_service(peer, "NOT_A_CALLER", "the contract does not name the calling service among the callers of this method"))
}

fn of_service(peer: &Peer, reason: &'static str, message: &'static str) -> Denied {
    Denied { refusal: Refusal::denied(reason, message).into(), actor: Actor::Service(peer.name().to_owned()), session: None }
}

async fn signed_in(rule: &MethodRule, headers: &HeaderMap, parts: &StackParts) -> Result<Claims, Denied> {
    let bearer =
        bearer(headers).ok_or_else(|| of_nobody(Refusal::unauthenticated("NOT_SIGNED_IN", "sign in and send the access token")))?;
    let verifier = &parts.verifier;
    let checked = if rule.fresh.is_some() { verifier.check_entirely(bearer).await } else { verifier.check(bearer).await };
    let claims = checked.map_err(of_nobody)?;
    let stale = rule.fresh.is_some_and(|fresh| parts.clock.now().since(claims.signed_in_at()) > fresh);
    if stale {
        return Err(of_person(
            &claims,
            Refusal::unauthenticated("SIGN_IN_AGAIN", "this needs a fresh sign-in: sign in again and repeat it"),
        ));
    }
    Ok(claims)
}

/// The scheme is matched without case (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn role_of(claims: &Claims, rule: &MethodRule) -> Option<Role> {
    let roles = claims.roles();
    rule.roles.iter().copied().find(|role| roles.contains(role))
}

fn of_nobody(refusal: Refusal) -> Denied {
    Denied { refusal: refusal.into(), actor: Actor::Nobody, session: None }
}

fn of_person(claims: &Claims, refusal: Refusal) -> Denied {
    Denied { refusal: refusal.into(), actor: Actor::Person { id: claims.sub, role: None }, session: Some(claims.sid) }
}
