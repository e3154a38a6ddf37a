//! Certificates over gRPC.

use contract::learning::v1::{self as pb, certificates_server};
use foundation::Refusal;
use service::caller;
use tonic::{Request, Response, Status};

use super::Certificates;
use crate::{
    catalogue::{Catalogue, Language},
    ids::CourseId,
    publications::Publications,
};

#[derive(Clone)]
pub struct Rpc {
    pub certificates: Certificates,
    pub catalogue: Catalogue,
    pub publications: Publications,
}

impl Rpc {
    fn title(&self, course: CourseId, language: Language) -> String {
        self.catalogue.course(course).map(|course| course.title.get(language).to_owned()).unwrap_or_default()
    }
}

#[tonic::async_trait]
impl certificates_server::Certificates for Rpc {
    async fn list_my_certificates(
        &self,
        request: Request<pb::ListMyCertificatesRequest>,
    ) -> Result<Response<pb::ListMyCertificatesResponse>, Status> {
        let person = caller(&request)?.person()?;
        let language = Language::of(&request.get_ref().language);
        let rows = self.certificates.of(person).await?;
        let certificates = rows.into_iter().map(|row| pb::Certificate {
            certificate_id: row.id.to_string(),
            course_id: row.course_id.to_string(),
            course_title: self.title(row.course_id, language),
            number: row.number,
            issued_at: Some(row.issued_at.to_proto()),
        });
        Ok(Response::new(pb::ListMyCertificatesResponse { certificates: certificates.collect() }))
    }

    async fn check_certificate(&self, request: Request<pb::CheckCertificateRequest>) -> Result<Response<pb::CheckedCertificate>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let row = self.certificates.numbered(&ask.number).await?;
        by.acts_on(row.learner_id).await?;
        // Whoever has the number learns that it is genuine; more only by its holder's consent.
        let Some(shown) = self.publications.of_certificate(row.id).await.map_err(Refusal::from)? else {
            return Ok(Response::new(pb::CheckedCertificate { number: row.number, ..pb::CheckedCertificate::default() }));
        };
        Ok(Response::new(pb::CheckedCertificate {
            course_title: self.title(row.course_id, Language::of(&ask.language)),
            number: row.number,
            issued_at: Some(row.issued_at.to_proto()),
            signed_as: shown.signed_as,
        }))
    }
}
