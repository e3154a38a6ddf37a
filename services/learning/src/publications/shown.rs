//! What others are shown: of whom it is, is named before anything of it leaves.

use std::str::FromStr;

use contract::{Category, Purpose, learning::v1::audiences::Audience};
use foundation::{Timestamp, uuid::Uuid};
use personal_data::{category, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, Select};
use service::Caller;

use super::{
    Error, Publications,
    rows::{Column, Entity, Model},
};
use crate::{
    enrolments,
    ids::{CertificateId, CourseId, PublicationId},
    submissions::{Size, rows::submission, rpc::BodyStream},
};

/// Works on a page at most, and when nobody says.
const MOST: u32 = 50;
const USUAL: u32 = 20;

/// A work as others see it.
pub struct Work {
    pub row: Model,
    pub title: String,
    pub signed_as: String,
}

/// One page, and where the next begins.
pub struct Works {
    pub works: Vec<Work>,
    pub next: Option<Place>,
}

/// What the page of a certificate may tell beside its number.
pub struct ShownCertificate {
    pub signed_as: String,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    asked_at: Timestamp,
    id: PublicationId,
}

/// What an audience is shown: consent is recorded and stands, and nothing forbids this use of the learner's data.
fn shown(audience: Audience) -> Select<Entity> {
    query::across::<Entity>(Purpose::Publication).filter(Column::Audience.eq(audience as i32)).filter(Column::RecordedAt.is_not_null())
}

impl Publications {
    /// A work that everybody may see.
    pub async fn public(&self, by: &Caller, id: PublicationId) -> Result<Work, Error> {
        let row = shown(Audience::Public).filter(Column::Id.eq(id)).one(&self.db).await?.ok_or(Error::NoSuchWork)?;
        by.acts_on(row.learner_id).await?;
        self.open(row).await
    }

    pub async fn public_rendition(&self, by: &Caller, id: PublicationId, size: Size) -> Result<BodyStream, Error> {
        let row = shown(Audience::Public).filter(Column::Id.eq(id)).one(&self.db).await?.ok_or(Error::NoSuchWork)?;
        by.acts_on(row.learner_id).await?;
        self.rendition(&row, size).await
    }

    /// Works of a course that the caller takes too, latest first.
    pub async fn of_course(&self, by: &Caller, course: CourseId, size: u32, after: Option<Place>) -> Result<Works, Error> {
        self.peer(by, course).await?;
        let size = if size == 0 { USUAL } else { size.min(MOST) };
        let mut select =
            shown(Audience::Course).filter(Column::CourseId.eq(course)).order_by_desc(Column::AskedAt).order_by_desc(Column::Id);
        if let Some(place) = after {
            let same = Condition::all().add(Column::AskedAt.eq(place.asked_at)).add(Column::Id.lt(place.id));
            select = select.filter(Condition::any().add(Column::AskedAt.lt(place.asked_at)).add(same));
        }
        let mut rows = select.limit(u64::from(size) + 1).all(&self.db).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| more).map(|last| Place { asked_at: last.asked_at, id: last.id });
        let mut authors: Vec<_> = rows.iter().map(|row| row.learner_id).collect();
        authors.sort();
        authors.dedup();
        by.acts_on_each(&authors).await?;
        // Borrowed at once; whose state forbids it is left out below.
        self.keys.many(&authors, Category::Learning, Purpose::Publication).await?;
        let mut works = Vec::with_capacity(rows.len());
        for row in rows {
            match self.open(row).await {
                Ok(work) => works.push(work),
                // Their state changed in this moment: then it is shown no longer.
                Err(Error::NoSuchWork) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Works { works, next })
    }

    pub async fn course_rendition(&self, by: &Caller, course: CourseId, id: PublicationId, size: Size) -> Result<BodyStream, Error> {
        self.peer(by, course).await?;
        let select = shown(Audience::Course).filter(Column::CourseId.eq(course)).filter(Column::Id.eq(id));
        let Some(row) = select.one(&self.db).await? else {
            by.acts_on_nobody();
            return Err(Error::NoSuchWork);
        };
        by.acts_on_each(&[row.learner_id]).await?;
        self.rendition(&row, size).await
    }

    /// What the holder of a certificate lets its page tell; none when they let it tell nothing.
    pub async fn of_certificate(&self, certificate: CertificateId) -> Result<Option<ShownCertificate>, Error> {
        let select = shown(Audience::CertificatePage).filter(Column::WorkId.eq::<Uuid>(certificate.into()));
        let Some(row) = select.one(&self.db).await? else { return Ok(None) };
        match self.open(row).await {
            Ok(work) => Ok(Some(ShownCertificate { signed_as: work.signed_as })),
            Err(Error::NoSuchWork) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The course must be open to whoever looks.
    async fn peer(&self, by: &Caller, course: CourseId) -> Result<(), Error> {
        let person = by.person()?;
        if enrolments::open_in(&self.db, person, course).await?.is_none() {
            by.acts_on_nobody();
            return Err(Error::NoSuchCourse);
        }
        Ok(())
    }

    async fn open(&self, row: Model) -> Result<Work, Error> {
        let key = self.keys.of::<category::Learning>(row.learner_id, Purpose::Publication).await.map_err(gone)?;
        let (title, signed_as) = (row.open_title(&key)?.unwrap_or_default(), row.open_signed_as(&key)?.unwrap_or_default());
        Ok(Work { row, title, signed_as })
    }

    async fn rendition(&self, row: &Model, size: Size) -> Result<BodyStream, Error> {
        let select = query::of::<submission::Entity>(row.learner_id, Purpose::Publication).filter(submission::Column::Id.eq(row.work_id));
        let work = select.one(&self.db).await?.ok_or(Error::NoSuchWork)?;
        match self.photographs.stream_for(&work, size, Purpose::Publication).await {
            Err(crate::submissions::Error::Data(error)) => Err(gone(error)),
            streamed => Ok(streamed?),
        }
    }
}

/// To others, what is not to be used any more is not there.
fn gone(error: personal_data::Error) -> Error {
    use personal_data::Error as Data;
    match error {
        Data::Erased | Data::Restricted | Data::Withdrawn(_) | Data::NoSuchPerson => Error::NoSuchWork,
        error => error.into(),
    }
}

/// `<microseconds>.<publication>`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.asked_at.micros(), self.id)
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (micros, id) = text.split_once('.').ok_or(Error::PageToken)?;
        let asked_at = Timestamp::from_micros(micros.parse().map_err(|_| Error::PageToken)?);
        Ok(Self { asked_at, id: id.parse().map_err(|_| Error::PageToken)? })
    }
}
