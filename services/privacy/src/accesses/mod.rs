//! What every service's access log recorded: chains checked, ends signed, and shown to the person.

mod append;
pub mod audit;
mod list;
pub mod rows;
pub mod rpc;

use contract::keyring::v1::keyring_client::KeyringClient;
use foundation::Transport;
use personal_data::Db;

use crate::receipts::SigningKey;

#[derive(Clone)]
pub struct Accesses {
    pub db: Db,
    pub keyring: KeyringClient<Transport>,
    pub signing: SigningKey,
}
