//! What analytics is made of.

use contract::analytics::v1::{published_reports_server::PublishedReportsServer, reports_server::ReportsServer};
use events::reactor;
use personal_data::Holds;
use service::{EngineError, Engines, Service};

use crate::{
    config::{Config, ConfigError},
    counting::CountFacts,
    migrations::{Migrations, Tables},
    reports::{self, Reports},
};

const NAME: &str = "analytics";

/// Why analytics does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Everything that analytics holds: nothing that is anybody's.
pub fn holds() -> Holds {
    Holds::of::<Tables>(NAME).and::<events::Tables>().keeps(events::STORES)
}

/// Its map is given for the comparison with the live tables alone: the contract knows it as a holder of nothing.
pub async fn init(config: Config, engines: &Engines) -> Result<Service, InitError> {
    config.validate(engines.mode())?;
    let db = engines.database::<Migrations>(NAME).await?;
    let reports = reports::rpc::Rpc(Reports::new(db.clone()));
    Ok(Service::named(NAME)
        .serves(ReportsServer::new(reports.clone()))
        .serves(PublishedReportsServer::new(reports))
        .reacts(reactor(&db, CountFacts))
        .holds(holds()))
}
