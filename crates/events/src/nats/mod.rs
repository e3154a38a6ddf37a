//! The bus of a school in several processes: NATS JetStream.
//!
//! One stream for the house holds every event, in files, for at most seven days. Its subjects say who announces what:
//! `kolsai.events.<service>.<Event>`, so that the server itself can permit a service to publish under its own name alone. Each reaction
//! has a durable pull consumer of its own: replicas of its service share it, and one that is slow or fails holds up no other.
//!
//! What a service's user needs (`S` is the service, `R` a reaction, the stream is called `kolsai`): to publish
//! `kolsai.events.S.>`, `$JS.API.STREAM.{INFO,CREATE,UPDATE}.kolsai`, `$JS.API.STREAM.MSG.GET.kolsai`, `$JS.API.CONSUMER.LIST.kolsai`,
//! `$JS.API.CONSUMER.{CREATE,INFO}.kolsai.>`, `$JS.API.CONSUMER.MSG.NEXT.kolsai.S_R`, `$JS.ACK.kolsai.S_R.>`; to subscribe
//! `_INBOX_<user>.>`, and nobody else's.

mod connect;
mod consume;
mod headers;
mod lag;
mod stream;
mod subject;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_nats::{Client, connection::State, jetstream};
use async_trait::async_trait;
use bytes::Bytes;
use foundation::BoxError;
use personal_data::Db;
use tracing::Instrument;

use crate::{
    Bus, Envelope, Reactor, Undelivered,
    bus::{Manner, Reactors},
};

pub use connect::{Address, Servers};
pub use lag::Lag;
pub use stream::MAX_AGE;

/// Events that are taken and published together.
const BATCH: usize = 64;
/// How long a publication may take, and any question to the server.
const ANSWER: Duration = Duration::from_secs(5);

/// Where events travel.
#[derive(Clone, Debug)]
pub struct BusConfig {
    /// `memory:`, `nats://user:password@host:4222` or `tls://…`; several servers are parted by commas.
    pub address: String,
    /// PEM file of the authority that signed the server's certificate; absent, those of this machine.
    pub authority: Option<PathBuf>,
    /// The stream, and the first word of its subjects.
    pub name: String,
    /// How many servers keep each event.
    pub replicas: usize,
    /// The most that the stream may hold, in bytes; when it is full, publishing waits and outboxes keep.
    pub max_bytes: i64,
    /// How long the stream keeps an event, taken or not; at most [`MAX_AGE`].
    pub max_age: Duration,
    /// How many events of one reaction a process handles at a time. Each may have a connection of the service's pool in hand.
    pub at_once: usize,
    /// How long a reaction may be silent about an event before another replica is given it.
    pub ack_wait: Duration,
    /// How long a process that starts waits for a server that is not there yet.
    pub patience: Duration,
}

impl BusConfig {
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            authority: None,
            name: "kolsai".into(),
            replicas: 1,
            max_bytes: 1 << 30,
            max_age: MAX_AGE,
            at_once: 8,
            ack_wait: Duration::from_secs(30),
            patience: Duration::from_secs(20),
        }
    }
}

/// Why the bus cannot be used. One sentence, that names the setting and shows no password.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("KOLSAI__BUS__ADDRESS begins with `memory:`, `tls://` or, in development, `nats://`")]
    Scheme,
    #[error("KOLSAI__BUS__ADDRESS is not an address of a bus: write `tls://user:password@host:4222`")]
    Address,
    #[error("KOLSAI__BUS__AUTHORITY names a file that is no PEM certificate or cannot be read: {}", .0.display())]
    Authority(PathBuf),
    #[error("the bus at KOLSAI__BUS__ADDRESS does not take the user and password that stand there")]
    Refused,
    #[error("the bus at KOLSAI__BUS__ADDRESS shows no certificate that KOLSAI__BUS__AUTHORITY vouches for under the name of its host")]
    Certificate,
    #[error("the bus at KOLSAI__BUS__ADDRESS does not answer: {0}")]
    Away(String),
    #[error("the bus at KOLSAI__BUS__ADDRESS does not let this user use JetStream: {0}")]
    JetStream(String),
    #[error("KOLSAI__BUS__{setting} is out of bounds: {bounds}")]
    Limits { setting: &'static str, bounds: String },
    #[error("the stream `{stream}` on the bus at KOLSAI__BUS__ADDRESS has other limits than this process declares: {}; change the setting or, knowingly, the stream", .differences.join(", "))]
    OtherLimits { stream: String, differences: Vec<String> },
}

/// Clones share the connection.
#[derive(Clone)]
pub struct NatsBus(Arc<Inner>);

struct Inner {
    config: BusConfig,
    client: Client,
    context: jetstream::Context,
    reactors: Reactors,
}

impl NatsBus {
    /// Connects, waiting a while for a server that is not there yet, and declares the stream or checks the one that is there.
    pub async fn open(config: BusConfig, servers: Servers) -> Result<Self, BusError> {
        stream::check_bounds(&config)?;
        let client = connect::connect(&config, servers).await?;
        let context = jetstream::context::ContextBuilder::new().timeout(ANSWER).build(client.clone());
        let bus = Self(Arc::new(Inner { config, client, context, reactors: Reactors::default() }));
        bus.declare().await?;
        Ok(bus)
    }

    pub fn config(&self) -> &BusConfig {
        &self.0.config
    }

    /// Adds a reaction, for [`NatsBus::react`].
    pub fn subscribe(&self, reactor: Arc<dyn Reactor>) {
        self.0.reactors.add(reactor);
    }

    pub(crate) fn reactors(&self) -> Vec<Arc<dyn Reactor>> {
        self.0.reactors.all()
    }

    /// Sends what is still to be sent: the last acknowledgements.
    pub async fn close(&self) {
        if tokio::time::timeout(ANSWER, self.0.client.flush()).await.is_err() {
            tracing::warn!("the last words to the bus were not sent; what is not acknowledged comes again");
        }
    }

    async fn send(&self, envelope: &Envelope) -> Result<(), BoxError> {
        let subject = subject::of(&self.0.config.name, &envelope.source, &envelope.kind);
        let payload = Bytes::copy_from_slice(&envelope.payload);
        self.0.context.publish_with_headers(subject, headers::of(envelope), payload).await?.await?;
        Ok(())
    }
}

#[async_trait]
impl Bus for NatsBus {
    /// Published is what the stream has acknowledged: stored, or known by its id to be stored already.
    async fn publish(&self, _: &Db, envelope: &Envelope, _: i64) -> Result<(), Undelivered> {
        let short = subject::short(&envelope.kind);
        let span = tracing::info_span!(parent: None, "publish", otel.name = %format!("send {short}"), otel.kind = "producer", event = %envelope.id);
        foundation::trace::parent_of(&span, envelope.traceparent.as_deref());
        match tokio::time::timeout(ANSWER, self.send(envelope).instrument(span)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Undelivered(format!("the bus did not take it: {error}"))),
            Err(_) => Err(Undelivered("the bus did not acknowledge it in time".into())),
        }
    }

    fn manner(&self) -> Manner {
        // A publication ends within `ANSWER`; the rest is for the database.
        Manner { batch: BATCH, at_once: BATCH, rounds: 4, lease: ANSWER * 3, longest_wait: ANSWER * 2, shared: true }
    }

    fn is_away(&self) -> bool {
        self.0.client.connection_state() != State::Connected
    }
}
