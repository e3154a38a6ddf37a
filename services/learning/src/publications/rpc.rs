//! Publications over gRPC.

use contract::learning::v1::{self as pb, audiences::Audience, portrait_consent, publication::State, publications_server};
use service::caller;
use tonic::{Request, Response, Status};

use super::{AskedCertificate, AskedWork, Error, Given, Own, Place, Publications, audience_of, rules::Form, shown::Work};
use crate::{
    catalogue::{Catalogue, Language},
    ids::{CertificateId, CourseId, PublicationId, SubmissionId},
    submissions::{Size, rpc::BodyStream},
};

#[derive(Clone)]
pub struct Rpc {
    pub publications: Publications,
    pub catalogue: Catalogue,
}

#[tonic::async_trait]
impl publications_server::Publications for Rpc {
    type GetPublishedRenditionStream = BodyStream;
    type GetCourseRenditionStream = BodyStream;

    async fn publish_work(&self, request: Request<pb::PublishWorkRequest>) -> Result<Response<pb::Publication>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let claim = by.idempotency(&ask.idempotency_key, &ask)?;
        let ask = AskedWork {
            submission: SubmissionId::parse_field(&ask.submission_id, "submission_id")?,
            audience: ask.audience(),
            recognisable: ask.recognisable_people,
            portraits: ask.portrait_consents.iter().map(|consent| (consent.given_on.clone(), form(consent.form()))).collect(),
            title: ask.title,
            signed_as: ask.signed_as,
            given: given(ask.consent)?,
            claim,
        };
        Ok(Response::new(self.publications.publish_work(by.person()?, ask).await?.into()))
    }

    async fn publish_certificate(&self, request: Request<pb::PublishCertificateRequest>) -> Result<Response<pb::Publication>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let claim = by.idempotency(&ask.idempotency_key, &ask)?;
        let ask = AskedCertificate {
            certificate: CertificateId::parse_field(&ask.certificate_id, "certificate_id")?,
            signed_as: ask.signed_as,
            given: given(ask.consent)?,
            claim,
        };
        Ok(Response::new(self.publications.publish_certificate(by.person()?, ask).await?.into()))
    }

    async fn list_my_publications(
        &self,
        request: Request<pb::ListMyPublicationsRequest>,
    ) -> Result<Response<pb::ListMyPublicationsResponse>, Status> {
        let own = self.publications.of(caller(&request)?.person()?).await?;
        Ok(Response::new(pb::ListMyPublicationsResponse { publications: own.into_iter().map(pb::Publication::from).collect() }))
    }

    async fn withdraw_publication(
        &self,
        request: Request<pb::WithdrawPublicationRequest>,
    ) -> Result<Response<pb::WithdrawPublicationResponse>, Status> {
        let person = caller(&request)?.person()?;
        self.publications.withdraw(person, publication(&request.get_ref().publication_id)?).await?;
        Ok(Response::new(pb::WithdrawPublicationResponse {}))
    }

    async fn get_published_work(&self, request: Request<pb::GetPublishedWorkRequest>) -> Result<Response<pb::PublishedWork>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let work = self.publications.public(&by, publication(&ask.publication_id)?).await?;
        Ok(Response::new(self.encode(work, Language::of(&ask.language))))
    }

    async fn get_published_rendition(&self, request: Request<pb::GetPublishedRenditionRequest>) -> Result<Response<BodyStream>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let (id, size) = (publication(&ask.publication_id)?, Size::parse(ask.size)?);
        Ok(Response::new(self.publications.public_rendition(&by, id, size).await?))
    }

    async fn list_course_works(
        &self,
        request: Request<pb::ListCourseWorksRequest>,
    ) -> Result<Response<pb::ListCourseWorksResponse>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let course = CourseId::parse_field(&ask.course_id, "course_id")?;
        let after = if ask.page_token.is_empty() { None } else { Some(ask.page_token.parse::<Place>()?) };
        let page = self.publications.of_course(&by, course, ask.page_size, after).await?;
        Ok(Response::new(pb::ListCourseWorksResponse {
            works: page.works.into_iter().map(|work| self.encode(work, Language::default())).collect(),
            next_page_token: page.next.map(|place| place.to_string()).unwrap_or_default(),
        }))
    }

    async fn get_course_rendition(&self, request: Request<pb::GetCourseRenditionRequest>) -> Result<Response<BodyStream>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let (course, id) = (CourseId::parse_field(&ask.course_id, "course_id")?, publication(&ask.publication_id)?);
        let size = Size::parse(ask.size)?;
        Ok(Response::new(self.publications.course_rendition(&by, course, id, size).await?))
    }
}

impl Rpc {
    fn encode(&self, work: Work, language: Language) -> pb::PublishedWork {
        let course = self.catalogue.course(work.row.course_id);
        pb::PublishedWork {
            publication_id: work.row.id.to_string(),
            title: work.title,
            signed_as: work.signed_as,
            course_title: course.map(|course| course.title.get(language).to_owned()).unwrap_or_default(),
            rendition_sizes: Size::ASKED.to_vec(),
        }
    }
}

fn publication(text: &str) -> Result<PublicationId, Status> {
    Ok(PublicationId::parse_field(text, "publication_id")?)
}

fn form(form: portrait_consent::Form) -> Option<Form> {
    match form {
        portrait_consent::Form::Written => Some(Form::Written),
        portrait_consent::Form::Electronic => Some(Form::Electronic),
        portrait_consent::Form::Unspecified => None,
    }
}

/// Without a consent nothing is published.
fn given(consent: Option<pb::GivenConsent>) -> Result<Given, Error> {
    let pb::GivenConsent { text_version, text_hash, language } = consent.ok_or(Error::StaleConsentText)?;
    Ok(Given { text_version, text_hash, language })
}

impl From<Own> for pb::Publication {
    fn from(own: Own) -> Self {
        let audience = audience_of(&own.row);
        let of_a_certificate = audience == Audience::CertificatePage;
        let work = own.row.work_id.to_string();
        let (submission_id, certificate_id) = if of_a_certificate { (String::new(), work) } else { (work, String::new()) };
        let state = if own.row.recorded_at.is_some() { State::Shown } else { State::Waiting };
        let path = if audience == Audience::Public { format!("/works/{}", own.row.id) } else { String::new() };
        Self {
            publication_id: own.row.id.to_string(),
            submission_id,
            certificate_id,
            audience: audience.into(),
            state: state.into(),
            title: own.title.unwrap_or_default(),
            signed_as: own.signed_as.unwrap_or_default(),
            asked_at: Some(own.row.asked_at.to_proto()),
            path,
        }
    }
}
