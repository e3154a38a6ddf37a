//! What the keyring is made of.

use std::sync::Arc;

use contract::keyring::v1::keyring_server::KeyringServer;
use personal_data::{AccessLog, Holds};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use service::{Engines, Service};

use super::{KeyEncryption, Keyring, rotation, rows, rpc, witness};
use crate::{Config, InitError};

/// The schema of the keyring's database.
pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = personal_data::schema::migration("keyring_0001", rows::tables);
        personal_data::migrations()
            .into_iter()
            .chain(events::migrations())
            .chain([own, Box::new(witness::FirstGrants), Box::new(rows::WrappedBy)])
            .collect()
    }
}

/// Everything that the keyring holds: keys and random identifiers.
pub fn holds() -> Holds {
    Holds::of::<(rows::person_key::Entity, rows::handle::Entity, rows::key_grant::Entity, rows::index_key::Entity)>("keyring")
        .and::<events::Tables>()
        .keeps(events::STORES)
}

/// The settings of privacy name the key-encryption key.
pub async fn init(config: &Config, engines: &Engines) -> Result<Service, InitError> {
    let keys = KeyEncryption::open(config, engines.settings(), &engines.clock())?;
    let db = engines.database::<Migrations>("keyring").await?;
    let keyring = Keyring::new(db.clone(), keys.clone());
    let log = AccessLog::with_handles(db.clone(), Arc::new(keyring.clone()));
    Ok(Service::named("keyring")
        .serves(KeyringServer::new(rpc::Rpc(keyring)))
        .logs_with(log)
        .holds(holds())
        .works("keyring.rotation", move |until| rotation::run(db.clone(), keys.clone(), until)))
}
