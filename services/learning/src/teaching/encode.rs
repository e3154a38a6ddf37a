//! Feedback and marks between the contract's shape and ours.

use contract::learning::v1 as pb;

use super::{Feedback, rules::Mark};

impl From<pb::Mark> for Mark {
    fn from(mark: pb::Mark) -> Self {
        Self { points: mark.points.iter().map(|point| [point.x, point.y]).collect(), text: mark.text }
    }
}

impl From<Mark> for pb::Mark {
    fn from(mark: Mark) -> Self {
        Self { points: mark.points.iter().map(|[x, y]| pb::Point { x: *x, y: *y }).collect(), text: mark.text }
    }
}

impl From<Feedback> for pb::Feedback {
    fn from(feedback: Feedback) -> Self {
        let scores = feedback.scores.into_iter();
        Self {
            feedback_id: feedback.id.to_string(),
            submission_id: feedback.submission.to_string(),
            text: feedback.text,
            marks: feedback.marks.into_iter().map(pb::Mark::from).collect(),
            scores: scores.map(|(criterion_id, points)| pb::CriterionScore { criterion_id, points }).collect(),
            given_at: Some(feedback.given_at.to_proto()),
        }
    }
}
