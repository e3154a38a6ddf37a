//! What a person cannot do themselves and a person answers: corrections asked for, and complaints to the school.

pub mod listed;
mod reactions;
pub mod rows;
pub mod rpc;
pub mod service;

use std::{sync::Arc, time::Duration};

use ::service::Caller;
use contract::{
    Purpose,
    privacy::v1::{self as pb, RightsNoticeDue, case::Decision, request::Kind, rights_notice_due::Notice},
};
use foundation::{PersonId, Refusal, Timestamp};
use personal_data::{
    Db, Error, Idempotency,
    category::Rights,
    keys::{DataKey, Keys},
    query,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter};

use crate::{requests, terms::Calendar};
pub use reactions::Told;
use rows::{CaseId, rights_case};

/// For how long after the answer it can be given again by whoever lost the first reply.
const REPEATABLE: Duration = Duration::from_secs(24 * 3600);

/// Clones share everything.
#[derive(Clone)]
pub struct Cases {
    pub(crate) db: Db,
    pub(crate) keys: Keys,
    pub(crate) calendar: Arc<Calendar>,
}

/// The right whose term counts.
pub fn right(kind: i32) -> &'static str {
    if kind == Kind::Complaint as i32 { "complaint" } else { "rectification" }
}

impl Cases {
    /// Opens a case with its clock.
    pub async fn open(&self, person: PersonId, kind: Kind, text: &str, claim: &Idempotency) -> Result<pb::Case, Refusal> {
        let text = written("text", text)?;
        let key = self.keys.of::<Rights>(person, Purpose::Rights).await?;
        let now = self.db.clock().now();
        let clock = requests::clock(&self.calendar, right(kind as i32), now)?;
        let id = CaseId::new_v4();
        let row = rights_case::Model {
            id,
            person,
            kind: kind.into(),
            text: rights_case::Model::seal_text(&key, id, text),
            received_at: now,
            due_at: clock.due.at,
            regime: clock.regime.name().to_owned(),
            article: clock.article,
            decision: Decision::Open.into(),
            reason: None,
            answered_at: None,
            told_at: None,
            version: 0,
        };
        let tx = self.db.begin_for("privacy.open-case", person, Purpose::Rights).await?;
        if let Some(first) = tx.first_made(claim, id).await? {
            drop(tx);
            let first = self.find(CaseId(first)).await?.ok_or_else(unknown)?;
            return Ok(encode(&first, &key)?);
        }
        tx.insert::<rights_case::Entity>(row.clone()).await?;
        tx.commit().await?;
        Ok(encode(&row, &key)?)
    }

    /// A case, for the person whose it is or the officer whom it is before.
    pub async fn read(&self, by: &Caller, id: CaseId) -> Result<pb::Case, Refusal> {
        let row = self.find(id).await?.ok_or_else(unknown)?;
        by.acts_on(row.person).await?;
        let key = self.keys.of::<Rights>(row.person, Purpose::Rights).await?;
        Ok(encode(&row, &key)?)
    }

    /// Records the decision with its reason, and has the person told.
    pub async fn answer(&self, by: &Caller, id: CaseId, decision: Decision, reason: &str) -> Result<pb::Case, Refusal> {
        if decision == Decision::Open {
            return Err(Refusal::invalid("INVALID_DECISION", "decision", "decide: GRANTED or REFUSED"));
        }
        let reason = written("reason", reason)?;
        let mut row = self.find(id).await?.ok_or_else(unknown)?;
        by.acts_on(row.person).await?;
        if row.person == by.person()? {
            return Err(Refusal::denied("OWN_REQUEST", "somebody else answers your own request"));
        }
        let key = self.keys.of::<Rights>(row.person, Purpose::Rights).await?;
        if row.answered_at.is_some() {
            let same = row.decision == decision as i32 && row.open_reason(&key)?.as_deref() == Some(reason);
            let answered = || Refusal::precondition("ALREADY_ANSWERED", "this was answered; an answer is not changed");
            return if same { Ok(encode(&row, &key)?) } else { Err(answered()) };
        }
        let tx = self.db.begin_for("privacy.answer-case", row.person, Purpose::Rights).await?;
        (row.decision, row.answered_at) = (decision.into(), Some(tx.clock().now()));
        row.reason = rights_case::Model::seal_reason(&key, id, reason);
        tx.update::<rights_case::Entity>(&mut row).await?;
        let notice = if row.kind == Kind::Complaint as i32 { Notice::ComplaintAnswered } else { Notice::RectificationAnswered };
        let due =
            RightsNoticeDue { request_id: id.to_string(), person_id: row.person.to_string(), notice: notice.into(), version: row.version };
        events::announce_in_tx(&tx, due).await?;
        tx.commit().await?;
        Ok(encode(&row, &key)?)
    }

    pub(crate) async fn find(&self, id: CaseId) -> Result<Option<rights_case::Model>, Error> {
        Ok(query::by_key::<rights_case::Entity>(id, Purpose::Rights).one(&self.db).await?)
    }
}

/// Whether a case of this person's is before the officer, or was a moment ago.
pub async fn is_before_officer(db: &Db, person: PersonId) -> Result<bool, Error> {
    let recent = db.clock().now().minus(REPEATABLE);
    let open = Condition::any().add(rights_case::Column::AnsweredAt.is_null()).add(rights_case::Column::AnsweredAt.gt(recent));
    Ok(query::of::<rights_case::Entity>(person, Purpose::Rights).filter(open).one(db).await?.is_some())
}

/// To a learner, unknown and not-mine are one answer.
fn unknown() -> Refusal {
    Refusal::not_found("NO_SUCH_REQUEST", "there is no such request, or it is not yours")
}

/// 10 to 4000 characters; lines are free, other control characters are not.
fn written<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Refusal> {
    let text = text.trim();
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !(10..=4000).contains(&text.chars().count()) || text.chars().any(odd) {
        return Err(Refusal::invalid("INVALID_TEXT", field, "write 10 to 4000 characters"));
    }
    Ok(text)
}

fn encode(row: &rights_case::Model, key: &DataKey<Rights>) -> Result<pb::Case, Error> {
    Ok(pb::Case {
        request_id: row.id.to_string(),
        kind: row.kind,
        text: row.open_text(key)?,
        received_at: Some(row.received_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        regime: row.regime.clone(),
        article: row.article.clone(),
        decision: row.decision,
        reason: row.open_reason(key)?.unwrap_or_default(),
        answered_at: row.answered_at.map(Timestamp::to_proto),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_something() {
        assert_eq!(
            written("text", "  My result of the second test is wrong.\nIt was 9.  ").unwrap(),
            "My result of the second test is wrong.\nIt was 9."
        );
        for text in ["", "wrong", "          ", "with a \u{7} bell in it", &"x".repeat(4001)] {
            assert_eq!(written("text", text).unwrap_err().reason, "INVALID_TEXT");
        }
    }
}
