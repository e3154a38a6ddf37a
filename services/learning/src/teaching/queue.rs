//! What waits for an instructor, longest first.

use std::str::FromStr;

use contract::Purpose;
use foundation::{PersonId, Timestamp};
use personal_data::query;
use sea_orm::{
    ColumnTrait, Condition, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query, SelectStatement},
};

use super::{Error, Teaching};
use crate::{enrolments::rows::enrolment, ids::SubmissionId, submissions::rows::submission};

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    sent_at: Timestamp,
    id: SubmissionId,
}

/// One page, and where the next begins.
pub struct Page {
    pub submissions: Vec<submission::Model>,
    pub next: Option<Place>,
}

/// Answers of this many at most, and of so many when nobody says.
const MOST: u32 = 100;
const USUAL: u32 = 20;

impl Teaching {
    /// Unanswered work of this instructor's learners whose course is open.
    pub async fn queue(&self, instructor: PersonId, size: u32, after: Option<Place>) -> Result<Page, Error> {
        let size = if size == 0 { USUAL } else { Ord::min(size, MOST) };
        let mut select = query::across::<submission::Entity>(Purpose::Education)
            .filter(submission::Column::AnsweredAt.is_null())
            .filter(Expr::exists(taught_by(instructor)))
            .order_by_asc(submission::Column::SentAt)
            .order_by_asc(submission::Column::Id);
        if let Some(place) = after {
            let same = submission::Column::SentAt.eq(place.sent_at).and(submission::Column::Id.gt(place.id));
            select = select.filter(Condition::any().add(submission::Column::SentAt.gt(place.sent_at)).add(same));
        }
        // One more than asked for tells whether there is a next page.
        let mut submissions = select.limit(u64::from(size) + 1).all(&self.db).await?;
        let more = submissions.len() > size as usize;
        submissions.truncate(size as usize);
        let next = submissions.last().filter(|_| more).map(|last| Place { sent_at: last.sent_at, id: last.id });
        Ok(Page { submissions, next })
    }
}

/// The submission's learner takes its course with this instructor.
fn taught_by(instructor: PersonId) -> SelectStatement {
    let (own, theirs) = (submission::Entity, enrolment::Entity);
    Query::select()
        .expr(Expr::value(1))
        .from(theirs)
        .and_where(Expr::col((theirs, enrolment::Column::LearnerId)).equals((own, submission::Column::LearnerId)))
        .and_where(Expr::col((theirs, enrolment::Column::CourseId)).equals((own, submission::Column::CourseId)))
        .and_where(ExprTrait::eq(Expr::col((theirs, enrolment::Column::InstructorId)), instructor.0))
        .and_where(ExprTrait::eq(Expr::col((theirs, enrolment::Column::Open)), true))
        .to_owned()
}

/// `<microseconds>.<submission>`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.sent_at.micros(), self.id)
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (micros, id) = text.split_once('.').ok_or(Error::PageToken)?;
        let sent_at = Timestamp::from_micros(micros.parse().map_err(|_| Error::PageToken)?);
        Ok(Self { sent_at, id: id.parse().map_err(|_| Error::PageToken)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_itself() {
        let place = Place { sent_at: Timestamp::from_micros(1_766_000_000_123_456), id: SubmissionId::new_v4() };
        assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        for nonsense in ["", ".", "1", "1.x", "x.00000000-0000-4000-8000-000000000000"] {
            assert!(matches!(nonsense.parse::<Place>(), Err(Error::PageToken)), "{nonsense}");
        }
    }
}
