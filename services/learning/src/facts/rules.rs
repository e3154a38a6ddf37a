//! What may be told of learners, and with how many others: pure decisions.

use std::collections::BTreeMap;

use foundation::Refusal;

use super::rows::fact;
use crate::{
    catalogue::Lesson,
    ids::{CourseId, LessonId, ModuleId},
};

/// The fewest learners of whom anything is told together.
pub const SMALLEST: usize = 10;

/// Where the classes of minutes start; more exact than this no time in a lesson is kept.
pub const CLASSES: [u32; 5] = [0, 5, 10, 20, 40];

/// A day: nobody spends more in a lesson.
const MOST_MINUTES: u32 = 24 * 60;

/// What a learner did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Kind {
    Completed = 1,
    /// Opened a lesson that they had completed on an earlier day.
    Returned = 2,
}

/// How closely a fact says what it is about. Each is coarser than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    Lesson = 1,
    Module = 2,
    Course = 3,
    All = 4,
}

impl Level {
    pub const LADDER: [Self; 4] = [Self::Lesson, Self::Module, Self::Course, Self::All];
}

/// How long the time is of which facts are told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Span {
    Day = 1,
    Week = 2,
}

/// A lesson and what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    pub course: CourseId,
    pub module: ModuleId,
    pub lesson: LessonId,
}

impl From<&Lesson> for Topic {
    fn from(lesson: &Lesson) -> Self {
        Self { course: lesson.course, module: lesson.module, lesson: lesson.id }
    }
}

/// Learners who did the same with the same; what is not said is coarser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cohort {
    pub kind: i32,
    pub course: Option<CourseId>,
    pub module: Option<ModuleId>,
    pub lesson: Option<LessonId>,
}

/// The start of the class that these minutes are in; none for 0, "not told".
pub fn rounded(minutes: u32) -> Result<Option<u32>, Refusal> {
    match minutes {
        0 => Ok(None),
        1..=MOST_MINUTES => Ok(CLASSES.into_iter().rev().find(|start| *start <= minutes)),
        _ => Err(Refusal::invalid("MINUTES_OUT_OF_RANGE", "minutes_spent", "send 1 to 1440 minutes, or 0 when they are not known")),
    }
}

/// The widest level at which a learner's fact about `topic` is their first, after the `earlier` ones. What is first in a course is
/// first in its modules and lessons too, so that of every cohort of this or a finer level each learner is one.
pub fn first_at(topic: Topic, earlier: impl IntoIterator<Item = Topic>) -> Option<Level> {
    let mut widest = Some(Level::All);
    for other in earlier {
        let still = match other {
            same if same.lesson == topic.lesson => None,
            same if same.module == topic.module => Some(Level::Lesson),
            same if same.course == topic.course => Some(Level::Module),
            _ => Some(Level::Course),
        };
        widest = widest.min(still);
    }
    widest
}

/// As the columns have it: 0 is no level.
pub fn code(level: Option<Level>) -> i32 {
    level.map_or(0, |level| level as i32)
}

/// Facts that may be told, and those that may not yet.
#[derive(Debug, Default)]
pub struct Told {
    pub cohorts: BTreeMap<Cohort, (Level, Vec<fact::Model>)>,
    pub left: Vec<fact::Model>,
}

/// Puts facts of one span together at the first of `levels` where they are of at least [`SMALLEST`] learners. A fact that is not its
/// learner's first in a cohort never makes that cohort bigger.
pub fn tell(facts: Vec<fact::Model>, span: Span, levels: &[Level]) -> Told {
    let mut told = Told { cohorts: BTreeMap::new(), left: facts };
    for level in levels {
        let mut groups: BTreeMap<Cohort, Vec<fact::Model>> = BTreeMap::new();
        let (first, mut left): (Vec<_>, Vec<_>) = told.left.into_iter().partition(|fact| is_first(fact, span, *level));
        for fact in first {
            groups.entry(cohort(&fact, *level)).or_default().push(fact);
        }
        for (cohort, group) in groups {
            if group.len() < SMALLEST {
                left.extend(group);
            } else {
                told.cohorts.insert(cohort, (*level, group));
            }
        }
        told.left = left;
    }
    told
}

/// Whether a fact is its learner's first of the span in its cohort of this level.
pub fn is_first(fact: &fact::Model, span: Span, level: Level) -> bool {
    let first = match span {
        Span::Day => fact.first_of_day,
        Span::Week => fact.first_of_week,
    };
    first >= level as i32
}

fn cohort(fact: &fact::Model, level: Level) -> Cohort {
    Cohort {
        kind: fact.kind,
        course: (level <= Level::Course).then_some(fact.course_id),
        module: (level <= Level::Module).then_some(fact.module_id),
        lesson: (level <= Level::Lesson).then_some(fact.lesson_id),
    }
}
