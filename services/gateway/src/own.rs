//! What the gateway answers itself over gRPC: health, and reflection of what is public.

use std::{sync::Arc, time::Duration};

use contract::Contract;
use tokio::time::sleep;
use tonic::service::Routes;
use tonic_health::{
    ServingStatus,
    server::{HealthReporter, health_reporter},
};

use crate::{InitError, reflection, service::Readiness};

/// How often the health of what stands behind is asked for.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Own {
    routes: Routes,
    reporter: HealthReporter,
    readiness: Arc<dyn Readiness>,
    /// The public services, by full name; the empty name stands for the whole.
    names: Vec<String>,
}

impl Own {
    pub(crate) async fn init(contract: &Contract, readiness: Arc<dyn Readiness>) -> Result<Self, InitError> {
        let public = reflection::public_part(contract)?;
        let names: Vec<String> = std::iter::once(String::new()).chain(reflection::service_names(&public)).collect();
        let (reporter, health) = health_reporter();
        for name in &names {
            reporter.set_service_status(name, ServingStatus::NotServing).await;
        }
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_file_descriptor_set(public.clone())
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let v1 = builder().build_v1().map_err(|error| InitError::Reflection(error.to_string()))?;
        let v1alpha = builder().build_v1alpha().map_err(|error| InitError::Reflection(error.to_string()))?;
        let routes = Routes::new(health).add_service(v1).add_service(v1alpha).prepare();
        Ok(Self { routes, reporter, readiness, names })
    }

    pub(crate) fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Keeps the health service up to date; never ends.
    pub(crate) async fn follow_readiness(&self) {
        loop {
            let status = if self.readiness.ready().await.is_ok() { ServingStatus::Serving } else { ServingStatus::NotServing };
            for name in &self.names {
                self.reporter.set_service_status(name, status).await;
            }
            sleep(EVERY).await;
        }
    }
}

/// Whether a path is answered by the gateway itself.
pub(crate) fn is_own(path: &str) -> bool {
    ["/grpc.health.v1.Health/", "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}
