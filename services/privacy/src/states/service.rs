//! Restriction, withdrawal and objection, put into privacy.

use std::sync::Arc;

use contract::{
    keyring::v1::keyring_client::KeyringClient,
    learning::v1::decisions_client::DecisionsClient,
    payment::v1::obligations_client::ObligationsClient,
    privacy::v1::{objections_server::ObjectionsServer, processing_server::ProcessingServer},
};
use events::reactor;
use personal_data::Db;
use service::{Engines, Service};

use super::{
    States, reactions,
    rows::{follower, processing, state_request},
    rpc,
};
use crate::{
    consents::Ledger,
    objections::{self, Objections},
    policy::Policies,
    terms::Calendar,
    withdrawals::Withdrawals,
};

/// The tables of these rooms.
pub(crate) type Tables = (processing::Entity, follower::Entity, state_request::Entity, objections::rows::Entity);

/// Adds what these rooms serve, hear of and work on.
pub(crate) fn add(
    service: Service,
    db: &Db,
    engines: &Engines,
    calendar: Arc<Calendar>,
    policies: Arc<Policies>,
    ledger: Ledger,
) -> Service {
    let way = |name| engines.transport("privacy", name);
    let states = Arc::new(States { db: db.clone(), keyring: KeyringClient::new(way("keyring")), calendar: calendar.clone() });
    let payment = ObligationsClient::new(way("payment"));
    let withdrawals = Withdrawals { states: states.clone(), payment, policies, ledger };
    let keys = engines.keys("privacy");
    let objections = Objections { db: db.clone(), keys, learning: DecisionsClient::new(way("learning")), calendar };
    service
        .serves(ProcessingServer::new(rpc::Rpc { states: states.clone(), withdrawals }))
        .serves(ObjectionsServer::new(objections::rpc::Rpc(objections)))
        .reacts(reactor(db, reactions::Confirmations))
        .reacts(reactor(db, reactions::Notices))
        .reacts(reactor(db, reactions::Subscriptions))
        .works("privacy.states", move |until| states.clone().run(until))
}
