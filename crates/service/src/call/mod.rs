//! Who calls, under which rule, and about whom.

mod caller;
mod exceptions;
pub(crate) mod named;
pub(crate) mod principal;
pub(crate) mod scope;
mod ties;

use tonic::{Request, Status};

pub use caller::Caller;
pub(crate) use exceptions::AtPrivacy;
pub use exceptions::Exceptions;
pub use scope::{acting_for_caller, remaining};
pub use ties::Ties;

/// The caller of this request, as the stack has found them.
pub fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    // Absent only where a service is driven past its stack, and then nothing may be answered.
    request.extensions().get::<Caller>().cloned().ok_or_else(|| Status::internal("the call did not come through the service stack"))
}
