//! What privacy is made of, on one screen.

use std::{sync::Arc, time::Duration};

use contract::{
    keyring::v1::keyring_client::KeyringClient,
    privacy::v1::{
        access_logs_server::AccessLogsServer, consents_server::ConsentsServer, copies_server::CopiesServer,
        erasures_server::ErasuresServer, officer_server::OfficerServer, policies_server::PoliciesServer,
        publication_consents_server::PublicationConsentsServer, rights_server::RightsServer,
    },
};
use personal_data::Holds;
use service::{EngineError, Engines, Service};

use crate::{
    Config, accesses,
    accesses::Accesses,
    cases,
    consents::{self, Ledger, Texts, text::Lacks},
    copies::{self, Copies},
    erasures::{self, Erasures},
    keyring::{KeyAddressError, KeyFileError},
    migrations::Migrations,
    policy,
    policy::Policies,
    receipts::SigningKey,
    requests, reviews, states,
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
    KeyAddress(#[from] KeyAddressError),
    #[error(transparent)]
    Backup(#[from] backup::ConfigError),
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    #[error(transparent)]
    Consent(#[from] Lacks),
    #[error("KOLSAI__PRIVACY__ERASURE_GRACE_DAYS is {0}: the term of an erasure leaves room for 14 at most")]
    Grace(u8),
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
    let calendar = Arc::new(calendar(&config)?);
    let db = engines.database::<Migrations>("privacy").await?;
    let keyring = KeyringClient::new(engines.transport("privacy", "keyring"));
    let ways = engines.clone();
    let holder = Arc::new(move |name: &str| ways.transport("privacy", name));
    let to_holder = holder.clone();
    let policies = Arc::new(Policies::try_new(&config, move |name| to_holder(name))?);
    let publications = policy::publications::Publications::try_new(&config)?;
    let texts = Texts::new(policies.consents(&config)?.into_iter().chain(publications.consents()?).collect());
    let ledger = Ledger::new(db.clone(), engines.keys("privacy"), engines.transport("privacy", "identity"), texts);
    let backups =
        backup::Backups::open(&engines.settings().section("backup").map_err(EngineError::from)?, engines.data_folder(), engines.mode())?;
    let erasures = Arc::new(Erasures {
        db: db.clone(),
        keyring: keyring.clone(),
        signing: signing.clone(),
        calendar: calendar.clone(),
        backups,
        grace: grace(&config)?,
    });
    let notes = erasures::kept::Notes { signing: signing.clone() };
    let accesses = Accesses { db: db.clone(), keyring, signing: signing.clone() };
    let copies = Arc::new(Copies {
        db: db.clone(),
        calendar: calendar.clone(),
        signing: signing.clone(),
        accesses: accesses.clone(),
        operator: config.operator_name.clone(),
        holder,
    });
    let desk = requests::officer::Desk { db: db.clone(), erasures: erasures.clone() };
    let watched = signing.clone();
    let rights = requests::rpc::Rpc {
        db: db.clone(),
        copies: copies.clone(),
        erasures: erasures.clone(),
        accesses: accesses.clone(),
        ledger: ledger.clone(),
        signing,
    };
    let (consents, counted) = (ledger.clone(), calendar.clone());
    let service = states::service::add(Service::named("privacy"), &db, engines, calendar, policies.clone(), ledger.clone());
    let operator = consents::text::Operator { name: config.operator_name.clone(), bin: config.operator_bin.clone() };
    let service = cases::service::add(service, &db, engines, &counted, &ledger, &watched, operator);
    let service = reviews::service::add(service, &db, engines, &watched, erasures.clone());
    Ok(service
        .serves(PoliciesServer::new(policy::rpc::Rpc(policies)))
        .serves(PublicationConsentsServer::new(publications))
        .serves(RightsServer::new(rights))
        .serves(CopiesServer::new(copies::rpc::Rpc(copies.clone())))
        .serves(OfficerServer::new(desk))
        .serves(ErasuresServer::new(erasures::rpc::Rpc(erasures.clone())))
        .serves(AccessLogsServer::new(accesses::rpc::Rpc(accesses)))
        .serves(ConsentsServer::new(consents::rpc::Rpc(ledger.clone())))
        .reacts_all(consents::reactors(&db, &ledger))
        .reacts(events::reactor(&db, erasures::Reports))
        .reacts(events::reactor(&db, notes))
        .holds(holds())
        .works("privacy.consents", move |until| consents.clone().run(until))
        .works("privacy.copies", move |until| copies.clone().run(until))
        .works("privacy.erasures", move |until| erasures.clone().run(until)))
}

/// The working calendar, with what the operator's file adds to it.
fn calendar(config: &Config) -> Result<Calendar, CalendarError> {
    let Some(file) = &config.calendar_file else { return Calendar::try_new(config.second_day_off) };
    let further = std::fs::read_to_string(file).map_err(|source| CalendarError::File { file: file.display().to_string(), source })?;
    Calendar::with(config.second_day_off, Some(&further))
}

/// The term of an erasure runs while it waits.
fn grace(config: &Config) -> Result<Duration, InitError> {
    match config.erasure_grace_days {
        days @ 0..=14 => Ok(Duration::from_secs(24 * 3600) * u32::from(days)),
        days => Err(InitError::Grace(days)),
    }
}

/// Everything that privacy holds.
pub fn holds() -> Holds {
    Holds::of::<(
        consents::rows::consent::Entity,
        consents::rows::consent_withdrawal::Entity,
        consents::rows::consent_text::Entity,
        requests::rows::copy_request::Entity,
        copies::rows::copy_receipt::Entity,
        erasures::rows::erasure::Entity,
        erasures::rows::holder_report::Entity,
        erasures::kept::Entity,
        accesses::rows::service_access::Entity,
        accesses::rows::chain_end::Entity,
    )>("privacy")
    .and::<states::service::Tables>()
    .and::<cases::service::Tables>()
    .and::<reviews::service::Tables>()
    .and::<events::Tables>()
    .keeps(events::STORES)
    .keeps(copies::STORES)
    .keeps(backup::STORES)
}

/// Whose erasure is begun and not finished, before this process serves anybody: they are privacy's own to finish.
pub async fn erasures_under_way(engines: &Engines) -> Result<Vec<foundation::PersonId>, personal_data::Error> {
    match engines.opened("privacy") {
        Some(db) => erasures::ledger::under_way(&db).await,
        None => Ok(Vec::new()),
    }
}
