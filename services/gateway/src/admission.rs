//! Who gets past the door: the address's limit first, then the token, as the method's rule asks.

use std::{net::IpAddr, sync::Arc};

use contract::MethodRule;
use foundation::Refusal;
use http::{HeaderMap, header};
use tonic::Code;

use crate::{limits::Limiter, service::TokenCheck};

pub(crate) struct Admission {
    limiter: Limiter,
    tokens: Arc<dyn TokenCheck>,
}

impl Admission {
    pub(crate) fn new(limiter: Limiter, tokens: Arc<dyn TokenCheck>) -> Self {
        Self { limiter, tokens }
    }

    /// A call of a method. Whoever must be signed in shows a good token; from the others none is looked at.
    ///
    /// What is refused here stands in no access log: nothing of anybody was reached, nobody is known to have asked, and whoever
    /// may write into an append-only log without a session can fill it. It is counted in the process's own log.
    pub(crate) async fn admit(&self, rule: &MethodRule, address: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        let admitted = self.check(rule, address, headers).await;
        if let Err(refusal) = &admitted {
            tracing::info!(method = %rule.full_name, reason = refusal.reason, "a call was refused at the door");
        }
        admitted
    }

    async fn check(&self, rule: &MethodRule, address: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        self.limiter.take(address, rule.cost).await?;
        if !rule.needs_session() {
            return Ok(());
        }
        let token = bearer(headers)
            .ok_or_else(|| Refusal::unauthenticated("NO_TOKEN", "sign in and send the access token as `authorization: Bearer …`"))?;
        self.tokens.check(token).await.map_err(|refusal| match refusal.code {
            Code::Unauthenticated | Code::Unavailable | Code::DeadlineExceeded => refusal,
            _ => Refusal::unavailable("TOKEN_NOT_CHECKED", "the access token cannot be checked at the moment; try again"),
        })
    }

    /// A call of something that has no rule: it costs one.
    pub(crate) async fn admit_stranger(&self, address: IpAddr) -> Result<(), Refusal> {
        self.limiter.take(address, 1).await
    }

    /// A request to an embedded server: whether it is let in there is that server's matter.
    pub(crate) async fn admit_passing(&self, address: IpAddr, cost: u32) -> Result<(), Refusal> {
        self.limiter.take(address, cost).await
    }

    pub(crate) fn forget_idle_addresses(&self) {
        self.limiter.forget_idle();
    }
}

/// The token of an `authorization: Bearer` header (RFC 6750). Two such headers are none: nobody could say which one counts.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_single_bearer_token_counts() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.extend(values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value))));
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer abc"]), Some("abc".to_owned()));
        assert_eq!(of(&["bearer abc"]), Some("abc".to_owned()));
        assert_eq!(of(&["Bearer "]), None);
        assert_eq!(of(&["Basic abc"]), None);
        assert_eq!(of(&["Bearer abc", "Bearer def"]), None);
        assert_eq!(of(&[]), None);
    }
}
