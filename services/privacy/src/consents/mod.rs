//! Who agreed to what, when, and to which text; and when they took it back.

mod reactions;
pub mod rows;

use contract::{Purpose, privacy::v1 as pb};
use foundation::{PersonId, Timestamp};
use personal_data::{Db, Error, query};
use sea_orm::QueryOrder;

pub use reactions::Ledger;
use rows::consent;

/// A person's consents, oldest first.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<pb::Consent>, Error> {
    let rows = query::of::<consent::Entity>(person, Purpose::Rights).order_by_asc(consent::Column::GivenAt).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| pb::Consent {
            purpose: row.purpose,
            text_version: row.text_version,
            text_hash: row.text_hash,
            language: row.language,
            given_at: Some(row.given_at.to_proto()),
            withdrawn_at: row.withdrawn_at.map(Timestamp::to_proto),
        })
        .collect())
}
