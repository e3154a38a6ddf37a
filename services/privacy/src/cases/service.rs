//! Cases, rectifications, complaint files and clocks, as parts of privacy.

use std::sync::Arc;

use ::service::{Engines, Service};
use contract::{
    identity::v1::contacts_client::ContactsClient,
    privacy::v1::{cases_server::CasesServer, complaints_server::ComplaintsServer, notices_server::NoticesServer},
};
use personal_data::{Db, schema};
use sea_orm_migration::MigrationTrait;

use super::{Cases, Told, rows, rpc};
use crate::{
    clocks::{self, Clocks},
    complaints::{self, Complaints},
    consents::{Ledger, text::Operator},
    receipts::SigningKey,
    rectifications::{self, Rectifications},
    terms::Calendar,
};

/// Tables of these rooms.
pub type Tables = (
    rows::rights_case::Entity,
    rectifications::rows::rectification::Entity,
    rectifications::rows::rectification_report::Entity,
    clocks::rows::clock_alarm::Entity,
    clocks::rows::due_change::Entity,
    clocks::rows::calendar_used::Entity,
);

pub fn migration() -> Box<dyn MigrationTrait> {
    schema::migration("privacy_0021", || {
        rows::tables().into_iter().chain(rectifications::rows::tables()).chain(clocks::rows::tables()).collect()
    })
}

pub fn add(
    service: Service,
    db: &Db,
    engines: &Engines,
    calendar: &Arc<Calendar>,
    ledger: &Ledger,
    signing: &SigningKey,
    operator: Operator,
) -> Service {
    let cases = Cases { db: db.clone(), keys: engines.keys("privacy"), calendar: calendar.clone() };
    let rectifications = Rectifications { db: db.clone(), calendar: calendar.clone() };
    let clocks = Clocks { db: db.clone(), calendar: calendar.clone() };
    let complaints = Complaints {
        db: db.clone(),
        ledger: ledger.clone(),
        calendar: calendar.clone(),
        signing: signing.clone(),
        operator,
        names: ContactsClient::new(engines.transport("privacy", "identity")),
    };
    service
        .serves(CasesServer::new(rpc::Rpc(cases.clone())))
        .serves(NoticesServer::new(rpc::NoticesRpc(cases)))
        .serves(ComplaintsServer::new(complaints::rpc::Rpc(complaints)))
        .reacts_all(rectifications::reactors(&rectifications))
        .reacts(events::reactor(db, Told))
        .works("privacy.rectifications", move |until| rectifications.clone().run(until))
        .works("privacy.clocks", move |until| clocks.clone().run(until))
}
