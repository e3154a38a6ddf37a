//! A learner publishes: the consent is announced with the publication, in one transaction.

use contract::{
    Purpose,
    learning::v1::{PublicationConsented, audiences::Audience},
};
use events::announce_in_tx;
use foundation::{PersonId, uuid::Uuid};
use jiff::civil::Date;
use personal_data::{Idempotency, category, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    Error, Own, Publications,
    rows::{Column, Entity, Model},
    rules::{self, Form, Portrait},
};
use crate::{
    certificates::rows as certificate,
    facts::calendar::date_of,
    ids::{CertificateId, ConsentId, CourseId, PublicationId, SubmissionId},
    submissions::rows::submission,
};

/// The consent as it was given.
pub struct Given {
    pub text_version: String,
    pub text_hash: String,
    pub language: String,
}

pub struct AskedWork {
    pub submission: SubmissionId,
    pub audience: Audience,
    pub title: String,
    pub signed_as: String,
    pub recognisable: Option<u32>,
    pub portraits: Vec<(String, Option<Form>)>,
    pub given: Given,
    pub claim: Idempotency,
}

pub struct AskedCertificate {
    pub certificate: CertificateId,
    pub signed_as: String,
    pub given: Given,
    pub claim: Idempotency,
}

/// What is to be shown, checked.
struct Draft {
    work: Uuid,
    course: CourseId,
    audience: Audience,
    title: Option<String>,
    signed_as: Option<String>,
    portraits: Vec<Portrait>,
    given: Given,
}

impl Publications {
    pub async fn publish_work(&self, person: PersonId, ask: AskedWork) -> Result<Own, Error> {
        let audience = rules::audience(ask.audience)?;
        let title = Some(rules::title(&ask.title)?.to_owned());
        let signed_as = rules::signed_as(&ask.signed_as)?.map(str::to_owned);
        let portraits = rules::portraits(ask.recognisable, &ask.portraits, self.today())?;
        self.may_publish(person).await?;
        let select = query::of::<submission::Entity>(person, Purpose::Publication).filter(submission::Column::Id.eq(ask.submission));
        let work = select.one(&self.db).await?.ok_or(Error::NoSuchSubmission)?;
        if work.answered_at.is_none() {
            return Err(Error::NotReviewed);
        }
        let draft = Draft { work: work.id.0, course: work.course_id, audience, title, signed_as, portraits, given: ask.given };
        self.publish(person, draft, &ask.claim).await
    }

    pub async fn publish_certificate(&self, person: PersonId, ask: AskedCertificate) -> Result<Own, Error> {
        let signed_as = rules::signed_as(&ask.signed_as)?.map(str::to_owned);
        self.may_publish(person).await?;
        let select = query::of::<certificate::Entity>(person, Purpose::Publication).filter(certificate::Column::Id.eq(ask.certificate));
        let found = select.one(&self.db).await?.ok_or(Error::NoSuchCertificate)?;
        let draft = Draft {
            work: found.id.0,
            course: found.course_id,
            audience: Audience::CertificatePage,
            title: None,
            signed_as,
            portraits: Vec::new(),
            given: ask.given,
        };
        self.publish(person, draft, &ask.claim).await
    }

    /// Who is restricted, or took consent to publication back as a whole, is told so, and no key is borrowed for nothing.
    async fn may_publish(&self, person: PersonId) -> Result<(), Error> {
        drop(self.db.begin_for("learning.may-publish", person, Purpose::Publication).await?);
        Ok(())
    }

    async fn publish(&self, person: PersonId, draft: Draft, claim: &Idempotency) -> Result<Own, Error> {
        self.check(draft.audience, &draft.given).await?;
        let key = self.keys.of::<category::Learning>(person, Purpose::Publication).await?;
        let portraits = serde_json::to_value(&draft.portraits);
        let portraits = portraits.map_err(|_| personal_data::Error::Internal("portraits do not serialise".into()))?;
        let tx = self.db.begin_for("learning.publish", person, Purpose::Publication).await?;
        let id = PublicationId::new_v4();
        if let Some(first) = tx.first_made(claim, id).await? {
            // Gone when it was taken back since.
            let row = query::of::<Entity>(person, Purpose::Publication).filter(Column::Id.eq(first)).one(&tx).await?;
            return Ok(Own { row: row.ok_or(Error::NoSuchWork)?, title: draft.title, signed_as: draft.signed_as });
        }
        let same = query::of::<Entity>(person, Purpose::Publication)
            .filter(Column::WorkId.eq(draft.work))
            .filter(Column::Audience.eq(draft.audience as i32));
        if same.one(&tx).await?.is_some() {
            return Err(Error::AlreadyPublished);
        }
        let row = Model {
            id,
            learner_id: person,
            work_id: draft.work,
            course_id: draft.course,
            audience: draft.audience.into(),
            title: draft.title.as_deref().and_then(|title| Model::seal_title(&key, id, title)),
            signed_as: draft.signed_as.as_deref().and_then(|name| Model::seal_signed_as(&key, id, name)),
            portraits: Model::seal_portraits(&key, id, &portraits),
            consent_id: ConsentId::new_v4(),
            asked_at: tx.clock().now(),
            recorded_at: None,
            state_seen: person_state::known_in_tx(&tx, person).await?.1,
            version: 1,
        };
        tx.insert::<Entity>(row.clone()).await?;
        announce_in_tx(&tx, consented(&row, draft.given)).await?;
        tx.commit().await?;
        Ok(Own { row, title: draft.title, signed_as: draft.signed_as })
    }

    fn today(&self) -> Date {
        date_of(self.db.clock().now())
    }
}

fn consented(row: &Model, given: Given) -> PublicationConsented {
    PublicationConsented {
        publication_id: row.id.to_string(),
        learner_id: row.learner_id.to_string(),
        consent_id: row.consent_id.to_string(),
        work_id: row.work_id.to_string(),
        audience: row.audience,
        text_version: given.text_version,
        text_hash: given.text_hash,
        language: given.language,
        given_at: Some(row.asked_at.to_proto()),
        version: row.version,
    }
}
