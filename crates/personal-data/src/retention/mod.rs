//! What expires without a request: every class after its own term (94-V art. 18), over the map, written once.
//!
//! A batch is one transaction: the rows that are over, the tickets that an append-only table demands, and a note of every object
//! that they named. The objects go after the commit; a crash in between leaves the notes, and the next round takes them up.

mod objects;
mod over;
mod sweep;
pub mod ticket;

pub use objects::Entity as ObjectRemoval;
pub(crate) use objects::table as objects_table;
pub use over::{Due, OVERDUE};
pub use sweep::{Expired, ExpiryNotes, NoNotes, Swept};
