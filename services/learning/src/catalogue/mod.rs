//! The courses: read from the files beside the code, checked once, never changed while the service runs.

mod exercise;
mod language;
mod model;
mod problem;
mod read;
pub mod rpc;
mod unit;

use std::{collections::BTreeMap, sync::Arc};

pub use language::{Language, Texts};
pub use model::{Answer, Assignment, Choice, Course, Criterion, Lesson, Level, Module, Question, Test};
pub use problem::{Problem, Problems};

use crate::ids::{AssignmentId, CourseId, LessonId, TestId};

/// Every file of every course: its path under `course/`, and its text.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/course_files.rs"));

/// All courses. Clones share them.
#[derive(Clone, Debug)]
pub struct Catalogue(Arc<[Course]>);

impl Catalogue {
    /// The courses that are compiled in.
    pub fn embedded() -> Result<Self, Problems> {
        Self::try_new(EMBEDDED.iter().copied())
    }

    /// Reads courses from files, each `<course>/…` and its text. Everything that is wrong is told at once.
    pub fn try_new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Problems> {
        let mut folders: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for (path, text) in files {
            let folder = path.split('/').next().unwrap_or_default();
            folders.entry(folder).or_default().insert(path, text);
        }
        let (mut courses, mut problems) = (Vec::new(), Vec::new());
        for (folder, files) in folders {
            match read::course(folder, &files) {
                Ok(course) => courses.push(course),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(Self(courses.into())) } else { Err(Problems(problems)) }
    }

    pub fn courses(&self) -> &[Course] {
        &self.0
    }

    pub fn course(&self, id: CourseId) -> Option<&Course> {
        self.0.iter().find(|course| course.id == id)
    }

    pub fn lesson(&self, id: LessonId) -> Option<&Lesson> {
        self.0.iter().flat_map(Course::lessons).find(|lesson| lesson.id == id)
    }

    pub fn test(&self, id: TestId) -> Option<&Test> {
        self.0.iter().flat_map(Course::tests).find(|test| test.id == id)
    }

    pub fn assignment(&self, id: AssignmentId) -> Option<&Assignment> {
        self.0.iter().flat_map(Course::assignments).find(|assignment| assignment.id == id)
    }
}

#[cfg(test)]
mod tests;
