//! Facts leave learning without the person, and of ten learners or more.

use std::{collections::BTreeSet, time::Duration};

use contract::{
    Event, Purpose,
    learning::v1::{FactsReleased, facts_released::Period},
    privacy::v1::PersonStateChanged,
};
use events::{Envelope, Outcome, reactor};
use foundation::PersonId;
use kolsai_learning::{
    catalogue::Lesson,
    facts::{
        Facts, TakeBack,
        demo::{Demo, LEARNERS, WEEKS},
        release::Releases,
        rows::{fact, lesson_return},
    },
    study::Study,
};
use personal_data::{person_state, query};
use service::CancellationToken;

use crate::{
    engines::{Engine, number, on_both_engines, rows},
    stage::{Stage, envelope},
};

on_both_engines!(
    nine_learners_are_not_told_and_the_tenth_tells_them_all,
    what_is_told_names_nobody_and_no_time,
    who_is_restricted_or_has_withdrawn_adds_nothing,
    what_is_pooled_waits_for_the_restricted_and_is_taken_back_on_withdrawal,
    a_return_counts_once_a_day_and_is_forgotten_after_its_week,
    what_stays_too_small_is_dropped_with_its_week,
    two_replicas_tell_everything_once,
    the_demo_school_is_made_up_once,
);

const DAY: Duration = Duration::from_secs(86_400);

struct Desk {
    stage: Stage,
    study: Study,
    facts: Facts,
    releases: Releases,
}

impl Desk {
    async fn on(engine: &Engine) -> Self {
        // Noon of a Monday, so that a day or two later it is the same week.
        let monday = 7 * 86_400_000_000_i64;
        let into_week = (engine.clock.now().micros() + 3 * 86_400_000_000 - 7 * 3_600_000_000).rem_euclid(monday);
        assert!(engine.clock.advance(Duration::from_micros((monday - into_week).unsigned_abs())));
        let stage = Stage::on(engine).await;
        Self {
            study: Study::new(stage.db.clone(), stage.catalogue.clone()),
            facts: Facts::new(stage.db.clone(), stage.catalogue.clone()),
            releases: Releases::new(stage.db.clone()),
            stage,
        }
    }

    fn lesson(&self, at: usize) -> &Lesson {
        self.stage.catalogue.courses()[0].lessons().nth(at).unwrap()
    }

    async fn complete(&self, learners: usize, lesson: usize) -> Vec<PersonId> {
        let mut people = Vec::new();
        for _ in 0..learners {
            let person = self.stage.enrolled().await;
            self.study.complete(person, self.lesson(lesson).id, Some(20)).await.unwrap();
            people.push(person);
        }
        people
    }

    async fn pooled(&self) -> Vec<fact::Model> {
        query::anonymous::<fact::Entity>().all(&self.stage.db).await.unwrap()
    }

    async fn told(&self) -> Vec<FactsReleased> {
        let sql = format!("SELECT payload FROM outbox WHERE kind = '{}' ORDER BY id", FactsReleased::TYPE);
        let payloads = rows(&self.stage.db, &sql).await.into_iter().map(|row| row.try_get_by_index::<Vec<u8>>(0).unwrap());
        payloads.map(open).collect()
    }
}

/// As a reaction would read it.
fn open(payload: Vec<u8>) -> FactsReleased {
    let blank = envelope(&FactsReleased::default());
    Envelope { payload, ..blank }.open().unwrap()
}

fn sizes(told: &FactsReleased) -> Vec<usize> {
    told.cohorts.iter().map(|cohort| cohort.facts.len()).collect()
}

async fn nine_learners_are_not_told_and_the_tenth_tells_them_all(engine: Engine) {
    let desk = Desk::on(&engine).await;
    desk.complete(9, 0).await;
    assert_eq!((desk.releases.run().await.unwrap(), desk.pooled().await.len()), (0, 9));
    desk.complete(1, 0).await;
    assert_eq!((desk.releases.run().await.unwrap(), desk.pooled().await.len()), (1, 0));
    // Nine of another lesson of the same day: told by the time it ends, with the module.
    desk.complete(9, 1).await;
    desk.complete(1, 2).await;
    assert_eq!(desk.releases.run().await.unwrap(), 0);
    engine.clock.advance(DAY);
    assert_eq!(desk.releases.run().await.unwrap(), 1);
    let told = desk.told().await;
    assert_eq!(told.iter().map(sizes).collect::<Vec<_>>(), [[10], [10]]);
    assert_eq!(told.iter().map(|told| told.releases).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(told[0].cohorts[0].lesson_id, desk.lesson(0).id.to_string());
    assert_eq!((told[1].cohorts[0].lesson_id.as_str(), &told[1].cohorts[0].module_id), ("", &desk.lesson(1).module.to_string()));
    // The week says how many there were altogether.
    engine.clock.advance(7 * DAY);
    assert_eq!(desk.releases.run().await.unwrap(), 1);
    let last = desk.told().await.pop().unwrap();
    assert_eq!((last.period(), last.releases, last.cohorts.len()), (Period::Week, 3, 0));
    assert_eq!(desk.releases.run().await.unwrap(), 0);
}

async fn what_is_told_names_nobody_and_no_time(engine: Engine) {
    let desk = Desk::on(&engine).await;
    let people = desk.complete(12, 0).await;
    let pooled: BTreeSet<String> = desk.pooled().await.into_iter().map(|fact| fact.id.to_string()).collect();
    desk.releases.run().await.unwrap();
    let told = desk.told().await;
    let facts = &told[0].cohorts[0].facts;
    let ids: BTreeSet<_> = facts.iter().map(|fact| fact.fact_id.clone()).collect();
    assert_eq!((facts.len(), ids.len()), (12, 12));
    assert!(ids.is_disjoint(&pooled), "fresh identifiers");
    assert!(facts.iter().all(|fact| fact.minutes == Some(20) && fact.counts_in_week));
    let said = format!("{told:?}");
    assert!(people.iter().all(|person| !said.contains(&person.to_string())));
    assert_eq!(told[0].starts_on.len(), "2026-05-09".len());
    let traced = format!("SELECT count(*) FROM outbox WHERE kind = '{}' AND traceparent IS NOT NULL", FactsReleased::TYPE);
    assert_eq!(number(&desk.stage.db, &traced).await, 0);
}

async fn who_is_restricted_or_has_withdrawn_adds_nothing(engine: Engine) {
    let desk = Desk::on(&engine).await;
    let statistics = person_state::bit(Purpose::Statistics);
    let withdrawn = desk.stage.enrolled().await;
    let restricted = desk.complete(1, 0).await[0];
    engine.clock.advance(DAY);
    let before = desk.pooled().await.len();
    for (person, state, purposes) in
        [(withdrawn, person_state::State::Active, statistics), (restricted, person_state::State::Restricted, 0)]
    {
        let tx = desk.stage.db.begin("test.state").await.unwrap();
        assert!(person_state::apply_in_tx(&tx, person, state, purposes, 1).await.unwrap());
        tx.commit().await.unwrap();
    }
    // Whoever withdrew from statistics alone goes on learning.
    desk.study.complete(withdrawn, desk.lesson(0).id, Some(20)).await.unwrap();
    assert!(desk.study.complete(restricted, desk.lesson(1).id, Some(20)).await.is_err());
    engine.clock.advance(DAY);
    for person in [withdrawn, restricted] {
        assert!(!desk.facts.opened(person, desk.lesson(0)).await.unwrap());
    }
    assert_eq!(desk.pooled().await.len(), before);
    assert_eq!(number(&desk.stage.db, "SELECT count(*) FROM lesson_return").await, 0);
}

async fn what_is_pooled_waits_for_the_restricted_and_is_taken_back_on_withdrawal(engine: Engine) {
    let desk = Desk::on(&engine).await;
    let people = desk.complete(11, 0).await;
    let (restricted, withdrawn) = (people[0], people[1]);
    let becomes = async |person, state, purposes, seen| {
        let tx = desk.stage.db.begin("test.state").await.unwrap();
        assert!(person_state::apply_in_tx(&tx, person, state, purposes, seen).await.unwrap());
        tx.commit().await.unwrap();
    };
    becomes(restricted, person_state::State::Restricted, 0, 1).await;
    let said =
        |version| PersonStateChanged { person_id: withdrawn.to_string(), state: 0, withdrawn: vec![Purpose::Statistics.into()], version };
    // Early: something could still be pooled meanwhile.
    let take_back = reactor(&desk.stage.db, TakeBack);
    assert!(matches!(take_back.react(&envelope(&said(1))).await, Outcome::Later(_)));
    becomes(withdrawn, person_state::State::Active, person_state::bit(Purpose::Statistics), 1).await;
    assert_eq!(take_back.react(&envelope(&said(1))).await, Outcome::Done);
    assert_eq!((desk.pooled().await.len(), number(&desk.stage.db, "SELECT count(*) FROM fact_learner").await), (10, 10));
    // Ten are there, one of them restricted: nothing is told of nine.
    assert_eq!(desk.releases.run().await.unwrap(), 0);
    desk.complete(1, 0).await;
    assert_eq!(desk.releases.run().await.unwrap(), 1);
    let told = desk.told().await;
    assert_eq!(told.iter().map(sizes).collect::<Vec<_>>(), [[10]]);
    assert_eq!((desk.pooled().await.len(), number(&desk.stage.db, "SELECT count(*) FROM fact_learner").await), (1, 1));
    // Held to the end of its week, it is never told.
    engine.clock.advance(7 * DAY);
    desk.releases.run().await.unwrap();
    assert_eq!((desk.pooled().await.len(), number(&desk.stage.db, "SELECT count(*) FROM fact_learner").await), (0, 0));
    assert_eq!(desk.told().await.iter().flat_map(sizes).sum::<usize>(), 10);
}

async fn a_return_counts_once_a_day_and_is_forgotten_after_its_week(engine: Engine) {
    let desk = Desk::on(&engine).await;
    let person = desk.complete(1, 0).await[0];
    let opened = || desk.facts.opened(person, desk.lesson(0));
    assert!(!opened().await.unwrap(), "on the day it was completed it is no return");
    engine.clock.advance(DAY);
    assert_eq!((opened().await.unwrap(), opened().await.unwrap()), (true, false));
    engine.clock.advance(DAY);
    assert!(opened().await.unwrap());
    let firsts: Vec<_> =
        desk.pooled().await.into_iter().filter(|fact| fact.kind == 2).map(|fact| (fact.first_of_day, fact.first_of_week)).collect();
    assert!(firsts.contains(&(4, 4)) && firsts.contains(&(4, 0)), "{firsts:?}");
    engine.clock.advance(7 * DAY);
    desk.releases.run().await.unwrap();
    let remembered = query::across::<lesson_return::Entity>(Purpose::Statistics).all(&desk.stage.db).await.unwrap();
    assert_eq!(remembered, []);
}

async fn what_stays_too_small_is_dropped_with_its_week(engine: Engine) {
    let desk = Desk::on(&engine).await;
    desk.complete(5, 0).await;
    engine.clock.advance(DAY);
    desk.complete(4, 0).await;
    engine.clock.advance(DAY);
    assert_eq!((desk.releases.run().await.unwrap(), desk.pooled().await.len()), (0, 9));
    engine.clock.advance(7 * DAY);
    assert_eq!((desk.releases.run().await.unwrap(), desk.pooled().await.len()), (0, 0));
    assert!(desk.told().await.is_empty());
}

async fn two_replicas_tell_everything_once(engine: Engine) {
    let desk = Desk::on(&engine).await;
    desk.complete(11, 0).await;
    let _ = tokio::join!(desk.releases.run(), desk.releases.run(), desk.releases.run());
    assert_eq!(desk.told().await.iter().map(sizes).collect::<Vec<_>>(), [[11]]);
    assert!(desk.pooled().await.is_empty());
}

async fn the_demo_school_is_made_up_once(engine: Engine) {
    let desk = Desk::on(&engine).await;
    let demo = || Demo { db: desk.stage.db.clone(), catalogue: desk.stage.catalogue.clone() };
    demo().fill(&desk.releases, &CancellationToken::new()).await.unwrap();
    let told = desk.told().await;
    assert_eq!(told.iter().filter(|told| told.period() == Period::Week).count() as i64, WEEKS);
    let facts: usize = told.iter().flat_map(sizes).sum();
    assert!(facts > 5 * LEARNERS as usize, "{facts} facts");
    assert!(told.iter().flat_map(sizes).all(|size| size >= 10));
    assert!(desk.pooled().await.is_empty());
    demo().fill(&desk.releases, &CancellationToken::new()).await.unwrap();
    assert_eq!(desk.told().await.len(), told.len());
}
