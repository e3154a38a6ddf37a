//! A person's state: recorded here, announced to every holder, in force once all have confirmed it.

pub mod open;
pub mod reactions;
pub mod rows;
pub mod rpc;
mod rules;
mod saga;
pub(crate) mod service;

use std::sync::Arc;

use contract::{
    Purpose,
    keyring::v1::keyring_client::KeyringClient,
    privacy::v1::{self as pb, PersonStateChanged, person_state_changed, request::Kind as Shown},
};
use foundation::{PersonId, Refusal, Timestamp, Transport};
use personal_data::{Db, Error, Tx, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use crate::{requests, terms::Calendar};
use rows::{StateRequestId, processing, state_request};

pub struct States {
    pub(crate) db: Db,
    pub(crate) keyring: KeyringClient<Transport>,
    pub(crate) calendar: Arc<Calendar>,
}

/// What a request asks for, as its row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    Restriction = 1,
    Lifting = 2,
    Withdrawal = 3,
    ConsentAgain = 4,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Restriction, Self::Lifting, Self::Withdrawal, Self::ConsentAgain];

    pub fn of(code: i32) -> Self {
        Self::ALL.into_iter().find(|kind| *kind as i32 == code).unwrap_or(Self::Restriction)
    }

    /// The right whose term counts. Using data again may wait as long as stopping to.
    pub(crate) fn right(self) -> &'static str {
        match self {
            Self::Restriction => "restriction",
            Self::Lifting | Self::ConsentAgain => "lifting",
            Self::Withdrawal => "withdrawal",
        }
    }

    fn shown(self) -> Shown {
        match self {
            Self::Restriction => Shown::Restriction,
            Self::Lifting => Shown::Lifting,
            Self::Withdrawal => Shown::Withdrawal,
            Self::ConsentAgain => Shown::ConsentAgain,
        }
    }
}

/// What becomes of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Restrict,
    Lift,
    Withdraw(Purpose),
    Permit(Purpose),
}

impl Change {
    fn apply(self, state: &mut processing::Model) {
        match self {
            Self::Restrict => state.restricted = true,
            Self::Lift => state.restricted = false,
            Self::Withdraw(purpose) => state.withdrawn |= person_state::bit(purpose),
            Self::Permit(purpose) => state.withdrawn &= !person_state::bit(purpose),
        }
    }
}

impl States {
    /// A fresh request, not yet written.
    pub(crate) fn request(&self, person: PersonId, kind: Kind, purpose: Purpose) -> Result<state_request::Model, Refusal> {
        let now = self.db.clock().now();
        Ok(state_request::Model {
            id: StateRequestId::new_v7(),
            person,
            kind: kind as i32,
            purpose: purpose.into(),
            received_at: now,
            due_at: requests::due(&self.calendar, kind.right(), now)?,
            change: None,
            announced_at: None,
            keyring_at: None,
            in_force_at: None,
            silent: None,
            notice_at: None,
            told_at: None,
            done_at: None,
            look_at: Some(now),
            version: 0,
        })
    }

    /// How it stands with a person's data.
    pub async fn of(&self, person: PersonId) -> Result<pb::ProcessingState, Error> {
        let state = query::of::<processing::Entity>(person, Purpose::Rights).one(&self.db).await?;
        let withdrawn = state.as_ref().map_or(0, |state| state.withdrawn);
        Ok(pb::ProcessingState { restricted: state.is_some_and(|state| state.restricted), withdrawn: purposes(withdrawn) })
    }
}

/// The state of a person who never changed it.
fn fresh(person: PersonId) -> processing::Model {
    processing::Model { person, restricted: false, withdrawn: 0, version: 0 }
}

pub(crate) async fn state_in_tx(tx: &Tx, person: PersonId) -> Result<processing::Model, Error> {
    Ok(query::of::<processing::Entity>(person, Purpose::Rights).one(tx).await?.unwrap_or_else(|| fresh(person)))
}

/// Changes the state and announces it: both commit or neither. Answers the version that says so.
pub(crate) async fn change_in_tx(tx: &Tx, person: PersonId, change: Change) -> Result<i64, Error> {
    let mut state = state_in_tx(tx, person).await?;
    change.apply(&mut state);
    if state.version == 0 {
        state.version = 1;
        tx.insert::<processing::Entity>(state.clone()).await?;
    } else {
        tx.update::<processing::Entity>(&mut state).await?;
    }
    announce_in_tx(tx, &state).await?;
    Ok(state.version)
}

async fn announce_in_tx(tx: &Tx, state: &processing::Model) -> Result<(), Error> {
    let said = if state.restricted { person_state_changed::State::Restricted } else { person_state_changed::State::Active };
    let event = PersonStateChanged {
        person_id: state.person.to_string(),
        state: said.into(),
        withdrawn: purposes(state.withdrawn),
        version: state.version,
    };
    events::announce_in_tx(tx, event).await
}

/// The purposes whose bits are set, as messages carry them.
fn purposes(bits: i64) -> Vec<i32> {
    (1..63).filter(|code| bits & (1 << code) != 0).filter(|code| Purpose::try_from(*code).is_ok()).collect()
}

/// The person's last request of one of these kinds.
pub(crate) async fn last_in_tx(tx: &Tx, person: PersonId, kinds: &[Kind]) -> Result<Option<state_request::Model>, Error> {
    let select = query::of::<state_request::Entity>(person, Purpose::Rights)
        .filter(state_request::Column::Kind.is_in(kinds.iter().map(|kind| *kind as i32)))
        .order_by_desc(state_request::Column::ReceivedAt)
        .order_by_desc(state_request::Column::Id);
    Ok(select.one(tx).await?)
}

/// The person's last request of this kind for this purpose.
pub(crate) async fn last_of_in_tx(tx: &Tx, person: PersonId, kind: Kind, purpose: Purpose) -> Result<Option<state_request::Model>, Error> {
    let select = query::of::<state_request::Entity>(person, Purpose::Rights)
        .filter(state_request::Column::Kind.eq(kind as i32))
        .filter(state_request::Column::Purpose.eq(purpose as i32))
        .order_by_desc(state_request::Column::ReceivedAt)
        .order_by_desc(state_request::Column::Id);
    Ok(select.one(tx).await?)
}

/// All such requests of a person, as they see them.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<pb::Request>, Error> {
    let rows = query::of::<state_request::Entity>(person, Purpose::Rights).order_by_desc(state_request::Column::ReceivedAt);
    Ok(rows.all(db).await?.iter().map(show).collect())
}

/// Whether a request of this person waits to be done.
pub async fn is_open(db: &Db, person: PersonId) -> Result<bool, Error> {
    let open = query::of::<state_request::Entity>(person, Purpose::Rights).filter(state_request::Column::DoneAt.is_null());
    Ok(open.one(db).await?.is_some())
}

pub(crate) fn show(row: &state_request::Model) -> pb::Request {
    pb::Request {
        request_id: row.id.to_string(),
        kind: Kind::of(row.kind).shown().into(),
        received_at: Some(row.received_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        done_at: row.done_at.map(Timestamp::to_proto),
        in_force_at: row.in_force_at.map(Timestamp::to_proto),
        told_at: row.told_at.map(Timestamp::to_proto),
        purpose: row.purpose,
        ..pb::Request::default()
    }
}
