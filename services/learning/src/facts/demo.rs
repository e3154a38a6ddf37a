//! A school of made-up learners, so that reports have something to show: development only, at the first start only.
//!
//! Its facts enter the pool as real ones do and leave it by the same releases. The same seed makes up the same learners.

use std::time::Duration;

use foundation::uuid::Builder;
use jiff::{ToSpan, civil::Date};
use personal_data::{Db, Error, query};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use service::CancellationToken;

use super::{
    calendar::{Day, weeks_before},
    of,
    release::{Releases, fresh_period},
    rows::{FactId, fact, period},
    rules::{CLASSES, Kind, Span, Topic},
};
use crate::catalogue::{Catalogue, Course, Lesson};

pub const LEARNERS: u32 = 200;
pub const WEEKS: i64 = 8;
const SEED: u64 = 0x4B6F_6C73_6169;
/// The school opens first.
const AFTER: Duration = Duration::from_secs(2);

/// Makes the demo school's facts.
pub struct Demo {
    pub db: Db,
    pub catalogue: Catalogue,
}

impl Demo {
    /// Makes up what is still missing and tells it, week by week. A start that was cut short is taken up where it ended.
    pub async fn fill(&self, releases: &Releases, cancel: &CancellationToken) -> Result<(), Error> {
        tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            () = tokio::time::sleep(AFTER) => {}
        }
        self.plan().await?;
        let weeks = self.weeks().await?;
        let Some(first) = weeks.iter().find_map(|week| week.starts_on.parse().ok()) else { return Ok(()) };
        // From the first of its weeks, also where some are told already: every start makes up the same learners.
        let mut facts = None;
        for week in weeks.into_iter().filter(|week| week.state == period::AWAITS_DEMO) {
            if cancel.is_cancelled() {
                return Ok(());
            }
            let facts = facts.get_or_insert_with(|| made_up(&self.catalogue, first));
            let (of_week, later): (Vec<_>, _) = std::mem::take(facts).into_iter().partition(|fact| fact.week == week.starts_on);
            *facts = later;
            self.pool(week, of_week).await?;
            releases.run().await?;
        }
        Ok(())
    }

    /// Oldest first.
    async fn weeks(&self) -> Result<Vec<period::Model>, Error> {
        let weeks = query::anonymous::<period::Entity>().filter(period::Column::Span.eq(Span::Week as i32));
        Ok(weeks.order_by_asc(period::Column::StartsOn).all(&self.db).await?)
    }

    /// Notes the weeks to make up, where no week was ever told.
    async fn plan(&self) -> Result<(), Error> {
        let tx = self.db.begin("learning.plan-demo-school").await?;
        if query::anonymous::<period::Entity>().one(&tx).await?.is_some() {
            return Ok(());
        }
        for monday in weeks_before(tx.clock().now(), WEEKS) {
            tx.insert_once::<period::Entity>(fresh_period(Span::Week, &monday.to_string(), period::AWAITS_DEMO)).await?;
        }
        tx.commit().await
    }

    async fn pool(&self, mut week: period::Model, facts: Vec<fact::Model>) -> Result<(), Error> {
        let tx = self.db.begin("learning.pool-demo-facts").await?;
        week.state = period::OPEN;
        tx.update::<period::Entity>(&mut week).await?;
        for fact in facts {
            tx.insert::<fact::Entity>(fact).await?;
        }
        tx.commit().await
    }
}

/// All facts of all learners in the weeks from this Monday.
pub fn made_up(catalogue: &Catalogue, first: Date) -> Vec<fact::Model> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut facts = Vec::new();
    for _ in 0..LEARNERS {
        if let Some(course) = catalogue.courses().choose(&mut rng) {
            facts.extend(learner(course, first, &mut rng));
        }
    }
    for fact in &mut facts {
        fact.id = FactId(Builder::from_random_bytes(rng.random()).into_uuid());
    }
    facts
}

/// What a learner did, and when.
type Did = Vec<(Day, Topic)>;

/// One learner: begins in the first three weeks, takes one lesson or two in most weeks, and comes back to some.
fn learner<R: Rng>(course: &Course, first: Date, rng: &mut R) -> Vec<fact::Model> {
    let lessons: Vec<&Lesson> = course.lessons().collect();
    let begins = i64::from(*[0, 0, 0, 1, 1, 2].choose(rng).unwrap_or(&0));
    let pace = rng.random_range(0.7..1.6);
    let tells_time = rng.random_bool(0.85);
    let (mut done, mut back): (Did, Did) = Default::default();
    let mut facts = Vec::new();
    for week in begins..WEEKS {
        let monday = first.saturating_add(week.weeks());
        for (on, lesson) in returns(&lessons[..done.len()], &done, monday, rng) {
            facts.push(of(Kind::Returned, lesson, None, &on, &back));
            back.push((on, lesson));
        }
        let count = usize::from(rng.random_bool(0.9)) * (1 + usize::from(rng.random_bool((pace - 0.6_f64).clamp(0.0, 1.0))));
        // In the order of the days: what comes first in a week is counted first.
        let mut days: Vec<i64> = (0..count).map(|_| weekday(rng)).collect();
        days.sort_unstable();
        for day in days {
            let Some(lesson) = lessons.get(done.len()) else { break };
            let on = Day::from(monday.saturating_add(day.days()));
            let minutes = tells_time.then(|| class_of(f64::from(lesson.minutes) * rng.random_range(0.3..2.2)));
            facts.push(of(Kind::Completed, (*lesson).into(), minutes, &on, &done));
            done.push((on, (*lesson).into()));
        }
    }
    facts
}

/// Every lesson of an earlier week is opened again in one week of eight, the first of a course twice as often.
fn returns<R: Rng>(lessons: &[&Lesson], done: &[(Day, Topic)], monday: Date, rng: &mut R) -> Did {
    let this = Day::from(monday);
    let mut found = Did::new();
    for (at, (lesson, (on, _))) in lessons.iter().zip(done).enumerate() {
        let chance = if at == 0 { 0.25 } else { 0.125 };
        if on.week < this.week && rng.random_bool(chance) {
            found.push((monday.saturating_add(weekday(rng).days()).into(), (*lesson).into()));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Half of all studying is done at the weekend.
fn weekday<R: Rng>(rng: &mut R) -> i64 {
    if rng.random_bool(0.5) { rng.random_range(5..7) } else { rng.random_range(0..5) }
}

fn class_of(minutes: f64) -> u32 {
    CLASSES.into_iter().rev().find(|start| f64::from(*start) <= minutes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::rules::{Level, SMALLEST, tell};

    fn facts() -> Vec<fact::Model> {
        made_up(&Catalogue::embedded().unwrap(), "2026-03-02".parse().unwrap())
    }

    #[test]
    fn the_same_seed_makes_up_the_same_school() {
        assert_eq!(facts(), facts());
    }

    #[test]
    fn it_lasts_eight_weeks_and_has_large_and_small_cohorts() {
        let facts = facts();
        let weeks: std::collections::BTreeSet<_> = facts.iter().map(|fact| fact.week.clone()).collect();
        assert_eq!(weeks.len(), 8);
        assert!((1500..6000).contains(&facts.len()), "{}", facts.len());
        let told = tell(facts.iter().filter(|fact| fact.day == "2026-03-21").cloned().collect(), Span::Day, &Level::LADDER);
        assert!(told.cohorts.values().any(|(level, _)| *level == Level::Lesson));
        assert!(told.cohorts.values().any(|(level, _)| *level > Level::Lesson));
        assert!(told.cohorts.values().all(|(_, facts)| facts.len() >= SMALLEST));
    }
}
