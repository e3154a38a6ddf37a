//! What stands in for a tie that is not there.

use contract::privacy::v1::{FindExceptionRequest, exception_reason::Kind, exceptions_client::ExceptionsClient};
use foundation::{PersonId, Transport};

/// Whether a member of staff without a tie to a person has a recorded exception, with a reason and an end, that holds now.
#[async_trait::async_trait]
pub trait Exceptions: Send + Sync + 'static {
    /// The kind of its reason. An answer that does not come is none.
    async fn holding(&self, staff: PersonId, person: PersonId) -> Option<&'static str>;
}

/// Privacy keeps them.
pub(crate) struct AtPrivacy(ExceptionsClient<Transport>);

impl AtPrivacy {
    pub(crate) fn new(privacy: Transport) -> Self {
        Self(ExceptionsClient::new(privacy))
    }
}

#[async_trait::async_trait]
impl Exceptions for AtPrivacy {
    async fn holding(&self, staff: PersonId, person: PersonId) -> Option<&'static str> {
        let ask = FindExceptionRequest { person_id: person.to_string(), staff_id: staff.to_string() };
        match self.0.clone().find_exception(ask).await {
            Ok(answer) => Some(answer.into_inner().kind()).filter(|kind| *kind != Kind::Unspecified).map(|kind| kind.as_str_name()),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "privacy does not say whether an exception holds: none does");
                None
            }
        }
    }
}
