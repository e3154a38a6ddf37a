//! Everything that is measured. Names follow OpenTelemetry's semantic conventions where there are any; the rest begins with `kolsai.`.
//!
//! Alert rules and the dashboard under `deploy/` may name nothing else: a test compares them with this list.

use super::{CALL_BOUNDS, Counter, EFFECT_BOUNDS, Gauge, Histogram, Level, Measure, STATEMENT_BOUNDS};

/// Which service of the house, where several share a process.
const SERVICE: &str = "kolsai.service";

/// Requests at the gateway. The method is the full name of the one that was found, or what else answered: `page`, `upload`.
pub static HTTP_REQUESTS: Histogram<4> = Histogram::new(
    "http.server.request.duration",
    "Requests at the gateway, until their answer began.",
    CALL_BOUNDS,
    ["http.request.method", "http.response.status_code", "rpc.method", "rpc.response.status_code"],
);

/// Calls of services.
pub static CALLS: Histogram<4> = Histogram::new(
    "rpc.server.call.duration",
    "Calls of a service, until their answer began.",
    CALL_BOUNDS,
    ["rpc.system.name", "rpc.method", "rpc.response.status_code", SERVICE],
);

/// Statements, by their first word.
pub static STATEMENTS: Histogram<4> = Histogram::new(
    "db.client.operation.duration",
    "Statements to a database, the wait for a connection included where one was waited for.",
    STATEMENT_BOUNDS,
    ["db.system.name", "db.operation.name", "error.type", SERVICE],
);

pub static CONNECTIONS: Gauge<3> = Gauge::new(
    "db.client.connection.count",
    "{connection}",
    "Connections of a service's pool.",
    ["db.client.connection.pool.name", "db.client.connection.state", SERVICE],
);

pub static CONNECTIONS_MAX: Gauge<2> = Gauge::new(
    "db.client.connection.max",
    "{connection}",
    "Connections that a service's pool may have.",
    ["db.client.connection.pool.name", SERVICE],
);

pub static OUTBOX_DEPTH: Gauge<1> =
    Gauge::new("kolsai.outbox.depth", "{event}", "Events in a service's outbox that are not published yet.", [SERVICE]);

pub static OUTBOX_AGE: Gauge<1> =
    Gauge::new("kolsai.outbox.oldest.age", "s", "How long the oldest of them has waited; 0 when there is none.", [SERVICE]);

pub static EVENTS_PUBLISHED: Counter<1> = Counter::new("kolsai.events.published", "{event}", "Events that the bus has taken.", [SERVICE]);

pub static EVENTS_REACTED: Counter<3> = Counter::new(
    "kolsai.events.reacted",
    "{event}",
    "What became of events at reactions: done, repeated, dropped, held, parked, later.",
    [SERVICE, "kolsai.reaction", "kolsai.outcome"],
);

pub static EVENT_EFFECT: Histogram<1> = Histogram::new(
    "kolsai.event.effect.duration",
    "From the commit of an event to the commit of its effect elsewhere.",
    EFFECT_BOUNDS,
    [SERVICE],
);

pub static CONSUMER_LAG: Gauge<2> = Gauge::new(
    "kolsai.consumer.lag",
    "{event}",
    "Events on the bus that a consumer has not taken yet, those under way included.",
    [SERVICE, "messaging.consumer.group.name"],
);

pub static EVENTS_PARKED: Gauge<1> =
    Gauge::new("kolsai.events.parked", "{event}", "Events that a reaction could not take and that are set aside.", [SERVICE]);

pub static EVENTS_HELD: Gauge<1> =
    Gauge::new("kolsai.events.held", "{event}", "Events that wait for a person's restriction to be lifted.", [SERVICE]);

pub static CLOCKS: Gauge<1> = Gauge::new(
    "kolsai.clocks",
    "{request}",
    "Open requests of people whose term is at risk (four fifths are over) or overdue.",
    ["kolsai.clock.state"],
);

pub static RETENTION_OVERDUE: Gauge<1> =
    Gauge::new("kolsai.retention.overdue", "{record}", "Records that outlive their term for more than a day.", [SERVICE]);

pub static DRIFT: Gauge<1> =
    Gauge::new("kolsai.schema.drift", "{finding}", "What of the live schema differs from the declared data map.", [SERVICE]);

pub static BACKUP_AGE: Gauge<0> =
    Gauge::new("kolsai.backup.last.age", "s", "How old the last whole backup is; absent while there is none.", []);

pub static BACKUP_OVERDUE: Gauge<0> =
    Gauge::new("kolsai.backup.overdue", "1", "1 when the last backup is older than it may be, else 0.", []);

pub static HASHING: Level<1> =
    Level::new("kolsai.hashing.passwords", "{password}", "Passwords that are hashed, or wait for their turn.", ["kolsai.hashing.state"]);

pub static READY: Gauge<0> = Gauge::new("kolsai.ready", "1", "1 when this process may get traffic, else 0.", []);

pub static ALARMS: Counter<1> = Counter::new("kolsai.alarms", "{alarm}", "Alarms in the log, by their word.", ["alarm"]);

pub static MEMORY: Gauge<0> = Gauge::new("process.memory.usage", "By", "Memory of this process that is resident.", []);

/// In the order of the documents.
pub static ALL: &[&dyn Measure] = &[
    &HTTP_REQUESTS,
    &CALLS,
    &STATEMENTS,
    &CONNECTIONS,
    &CONNECTIONS_MAX,
    &OUTBOX_DEPTH,
    &OUTBOX_AGE,
    &EVENTS_PUBLISHED,
    &EVENTS_REACTED,
    &EVENT_EFFECT,
    &CONSUMER_LAG,
    &EVENTS_PARKED,
    &EVENTS_HELD,
    &CLOCKS,
    &RETENTION_OVERDUE,
    &DRIFT,
    &BACKUP_AGE,
    &BACKUP_OVERDUE,
    &HASHING,
    &READY,
    &ALARMS,
    &MEMORY,
];
