//! Everything that a mail needs, found at the moment when it is sent.

use contract::{
    Class, Purpose,
    identity::v1::{MailContact, ResolveForMailRequest, contacts_client::ContactsClient},
    learning::v1::{GetCourseRequest, catalogue_client::CatalogueClient},
    privacy::v1::{ResolveNoticeRequest, case, notices_client::NoticesClient},
};
use egress::Mail;
use foundation::{PersonId, Transport, reason_of, uuid::Uuid};
use personal_data::{Db, Error, category::Communication, keys::Keys};
use service::Engines;
use tonic::{Code, Status};

use super::{
    Kind, Notice, Texts,
    rows::mail,
    rules::NotSent,
    texts::{Fact, Filled},
};
use crate::{NAME, language::Language, newsletter, tickets};

/// Writes mails out of rows.
pub(crate) struct Composer {
    db: Db,
    keys: Keys,
    contacts: ContactsClient<Transport>,
    catalogue: CatalogueClient<Transport>,
    notices: NoticesClient<Transport>,
    texts: Texts,
    sender: String,
    /// How people reach the school, without a slash at the end.
    url: String,
}

/// Whom a mail goes to.
struct Reader {
    address: String,
    first_name: String,
    language: Language,
    link_token: String,
}

impl Composer {
    pub(crate) fn new(db: &Db, engines: &Engines, texts: Texts, sender: String) -> Self {
        Self {
            db: db.clone(),
            keys: engines.keys(NAME),
            contacts: ContactsClient::new(engines.transport(NAME, "identity")),
            catalogue: CatalogueClient::new(engines.transport(NAME, "learning")),
            notices: NoticesClient::new(engines.transport(NAME, "privacy")),
            texts,
            sender,
            url: engines.settings().url.clone(),
        }
    }

    pub(crate) async fn compose(&self, row: &mail::Model) -> Result<Mail, NotSent> {
        match Kind::of_code(row.kind).ok_or(NotSent::Never("this version knows no such mail"))? {
            Kind::Newsletter => self.newsletter(row).await,
            Kind::Notice(notice @ (Notice::TicketReceived | Notice::TicketAnswered)) => self.ticket(row, notice).await,
            Kind::Notice(notice) => self.notice(row, notice).await,
        }
    }

    async fn notice(&self, row: &mail::Model, notice: Notice) -> Result<Mail, NotSent> {
        let purpose = Kind::Notice(notice).purpose();
        let reader = self.reader(row.person, (purpose == Purpose::Account).then_some(row.about), purpose).await?;
        if matches!(notice, Notice::Confirm | Notice::ResetPassword) && reader.link_token.is_empty() {
            return Err(NotSent::Never("the link is gone"));
        }
        let link = format!("{}{}", self.url, path(notice, &reader.link_token, row.about));
        let course = match notice {
            Notice::Enrolled => self.course(row.about, reader.language).await?,
            _ => String::new(),
        };
        let said = self.said(row, notice, reader.language).await?;
        let facts = [("first_name", reader.first_name.as_str()), ("link", link.as_str()), ("course", course.as_str())];
        let facts: Vec<Fact<'_>> = facts.into_iter().chain(said.iter().map(|(name, value)| (*name, value.as_str()))).collect();
        let filled = self.texts.notice(notice, reader.language, &facts);
        Ok(self.mail(row, &reader, filled, purpose, notice.classes()))
    }

    /// What privacy says of a consent or of an answered case; nothing for any other notice.
    async fn said(&self, row: &mail::Model, notice: Notice, language: Language) -> Result<Vec<(&'static str, String)>, NotSent> {
        if !matches!(notice, Notice::ConsentReceipt | Notice::RectificationAnswered | Notice::ComplaintAnswered) {
            return Ok(Vec::new());
        }
        let ask = ResolveNoticeRequest { person_id: row.person.to_string(), about_id: row.about.to_string() };
        let facts = self.notices.clone().resolve_notice(ask).await.map_err(|status| of_status(&status))?.into_inner();
        let at = facts.at.as_ref().map(|at| foundation::Timestamp::from_proto(at).to_string()).unwrap_or_default();
        let granted = match facts.decision() {
            case::Decision::Granted => true,
            case::Decision::Refused => false,
            // A receipt of a consent decides nothing; a case without a decision is not told.
            case::Decision::Open if notice == Notice::ConsentReceipt => false,
            case::Decision::Open => return Err(NotSent::Later("the case is not decided".into())),
        };
        let decision = match (language, granted) {
            (Language::Ru, true) => "удовлетворено",
            (Language::Ru, false) => "отказано",
            (Language::Kk, true) => "қанағаттандырылды",
            (Language::Kk, false) => "бас тартылды",
            (Language::En, true) => "granted",
            (Language::En, false) => "refused",
        };
        Ok(vec![
            ("at", at),
            ("version", facts.text_version),
            ("hash", facts.text_hash),
            ("decision", decision.to_owned()),
            ("reason", facts.reason),
        ])
    }

    async fn ticket(&self, row: &mail::Model, notice: Notice) -> Result<Mail, NotSent> {
        let key = self.keys.of::<Communication>(row.person, Purpose::Support).await.map_err(of_data)?;
        let found = match notice {
            Notice::TicketAnswered => tickets::answer_of(&self.db, row.person, row.about, &key).await,
            _ => tickets::received(&self.db, row.person, row.about, &key).await,
        };
        let about = found.map_err(of_data)?.ok_or(NotSent::Never("the ticket is gone"))?;
        let reader = match about.sender {
            Some(sender) => {
                Reader { address: sender.email, first_name: String::new(), language: sender.language, link_token: String::new() }
            }
            None => self.reader(row.person, None, Purpose::Support).await?,
        };
        let link = format!("{}{}", self.url, path(notice, &reader.link_token, row.about));
        let facts: [Fact<'_>; 2] = [("link", &link), ("answer", about.answer.trim())];
        let filled = self.texts.notice(notice, reader.language, &facts);
        Ok(self.mail(row, &reader, filled, Purpose::Support, notice.classes()))
    }

    async fn newsletter(&self, row: &mail::Model) -> Result<Mail, NotSent> {
        let (db, person) = (&self.db, row.person);
        let subscription = newsletter::active(db, person).await.map_err(of_data)?.ok_or(NotSent::Dropped("the subscription ended"))?;
        let issue = newsletter::issue(db, row.about).await.map_err(of_data)?.ok_or(NotSent::Never("the issue is gone"))?;
        let reader = self.reader(person, None, Purpose::Newsletter).await?;
        let token = newsletter::token_of(&self.keys, subscription).await.map_err(of_data)?;
        let unsubscribe = format!("{}/v1/newsletter/unsubscriptions/{token}", self.url);
        let (language, subject) = newsletter::subject_in(&issue, reader.language);
        let link = format!("{}/v1/newsletter/issues/{}?language={}", self.url, row.about, language.tag());
        let facts: [Fact<'_>; 2] = [("first_name", &reader.first_name), ("link", &link)];
        let text = self.texts.newsletter(reader.language, &unsubscribe, &facts).text;
        let way_out = unsubscribe.parse().map_err(|_| NotSent::Never("KOLSAI_URL is not the start of a link"))?;
        let mail = self.mail(row, &reader, Filled { subject, text }, Purpose::Newsletter, &[Class::Name, Class::Secret]);
        Ok(Mail { unsubscribe: Some(way_out), ..mail })
    }

    fn mail(&self, row: &mail::Model, reader: &Reader, filled: Filled, purpose: Purpose, classes: &[Class]) -> Mail {
        Mail {
            id: row.id.into(),
            to: reader.address.clone(),
            to_name: None,
            from: self.sender.clone(),
            subject: filled.subject,
            text: filled.text,
            unsubscribe: None,
            purpose,
            classes: classes.to_vec(),
            person: Some(row.person),
        }
    }

    /// Asked of identity each time: an address that was changed since is not written to any more.
    async fn reader(&self, person: PersonId, link: Option<Uuid>, purpose: Purpose) -> Result<Reader, NotSent> {
        let link_id = link.map(|link| link.to_string()).unwrap_or_default();
        let ask = ResolveForMailRequest { person_id: person.to_string(), link_id, purpose: purpose.into() };
        let contact: MailContact = self.contacts.clone().resolve_for_mail(ask).await.map_err(|status| of_status(&status))?.into_inner();
        if contact.email.is_empty() {
            return Err(NotSent::Never("the person has no address"));
        }
        if link.is_none() && !contact.confirmed {
            return Err(NotSent::Later("the address is not confirmed yet".into()));
        }
        let language = Language::read(&contact.language).unwrap_or_default();
        Ok(Reader { address: contact.email, first_name: contact.first_name, language, link_token: contact.link_token })
    }

    async fn course(&self, course: Uuid, language: Language) -> Result<String, NotSent> {
        let ask = GetCourseRequest { course_id: course.to_string(), language: language.tag().to_owned() };
        Ok(self.catalogue.clone().get_course(ask).await.map_err(|status| of_status(&status))?.into_inner().title)
    }
}

/// Where a notice leads, under the school's address: to a page that the school serves.
fn path(notice: Notice, token: &str, about: Uuid) -> String {
    match notice {
        Notice::Confirm => format!("/confirm?token={token}"),
        Notice::ResetPassword => format!("/reset?token={token}"),
        Notice::OrderPaid => format!("/my/orders/{about}"),
        Notice::Enrolled => format!("/my/courses/{about}"),
        // It is about the work that was answered.
        Notice::FeedbackGiven => format!("/my/works/{about}"),
        Notice::CertificateIssued => "/my/certificates".into(),
        Notice::ExceptionRecorded
        | Notice::ReviewOpened
        | Notice::ReviewOverdue
        | Notice::RequestNearlyDue
        | Notice::RequestOverdue
        | Notice::RectificationContradicted
        | Notice::AlreadyRegistered
        | Notice::TicketReceived
        | Notice::TicketAnswered
        | Notice::RestrictionInForce
        | Notice::RestrictionWillBeLifted
        | Notice::WithdrawalInForce
        | Notice::ConsentAgainInForce
        | Notice::ObjectionAnswered
        | Notice::ConsentReceipt
        | Notice::ConsentTextChanged
        | Notice::Rectified
        | Notice::RectificationAnswered
        | Notice::ComplaintAnswered => "/".into(),
    }
}

/// What a peer refused for good is not asked again; a restriction may be lifted, and an outage ends.
fn of_status(status: &Status) -> NotSent {
    let reason = reason_of(status).unwrap_or_default();
    match status.code() {
        Code::NotFound | Code::InvalidArgument => NotSent::Never("what the mail is about is gone"),
        Code::FailedPrecondition if reason == "CONSENT_WITHDRAWN" => NotSent::Dropped("consent was withdrawn"),
        Code::FailedPrecondition if reason != "PROCESSING_RESTRICTED" => NotSent::Never("what the mail is about is over"),
        code => NotSent::Later(format!("a service answered {code:?} {reason}")),
    }
}

pub(super) fn of_data(error: Error) -> NotSent {
    match error {
        Error::Erased | Error::NoSuchPerson => NotSent::Never("the person is gone"),
        Error::Withdrawn(_) => NotSent::Dropped("consent was withdrawn"),
        Error::DoesNotOpen { .. } => NotSent::Never("a value does not open"),
        error => NotSent::Later(error.to_string()),
    }
}
