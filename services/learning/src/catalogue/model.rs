//! A course as it is taught.

use super::Texts;
use crate::ids::{AssignmentId, CourseId, LessonId, ModuleId, TestId};

#[derive(Clone, Debug)]
pub struct Course {
    pub id: CourseId,
    pub slug: String,
    pub title: Texts,
    pub summary: Texts,
    /// In minor units of `currency`.
    pub price_minor: i64,
    /// ISO 4217.
    pub currency: String,
    pub modules: Vec<Module>,
}

impl Course {
    pub fn lessons(&self) -> impl Iterator<Item = &Lesson> {
        self.modules.iter().flat_map(|module| &module.lessons)
    }

    pub fn tests(&self) -> impl Iterator<Item = &Test> {
        self.modules.iter().filter_map(|module| module.test.as_ref())
    }

    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.modules.iter().filter_map(|module| module.assignment.as_ref())
    }
}

#[derive(Clone, Debug)]
pub struct Module {
    pub id: ModuleId,
    pub title: Texts,
    pub summary: Texts,
    pub lessons: Vec<Lesson>,
    pub test: Option<Test>,
    pub assignment: Option<Assignment>,
}

#[derive(Clone, Debug)]
pub struct Lesson {
    pub id: LessonId,
    pub course: CourseId,
    pub module: ModuleId,
    pub title: Texts,
    /// To read and to try.
    pub minutes: u32,
    /// Markdown.
    pub text: Texts,
}

#[derive(Clone, Debug)]
pub struct Test {
    pub id: TestId,
    pub course: CourseId,
    pub module: ModuleId,
    /// The share of right answers that passes, in percent.
    pub pass_percent: u32,
    pub questions: Vec<Question>,
}

#[derive(Clone, Debug)]
pub struct Question {
    pub id: String,
    pub text: Texts,
    pub explanation: Texts,
    pub options: Vec<Choice>,
    pub answer: Answer,
    /// In what a number is asked for.
    pub unit: Option<Texts>,
}

/// What a right answer is.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Exactly this option.
    Single(String),
    /// Exactly these options, sorted.
    Multiple(Vec<String>),
    /// A number at most `tolerance` away.
    Number { answer: f64, tolerance: f64 },
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub id: String,
    pub text: Texts,
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub id: AssignmentId,
    pub course: CourseId,
    pub module: ModuleId,
    pub title: Texts,
    /// Markdown.
    pub task: Texts,
    /// How many photographs may be sent in.
    pub photographs: u32,
    pub criteria: Vec<Criterion>,
}

#[derive(Clone, Debug)]
pub struct Criterion {
    pub id: String,
    pub title: Texts,
    /// In rising order of points.
    pub levels: Vec<Level>,
}

#[derive(Clone, Debug)]
pub struct Level {
    pub points: u32,
    pub text: Texts,
}
