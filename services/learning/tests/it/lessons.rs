//! Lessons are there for who is enrolled; what was completed stays completed.

use events::Outcome;
use foundation::{PersonId, uuid::Uuid};
use futures::future::join_all;
use kolsai_learning::study::{Error, Study};

use crate::{
    engines::{Engine, number, on_both_engines},
    stage::Stage,
};

on_both_engines!(
    without_enrolment_there_is_no_such_lesson,
    a_lesson_completed_many_times_at_once_is_completed_once,
    a_refund_closes_lessons_and_keeps_progress
);

async fn without_enrolment_there_is_no_such_lesson(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let study = Study::new(stage.db.clone(), stage.catalogue.clone());
    let lesson = stage.catalogue.courses()[0].lessons().next().unwrap().id;
    let stranger = PersonId::new_v4();
    assert!(matches!(study.lesson(stranger, lesson).await, Err(Error::NoSuchLesson)));
    assert!(matches!(study.complete(stranger, lesson, None).await, Err(Error::NoSuchLesson)));
    let learner = stage.enrolled().await;
    assert!(study.lesson(learner, lesson).await.is_ok_and(|(_, completed)| !completed));
}

async fn a_lesson_completed_many_times_at_once_is_completed_once(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let study = Study::new(stage.db.clone(), stage.catalogue.clone());
    let learner = stage.enrolled().await;
    let lesson = stage.catalogue.courses()[0].lessons().next().unwrap().id;
    for answer in join_all((0..8).map(|_| study.complete(learner, lesson, None))).await {
        assert!(answer.is_ok(), "{:?}", answer.err());
    }
    assert_eq!(number(&stage.db, "SELECT count(*) FROM lesson_progress").await, 1);
    let progress = stage.enrolments.progress(learner, stage.course()).await.unwrap();
    assert!(progress.done.lessons.contains(&lesson) && !progress.completed && progress.certificate.is_none());
}

async fn a_refund_closes_lessons_and_keeps_progress(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let study = Study::new(stage.db.clone(), stage.catalogue.clone());
    let (learner, order) = (PersonId::new_v4(), Uuid::new_v4());
    let lesson = stage.catalogue.courses()[0].lessons().next().unwrap().id;
    stage.hears(&stage.paid(learner, order, 1)).await;
    study.complete(learner, lesson, None).await.unwrap();
    assert_eq!(stage.hears(&stage.refunded(learner, order, 2)).await, Outcome::Done);
    assert!(matches!(study.lesson(learner, lesson).await, Err(Error::NoSuchLesson)));
    let progress = stage.enrolments.progress(learner, stage.course()).await.unwrap();
    assert!(progress.done.lessons.contains(&lesson));
}
