//! What completes a course.

use std::collections::BTreeSet;

use super::completion::Done;
use crate::{catalogue::Course, ids::LessonId};

pub fn are_lessons_complete(course: &Course, read: &BTreeSet<LessonId>) -> bool {
    course.lessons().all(|lesson| read.contains(&lesson.id))
}

/// All lessons read, all tests passed, all assignments answered.
pub fn is_complete(course: &Course, done: &Done) -> bool {
    are_lessons_complete(course, &done.lessons)
        && course.tests().all(|test| done.tests.contains(&test.id))
        && course.assignments().all(|assignment| done.assignments.contains(&assignment.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn all_of(course: &Course) -> Done {
        Done {
            lessons: course.lessons().map(|lesson| lesson.id).collect(),
            tests: course.tests().map(|test| test.id).collect(),
            assignments: course.assignments().map(|assignment| assignment.id).collect(),
        }
    }

    #[test]
    fn everything_completes_and_anything_less_does_not() {
        let catalogue = Catalogue::embedded().unwrap();
        let course = &catalogue.courses()[0];
        let all = all_of(course);
        assert!(is_complete(course, &all));
        assert!(!is_complete(course, &Done::default()));
        for lesson in course.lessons() {
            let mut done = all.clone();
            done.lessons.remove(&lesson.id);
            assert!(!is_complete(course, &done));
        }
        for test in course.tests() {
            let mut done = all.clone();
            done.tests.remove(&test.id);
            assert!(!is_complete(course, &done));
        }
        for assignment in course.assignments() {
            let mut done = all.clone();
            done.assignments.remove(&assignment.id);
            assert!(!is_complete(course, &done));
        }
    }

    #[test]
    fn what_another_course_asked_for_does_not_stand_in_for_anything() {
        let catalogue = Catalogue::embedded().unwrap();
        let course = &catalogue.courses()[0];
        let mut done = all_of(course);
        let first = course.lessons().next().unwrap().id;
        done.lessons.remove(&first);
        done.lessons.insert(LessonId::new_v4());
        assert!(!is_complete(course, &done));
    }
}
