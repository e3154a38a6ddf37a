//! gRPC adapter of cases, and of what a mail says of them and of consents.

use contract::{
    Purpose,
    privacy::v1::{self as pb, cases_server::Cases as Api, notices_server::Notices as NoticesApi, request::Kind},
};
use foundation::{PersonId, Refusal, uuid::Uuid};
use personal_data::{category::Rights, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::caller;
use tonic::{Request, Response, Status};

use super::{Cases, rows::CaseId};
use crate::consents::rows::consent;

pub struct Rpc(pub Cases);

/// What mails say, asked when they are sent.
pub struct NoticesRpc(pub Cases);

#[tonic::async_trait]
impl Api for Rpc {
    async fn request_rectification(&self, request: Request<pb::RequestRectificationRequest>) -> Result<Response<pb::Case>, Status> {
        let caller = caller(&request)?;
        let (person, ask) = (caller.person()?, request.get_ref());
        caller.acts_on(person).await?;
        let claim = caller.idempotency(&ask.idempotency_key, ask)?;
        Ok(Response::new(self.0.open(person, Kind::RectificationAsked, &ask.text, &claim).await?))
    }

    async fn complain_to_school(&self, request: Request<pb::ComplainToSchoolRequest>) -> Result<Response<pb::Case>, Status> {
        let caller = caller(&request)?;
        let (person, ask) = (caller.person()?, request.get_ref());
        caller.acts_on(person).await?;
        let claim = caller.idempotency(&ask.idempotency_key, ask)?;
        Ok(Response::new(self.0.open(person, Kind::Complaint, &ask.text, &claim).await?))
    }

    async fn get_my_case(&self, request: Request<pb::GetMyCaseRequest>) -> Result<Response<pb::Case>, Status> {
        let caller = caller(&request)?;
        let id = CaseId::parse_field(&request.get_ref().request_id, "request_id")?;
        Ok(Response::new(self.0.read(&caller, id).await?))
    }

    async fn read_case(&self, request: Request<pb::ReadCaseRequest>) -> Result<Response<pb::Case>, Status> {
        let caller = caller(&request)?;
        let id = CaseId::parse_field(&request.get_ref().request_id, "request_id")?;
        Ok(Response::new(self.0.read(&caller, id).await?))
    }

    async fn answer_case(&self, request: Request<pb::AnswerCaseRequest>) -> Result<Response<pb::Case>, Status> {
        let caller = caller(&request)?;
        let ask = request.get_ref();
        let id = CaseId::parse_field(&ask.request_id, "request_id")?;
        Ok(Response::new(self.0.answer(&caller, id, ask.decision(), &ask.reason).await?))
    }
}

#[tonic::async_trait]
impl NoticesApi for NoticesRpc {
    async fn resolve_notice(&self, request: Request<pb::ResolveNoticeRequest>) -> Result<Response<pb::NoticeFacts>, Status> {
        let caller = caller(&request)?;
        let person = PersonId::parse_field(&request.get_ref().person_id, "person_id")?;
        caller.acts_on(person).await?;
        let id: Uuid = CaseId::parse_field(&request.get_ref().about_id, "about_id")?.into();
        Ok(Response::new(self.0.facts(person, id).await?))
    }
}

impl Cases {
    async fn facts(&self, person: PersonId, id: Uuid) -> Result<pb::NoticeFacts, Refusal> {
        let consents = query::of::<consent::Entity>(person, Purpose::Rights).filter(consent::Column::Id.eq(id));
        if let Some(row) = consents.one(&self.db).await.map_err(personal_data::Error::from)? {
            return Ok(pb::NoticeFacts {
                purpose: row.purpose,
                text_version: row.text_version,
                text_hash: row.text_hash,
                at: Some(row.given_at.to_proto()),
                ..Default::default()
            });
        }
        let gone = || Refusal::not_found("NO_SUCH_REQUEST", "what the mail is about is gone");
        let row = self.find(CaseId(id)).await?.filter(|row| row.person == person).ok_or_else(gone)?;
        let key = self.keys.of::<Rights>(person, Purpose::Rights).await?;
        let reason = row.open_reason(&key)?.unwrap_or_default();
        Ok(pb::NoticeFacts {
            decision: row.decision,
            reason,
            at: row.answered_at.map(foundation::Timestamp::to_proto),
            ..Default::default()
        })
    }
}
