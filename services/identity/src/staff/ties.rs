//! Whose account an administrator keeps: whoever has, or had, a role here.

use contract::{Purpose, Tie};
use foundation::{PersonId, Refusal};
use personal_data::{Db, Error, query};
use service::Ties;

use super::rows::role_grant;

/// Answers the ties that identity knows.
pub struct StaffTies(pub Db);

#[async_trait::async_trait]
impl Ties for StaffTies {
    async fn ties(&self, tie: Tie, _staff: PersonId, person: PersonId) -> Result<bool, Refusal> {
        match tie {
            // That the caller is an administrator is the rule's own demand, checked before.
            Tie::Administers => {
                let grant = query::of::<role_grant::Entity>(person, Purpose::Account).one(&self.0).await.map_err(Error::from)?;
                Ok(grant.is_some())
            }
            // Learners, tickets and requests are other services' knowledge.
            Tie::Unspecified | Tie::Teaches | Tie::HasTicket | Tie::HasRequest | Tie::Reviews => Ok(false),
        }
    }
}
