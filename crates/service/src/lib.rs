//! What every service does alike: settings, trace, peers, the stack around each call, and the host that runs them.
//!
//! A call comes through [`stack`]: peer, rule, token, deadline, the use case, the naming check, the access log. A use case sees
//! its [`Caller`] and names whose data it touches; everything else is done before and after it.

mod builder;
mod call;
mod engines;
mod holder;
mod host;
pub mod metrics;
pub mod peers;
pub mod settings;
pub mod stack;
pub mod token;
pub mod trace;

pub use builder::Service;
pub use call::{Caller, Exceptions, Ties, acting_for_caller, caller, remaining};
pub use engines::{EngineError, Engines};
pub use host::{AgainError, Host, HostError, NotReady, ProbeError, Question, Readiness, Running, probe};
pub use peers::{Peer, Peers, PeersError};
pub use settings::{Part, Settings, SettingsError};
pub use token::{Claims, TokenVerifier};

/// Cancelled when the process stops; every worker is given one.
pub use tokio_util::sync::CancellationToken;
