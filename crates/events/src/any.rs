//! The bus that the address chooses.

use std::sync::Arc;

use async_trait::async_trait;
use foundation::BoxError;
use personal_data::Db;
use tokio_util::sync::CancellationToken;

use crate::{
    Bus, BusConfig, BusError, Envelope, InProcessBus, NatsBus, Reactor, Undelivered,
    bus::Manner,
    nats::{Address, Lag},
};

/// `memory:` in a process that runs every service, `nats://` or `tls://` everywhere else. Clones share it.
#[derive(Clone)]
pub enum AnyBus {
    Memory(InProcessBus),
    Nats(NatsBus),
}

impl AnyBus {
    /// Opens the bus. A server is connected to, and its stream declared, or the one that is there checked.
    pub async fn open(config: BusConfig) -> Result<Self, BusError> {
        match Address::of(&config.address)? {
            Address::Memory => Ok(Self::Memory(InProcessBus::default())),
            Address::Servers(servers) => Ok(Self::Nats(NatsBus::open(config, servers).await?)),
        }
    }

    /// Adds a reaction; before the services of the process start.
    pub fn subscribe(&self, reactor: Arc<dyn Reactor>) {
        match self {
            Self::Memory(bus) => bus.subscribe(reactor),
            Self::Nats(bus) => bus.subscribe(reactor),
        }
    }

    /// Whether reactions are worked for by [`AnyBus::react`]; in memory the relay does that.
    pub fn has_consumers(&self) -> bool {
        matches!(self, Self::Nats(_))
    }

    /// Takes events for the reactions of one service, until cancelled.
    pub async fn react(&self, service: &'static str, until: CancellationToken) -> Result<(), BoxError> {
        match self {
            Self::Memory(_) => until.cancelled().await,
            Self::Nats(bus) => bus.react(service, until).await,
        }
        Ok(())
    }

    /// How far behind each reaction is, by the bus; in memory nothing is ahead of the outbox.
    pub async fn lag(&self) -> Result<Vec<Lag>, BusError> {
        match self {
            Self::Memory(_) => Ok(Vec::new()),
            Self::Nats(bus) => bus.lag().await,
        }
    }

    /// Sends what is still to be sent. After the relays and reactions of the process have ended.
    pub async fn close(&self) {
        if let Self::Nats(bus) = self {
            bus.close().await;
        }
    }
}

#[async_trait]
impl Bus for AnyBus {
    async fn publish(&self, outbox: &Db, envelope: &Envelope, attempts: i64) -> Result<(), Undelivered> {
        match self {
            Self::Memory(bus) => bus.publish(outbox, envelope, attempts).await,
            Self::Nats(bus) => bus.publish(outbox, envelope, attempts).await,
        }
    }

    fn manner(&self) -> Manner {
        match self {
            Self::Memory(bus) => bus.manner(),
            Self::Nats(bus) => bus.manner(),
        }
    }

    fn is_away(&self) -> bool {
        match self {
            Self::Memory(bus) => bus.is_away(),
            Self::Nats(bus) => bus.is_away(),
        }
    }
}
