//! Objections to automated decisions (94-V art. 19-1, GDPR art. 22): explained at once, decided anew by a person within the term.

pub mod rows;
pub mod rpc;

use std::{sync::Arc, time::Duration};

use contract::{
    Purpose,
    learning::v1::{GetTestDecisionRequest, decisions_client::DecisionsClient},
    privacy::v1::{self as pb, ObjectionAnswered, RightsNoticeDue, objection::Outcome, rights_notice_due::Notice},
};
use foundation::{PersonId, Refusal, Timestamp, Transport, uuid::Uuid};
use personal_data::{Db, Error, Idempotency, JsonValue, category, keys::DataKey, keys::Keys, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use serde_json::json;
use service::Caller;

use crate::{requests, restrictions::no_erasure_in_tx, terms::Calendar};
use rows::ObjectionId;

const LONGEST: usize = 2_000;
const SHORTEST_ANSWER: usize = 10;
/// Whoever answered may have lost our answer and ask again.
const LATE: Duration = Duration::from_secs(3600);

type Key = DataKey<category::Rights>;

#[derive(Clone)]
pub struct Objections {
    pub(crate) db: Db,
    pub(crate) keys: Keys,
    pub(crate) learning: DecisionsClient<Transport>,
    pub(crate) calendar: Arc<Calendar>,
}

/// What somebody objects to, and why.
pub struct Ask {
    pub decision: pb::objection::Decision,
    pub decision_id: String,
    pub reason: String,
}

impl Objections {
    /// Opens an objection with its clock. An open one to the same decision answers for a second.
    pub async fn object(&self, person: PersonId, ask: Ask, claim: &Idempotency) -> Result<pb::Objection, Refusal> {
        if ask.decision != pb::objection::Decision::TestResult {
            return Err(Refusal::invalid("UNKNOWN_DECISION", "decision", "programs decide about the results of tests, and nothing else"));
        }
        let attempt: Uuid = ask.decision_id.parse().map_err(|_| no_such_decision())?;
        let reason = text(&ask.reason, 1, "reason")?;
        let explanation = self.explanation(person, attempt).await?;
        let key: Key = self.keys.of(person, Purpose::Rights).await?;
        let now = self.db.clock().now();
        let id = ObjectionId::new_v7();
        let row = rows::Model {
            id,
            person,
            decision: ask.decision.into(),
            decision_id: attempt,
            reason: rows::Model::seal_reason(&key, id, reason),
            explanation: rows::Model::seal_explanation(&key, id, &explanation),
            received_at: now,
            due_at: requests::due(&self.calendar, "objection", now)?,
            answered_at: None,
            outcome: Outcome::Unspecified.into(),
            answer: None,
            officer: None,
            version: 0,
        };
        let tx = self.db.begin_for("privacy.object-to-decision", person, Purpose::Rights).await?;
        no_erasure_in_tx(&tx, person).await?;
        let mine = query::of::<rows::Entity>(person, Purpose::Rights);
        let standing = match tx.first_made(claim, id).await? {
            Some(first) => mine.filter(rows::Column::Id.eq(first)).one(&tx).await,
            None => mine.filter(rows::Column::DecisionId.eq(attempt)).filter(rows::Column::AnsweredAt.is_null()).one(&tx).await,
        };
        if let Some(standing) = standing.map_err(Error::from)? {
            return Ok(show(&standing, &key)?);
        }
        tx.insert::<rows::Entity>(row.clone()).await?;
        tx.commit().await?;
        Ok(show(&row, &key)?)
    }

    /// A person's objections, newest first.
    pub async fn of(&self, person: PersonId) -> Result<Vec<pb::Objection>, Refusal> {
        let mine = query::of::<rows::Entity>(person, Purpose::Rights).order_by_desc(rows::Column::ReceivedAt);
        let mine = mine.all(&self.db).await.map_err(Error::from)?;
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let key: Key = self.keys.of(person, Purpose::Rights).await?;
        Ok(mine.iter().map(|row| show(row, &key)).collect::<Result<_, _>>()?)
    }

    pub async fn read(&self, by: &Caller, id: ObjectionId) -> Result<pb::Objection, Refusal> {
        let row = self.tied(by, id).await?;
        let key: Key = self.keys.of(row.person, Purpose::Rights).await?;
        Ok(show(&row, &key)?)
    }

    /// A person's decision, with its reasons. The same answer once more changes nothing.
    pub async fn answer(&self, by: &Caller, id: ObjectionId, outcome: Outcome, answer: &str) -> Result<pb::Objection, Refusal> {
        if outcome == Outcome::Unspecified {
            return Err(Refusal::invalid("INVALID_OUTCOME", "outcome", "say whether the decision stands (UPHELD) or not (OVERTURNED)"));
        }
        let answer = text(answer, SHORTEST_ANSWER, "answer")?;
        let mut row = self.tied(by, id).await?;
        if row.person == by.person()? {
            return Err(Refusal::denied("OWN_REQUEST", "somebody else answers your own objection"));
        }
        let key: Key = self.keys.of(row.person, Purpose::Rights).await?;
        if row.answered_at.is_some() {
            let shown = show(&row, &key)?;
            if shown.outcome() == outcome && shown.answer == answer {
                return Ok(shown);
            }
            return Err(Refusal::precondition("ANSWERED_ALREADY", "this objection is answered; the person has been told"));
        }
        let tx = self.db.begin_for("privacy.answer-objection", row.person, Purpose::Rights).await?;
        (row.answered_at, row.outcome) = (Some(tx.clock().now()), outcome.into());
        (row.answer, row.officer) = (rows::Model::seal_answer(&key, id, answer), Some(by.person()?));
        tx.update::<rows::Entity>(&mut row).await?;
        let (request_id, person_id) = (id.to_string(), row.person.to_string());
        let answered = ObjectionAnswered {
            request_id: request_id.clone(),
            person_id: person_id.clone(),
            decision_id: row.decision_id.to_string(),
            overturned: outcome == Outcome::Overturned,
            version: row.version,
        };
        events::announce_in_tx(&tx, answered).await?;
        let notice = Notice::ObjectionAnswered.into();
        events::announce_in_tx(&tx, RightsNoticeDue { request_id, person_id, notice, version: row.version }).await?;
        tx.commit().await?;
        Ok(show(&row, &key)?)
    }

    async fn tied(&self, by: &Caller, id: ObjectionId) -> Result<rows::Model, Refusal> {
        let found = query::by_key::<rows::Entity>(id, Purpose::Rights).one(&self.db).await.map_err(Error::from)?;
        let row = found.ok_or_else(|| Refusal::not_found("NO_SUCH_REQUEST", "there is no such objection"))?;
        by.acts_on(row.person).await?;
        Ok(row)
    }

    /// Learning alone knows its attempts: somebody else's is none.
    async fn explanation(&self, person: PersonId, attempt: Uuid) -> Result<JsonValue, Refusal> {
        let ask = GetTestDecisionRequest { person_id: person.to_string(), attempt_id: attempt.to_string() };
        let decision = self.learning.clone().get_test_decision(ask).await.map_err(|status| match status.code() {
            tonic::Code::NotFound => no_such_decision(),
            code => {
                tracing::warn!(?code, "learning does not explain a decision");
                Refusal::unavailable("LEARNING_UNAVAILABLE", "the decision cannot be looked up at the moment; try again")
            }
        })?;
        let decision = decision.into_inner();
        Ok(json!({ "percent": decision.percent, "percent_to_pass": decision.percent_to_pass }))
    }
}

/// Whether an objection of this person is before the officer, or was answered by this one just now.
pub async fn is_open(db: &Db, staff: PersonId, person: PersonId) -> Result<bool, Error> {
    let recently = db.clock().now().minus(LATE);
    let own = query::of::<rows::Entity>(person, Purpose::Rights).all(db).await?;
    Ok(own.iter().any(|row| row.answered_at.is_none_or(|at| at >= recently && row.officer == Some(staff))))
}

/// All objections of a person among their requests.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<pb::Request>, Error> {
    let rows = query::of::<rows::Entity>(person, Purpose::Rights).order_by_desc(rows::Column::ReceivedAt).all(db).await?;
    Ok(rows
        .iter()
        .map(|row| pb::Request {
            request_id: row.id.to_string(),
            kind: pb::request::Kind::Objection.into(),
            received_at: Some(row.received_at.to_proto()),
            due_at: Some(row.due_at.to_proto()),
            done_at: row.answered_at.map(Timestamp::to_proto),
            ..pb::Request::default()
        })
        .collect())
}

fn no_such_decision() -> Refusal {
    Refusal::not_found("NO_SUCH_DECISION", "there is no such decision about you")
}

fn text<'a>(text: &'a str, shortest: usize, field: &'static str) -> Result<&'a str, Refusal> {
    let text = text.trim();
    if (shortest..=LONGEST).contains(&text.chars().count()) {
        return Ok(text);
    }
    Err(Refusal::invalid("INVALID_TEXT", field, format!("write {shortest} to {LONGEST} characters")))
}

fn show(row: &rows::Model, key: &Key) -> Result<pb::Objection, Error> {
    let explanation = row.open_explanation(key)?;
    let number = |name: &str| explanation.get(name).and_then(JsonValue::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
    Ok(pb::Objection {
        request_id: row.id.to_string(),
        decision: row.decision,
        decision_id: row.decision_id.to_string(),
        reason: row.open_reason(key)?,
        percent: number("percent"),
        percent_to_pass: number("percent_to_pass"),
        received_at: Some(row.received_at.to_proto()),
        due_at: Some(row.due_at.to_proto()),
        answered_at: row.answered_at.map(Timestamp::to_proto),
        outcome: row.outcome,
        answer: row.open_answer(key)?.unwrap_or_default(),
    })
}
