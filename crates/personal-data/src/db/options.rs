//! How a service stands on its database: how many connections, how long anything may take, and who brings the schema up to date.

use std::{num::NonZeroU32, time::Duration};

use foundation::Mode;

/// The defaults are those of one replica beside others, in development.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// Connections of this replica at most; PostgreSQL only.
    pub pool: NonZeroU32,
    /// How long a call waits for a connection of the pool.
    pub acquire: Duration,
    /// `statement_timeout`: no statement of a service works longer. A migration may.
    pub statement: Duration,
    /// `idle_in_transaction_session_timeout`: whoever holds locks and says nothing is put out.
    pub idle_in_transaction: Duration,
    /// `lock_timeout`.
    pub lock: Duration,
    pub schema: SchemaBy,
    /// Production refuses a database whose clock is another; development warns.
    pub mode: Mode,
}

/// Who brings the schema up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaBy {
    /// This process, one of its replicas at a time.
    Itself,
    /// `kolsai migrate`, in another role; this process waits so long for it.
    Command { within: Duration },
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            pool: NonZeroU32::MIN.saturating_add(9),
            acquire: Duration::from_secs(10),
            statement: Duration::from_secs(30),
            idle_in_transaction: Duration::from_secs(60),
            lock: Duration::from_secs(10),
            schema: SchemaBy::Itself,
            mode: Mode::Development,
        }
    }
}
