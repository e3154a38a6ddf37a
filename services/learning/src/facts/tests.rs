//! Whatever learners do, nothing is told of fewer than ten of them.

use std::collections::{BTreeMap, BTreeSet};

use foundation::uuid::Uuid;
use jiff::{ToSpan, civil::Date};
use proptest::prelude::*;

use super::{
    calendar::Day,
    of,
    rows::{FactId, fact},
    rules::{Kind, Level, SMALLEST, Span, Topic, is_first, tell},
};
use crate::ids::{CourseId, LessonId, ModuleId};

/// Two courses of two modules of three lessons.
fn topic(n: u8) -> Topic {
    let id = |kind: u128, n: u8| Uuid::from_u128(kind << 64 | u128::from(n));
    Topic { course: CourseId(id(1, n / 6)), module: ModuleId(id(2, n / 3)), lesson: LessonId(id(3, n)) }
}

/// The facts of `(learner, lesson, day)` in a week, and whose each is.
fn pooled(mut did: Vec<(u8, u8, i64)>) -> (Vec<fact::Model>, BTreeMap<FactId, u8>) {
    did.sort_by_key(|(_, _, day)| *day);
    let monday: Date = "2026-05-04".parse().unwrap();
    let (mut earlier, mut seen) = (BTreeMap::<u8, Vec<(Day, Topic)>>::new(), BTreeSet::new());
    let (mut facts, mut whose) = (Vec::new(), BTreeMap::new());
    for (learner, lesson, day) in did {
        if !seen.insert((learner, lesson, day)) {
            continue;
        }
        let (on, topic) = (Day::from(monday.saturating_add(day.days())), topic(lesson));
        let before = earlier.entry(learner).or_default();
        let fact = of(Kind::Returned, topic, None, &on, before);
        before.push((on, topic));
        whose.insert(fact.id, learner);
        facts.push(fact);
    }
    (facts, whose)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_cohort_is_of_ten_different_learners(did in prop::collection::vec((0_u8..30, 0_u8..12, 0_i64..7), 0..400)) {
        let (facts, whose) = pooled(did);
        let people = |facts: &[fact::Model]| facts.iter().map(|fact| whose[&fact.id]).collect::<BTreeSet<_>>().len();
        let (mut left, mut of_week) = (Vec::new(), BTreeMap::<_, Vec<fact::Model>>::new());
        for day in facts.iter().map(|fact| fact.day.clone()).collect::<BTreeSet<_>>() {
            let of_day = facts.iter().filter(|fact| fact.day == day).cloned().collect::<Vec<_>>();
            let count = of_day.len();
            let told = tell(of_day, Span::Day, &Level::LADDER);
            prop_assert_eq!(told.left.len() + told.cohorts.values().map(|(_, facts)| facts.len()).sum::<usize>(), count);
            for (cohort, (level, facts)) in told.cohorts {
                prop_assert!(facts.len() >= SMALLEST);
                prop_assert_eq!(people(&facts), facts.len());
                of_week.entry(cohort).or_default().extend(facts.into_iter().filter(|fact| is_first(fact, Span::Week, level)));
            }
            left.extend(told.left);
        }
        for (cohort, (_, facts)) in tell(left, Span::Week, &Level::LADDER).cohorts {
            prop_assert!(facts.len() >= SMALLEST);
            of_week.entry(cohort).or_default().extend(facts);
        }
        // What is told of days and of the week itself adds up to one fact of each learner.
        for facts in of_week.values() {
            prop_assert_eq!(people(facts), facts.len());
        }
    }
}

#[test]
fn one_eager_learner_is_no_cohort() {
    let (facts, _) = pooled((0..12).flat_map(|lesson| (0..7).map(move |day| (1, lesson, day))).collect());
    assert!(tell(facts.clone(), Span::Week, &Level::LADDER).cohorts.is_empty());
    assert!(tell(facts, Span::Day, &Level::LADDER).cohorts.is_empty());
}

#[test]
fn a_cohort_that_is_too_small_is_told_more_coarsely() {
    // Five learners in each of two lessons of a module, four in one of another module, of one course.
    let did = (0..5).map(|who| (who, 0, 0)).chain((5..10).map(|who| (who, 1, 0))).chain((10..14).map(|who| (who, 3, 0)));
    let (facts, _) = pooled(did.collect());
    let told = tell(facts.clone(), Span::Day, &[Level::Lesson]);
    assert!(told.cohorts.is_empty() && told.left.len() == 14);
    let told = tell(facts, Span::Day, &Level::LADDER);
    let cohorts: Vec<_> = told.cohorts.iter().map(|(cohort, (level, facts))| (cohort.module, cohort.lesson, *level, facts.len())).collect();
    assert_eq!(cohorts, [(Some(topic(0).module), None, Level::Module, 10)]);
    assert_eq!(told.left.len(), 4);
}
