//! What every service that holds personal data does alike, with no code of its own: it answers privacy from its map, erases
//! when erasure is ordered, follows a person's state, and hands its access log over.

mod erasure;
mod handover;
mod rpc;
mod state;

pub(crate) use erasure::Erasure;
pub(crate) use handover::hand_over;
pub(crate) use rpc::server;
pub(crate) use state::follow;
