//! What the keyring is made of.

use std::{path::PathBuf, sync::Arc};

use contract::keyring::v1::keyring_server::KeyringServer;
use personal_data::{AccessLog, Holds};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use service::{Engines, Service};

use super::{KeyEncryptionKey, Keyring, rows, rpc};
use crate::InitError;

struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = personal_data::schema::migration("keyring_0001", rows::tables);
        personal_data::migrations().into_iter().chain(events::migrations()).chain([own]).collect()
    }
}

/// `key_file` holds the key-encryption key.
pub async fn init(key_file: Option<PathBuf>, engines: &Engines) -> Result<Service, InitError> {
    let path = key_file.unwrap_or_else(|| engines.data_folder().join("keyring").join("key-encryption.key"));
    let wrapping = KeyEncryptionKey::from_file(&path, engines.mode())?;
    let db = engines.database::<Migrations>("keyring").await?;
    let keyring = Keyring::new(db.clone(), wrapping);
    let log = AccessLog::with_handles(db, Arc::new(keyring.clone()));
    let holds = Holds::of::<(rows::person_key::Entity, rows::handle::Entity, rows::key_grant::Entity, rows::index_key::Entity)>("keyring");
    Ok(Service::named("keyring").serves(KeyringServer::new(rpc::Rpc(keyring))).logs_with(log).holds(holds.and::<events::Tables>()))
}
