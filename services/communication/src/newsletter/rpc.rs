//! gRPC adapter: parse, call, encode.

use contract::{
    communication::v1::{self as pb, newsletters_server},
    google::api::HttpBody,
};
use service::caller;
use tonic::{Request, Response, Status};

use super::{
    Consent, Error, Newsletter, page,
    rows::{IssueId, subscription},
    rules::Letter,
};
use crate::language::Language;

pub struct Newsletters(pub Newsletter);

#[tonic::async_trait]
impl newsletters_server::Newsletters for Newsletters {
    async fn subscribe(&self, request: Request<pb::SubscribeRequest>) -> Result<Response<pb::Subscription>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let language = Language::read(&ask.language).ok_or(Error::Language)?;
        let consent = Consent { text_version: ask.text_version, text_hash: ask.text_hash, language };
        Ok(Response::new(encode(Some(&self.0.subscribe(&by, consent).await?))))
    }

    async fn get_my_subscription(&self, request: Request<pb::GetMySubscriptionRequest>) -> Result<Response<pb::Subscription>, Status> {
        Ok(Response::new(encode(self.0.mine(&caller(&request)?).await?.as_ref())))
    }

    async fn end_my_subscription(&self, request: Request<pb::EndMySubscriptionRequest>) -> Result<Response<pb::Subscription>, Status> {
        Ok(Response::new(encode(self.0.end_mine(&caller(&request)?).await?.as_ref())))
    }

    async fn unsubscribe(&self, request: Request<pb::UnsubscribeRequest>) -> Result<Response<pb::UnsubscribeResponse>, Status> {
        self.0.end_by_token(&caller(&request)?, &request.get_ref().token).await?;
        Ok(Response::new(pb::UnsubscribeResponse {}))
    }

    async fn unsubscribe_by_one_click(&self, request: Request<pb::UnsubscribeByOneClickRequest>) -> Result<Response<HttpBody>, Status> {
        self.0.end_by_token(&caller(&request)?, &request.get_ref().token).await?;
        Ok(Response::new(page::ended()))
    }

    async fn send_issue(&self, request: Request<pb::SendIssueRequest>) -> Result<Response<pb::SendIssueResponse>, Status> {
        let by = caller(&request)?;
        let claim = by.idempotency(&request.get_ref().idempotency_key, request.get_ref())?;
        let texts = request.into_inner().texts.into_iter().map(|text| (text.language, Letter { subject: text.subject, text: text.text }));
        let issue = self.0.issues().send(&by, texts.collect(), &claim).await?;
        Ok(Response::new(pb::SendIssueResponse { issue_id: issue.to_string() }))
    }

    async fn get_issue(&self, request: Request<pb::GetIssueRequest>) -> Result<Response<HttpBody>, Status> {
        let ask = request.into_inner();
        let issue = IssueId::parse_field(&ask.issue_id, "issue_id")?;
        let language = match ask.language.as_str() {
            "" => Language::default(),
            tag => Language::read(tag).ok_or(Error::Language)?,
        };
        let letter = self.0.issues().letter(issue, language).await?;
        let text = format!("{}\n\n{}\n", letter.subject, letter.text.trim_end());
        Ok(Response::new(HttpBody { content_type: "text/plain; charset=utf-8".into(), data: text.into_bytes(), extensions: Vec::new() }))
    }
}

fn encode(row: Option<&subscription::Model>) -> pb::Subscription {
    pb::Subscription {
        subscribed: row.is_some_and(|row| row.active),
        since: row.map(|row| row.given_at.to_proto()),
        ended_at: row.and_then(|row| row.ended_at).map(|at| at.to_proto()),
    }
}
