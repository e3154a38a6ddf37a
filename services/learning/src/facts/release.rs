//! Facts leave the pool: hourly, in cohorts of at least ten learners, shuffled, under fresh identifiers, with the day and no more.
//!
//! While a day runs, only lessons that ten learners share are told. When it has ended, what is left is told by module, course or
//! altogether; what even then is of fewer than ten waits for its week, and is dropped when that is not enough either. The last release of
//! a period says how many it has, so that whoever counts knows when all have come.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contract::{
    Purpose,
    learning::v1::{self as pb, FactsReleased},
};
use events::announce_in_tx;
use foundation::{BoxError, uuid::Uuid};
use personal_data::{Db, Error, Tx, query};
use rand::seq::SliceRandom;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use service::CancellationToken;

use super::{
    calendar::{self, Day},
    demo::Demo,
    rows::{fact, lesson_return, period, pooled_for},
    rules::{Cohort, Level, Span, Told, is_first, tell},
};
use crate::ids::derived;

/// How often the clock is asked whether an hour has begun.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Releases {
    db: Db,
}

impl Releases {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Tells everything that may be told now. Answers how many releases that took.
    pub async fn run(&self) -> Result<usize, Error> {
        let today = Day::of(self.db.clock().now());
        let mut made = 0;
        for day in self.days().await? {
            made += usize::from(self.tell_day(&day, day.date < today.date).await?);
        }
        for week in self.weeks(&today).await? {
            made += usize::from(self.tell_week(&week).await?);
        }
        self.forget_returns(&today).await?;
        Ok(made)
    }

    /// Days with facts, and days that were told in part.
    async fn days(&self) -> Result<BTreeSet<Day>, Error> {
        let pooled = query::anonymous::<fact::Entity>().all(&self.db).await?;
        let mut days: BTreeSet<Day> = pooled.into_iter().map(|fact| Day { date: fact.day, week: fact.week }).collect();
        let open = self.open(Span::Day).await?;
        days.extend(open.into_iter().filter_map(|row| Some(Day::from(row.starts_on.parse::<jiff::civil::Date>().ok()?))));
        Ok(days)
    }

    /// Mondays of weeks that have ended and are not told yet.
    async fn weeks(&self, today: &Day) -> Result<BTreeSet<String>, Error> {
        let pooled = query::anonymous::<fact::Entity>().filter(fact::Column::Week.lt(&today.week)).all(&self.db).await?;
        let mut weeks: BTreeSet<String> = pooled.into_iter().map(|fact| fact.week).collect();
        weeks.extend(self.open(Span::Week).await?.into_iter().map(|row| row.starts_on).filter(|week| *week < today.week));
        Ok(weeks)
    }

    async fn open(&self, span: Span) -> Result<Vec<period::Model>, Error> {
        let open = query::anonymous::<period::Entity>()
            .filter(period::Column::State.eq(period::OPEN))
            .filter(period::Column::Span.eq(span as i32));
        Ok(open.all(&self.db).await?)
    }

    async fn tell_day(&self, day: &Day, has_ended: bool) -> Result<bool, Error> {
        let tx = self.db.begin("learning.release-facts-of-day").await?;
        let mut of_day = period_in_tx(&tx, Span::Day, &day.date).await?;
        let mut of_week = period_in_tx(&tx, Span::Week, &day.week).await?;
        if of_day.state != period::OPEN || of_week.state != period::OPEN {
            // Pooled by a call that was still under way: it waits for its week.
            return Ok(false);
        }
        let pooled = query::anonymous::<fact::Entity>().filter(fact::Column::Day.eq(&day.date)).all(&tx).await?;
        let (pooled, _) = permitted(&tx, pooled).await?;
        let levels = if has_ended { &Level::LADDER[..] } else { &[Level::Lesson] };
        let told = tell(pooled, Span::Day, levels);
        let closes = has_ended && (of_day.releases > 0 || !told.cohorts.is_empty());
        if told.cohorts.is_empty() && !closes {
            return Ok(false);
        }
        of_day.releases += 1;
        of_week.releases += 1;
        if closes {
            of_day.state = period::CLOSED;
        }
        tx.update::<period::Entity>(&mut of_day).await?;
        tx.update::<period::Entity>(&mut of_week).await?;
        let total = if closes { of_day.releases } else { 0 };
        announce(&tx, Span::Day, &day.date, &day.week, told.cohorts, total).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn tell_week(&self, week: &str) -> Result<bool, Error> {
        let tx = self.db.begin("learning.release-facts-of-week").await?;
        let mut of_week = period_in_tx(&tx, Span::Week, week).await?;
        if of_week.state == period::AWAITS_DEMO {
            return Ok(false);
        }
        let pooled = query::anonymous::<fact::Entity>().filter(fact::Column::Week.eq(week)).all(&tx).await?;
        let (pooled, held) = permitted(&tx, pooled).await?;
        let is_open = of_week.state == period::OPEN;
        let mut told = if is_open { tell(pooled, Span::Week, &Level::LADDER) } else { Told { left: pooled, ..Told::default() } };
        // What was held until now is never told.
        told.left.extend(held);
        let tells = is_open && (of_week.releases > 0 || !told.cohorts.is_empty());
        if !told.left.is_empty() {
            // Not even their number is told: it may be one.
            tracing::debug!("facts of too few learners were dropped");
            forget(&tx, told.left).await?;
        }
        if is_open {
            of_week.state = period::CLOSED;
            of_week.releases += i64::from(tells);
            tx.update::<period::Entity>(&mut of_week).await?;
        }
        if tells {
            announce(&tx, Span::Week, week, week, told.cohorts, of_week.releases).await?;
        }
        tx.commit().await?;
        Ok(tells)
    }

    /// What kept learners from being counted twice has no use once its week is over.
    #[allow(clippy::disallowed_methods, reason = "the table's own sweep: it removes, and reads nobody")]
    async fn forget_returns(&self, today: &Day) -> Result<(), Error> {
        lesson_return::Entity::delete_many().filter(lesson_return::Column::Week.lt(&today.week)).exec(&self.db).await?;
        Ok(())
    }
}

/// What may be told, and what is held because its learner is restricted or took statistics back.
async fn permitted(tx: &Tx, pooled: Vec<fact::Model>) -> Result<(Vec<fact::Model>, Vec<fact::Model>), Error> {
    let days: BTreeSet<&str> = pooled.iter().map(|fact| fact.day.as_str()).collect();
    let owned = |purpose| query::across::<pooled_for::Entity>(purpose).filter(pooled_for::Column::Day.is_in(days.iter().copied()));
    let all: BTreeSet<_> = owned(Purpose::Rights).all(tx).await?.into_iter().map(|row| row.fact_id).collect();
    let free: BTreeSet<_> = owned(Purpose::Statistics).all(tx).await?.into_iter().map(|row| row.fact_id).collect();
    Ok(pooled.into_iter().partition(|fact| free.contains(&fact.id) || !all.contains(&fact.id)))
}

/// The row of a period, made when missing.
pub(super) async fn period_in_tx(tx: &Tx, span: Span, starts_on: &str) -> Result<period::Model, Error> {
    let fresh = fresh_period(span, starts_on, period::OPEN);
    tx.insert_once::<period::Entity>(fresh.clone()).await?;
    Ok(query::anonymous::<period::Entity>().filter(period::Column::Id.eq(fresh.id)).one(tx).await?.unwrap_or(fresh))
}

pub(super) fn fresh_period(span: Span, starts_on: &str, state: i32) -> period::Model {
    let id = derived(&[b"fact period", &(span as i32).to_be_bytes(), starts_on.as_bytes()]);
    period::Model { id, span: span as i32, starts_on: starts_on.to_owned(), state, releases: 0, version: 0 }
}

type Cohorts = BTreeMap<Cohort, (Level, Vec<fact::Model>)>;

/// Takes the facts out of the pool and says them in the same transaction.
async fn announce(tx: &Tx, span: Span, starts_on: &str, week: &str, cohorts: Cohorts, total: i64) -> Result<(), Error> {
    let mut told = Vec::with_capacity(cohorts.len());
    for (cohort, (level, mut facts)) in cohorts {
        facts.shuffle(&mut rand::rng());
        told.push(encode(cohort, level, span, &facts));
        forget(tx, facts).await?;
    }
    let event = FactsReleased {
        release_id: Uuid::new_v4().to_string(),
        period: match span {
            Span::Day => pb::facts_released::Period::Day.into(),
            Span::Week => pb::facts_released::Period::Week.into(),
        },
        starts_on: starts_on.to_owned(),
        week_starts_on: week.to_owned(),
        cohorts: told,
        releases: u32::try_from(total).unwrap_or(u32::MAX),
    };
    announce_in_tx(tx, event).await
}

fn encode(cohort: Cohort, level: Level, span: Span, facts: &[fact::Model]) -> pb::FactCohort {
    let facts = facts.iter().map(|fact| pb::Fact {
        // Not the one that it had in the pool.
        fact_id: Uuid::new_v4().to_string(),
        minutes: fact.minutes.and_then(|minutes| u32::try_from(minutes).ok()),
        counts_in_week: span == Span::Week || is_first(fact, Span::Week, level),
    });
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    pb::FactCohort {
        kind: cohort.kind,
        course_id: text(cohort.course.map(Uuid::from)),
        module_id: text(cohort.module.map(Uuid::from)),
        lesson_id: text(cohort.lesson.map(Uuid::from)),
        facts: facts.collect(),
    }
}

#[allow(clippy::disallowed_methods, reason = "rows of a pool that names nobody leave it together")]
pub(super) async fn forget(tx: &Tx, facts: Vec<fact::Model>) -> Result<(), Error> {
    // Engines bound the number of values in a statement.
    for some in facts.chunks(1000) {
        let ids = some.iter().map(|fact| fact.id);
        pooled_for::Entity::delete_many().filter(pooled_for::Column::FactId.is_in(ids)).exec(tx).await?;
        fact::Entity::delete_many().filter(fact::Column::Id.is_in(some.iter().map(|fact| fact.id))).exec(tx).await?;
    }
    Ok(())
}

/// Runs once in every hour, first of all for what the demo school is to have done.
pub(crate) async fn hourly(releases: Releases, demo: Option<Demo>, cancel: CancellationToken) -> Result<(), BoxError> {
    let clock = releases.db.clock().clone();
    if let Some(demo) = demo {
        demo.fill(&releases, &cancel).await?;
    }
    let mut last = None;
    while !cancel.is_cancelled() {
        let hour = calendar::hour(clock.now());
        if last != Some(hour) {
            match releases.run().await {
                // Another replica was faster: what it left is there in an hour.
                Ok(_) | Err(Error::Changed(_)) => last = Some(hour),
                Err(error) => return Err(error.into()),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    Ok(())
}
