//! Say it in the transaction, do it once: the outbox, the relay, the bus, the inbox.
//!
//! A use case writes rows and outbox in one transaction; the relay hands each event to the bus and holds no transaction
//! meanwhile; a reaction and the note that it happened commit together. Delivery order is not promised.

mod again;
mod any;
mod backlog;
mod bus;
mod dispatch;
mod envelope;
mod giving;
pub mod inbox;
mod leases;
pub mod nats;
pub mod outbox;
mod own;
pub mod parked;
mod reaction;
mod relay;
pub mod rules;
mod stores;
mod wake;

pub use again::publish_again;
pub use any::AnyBus;
pub use backlog::{Backlog, backlog};
pub use bus::{Bus, InProcessBus, Manner, Undelivered};
pub use dispatch::reactor;
pub use envelope::Envelope;
pub use nats::{BusConfig, BusError, NatsBus};
pub use outbox::announce_in_tx;
pub use own::{Arrival, OwnReaction, own_reactor};
pub use reaction::{Outcome, Reaction, ReactionError, Reactor, is_newest_in_tx};
pub use relay::Relay;
pub use stores::STORES;

use personal_data::schema;
use sea_orm_migration::MigrationTrait;

/// The entities that every service with events has; for `Holds::and`.
pub type Tables = (outbox::event::Entity, outbox::delivery::Entity, inbox::Entity, parked::Entity);

/// Their tables.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![schema::migration("events_0001", || vec![outbox::event_table(), outbox::delivery_table(), inbox::table(), parked::table()])]
}
