//! Backups that do not bring people back: encrypted parts with a signed catalogue on another store, the keyring apart under another
//! key, and, outside of both, the ledger of erasures.
//!
//! A backup is written by a machine that cannot read it: only public keys ([`Config::recipients`]) are in its settings. A restore puts
//! it back where nothing is; the school replays the ledger whenever it starts, before it serves anybody.

mod backups;
mod catalogue;
mod config;
mod content;
mod drill;
mod error;
mod keys;
mod ledger;
mod pack;
mod progress;
mod prune;
mod record;
mod restore;
mod retention;
mod schedule;
mod staging;
mod stores;
mod surroundings;
mod take;
mod unpack;

pub use backups::{Backups, catalogue_key_of};
pub use catalogue::{Content, Entry, Part, Shelf};
pub use config::Config;
pub use drill::{Drilled, Found, drill};
pub use error::{ConfigError, Error};
pub use keys::{Identities, new_identity};
pub use ledger::{Ledger, MAP as LEDGER_MAP};
pub use progress::{Progress, Shown, quietly};
pub use prune::{Pruned, prune};
pub use record::{Record, last_restore, note_replayed};
pub use restore::{Ask, restore};
pub use retention::gone_by;
pub use schedule::{Standing, keep_up};
pub use staging::sweep_staging;
pub use stores::STORES;
pub use surroundings::{KEYRING, Surroundings};
pub use take::{Taken, take};
