//! What the privacy officer decides about an erasure: nobody else sends a contradicted one on.

use contract::{Purpose, Role, Tie};
use foundation::{PersonId, Refusal, uuid::Uuid};
use personal_data::{Error, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::{Caller, Ties};

use super::{
    Erasures, announce_in_tx,
    rows::{ErasureId, State, erasure},
    rules,
};
use crate::{cases, objections, requests::rows::copy_request, states};

const SHORTEST: usize = 10;
const LONGEST: usize = 500;
/// A longer row of digits may be somebody's number.
const MOST_DIGITS: usize = 8;

impl Erasures {
    /// Sends a contradicted erasure on, with what was looked into: holders and witness are asked again, and what they
    /// reported in the rounds before counts no longer.
    pub async fn resume(&self, by: &Caller, id: ErasureId, reason: &str) -> Result<erasure::Model, Refusal> {
        let reason = reason_of(reason)?;
        let gone = || Refusal::not_found("NO_SUCH_REQUEST", "there is no such request that is not done");
        let row = self.find(id).await?.ok_or_else(gone)?;
        let person = row.person.map(PersonId).ok_or_else(gone)?;
        by.acts_on(person).await?;
        if State::of(row.state) == State::Open && row.officer_reason.as_deref() == Some(reason) {
            // The same was said before.
            return Ok(row);
        }
        if State::of(row.state) != State::Contradicted {
            return Err(Refusal::precondition("NOT_CONTRADICTED", "only a contradicted erasure waits for a reason"));
        }
        self.begin_round(row, person, reason).await.map_err(Refusal::from)
    }

    async fn begin_round(&self, mut row: erasure::Model, person: PersonId, reason: &str) -> Result<erasure::Model, Error> {
        // The person is erased here too by now: this is not a transaction about a person.
        let tx = self.db.begin("privacy.resume-erasure").await?;
        let now = tx.clock().now();
        row.orders = rules::order_at(row.ordered_at, now).max(row.orders + 1);
        (row.round, row.state, row.look_at) = (row.orders, State::Open as i32, now);
        (row.resolved, row.accounted_for, row.witnesses) = (row.contradiction.take(), row.silent.take(), None);
        row.officer_role = Some(Role::PrivacyOfficer.as_str_name().to_lowercase());
        (row.officer_reason, row.resumed_at) = (Some(reason.to_owned()), Some(now));
        let (ordered_at, orders) = (row.ordered_at, row.orders);
        tx.update::<erasure::Entity>(&mut row).await?;
        announce_in_tx(&tx, row.id, person, ordered_at, orders).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn find(&self, id: ErasureId) -> Result<Option<erasure::Model>, Error> {
        Ok(query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(id)).one(&self.db).await?)
    }
}

/// A request that is not done is before the privacy officer, whoever that is.
#[async_trait::async_trait]
impl Ties for Erasures {
    async fn ties(&self, tie: Tie, staff: PersonId, person: PersonId) -> Result<bool, Refusal> {
        if tie != Tie::HasRequest {
            return Ok(false);
        }
        // Whom an erasure is about is forgotten once it is done.
        if super::of(&self.db, person).await.map_err(Error::from)?.is_some() {
            return Ok(true);
        }
        if states::is_open(&self.db, person).await?
            || objections::is_open(&self.db, staff, person).await?
            || cases::listed::is_open(&self.db, person).await?
        {
            return Ok(true);
        }
        let open = query::of::<copy_request::Entity>(person, Purpose::Rights).filter(copy_request::Column::DoneAt.is_null());
        Ok(open.one(&self.db).await.map_err(Error::from)?.is_some())
    }
}

/// The reason stands on a receipt without personal data: what looks like an address, a number or an identifier is refused.
pub(crate) fn reason_of(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if !(SHORTEST..=LONGEST).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(Refusal::invalid(
            "INVALID_REASON",
            "reason",
            "say in 10 to 500 characters, on one line, what was looked into and found",
        ));
    }
    let separates = |c: char| !(c.is_numeric() || matches!(c, ' ' | '-' | '(' | ')'));
    let number = text.split(separates).any(|part| part.chars().filter(|c| c.is_numeric()).count() > MOST_DIGITS);
    let identifier = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).any(|word| Uuid::parse_str(word).is_ok());
    if number || identifier || text.contains('@') {
        return Err(Refusal::invalid(
            "REASON_NAMES_SOMEBODY",
            "reason",
            "the reason stands on the receipt: leave out addresses, numbers and identifiers",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_and_names_nobody() {
        assert_eq!(reason_of("  The upload was swept before the erasure.  ").unwrap(), "The upload was swept before the erasure.");
        let refused = |text: &str| reason_of(text).unwrap_err().reason;
        for text in ["", "checked", "         ", "first line\nsecond line", &"x".repeat(501)] {
            assert_eq!(refused(text), "INVALID_REASON", "{text}");
        }
        for text in [
            "asked aigerim@learner.example about it",
            "called +7 (701) 123-45-67 about it",
            "see 8f14e45f-ceea-467f-a0e6-2b9b7a3d5c11 in the log",
            "see 8f14e45fceea467fa0e62b9b7a3d5c11 in the log",
        ] {
            assert_eq!(refused(text), "REASON_NAMES_SOMEBODY", "{text}");
        }
        assert!(reason_of("Looked into on 2026-11-22: an expired upload of 3 MB, removed by the sweep.").is_ok());
    }
}
