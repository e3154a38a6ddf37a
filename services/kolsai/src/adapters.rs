//! What the gateway asks of the process behind it.

use async_trait::async_trait;
use foundation::Refusal;
use service::TokenVerifier;

pub(crate) struct Tokens(pub TokenVerifier);

#[async_trait]
impl gateway::TokenCheck for Tokens {
    async fn check(&self, bearer: &str) -> Result<(), Refusal> {
        self.0.check(bearer).await.map(drop)
    }
}

pub(crate) struct Ready(pub service::Readiness);

#[async_trait]
impl gateway::Readiness for Ready {
    async fn ready(&self) -> Result<(), Vec<String>> {
        self.0.ready().await.map_err(|missing| missing.iter().map(ToString::to_string).collect())
    }
}
