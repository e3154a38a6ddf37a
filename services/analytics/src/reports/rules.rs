//! What published cells come to: sums of them and nothing else.

use std::collections::BTreeMap;

use foundation::{Refusal, uuid::Uuid};

use crate::cells::rows::Model as Cell;

/// Periods in a report when nobody says how many, and at most.
const USUAL: u32 = 8;
const MOST: u32 = 60;

/// A topic, as closely as its learners could be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Topic {
    pub course: Option<Uuid>,
    pub module: Option<Uuid>,
    pub lesson: Option<Uuid>,
}

/// A sum of visible cells, and how many there were of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub learners: i64,
    pub visible: u32,
    pub hidden: u32,
}

impl Total {
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Self {
        cells.into_iter().fold(Self::default(), |total, cell| match cell.learners {
            Some(learners) => Self { learners: total.learners + learners, visible: total.visible + 1, ..total },
            None => Self { hidden: total.hidden + 1, ..total },
        })
    }
}

/// A topic with its cells, oldest period and shortest time first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub topic: Topic,
    pub cells: Vec<Cell>,
    pub total: Total,
}

/// Cells by topic: most learners first, topics that are hidden altogether last.
pub fn rows(cells: Vec<Cell>) -> Vec<Row> {
    let mut by_topic: BTreeMap<Topic, Vec<Cell>> = BTreeMap::new();
    for cell in cells {
        let topic = Topic { course: cell.course_id, module: cell.module_id, lesson: cell.lesson_id };
        by_topic.entry(topic).or_default().push(cell);
    }
    let mut rows: Vec<Row> = by_topic
        .into_iter()
        .map(|(topic, mut cells)| {
            cells.sort_by(|one, other| (&one.starts_on, one.minutes).cmp(&(&other.starts_on, other.minutes)));
            Row { topic, total: Total::of(&cells), cells }
        })
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.total.learners), row.topic));
    rows
}

/// How many periods a report has.
pub fn periods(asked: u32) -> Result<u32, Refusal> {
    match asked {
        0 => Ok(USUAL),
        1..=MOST => Ok(asked),
        _ => Err(Refusal::invalid("TOO_MANY_PERIODS", "periods", "ask for at most 60 periods")),
    }
}

/// The latest first day that is asked for, if any.
pub fn until(asked: &str) -> Result<Option<String>, Refusal> {
    if asked.is_empty() {
        return Ok(None);
    }
    let date = asked.parse::<jiff::civil::Date>();
    date.map(|date| Some(date.to_string())).map_err(|_| Refusal::invalid("INVALID_DATE", "until", "write a date as 2026-05-09"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(lesson: u8, week: u8, minutes: i64, learners: Option<i64>) -> Cell {
        Cell {
            id: Uuid::new_v4(),
            period: 2,
            starts_on: format!("2026-05-{week:02}"),
            measure: 1,
            course_id: Some(Uuid::nil()),
            module_id: None,
            lesson_id: Some(Uuid::from_u128(lesson.into())),
            minutes: Some(minutes),
            learners,
        }
    }

    proptest! {
        #[test]
        fn totals_are_the_sums_of_what_is_published(all in prop::collection::vec((0_u8..5, 1_u8..9, 0_i64..5, prop::option::of(10_i64..99)), 0..60)) {
            let cells: Vec<Cell> = all.iter().map(|(lesson, week, minutes, learners)| cell(*lesson, *week, *minutes, *learners)).collect();
            let (sum, whole) = (cells.iter().filter_map(|cell| cell.learners).sum::<i64>(), Total::of(&cells));
            let rows = rows(cells.clone());
            prop_assert_eq!(whole.learners, sum);
            prop_assert_eq!(rows.iter().map(|row| row.total.learners).sum::<i64>(), sum);
            prop_assert_eq!(rows.iter().map(|row| row.cells.len()).sum::<usize>(), cells.len());
            prop_assert_eq!((whole.visible + whole.hidden) as usize, cells.len());
            prop_assert!(rows.windows(2).all(|two| two[0].total.learners >= two[1].total.learners));
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_field() {
        assert_eq!(periods(61).unwrap_err().field, Some("periods"));
        assert_eq!(until("tomorrow").unwrap_err().field, Some("until"));
        assert_eq!((periods(0).unwrap(), until("").unwrap()), (8, None));
    }
}
