//! What a release of facts adds to which cells: pure, and strict about what it is given.

use std::collections::BTreeMap;

use contract::{
    analytics::v1::{Period, trend::Measure},
    learning::v1::{FactCohort, FactsReleased, fact_cohort::Kind, facts_released},
};
use foundation::uuid::{Builder, Uuid};
use sha2::{Digest, Sha256};

use crate::cells::rules::{CLASSES, SMALLEST};

/// One cell: learners of one cohort who did one thing in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub measure: i32,
    pub course: Option<Uuid>,
    pub module: Option<Uuid>,
    pub lesson: Option<Uuid>,
    /// Of time in lessons: where the class starts.
    pub minutes: Option<i64>,
}

/// What a release says of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub period: Period,
    pub starts_on: String,
    pub learners: BTreeMap<Cell, i64>,
    /// How many releases the period has, where this is its last one.
    pub releases: Option<i64>,
}

/// Reads a release: its own period, and of a day the week that the day is in. The error says why it can never be counted.
pub fn read(released: &FactsReleased) -> Result<Vec<Counted>, &'static str> {
    let is_day = match released.period() {
        facts_released::Period::Day => true,
        facts_released::Period::Week => false,
        facts_released::Period::Unspecified => return Err("it is of no period"),
    };
    let (starts_on, week) = (date(&released.starts_on)?, date(&released.week_starts_on)?);
    let (mut of_day, mut of_week) = (BTreeMap::new(), BTreeMap::new());
    for cohort in &released.cohorts {
        if cohort.facts.len() < SMALLEST {
            return Err("a cohort of fewer than ten learners");
        }
        for (cell, in_week) in cells(cohort)? {
            if is_day {
                *of_day.entry(cell).or_default() += 1;
            }
            if in_week {
                *of_week.entry(cell).or_default() += 1;
            }
        }
    }
    let releases = (released.releases > 0).then_some(i64::from(released.releases));
    let week = |releases| Counted { period: Period::Week, starts_on: week.clone(), learners: of_week, releases };
    Ok(if is_day { vec![Counted { period: Period::Day, starts_on, learners: of_day, releases }, week(None)] } else { vec![week(releases)] })
}

/// Every fact adds one to the cell of its topic, and one to that of its time where it tells it.
fn cells(cohort: &FactCohort) -> Result<Vec<(Cell, bool)>, &'static str> {
    let measure = match cohort.kind() {
        Kind::Completed => Measure::PopularTopics,
        Kind::Returned => Measure::Returns,
        Kind::Unspecified => return Err("a cohort of no kind"),
    };
    let topic = Cell {
        measure: measure as i32,
        course: identifier(&cohort.course_id)?,
        module: identifier(&cohort.module_id)?,
        lesson: identifier(&cohort.lesson_id)?,
        minutes: None,
    };
    let mut cells = Vec::with_capacity(2 * cohort.facts.len());
    for fact in &cohort.facts {
        cells.push((topic, fact.counts_in_week));
        if let Some(minutes) = fact.minutes {
            let class = CLASSES.into_iter().find(|start| *start == minutes).ok_or("a time that no class starts with")?;
            cells.push((Cell { measure: Measure::TimeInLessons as i32, minutes: Some(class.into()), ..topic }, fact.counts_in_week));
        }
    }
    Ok(cells)
}

/// The identifier of a period: the same for whoever counts it first.
pub fn period_id(period: Period, starts_on: &str) -> Uuid {
    derived(&[&(period as i32).to_be_bytes(), starts_on.as_bytes()])
}

/// The identifier of a cell in a period: two of one cell cannot be written.
pub fn cell_id(period: Uuid, cell: &Cell) -> Uuid {
    let some = |id: Option<Uuid>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let minutes = cell.minutes.map(|minutes| minutes.to_be_bytes().to_vec()).unwrap_or_default();
    derived(&[period.as_bytes(), &cell.measure.to_be_bytes(), &some(cell.course), &some(cell.module), &some(cell.lesson), &minutes])
}

fn derived(parts: &[&[u8]]) -> Uuid {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

fn identifier(text: &str) -> Result<Option<Uuid>, &'static str> {
    if text.is_empty() { Ok(None) } else { Uuid::parse_str(text).map(Some).map_err(|_| "an identifier that cannot be read") }
}

fn date(text: &str) -> Result<String, &'static str> {
    text.parse::<jiff::civil::Date>().map(|date| date.to_string()).map_err(|_| "a date that cannot be read")
}

#[cfg(test)]
mod tests {
    use contract::learning::v1::Fact;

    use super::*;

    fn release(facts: Vec<Fact>) -> FactsReleased {
        let kind = Kind::Completed.into();
        let cohort = FactCohort { kind, course_id: Uuid::nil().to_string(), module_id: String::new(), lesson_id: String::new(), facts };
        FactsReleased {
            release_id: Uuid::nil().to_string(),
            period: facts_released::Period::Day.into(),
            starts_on: "2026-05-09".into(),
            week_starts_on: "2026-05-04".into(),
            cohorts: vec![cohort],
            releases: 0,
        }
    }

    fn fact(minutes: Option<u32>, counts_in_week: bool) -> Fact {
        Fact { fact_id: Uuid::nil().to_string(), minutes, counts_in_week }
    }

    #[test]
    fn a_fact_counts_in_its_day_and_where_it_says_so_in_its_week() {
        let facts = (0..12).map(|n| fact((n < 4).then_some(20), n < 10)).collect();
        let counted = read(&release(facts)).unwrap();
        let numbers: Vec<Vec<i64>> = counted.iter().map(|counted| counted.learners.values().copied().collect()).collect();
        assert_eq!(numbers, [[4, 12], [4, 10]]);
        assert_eq!((counted[0].period, counted[1].period), (Period::Day, Period::Week));
    }

    #[test]
    fn nine_learners_are_never_counted() {
        assert_eq!(read(&release(vec![fact(None, true); 9])), Err("a cohort of fewer than ten learners"));
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        assert!(read(&release(vec![fact(Some(7), true); 10])).is_err());
        assert!(read(&FactsReleased { starts_on: "yesterday".into(), ..release(vec![]) }).is_err());
        assert!(read(&FactsReleased { period: 0, ..release(vec![]) }).is_err());
    }
}
