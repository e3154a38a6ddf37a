//! Restriction: every use of a person's data but keeping it stops, and goes on only after they were told.

use contract::{Purpose, privacy::v1 as pb};
use foundation::{PersonId, Refusal};
use personal_data::{Error, Tx};

use crate::{
    erasures::{self, rows::State},
    states::{self, Change, Kind, States, rows::state_request},
};

impl States {
    /// Restricts at once. Whoever is restricted already gets the request that did it; a lifting that is under way ends.
    pub async fn restrict(&self, person: PersonId) -> Result<pb::Request, Refusal> {
        let mut row = self.request(person, Kind::Restriction, Purpose::Unspecified)?;
        let tx = self.db.begin_for("privacy.restrict", person, Purpose::Rights).await?;
        no_erasure_in_tx(&tx, person).await?;
        if states::state_in_tx(&tx, person).await?.restricted {
            let last = states::last_in_tx(&tx, person, &[Kind::Restriction, Kind::Lifting]).await?;
            match last {
                Some(lifting) if is_pending(&lifting) => call_off_in_tx(&tx, lifting).await?,
                Some(standing) => return Ok(states::show(&standing)),
                None => {}
            }
        }
        let version = states::change_in_tx(&tx, person, Change::Restrict).await?;
        (row.change, row.announced_at) = (Some(version), Some(row.received_at));
        tx.insert::<state_request::Entity>(row.clone()).await?;
        tx.commit().await?;
        Ok(states::show(&row))
    }

    /// Opens a lifting: the state changes once the mail that says so has left.
    pub async fn lift(&self, person: PersonId) -> Result<pb::Request, Refusal> {
        let row = self.request(person, Kind::Lifting, Purpose::Unspecified)?;
        let tx = self.db.begin_for("privacy.open-lifting", person, Purpose::Rights).await?;
        no_erasure_in_tx(&tx, person).await?;
        let restricted = states::state_in_tx(&tx, person).await?.restricted;
        let last = states::last_in_tx(&tx, person, &[Kind::Restriction, Kind::Lifting]).await?;
        match last.filter(|last| Kind::of(last.kind) == Kind::Lifting) {
            // Asked for before: on its way, or done.
            Some(lifting) if is_pending(&lifting) || !restricted => return Ok(states::show(&lifting)),
            _ if !restricted => {
                return Err(Refusal::precondition("NOT_RESTRICTED", "your data is not restricted: there is nothing to lift"));
            }
            _ => {}
        }
        tx.insert::<state_request::Entity>(row.clone()).await?;
        tx.commit().await?;
        Ok(states::show(&row))
    }
}

/// A lifting that has not changed the state, and was not called off.
fn is_pending(row: &state_request::Model) -> bool {
    Kind::of(row.kind) == Kind::Lifting && row.change.is_none() && row.done_at.is_none()
}

async fn call_off_in_tx(tx: &Tx, mut lifting: state_request::Model) -> Result<(), Error> {
    (lifting.done_at, lifting.look_at) = (Some(tx.clock().now()), None);
    tx.update::<state_request::Entity>(&mut lifting).await
}

/// While an erasure runs there is nothing left to restrict.
pub(crate) async fn no_erasure_in_tx(tx: &Tx, person: PersonId) -> Result<(), Refusal> {
    match erasures::of(tx, person).await.map_err(Error::from)? {
        // One that waits has not begun, and can be taken back.
        Some(row) if State::of(row.state) != State::Waiting => {
            Err(Refusal::precondition("ERASURE_UNDER_WAY", "your erasure is under way: nothing else is done with your data"))
        }
        _ => Ok(()),
    }
}
