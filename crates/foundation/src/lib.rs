//! What everyone stands on: time, identifiers, names and addresses, the mode, refusals, failpoints, and the one client
//! transport.

pub mod contact;
pub mod failpoint;
mod ids;
pub mod metrics;
mod mode;
mod refusal;
pub mod sabotage;
mod time;
pub mod trace;
mod transport;

pub use ids::{Identifier, PersonId, Thing};
pub use mode::Mode;
pub use refusal::{DOMAIN, Refusal, code_name, is_our_fault, reason_of, with_trace_id};
pub use time::{Clock, Timestamp};
pub use transport::{BoxError, Transport, TransportError, transport};

#[doc(hidden)]
pub use {sea_orm, serde, uuid};
