//! A complaint file: the person's requests with their dates and terms, consents and the authorities, as a page, as JSON, signed.

mod authorities;
mod document;
mod page;
pub mod rpc;

use std::sync::Arc;

use contract::{
    Purpose,
    identity::v1::{ResolveNamesRequest, contacts_client::ContactsClient},
    privacy::v1::{self as pb, request::Kind},
};
use foundation::{PersonId, Refusal, Timestamp, Transport};
use personal_data::Db;

use crate::{
    consents::{Ledger, text::Operator},
    receipts::SigningKey,
    requests,
    terms::Calendar,
};
use document::{Consent, Document, Request, Term};

const LONGEST: usize = 4000;

/// Clones share everything.
#[derive(Clone)]
pub struct Complaints {
    pub(crate) db: Db,
    pub(crate) ledger: Ledger,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) signing: SigningKey,
    pub(crate) operator: Operator,
    pub(crate) names: ContactsClient<Transport>,
}

impl Complaints {
    /// Made at once; nothing of it is kept.
    pub async fn make(&self, person: PersonId, language: &str, text: &str) -> Result<pb::ComplaintFile, Refusal> {
        let language = match language {
            "" | "ru" => "ru",
            "kk" => "kk",
            "en" => "en",
            _ => return Err(Refusal::invalid("UNKNOWN_LANGUAGE", "language", "the file is made in `ru`, `kk` or `en`")),
        };
        let text = text.trim();
        if text.chars().count() > LONGEST || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Refusal::invalid("INVALID_TEXT", "text", "write at most 4000 characters"));
        }
        let now = self.db.clock().now();
        let day = self.calendar.day(now).map_err(|error| Refusal::internal(&error))?;
        let (consents, _) = self.ledger.list(person).await?;
        let requests = requests::list(&self.db, person).await?;
        let document = Document {
            format: "kolsai-complaint/1".into(),
            made_at: now.to_string(),
            language: language.to_owned(),
            operator_name: self.operator.name.clone(),
            operator_bin: self.operator.bin.clone(),
            full_name: self.full_name(person).await?,
            text: text.to_owned(),
            requests: requests.iter().map(|request| self.request(request, now)).collect(),
            consents: consents.into_iter().map(consent).collect(),
            authorities: authorities::known(language, day).map_err(|error| Refusal::internal(&error))?,
            key_id: self.signing.id(),
        };
        let html = page::render(&document);
        let document = serde_json::to_string(&document).map_err(|error| Refusal::internal(&error))?;
        Ok(pb::ComplaintFile {
            file_name: format!("complaint-{day}.html"),
            html_signature: self.signing.sign(html.as_bytes()),
            html,
            signature: self.signing.sign(document.as_bytes()),
            document,
            key_id: self.signing.id(),
        })
    }

    fn request(&self, request: &pb::Request, now: Timestamp) -> Request {
        let time = |at: &Option<prost_types::Timestamp>| at.as_ref().map(|at| Timestamp::from_proto(at).to_string());
        let (due, done) = (request.due_at.as_ref().map(Timestamp::from_proto), request.done_at.as_ref().map(Timestamp::from_proto));
        let late = due.is_some_and(|due| done.unwrap_or(now) > due) || foundation::sabotage::breaks("P22");
        Request {
            request_id: request.request_id.clone(),
            kind: request.kind().as_str_name().to_owned(),
            received_at: time(&request.received_at).unwrap_or_default(),
            due_at: time(&request.due_at).unwrap_or_default(),
            done_at: time(&request.done_at),
            in_force_at: time(&request.in_force_at),
            told_at: time(&request.told_at),
            in_time: if late { Some(false) } else { done.map(|_| true) },
            terms: self.terms(request),
            due_moved: request.due_moved,
        }
    }

    /// By every regime; a right without a term of its own has none.
    fn terms(&self, request: &pb::Request) -> Vec<Term> {
        let Some(received) = request.received_at.as_ref().map(Timestamp::from_proto) else { return Vec::new() };
        let Ok(governed) = self.calendar.governed(right(request.kind()), received) else { return Vec::new() };
        let clocks = [governed.strictest].into_iter().chain(governed.others);
        let term = |clock: crate::terms::Clock| Term {
            regime: clock.regime.name().to_owned(),
            article: clock.article,
            due_at: clock.due.at.to_string(),
        };
        clocks.map(term).collect()
    }

    async fn full_name(&self, person: PersonId) -> Result<String, Refusal> {
        let ask = ResolveNamesRequest { person_id: person.to_string() };
        let names = self.names.clone().resolve_names(ask).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "identity does not say what a person is called");
            Refusal::unavailable("IDENTITY_UNAVAILABLE", "your name cannot be read at the moment; try again")
        })?;
        let names = names.into_inner();
        Ok(format!("{} {}", names.first_name, names.last_name).trim().to_owned())
    }
}

/// The right whose term counts for a kind of request.
fn right(kind: Kind) -> &'static str {
    match kind {
        Kind::Copy => "copy",
        Kind::Erasure => "erasure",
        Kind::Restriction => "restriction",
        Kind::Lifting | Kind::ConsentAgain => "lifting",
        Kind::Withdrawal => "withdrawal",
        Kind::Objection => "objection",
        Kind::Rectification | Kind::RectificationAsked => "rectification",
        Kind::Complaint => "complaint",
        Kind::Unspecified => "",
    }
}

fn consent(consent: pb::Consent) -> Consent {
    let time = |at: Option<prost_types::Timestamp>| at.map(|at| Timestamp::from_proto(&at).to_string());
    Consent {
        purpose: Purpose::try_from(consent.purpose).unwrap_or_default().as_str_name().to_owned(),
        consent_id: consent.consent_id,
        text_version: consent.text_version,
        text_hash: consent.text_hash,
        given_at: time(consent.given_at).unwrap_or_default(),
        withdrawn_at: time(consent.withdrawn_at),
    }
}
