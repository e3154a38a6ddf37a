//! Whoever reads their own data reads it whatever their state: restriction and withdrawal bind the school, not the person.

use std::future::Future;

use contract::Purpose;
use foundation::PersonId;

/// Who reads, and for what the rule of the call lets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    pub person: PersonId,
    pub purpose: Purpose,
}

tokio::task_local! {
    static OWN: Option<Own>;
}

/// Runs one call: a person's reading of what is theirs, or (`None`) anything else. Calls to peers do not inherit it.
pub async fn scope<F: Future>(own: Option<Own>, call: F) -> F::Output {
    OWN.scope(own, call).await
}

/// The person who reads their own data for this purpose at the moment, if anybody does.
pub(crate) fn reader(purpose: Purpose) -> Option<PersonId> {
    OWN.try_with(|own| own.filter(|own| own.purpose == purpose).map(|own| own.person)).ok().flatten()
}
