//! Identity: what it is made of.

use std::sync::Arc;

use contract::identity::v1::{
    accounts_server::AccountsServer, contacts_server::ContactsServer, revocations_server::RevocationsServer,
    sessions_server::SessionsServer, signing_keys_server::SigningKeysServer, staff_server::StaffServer,
};
use personal_data::Holds;
use service::{EngineError, Engines, Service, token::REVOCATIONS};

use crate::{
    Config, ConfigError, DemoAccounts,
    accounts::{self, Accounts, Invalid, rules::Email},
    contacts::{self, Contacts},
    first_administrator, housekeeping, links,
    migrations::Migrations,
    passwords::{self, Passwords},
    reactions::{destroy_key, end_tokens},
    relation,
    revocations::{self, Revocations, rows::revocation},
    secrets::Secrets,
    sessions::{
        self, Parts, Sessions,
        signing::{Signer, SigningKeyError},
    },
    staff::{self, Staff, StaffTies},
    stores::STORES,
    throttle::Throttle,
};

/// How the contract calls this service.
pub const NAME: &str = "identity";

/// Every table that identity holds of its own.
type Tables = (
    accounts::rows::account::Entity,
    accounts::rows::credential::Entity,
    links::rows::link::Entity,
    sessions::rows::session::Entity,
    staff::rows::role_grant::Entity,
    revocation::Entity,
    relation::rows::Entity,
);

/// Why identity does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    #[error(transparent)]
    Passwords(#[from] passwords::Error),
    #[error("KOLSAI__IDENTITY__FIRST_ADMINISTRATOR: {0}")]
    FirstAdministrator(Invalid),
    #[error(transparent)]
    Revocations(#[from] revocations::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Everything that identity holds.
pub fn holds() -> Holds {
    Holds::of::<Tables>(NAME).and::<events::Tables>().keeps(events::STORES).keeps(REVOCATIONS).keeps(STORES)
}

/// Opens the database and the signing key; nothing works until the host starts it.
pub async fn init(config: Config, engines: &Engines) -> Result<Service, InitError> {
    config.validate(engines.mode())?;
    let signer = Signer::load(config.signing_key_file.as_deref(), engines.mode(), engines.data_folder())?;
    let passwords = Passwords::try_new(&config)?;
    let db = engines.database::<Migrations>(NAME).await?;
    let secrets = Secrets::new(engines.keys(NAME));
    let throttle = Throttle::new(engines.cache(), engines.clock(), secrets.clone());
    let revocations = Revocations::new(db.clone(), engines.cache());
    revocations.restore().await?;
    let sessions = Sessions::new(Parts {
        db: db.clone(),
        secrets: secrets.clone(),
        passwords: passwords.clone(),
        throttle: throttle.clone(),
        revocations: revocations.clone(),
        signer,
        issuer: engines.settings().peers.issuer.clone(),
    });
    let privacy = engines.transport(NAME, "privacy");
    let accounts = Accounts::new(db.clone(), secrets.clone(), passwords.clone(), throttle, sessions.clone(), privacy);
    let staff = Staff::new(db.clone(), secrets, sessions.clone());
    let abandoned = destroy_key(&db, engines.keys(NAME), engines.transport(NAME, "keyring"));
    let sessions = sessions::rpc::Rpc(sessions);
    let [ending_on_order, ending_on_state] = end_tokens(&db, revocations.clone());

    let mut service = Service::named(NAME)
        .serves(AccountsServer::new(accounts::rpc::Rpc(accounts.clone())))
        .serves(ContactsServer::new(contacts::rpc::Rpc(Contacts::new(accounts.clone()))))
        .serves(RevocationsServer::new(revocations.clone()))
        .serves(SessionsServer::new(sessions.clone()))
        .serves(SigningKeysServer::new(sessions))
        .serves(StaffServer::new(staff::rpc::Rpc(staff.clone())))
        .reacts(abandoned)
        .reacts(ending_on_order)
        .reacts(ending_on_state)
        .holds(holds())
        .ties(Arc::new(StaffTies(db.clone())))
        .works("housekeeping", {
            let (db, unused) = (db.clone(), config.unused());
            move |cancel| housekeeping::run(db.clone(), unused, cancel)
        });
    if engines.cache().may_forget() {
        service = service.works("revocation-mirror", move |cancel| revocations.mirror().run(cancel));
    }
    if let Some(email) = &config.first_administrator {
        let email = Email::parse(email).map_err(InitError::FirstAdministrator)?;
        let (accounts, staff, clock) = (accounts.clone(), staff.clone(), engines.clock());
        service = service.works("first-administrator", move |cancel| {
            first_administrator::run(email.clone(), accounts.clone(), staff.clone(), clock.clone(), cancel)
        });
    }
    if config.makes_demo_accounts(engines.mode()) {
        let demo = DemoAccounts { db, accounts, staff, passwords, data: engines.data_folder().to_owned() };
        service = service.works("demo-accounts", move |cancel| demo.clone().run(cancel));
    }
    Ok(service)
}
