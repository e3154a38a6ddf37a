//! Who is given whom, and what feedback may say.

use std::collections::{BTreeMap, BTreeSet};

use foundation::PersonId;
use serde::{Deserialize, Serialize};

use crate::catalogue::Assignment;

/// Characters of a feedback's text, and of one mark's.
pub const LONGEST_TEXT: usize = 10_000;
pub const LONGEST_MARK: usize = 1_000;
pub const MOST_MARKS: usize = 50;
pub const MOST_POINTS: usize = 200;

/// The instructor with the fewest learners; of equals the first by identifier. Nobody teaches themselves.
pub fn fewest(load: &BTreeMap<PersonId, i64>, learner: PersonId) -> Option<PersonId> {
    let others = load.iter().filter(|(instructor, _)| **instructor != learner);
    others.min_by_key(|(instructor, learners)| (**learners, **instructor)).map(|(instructor, _)| *instructor)
}

/// A remark on a place of the photograph; how it is kept, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// One point, or the corners of a polygon: `[x, y]` from 0 to 1.
    pub points: Vec<[f64; 2]>,
    pub text: String,
}

/// Feedback that cannot be given as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("say something in `text`, in at most 10000 characters")]
    Text,
    #[error("at most 50 marks, each with at most 1000 characters")]
    TooManyMarks,
    #[error("a mark is one point, or a polygon of 3 to 200")]
    Shape,
    #[error("a mark lies outside the photograph: its coordinates are from 0 to 1")]
    Outside,
    #[error("give points once for each criterion of the rubric, and only points that it knows")]
    Scores,
}

pub fn text_is_fit(text: &str) -> Result<(), Unfit> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_TEXT { Err(Unfit::Text) } else { Ok(()) }
}

/// Every mark is a point or a polygon, and lies within the photograph.
pub fn marks_within_image(marks: &[Mark]) -> Result<(), Unfit> {
    if marks.len() > MOST_MARKS || marks.iter().any(|mark| mark.text.chars().count() > LONGEST_MARK) {
        return Err(Unfit::TooManyMarks);
    }
    if marks.iter().any(|mark| mark.points.len() != 1 && !(3..=MOST_POINTS).contains(&mark.points.len())) {
        return Err(Unfit::Shape);
    }
    // Not a number lies nowhere.
    let inside = |coordinate: &f64| (0.0..=1.0).contains(coordinate);
    if marks.iter().flat_map(|mark| mark.points.iter().flatten()).all(inside) { Ok(()) } else { Err(Unfit::Outside) }
}

/// The rubric is filled in: each criterion once, with points of one of its levels.
pub fn scores_by_rubric(assignment: &Assignment, scores: &[(String, u32)]) -> Result<(), Unfit> {
    let named: BTreeSet<_> = scores.iter().map(|(criterion, _)| criterion.as_str()).collect();
    let known = scores.iter().all(|(id, points)| {
        let criterion = assignment.criteria.iter().find(|criterion| criterion.id == *id);
        criterion.is_some_and(|criterion| criterion.levels.iter().any(|level| level.points == *points))
    });
    if known && named.len() == scores.len() && scores.len() == assignment.criteria.len() { Ok(()) } else { Err(Unfit::Scores) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::Catalogue;

    fn mark(points: &[[f64; 2]]) -> Mark {
        Mark { points: points.to_vec(), text: "here".into() }
    }

    #[test]
    fn the_instructor_with_the_fewest_learners_is_chosen() {
        let [a, b, c] = [(); 3].map(|()| PersonId::new_v4());
        assert_eq!(fewest(&BTreeMap::new(), a), None);
        assert_eq!(fewest(&BTreeMap::from([(a, 3), (b, 1), (c, 2)]), PersonId::new_v4()), Some(b));
        assert_eq!(fewest(&BTreeMap::from([(a, 0), (b, 1)]), a), Some(b), "nobody teaches themselves");
        assert_eq!(fewest(&BTreeMap::from([(a, 0)]), a), None);
        assert_eq!(fewest(&BTreeMap::from([(a, 1), (b, 1)]), c), Some(a.min(b)));
    }

    #[test]
    fn marks_are_points_or_polygons_inside() {
        assert_eq!(marks_within_image(&[]), Ok(()));
        assert_eq!(marks_within_image(&[mark(&[[0.0, 1.0]]), mark(&[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]])]), Ok(()));
        assert_eq!(marks_within_image(&[mark(&[])]), Err(Unfit::Shape));
        assert_eq!(marks_within_image(&[mark(&[[0.1, 0.1], [0.2, 0.2]])]), Err(Unfit::Shape));
        assert_eq!(marks_within_image(&[mark(&[[0.5, 0.5]; 201])]), Err(Unfit::Shape));
        for outside in [-0.001, 1.001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(marks_within_image(&[mark(&[[0.5, outside]])]), Err(Unfit::Outside), "{outside}");
        }
        assert_eq!(marks_within_image(&vec![mark(&[[0.5, 0.5]]); 51]), Err(Unfit::TooManyMarks));
    }

    #[test]
    fn the_rubric_is_filled_in_whole() {
        let catalogue = Catalogue::embedded().unwrap();
        let assignment = catalogue.courses()[0].assignments().next().unwrap();
        let whole: Vec<_> = assignment.criteria.iter().map(|criterion| (criterion.id.clone(), 2)).collect();
        assert_eq!(scores_by_rubric(assignment, &whole), Ok(()));
        assert_eq!(scores_by_rubric(assignment, &whole[1..]), Err(Unfit::Scores));
        let mut twice = whole.clone();
        twice[0] = twice[1].clone();
        assert_eq!(scores_by_rubric(assignment, &twice), Err(Unfit::Scores));
        let mut unknown = whole;
        unknown[0].1 = 9;
        assert_eq!(scores_by_rubric(assignment, &unknown), Err(Unfit::Scores));
    }

    #[test]
    fn feedback_says_something() {
        assert_eq!(text_is_fit("The line ends too early."), Ok(()));
        assert_eq!(text_is_fit(" \n"), Err(Unfit::Text));
        assert_eq!(text_is_fit(&"ә".repeat(LONGEST_TEXT)), Ok(()));
        assert_eq!(text_is_fit(&"ә".repeat(LONGEST_TEXT + 1)), Err(Unfit::Text));
    }

    proptest! {
        #[test]
        fn accepted_marks_always_lie_inside(points in proptest::collection::vec([any::<f64>(), any::<f64>()], 0..6)) {
            if marks_within_image(&[mark(&points)]).is_ok() {
                prop_assert!(points.iter().flatten().all(|c| *c >= 0.0 && *c <= 1.0));
            }
        }
    }
}
