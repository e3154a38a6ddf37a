//! Who teaches whom, and for how long the tie holds.

use std::{collections::BTreeMap, time::Duration};

use contract::Tie;
use events::Outcome;
use foundation::{PersonId, uuid::Uuid};
use service::Ties;

use crate::{
    engines::{Engine, on_both_engines},
    stage::{Stage, granted, revoked},
};

on_both_engines!(
    learners_are_shared_out_evenly,
    who_enrolled_before_there_was_an_instructor_is_given_one,
    a_revoked_instructor_loses_the_tie_at_once_and_the_learners_soon,
    a_grant_that_runs_out_ends_the_tie_by_itself,
    a_revocation_heard_before_its_grant_still_counts,
    only_their_own_instructor_is_tied_to_a_learner,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn tied(stage: &Stage, staff: PersonId, learner: PersonId) -> bool {
    stage.instructors.ties(Tie::Teaches, staff, learner).await.unwrap()
}

async fn learners_are_shared_out_evenly(engine: Engine) {
    let stage = Stage::on(&engine).await;
    for _ in 0..3 {
        stage.instructor().await;
    }
    let mut shares = BTreeMap::<PersonId, u32>::new();
    for _ in 0..9 {
        let learner = stage.enrolled().await;
        *shares.entry(stage.instructor_of(learner).await.unwrap()).or_default() += 1;
    }
    assert_eq!(shares.into_values().collect::<Vec<_>>(), [3, 3, 3]);
}

async fn who_enrolled_before_there_was_an_instructor_is_given_one(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let learner = stage.enrolled().await;
    assert_eq!((stage.instructor_of(learner).await, stage.instructors.assign_waiting().await.unwrap()), (None, 0));
    let (instructor, _) = stage.instructor().await;
    assert_eq!(stage.instructors.assign_waiting().await.unwrap(), 1);
    assert_eq!(stage.instructor_of(learner).await, Some(instructor));
    assert_eq!(stage.instructors.assign_waiting().await.unwrap(), 0);
}

async fn a_revoked_instructor_loses_the_tie_at_once_and_the_learners_soon(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (first, grant) = stage.instructor().await;
    let learner = stage.enrolled().await;
    assert!(tied(&stage, first, learner).await);
    assert_eq!(stage.hears(&revoked(first, grant, 2)).await, Outcome::Done);
    assert!(!tied(&stage, first, learner).await);
    let (second, _) = stage.instructor().await;
    assert_eq!(stage.instructors.assign_waiting().await.unwrap(), 1);
    assert!(tied(&stage, second, learner).await && !tied(&stage, first, learner).await);
}

async fn a_grant_that_runs_out_ends_the_tie_by_itself(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = PersonId::new_v4();
    let until = engine.clock.now().plus(DAY);
    stage.hears(&granted(person, Uuid::new_v4(), Some(until), 1)).await;
    let learner = stage.enrolled().await;
    assert!(tied(&stage, person, learner).await);
    engine.clock.advance(DAY);
    assert!(!tied(&stage, person, learner).await);
    assert!(!stage.instructors.is_instructor(person).await.unwrap());
}

async fn a_revocation_heard_before_its_grant_still_counts(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, grant) = (PersonId::new_v4(), Uuid::new_v4());
    stage.hears(&revoked(person, grant, 2)).await;
    stage.hears(&granted(person, grant, None, 1)).await;
    assert!(!stage.instructors.is_instructor(person).await.unwrap());
    // Another grant is another matter.
    stage.hears(&granted(person, Uuid::new_v4(), None, 1)).await;
    assert!(stage.instructors.is_instructor(person).await.unwrap());
}

async fn only_their_own_instructor_is_tied_to_a_learner(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (one, _) = stage.instructor().await;
    let (other, _) = stage.instructor().await;
    let learner = stage.enrolled().await;
    let (theirs, not_theirs) = if stage.instructor_of(learner).await == Some(one) { (one, other) } else { (other, one) };
    assert!(tied(&stage, theirs, learner).await);
    assert!(!tied(&stage, not_theirs, learner).await);
    assert!(!tied(&stage, theirs, PersonId::new_v4()).await);
    assert!(!stage.instructors.ties(Tie::HasTicket, theirs, learner).await.unwrap());
}
