//! A period is published once, when all of it has come, in whatever order.

use contract::analytics::v1::Period;
use events::Outcome;
use futures::future::join_all;
use kolsai_analytics::Tables;
use personal_data::Holds;

use crate::{
    engines::{Engine, on_both_engines},
    stage::{Stage, cohort, day, envelope, week},
};

on_both_engines!(
    the_live_schema_is_the_declared_one,
    a_period_is_published_when_its_last_release_has_come,
    noise_is_drawn_once_however_often_anything_comes,
    releases_at_once_are_all_counted,
    what_is_told_of_too_few_is_set_aside,
);

async fn the_live_schema_is_the_declared_one(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let holds = Holds::of::<Tables>("analytics").and::<events::Tables>();
    assert_eq!(holds.drift(&stage.db).await.unwrap(), Vec::<String>::new());
    assert_eq!(holds.undeclared(), Vec::<String>::new());
    assert!(holds.maps().iter().all(|table| table.category().is_none()), "analytics holds nothing of anybody");
}

async fn a_period_is_published_when_its_last_release_has_come(engine: Engine) {
    for last_first in [false, true] {
        let stage = Stage::on(&engine).await;
        let date = if last_first { "2026-05-05" } else { "2026-05-06" };
        let mut releases = [day(date, vec![cohort(7, 40, &[])], 0), day(date, vec![cohort(7, 30, &[]), cohort(8, 10, &[])], 2)];
        if last_first {
            releases.reverse();
        }
        let published = |cells: Vec<kolsai_analytics::cells::rows::Model>| cells.into_iter().filter(|cell| cell.starts_on == date).count();
        assert_eq!(stage.hears(&releases[0]).await, Outcome::Done);
        assert_eq!(published(stage.cells().await), 0);
        assert_eq!(stage.hears(&releases[1]).await, Outcome::Done);
        assert_eq!(published(stage.cells().await), 2);
    }
    // Their week is still open: its exact counts are the only ones that are left.
    let stage = Stage::on(&engine).await;
    assert_eq!(stage.counts().await, 2);
    assert_eq!(stage.hears(&week(vec![], 5)).await, Outcome::Done);
    assert_eq!(stage.counts().await, 0);
}

async fn noise_is_drawn_once_however_often_anything_comes(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let told = week((0..20).map(|lesson| cohort(lesson, 50, &[20; 15])).collect(), 1);
    let first = envelope(&told);
    assert_eq!(stage.brings(&first).await, Outcome::Done);
    let cells = stage.cells().await;
    assert_eq!((cells.len(), stage.counts().await), (40, 0));
    assert_eq!(stage.brings(&first).await, Outcome::Repeated);
    // The same under another identifier is refused: its week is over.
    assert_eq!(stage.hears(&told).await, Outcome::Parked);
    assert_eq!(stage.cells().await, cells);
    // Twenty cells of fifty would all show fifty if nothing had been drawn.
    assert!(cells.iter().filter(|cell| cell.minutes.is_none()).any(|cell| cell.learners != Some(50)));
}

async fn releases_at_once_are_all_counted(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let releases: Vec<_> =
        (0..12).map(|at| day(&format!("2026-05-0{}", 4 + at % 3), vec![cohort(7, 100, &[])], if at < 3 { 4 } else { 0 })).collect();
    let outcomes = join_all(releases.iter().map(|told| stage.hears(told))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:?}");
    stage.hears(&week(vec![], 13)).await;
    let learners = |period: Period| {
        let cells = stage.cells();
        async move { cells.await.into_iter().filter(|cell| cell.period == period as i32).map(|cell| cell.learners.unwrap()).collect::<Vec<_>>() }
    };
    // Far more than any noise would leave, had one of them been lost.
    let (days, weeks) = (learners(Period::Day).await, learners(Period::Week).await);
    assert!(days.len() == 3 && days.iter().all(|day| (350..450).contains(day)), "{days:?}");
    assert!(weeks.len() == 1 && (1150..1250).contains(&weeks[0]), "{weeks:?}");
}

async fn what_is_told_of_too_few_is_set_aside(engine: Engine) {
    let stage = Stage::on(&engine).await;
    assert_eq!(stage.hears(&day("2026-05-04", vec![cohort(7, 9, &[])], 1)).await, Outcome::Parked);
    assert_eq!((stage.cells().await.len(), stage.counts().await), (0, 0));
}
