//! Erasure: ordered, done by every holder, witnessed, the key destroyed last, and a signed receipt.

pub mod kept;
pub(crate) mod ledger;
pub mod officer;
mod receipt;
mod reports;
pub mod rows;
pub mod rpc;
mod rules;
mod saga;
mod waiting;

use std::{sync::Arc, time::Duration};

use contract::{
    Purpose,
    keyring::v1::keyring_client::KeyringClient,
    privacy::v1::{self as pb, ErasureOrdered, PersonStateChanged},
};
use foundation::{PersonId, Refusal, Timestamp, Transport};
use personal_data::{Db, Error, Idempotency, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};
use sha2::{Digest, Sha256};

pub(crate) use officer::reason_of;
pub use reports::Reports;

use crate::{receipts::SigningKey, requests, terms::Calendar};
use rows::{ErasureId, State, erasure};

pub struct Erasures {
    pub(crate) db: Db,
    pub(crate) keyring: KeyringClient<Transport>,
    pub(crate) signing: SigningKey,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) backups: backup::Backups,
    /// How long an order may be taken back before it acts.
    pub(crate) grace: Duration,
}

impl Erasures {
    /// Opens an erasure with its clock and orders it, now or when nothing has to be waited for any more. While one runs, another
    /// order answers with it.
    pub async fn order(&self, person: PersonId, claim: &Idempotency, without_copy: bool) -> Result<pb::EraseMeResponse, Refusal> {
        let now = self.db.clock().now();
        let due_at = requests::due(&self.calendar, "erasure", now)?;
        let id = ErasureId::new_v4();
        let tx = self.db.begin_for("privacy.order-erasure", person, Purpose::Rights).await?;
        // Read within the transaction: whoever holds the writer's place and waits for a second connection may wait for ever.
        if let Some(first) = tx.first_made(claim, id).await? {
            let first = query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(first)).one(&tx).await.map_err(Error::from)?;
            return first.map(|row| self.answer(&row)).ok_or_else(|| Error::Changed("erasure").into());
        }
        if let Some(mut running) = of(&tx, person).await.map_err(Error::from)? {
            if without_copy && !running.without_copy && State::of(running.state) == State::Waiting {
                running.without_copy = true;
                tx.update::<erasure::Entity>(&mut running).await?;
                tx.commit().await?;
            }
            return Ok(self.answer(&running));
        }
        let acts_at = now.plus(self.grace);
        let waits = rules::waits_until(acts_at, &waiting::open_copies(&tx, person).await?, without_copy, now).is_some();
        let row = erasure::Model {
            id,
            person: Some(person.0),
            state: if waits { State::Waiting } else { State::Open } as i32,
            ordered_at: now,
            due_at,
            look_at: now,
            orders: 1,
            witnesses: None,
            key_destroyed_at: None,
            done_at: None,
            commitment: commitment(&self.signing.token(id.0), person),
            document: None,
            signature: None,
            contradiction: None,
            round: 1,
            silent: None,
            accounted_for: None,
            resolved: None,
            officer_role: None,
            officer_reason: None,
            resumed_at: None,
            acts_at,
            without_copy,
            begun_at: Some(now).filter(|_| !waits),
            version: 0,
        };
        let answer = self.answer(&row);
        tx.insert::<erasure::Entity>(row).await?;
        if !waits {
            announce_in_tx(&tx, id, person, now, 1).await?;
        }
        tx.commit().await?;
        Ok(answer)
    }

    fn answer(&self, row: &erasure::Model) -> pb::EraseMeResponse {
        pb::EraseMeResponse {
            request_id: row.id.to_string(),
            receipt_token: self.signing.token(row.id.0),
            due_at: Some(row.due_at.to_proto()),
        }
    }

    /// How the erasure of a token stands, and its receipt.
    pub async fn receipt(&self, token: &str) -> Result<pb::Receipt, Refusal> {
        let id = self.signing.open_token(token)?;
        let row = query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(id)).one(&self.db).await.map_err(Error::from)?;
        let row =
            row.ok_or_else(|| Refusal::not_found("NO_SUCH_RECEIPT", "this token fetches no receipt; send it as it was given to you"))?;
        let state = match State::of(row.state) {
            State::Done => pb::receipt::State::Done,
            State::Contradicted => pb::receipt::State::Contradicted,
            State::Open => pb::receipt::State::Open,
            State::Waiting => pb::receipt::State::Waiting,
            State::Cancelled => pb::receipt::State::Cancelled,
        };
        let notes = kept::notes(&self.db, row.id.0).await?;
        Ok(pb::Receipt {
            state: state.into(),
            due_at: Some(row.due_at.to_proto()),
            document: row.document.unwrap_or_default(),
            signature: row.signature.unwrap_or_default(),
            key_id: self.signing.id(),
            notes,
        })
    }
}

pub(crate) async fn of<C: sea_orm::ConnectionTrait>(connection: &C, person: PersonId) -> Result<Option<erasure::Model>, sea_orm::DbErr> {
    query::anonymous::<erasure::Entity>().filter(erasure::Column::Person.eq(person.0)).one(connection).await
}

/// Orders every holder to erase, and every service to stop using the person's data at once.
async fn announce_in_tx(tx: &Tx, id: ErasureId, person: PersonId, ordered_at: Timestamp, version: i64) -> Result<(), Error> {
    events::announce_in_tx(
        tx,
        ErasureOrdered { request_id: id.to_string(), person_id: person.to_string(), ordered_at: Some(ordered_at.to_proto()), version },
    )
    .await?;
    let state = pb::person_state_changed::State::Erased.into();
    events::announce_in_tx(
        tx,
        // Later than all that privacy said of the person before.
        PersonStateChanged { person_id: person.to_string(), state, withdrawn: Vec::new(), version: tx.clock().now().micros() },
    )
    .await
}

/// Whoever has the token and knows the person can check whose receipt it is; nobody else can.
fn commitment(token: &str, person: PersonId) -> Vec<u8> {
    Sha256::new().chain_update(token).chain_update(person.0.as_bytes()).finalize().to_vec()
}
