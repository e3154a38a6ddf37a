//! What an analyst is shown: published cells and their sums.

use contract::analytics::v1::{Period, trend::Measure};

use crate::{
    engines::{Engine, on_both_engines},
    stage::{Stage, WEEK, ask, cohort, day, week},
};

on_both_engines!(
    small_cells_are_hidden_and_totals_are_sums_of_the_visible,
    a_period_that_is_not_complete_shows_nothing,
    trends_are_the_sums_of_each_period,
    a_report_ends_and_is_as_long_as_is_asked,
);

async fn small_cells_are_hidden_and_totals_are_sums_of_the_visible(engine: Engine) {
    let stage = Stage::on(&engine).await;
    // Sixty who spent twenty minutes, three who spent five: the three are not shown.
    let minutes = [vec![20; 60], vec![5; 3]].concat();
    stage.hears(&week(vec![cohort(7, 80, &minutes), cohort(8, 40, &[])], 1)).await;
    let time = stage.report(Period::Week, Measure::TimeInLessons).await;
    assert_eq!(time.rows.len(), 1);
    let shown: Vec<_> = time.rows[0].cells.iter().map(|cell| (cell.minutes, cell.learners.is_some())).collect();
    assert_eq!(shown, [(Some(5), false), (Some(20), true)]);
    assert_eq!((time.total.visible, time.total.hidden), (1, 1));
    assert_eq!(time.total.learners, time.rows[0].cells[1].learners.unwrap());
    let topics = stage.report(Period::Week, Measure::PopularTopics).await;
    assert_eq!(topics.rows.len(), 2);
    assert!(topics.rows[0].total.learners > topics.rows[1].total.learners, "most popular first");
    let sum: i64 = topics.rows.iter().flat_map(|row| &row.cells).filter_map(|cell| cell.learners).sum();
    assert_eq!(topics.total.learners, sum);
    for cell in stage.cells().await {
        assert!(cell.learners.is_none_or(|learners| learners >= 10), "{cell:?}");
    }
}

async fn a_period_that_is_not_complete_shows_nothing(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.hears(&day("2026-05-05", vec![cohort(7, 80, &[])], 0)).await;
    for period in [Period::Day, Period::Week] {
        let report = stage.report(period, Measure::PopularTopics).await;
        assert!(report.rows.is_empty() && report.starts_on.is_empty());
    }
}

async fn trends_are_the_sums_of_each_period(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.hears(&day("2026-05-05", vec![cohort(7, 80, &[20; 60])], 1)).await;
    stage.hears(&day("2026-05-06", vec![cohort(8, 30, &[])], 1)).await;
    let trends = stage.reports.trends(&ask(Period::Day)).await.unwrap();
    assert_eq!(trends.len(), 3);
    for (measure, points) in trends {
        let report = stage.report(Period::Day, measure).await;
        assert_eq!(points.iter().map(|(start, _)| start.as_str()).collect::<Vec<_>>(), ["2026-05-05", "2026-05-06"]);
        assert_eq!(points.iter().map(|(_, total)| total.learners).sum::<i64>(), report.total.learners);
    }
}

async fn a_report_ends_and_is_as_long_as_is_asked(engine: Engine) {
    let stage = Stage::on(&engine).await;
    for date in 1..=9 {
        stage.hears(&day(&format!("2026-05-0{date}"), vec![cohort(7, 80, &[])], 1)).await;
    }
    let mut asked = ask(Period::Day);
    (asked.periods, asked.until) = (3, Some("2026-05-04".into()));
    let report = stage.reports.report(Measure::PopularTopics, &asked).await.unwrap();
    assert_eq!(report.starts_on, ["2026-05-02", "2026-05-03", WEEK]);
    asked.course = Some(foundation::uuid::Uuid::from_u128(99));
    assert!(stage.reports.report(Measure::PopularTopics, &asked).await.unwrap().rows.is_empty());
}
