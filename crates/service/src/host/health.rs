//! `grpc.health.v1` of every service, for probes and for peers: whether it lives, and whether it may get traffic.

use std::sync::{Arc, OnceLock};

use tonic::{Request, Response, Status, metadata::MetadataValue};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

use super::Readiness;

/// Beside the answer: what is not ready, by names.
pub(super) const MISSING: &str = "kolsai-missing";

/// Filled when the host has started: a process that has not is not ready.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<OnceLock<Readiness>>);

impl Slot {
    pub(super) fn server(&self) -> HealthServer<Self> {
        HealthServer::new(self.clone())
    }

    pub(super) fn fill(&self, readiness: Readiness) {
        // A host starts once.
        let _ = self.0.set(readiness);
    }

    async fn missing(&self) -> Option<String> {
        let Some(readiness) = self.0.get() else { return Some("the process is starting".into()) };
        let missing = readiness.ready().await.err()?;
        Some(missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

#[tonic::async_trait]
impl Health for Slot {
    /// `live`: whoever answers, lives. `startup`: it has started. Any other name, and none: it may get traffic.
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let missing = match request.get_ref().service.as_str() {
            "live" => None,
            "startup" => self.0.get().is_none().then(|| "the process is starting".to_owned()),
            _ => self.missing().await,
        };
        let status = if missing.is_none() { ServingStatus::Serving } else { ServingStatus::NotServing };
        let mut answer = Response::new(HealthCheckResponse { status: status.into() });
        if let Some(value) =
            missing.and_then(|missing| MetadataValue::try_from(missing.replace(|c: char| !c.is_ascii_graphic() && c != ' ', "?")).ok())
        {
            answer.metadata_mut().insert(MISSING, value);
        }
        Ok(answer)
    }

    type WatchStream = futures::stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("ask again with Check"))
    }
}
