//! What every service that holds personal data does alike, with no code of its own: it answers privacy from its map, erases
//! when erasure is ordered, follows a person's state, and hands its access log over.

mod erasure;
mod expiry;
mod handover;
mod held;
mod rectify;
mod relation;
mod retention;
mod rpc;
mod state;

pub(crate) use erasure::erase;
pub(crate) use expiry::Notes as ExpiryNotes;
pub(crate) use handover::{Checked, hand_over};
pub(crate) use held::replay;
pub(crate) use rectify::rectify;
pub(crate) use relation::follow_relation;
pub(crate) use retention::expire;
pub(crate) use rpc::server;
pub(crate) use state::follow;

use personal_data::Db;

/// A reaction that every service has is told apart by its service. One name each, kept for as long as the process runs.
fn named(db: &Db, name: &str) -> &'static str {
    Box::leak(format!("{}.holder.{name}", db.service()).into_boxed_str())
}
