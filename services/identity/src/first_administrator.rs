//! The first administrator: nobody could grant that role, so the operator's setting does, while there is none.

use std::time::Duration;

use contract::Role;
use foundation::{BoxError, Clock};
use service::CancellationToken;

use crate::{
    accounts::{Accounts, rules::Email},
    staff::{Grant, Staff, rules},
};

/// Between two looks: the person may register and confirm at any time.
const PAUSE: Duration = Duration::from_secs(15);

/// Looks until it is cancelled; gives the role whenever nobody has it.
pub async fn run(email: Email, accounts: Accounts, staff: Staff, clock: Clock, cancel: CancellationToken) -> Result<(), BoxError> {
    loop {
        if let Err(error) = look(&email, &accounts, &staff, &clock).await {
            tracing::warn!(%error, "the first administrator could not be looked after");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = cancel.cancelled() => return Ok(()),
        }
    }
}

async fn look(email: &Email, accounts: &Accounts, staff: &Staff, clock: &Clock) -> Result<(), BoxError> {
    if staff.has_administrator().await? {
        return Ok(());
    }
    let Some(account) = accounts.find(email).await?.filter(|account| account.confirmed_at.is_some()) else { return Ok(()) };
    let (role, until) = (Role::Administrator, rules::longest(clock.now()));
    let reason = "first administrator, by the operator's setting".to_owned();
    staff.write(Grant { person: account.person, role, until, reason, by: None }, None).await?;
    tracing::warn!("the operator's setting has made the first administrator");
    Ok(())
}
