//! What ties a member of staff to a person beside their role.

use contract::Tie;
use foundation::{PersonId, Refusal};

/// A service's answer to whether a tie exists: it alone knows its tickets, requests and learners.
#[async_trait::async_trait]
pub trait Ties: Send + Sync + 'static {
    /// Whether `staff` is tied to `person` in this way now, or has a recorded exception with a reason and an end.
    async fn ties(&self, tie: Tie, staff: PersonId, person: PersonId) -> Result<bool, Refusal>;
}
