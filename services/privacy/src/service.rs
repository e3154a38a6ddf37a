//! What privacy is made of, on one screen.

use std::sync::Arc;

use contract::{
    communication::v1::{NewsletterEnded, NewsletterSubscribed},
    identity::v1::{RegistrationAbandoned, RegistrationConsented},
    keyring::v1::keyring_client::KeyringClient,
    privacy::v1::{
        access_logs_server::AccessLogsServer, officer_server::OfficerServer, policies_server::PoliciesServer, rights_server::RightsServer,
    },
};
use personal_data::Holds;
use service::{EngineError, Engines, Service};

use crate::{
    Config, accesses,
    accesses::Accesses,
    consents,
    copies::Copies,
    erasures::{self, Erasures},
    keyring::KeyFileError,
    migrations::Migrations,
    policy,
    policy::Policies,
    receipts::SigningKey,
    requests,
    terms::{Calendar, CalendarError},
};

/// Why privacy or the keyring cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    #[error("the policy in `{language}` cannot be read")]
    Policy {
        language: &'static str,
        #[source]
        source: toml::de::Error,
    },
}

pub async fn init(config: Config, engines: &Engines) -> Result<Service, InitError> {
    let seed = config.receipt_key_file.clone().unwrap_or_else(|| engines.data_folder().join("privacy").join("receipts.key"));
    let signing = SigningKey::from_file(&seed, engines.mode())?;
    let calendar = Arc::new(Calendar::try_new(config.second_day_off)?);
    let db = engines.database::<Migrations>("privacy").await?;
    let keyring = KeyringClient::new(engines.transport("privacy", "keyring"));
    let ways = engines.clone();
    let holder = Arc::new(move |name: &str| ways.transport("privacy", name));
    let to_holder = holder.clone();
    let policies = Arc::new(Policies::try_new(&config, move |name| to_holder(name))?);
    let erasures = Arc::new(Erasures { db: db.clone(), keyring: keyring.clone(), signing: signing.clone(), calendar: calendar.clone() });
    let accesses = Accesses { db: db.clone(), keyring, signing: signing.clone() };
    let copies = Copies { db: db.clone(), calendar, signing: signing.clone(), holder };
    let desk = requests::officer::Desk { db: db.clone(), erasures: erasures.clone() };
    let rights = requests::rpc::Rpc { db: db.clone(), copies, erasures: erasures.clone(), accesses: accesses.clone(), signing };
    Ok(Service::named("privacy")
        .serves(PoliciesServer::new(policy::rpc::Rpc(policies)))
        .serves(RightsServer::new(rights))
        .serves(OfficerServer::new(desk))
        .ties(erasures.clone())
        .serves(AccessLogsServer::new(accesses::rpc::Rpc(accesses)))
        .reacts(events::reactor::<RegistrationConsented, _>(&db, consents::Ledger))
        .reacts(events::reactor::<RegistrationAbandoned, _>(&db, consents::Ledger))
        .reacts(events::reactor::<NewsletterSubscribed, _>(&db, consents::Ledger))
        .reacts(events::reactor::<NewsletterEnded, _>(&db, consents::Ledger))
        .reacts(events::reactor(&db, erasures::Reports))
        .holds(holds())
        .works("privacy.erasures", move |until| erasures.clone().run(until)))
}

fn holds() -> Holds {
    Holds::of::<(
        consents::rows::consent::Entity,
        requests::rows::copy_request::Entity,
        erasures::rows::erasure::Entity,
        erasures::rows::holder_report::Entity,
        accesses::rows::service_access::Entity,
        accesses::rows::chain_end::Entity,
    )>("privacy")
    .and::<events::Tables>()
}
