//! What a person's state means for their own calls: they read what is theirs, and change nothing that it forbids.

use contract::{Idempotent, Who, purpose_terms};
use foundation::Refusal;
use personal_data::{Db, Error, own_access::Own, person_state};

use crate::call::Caller;

/// Refuses a change that the caller's own state forbids; says whether the call is one's reading of one's own.
pub(super) async fn permit(caller: &Caller, states: Option<&Db>) -> Result<Option<Own>, Refusal> {
    let rule = caller.rule();
    let Some(db) = states.filter(|_| rule.who == Who::Person) else { return Ok(None) };
    let (person, purpose) = (caller.person()?, rule.purpose);
    if rule.idempotent == Idempotent::Read {
        return Ok(Some(Own { person, purpose }));
    }
    match person_state::check(db, person, purpose).await {
        // Where a purpose needs a consent of its own, this may be the call that gives it again.
        Err(Error::Withdrawn(_)) if purpose_terms(purpose).needs_consent => Ok(None),
        // The use case knows the erased.
        Err(Error::Erased) => Ok(None),
        permitted => permitted.map(|()| None).map_err(Refusal::from),
    }
}
