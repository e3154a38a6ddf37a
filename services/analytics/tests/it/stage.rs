//! Analytics' own database, and facts as the bus would bring them.

use std::sync::Arc;

use contract::{
    Event,
    analytics::v1::{Period, trend::Measure},
    learning::v1::{Fact, FactCohort, FactsReleased, fact_cohort::Kind, facts_released},
};
use events::{Envelope, Outcome, Reactor, reactor};
use foundation::{Timestamp, uuid::Uuid};
use kolsai_analytics::{
    Migrations,
    cells::rows,
    counting::CountFacts,
    reports::{Ask, Report, Reports},
};
use personal_data::{Db, query};

use crate::engines::{Engine, number};

pub const WEEK: &str = "2026-05-04";

pub struct Stage {
    pub db: Db,
    pub reports: Reports,
    reactor: Arc<dyn Reactor>,
}

impl Stage {
    pub async fn on(engine: &Engine) -> Self {
        let db = engine.database::<Migrations>("analytics").await;
        Self { reactor: reactor(&db, CountFacts), reports: Reports::new(db.clone()), db }
    }

    pub async fn hears(&self, told: &FactsReleased) -> Outcome {
        self.brings(&envelope(told)).await
    }

    /// As the bus: what comes too early or collides comes again.
    pub async fn brings(&self, envelope: &Envelope) -> Outcome {
        loop {
            match self.reactor.react(envelope).await {
                Outcome::Later(_) => tokio::task::yield_now().await,
                taken => return taken,
            }
        }
    }

    pub async fn cells(&self) -> Vec<rows::Model> {
        query::anonymous::<rows::Entity>().all(&self.db).await.unwrap()
    }

    pub async fn counts(&self) -> i64 {
        number(&self.db, r#"SELECT count(*) FROM "count""#).await
    }

    pub async fn report(&self, period: Period, measure: Measure) -> Report {
        self.reports.report(measure, &ask(period)).await.unwrap()
    }
}

pub fn ask(period: Period) -> Ask {
    Ask { period, periods: 8, until: None, course: None }
}

pub fn envelope<E: Event>(told: &E) -> Envelope {
    let payload = told.encode_to_vec();
    Envelope {
        id: Uuid::now_v7(),
        source: "learning".into(),
        kind: E::TYPE.into(),
        payload,
        traceparent: None,
        at: Timestamp::from_micros(0),
    }
}

/// Learners who completed one lesson; the first `minutes.len()` of them tell their time.
pub fn cohort(lesson: u128, learners: usize, minutes: &[u32]) -> FactCohort {
    let facts =
        (0..learners).map(|at| Fact { fact_id: Uuid::new_v4().to_string(), minutes: minutes.get(at).copied(), counts_in_week: true });
    FactCohort {
        kind: Kind::Completed.into(),
        course_id: Uuid::from_u128(1).to_string(),
        module_id: Uuid::from_u128(2).to_string(),
        lesson_id: Uuid::from_u128(lesson).to_string(),
        facts: facts.collect(),
    }
}

/// `releases` is 0 while more of the day may come.
pub fn day(starts_on: &str, cohorts: Vec<FactCohort>, releases: u32) -> FactsReleased {
    FactsReleased {
        release_id: Uuid::new_v4().to_string(),
        period: facts_released::Period::Day.into(),
        starts_on: starts_on.into(),
        week_starts_on: WEEK.into(),
        cohorts,
        releases,
    }
}

pub fn week(cohorts: Vec<FactCohort>, releases: u32) -> FactsReleased {
    FactsReleased { period: facts_released::Period::Week.into(), ..day(WEEK, cohorts, releases) }
}
