//! What communication does on others' events: it queues the mail that tells of them.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Event, Purpose,
    identity::v1::{LinkIssued, link_issued},
    learning::v1::{CertificateIssued, Enrolled, FeedbackGiven},
    payment::v1::OrderPaid,
    privacy::v1::{OfficerAlerted, PersonStateChanged, RightsNoticeDue, officer_alerted, rights_notice_due::Notice as Due},
};
use events::{Reaction, ReactionError, Reactor, reactor};
use foundation::{PersonId, uuid::Uuid};
use personal_data::{Db, Tx};

use crate::{
    mail::{self, Kind, Notice},
    newsletter,
};

/// Every reaction of this service.
pub(crate) fn all(db: &Db) -> Vec<Arc<dyn Reactor>> {
    let mut all = newsletter::on_registration(db);
    all.extend([
        reactor::<LinkIssued, _>(db, OnLinkIssued),
        reactor::<OrderPaid, _>(db, OnOrderPaid),
        reactor::<Enrolled, _>(db, OnEnrolled),
        reactor::<FeedbackGiven, _>(db, OnFeedbackGiven),
        reactor::<CertificateIssued, _>(db, OnCertificateIssued),
        reactor::<RightsNoticeDue, _>(db, OnRightsNoticeDue),
        reactor::<OfficerAlerted, _>(db, OnOfficerAlerted),
        reactor::<PersonStateChanged, _>(db, newsletter::EndOnWithdrawal),
    ]);
    all
}

/// Queues the notice about one thing to the person whom the event names.
async fn queue_in_tx<E: Event>(tx: &Tx, event: &E, notice: Notice, about: &str) -> Result<(), ReactionError> {
    let person = event.person().and_then(|person| person.parse::<PersonId>().ok());
    let person = person.ok_or(ReactionError::Poisoned("the event names nobody"))?;
    let about: Uuid = about.parse().map_err(|_| ReactionError::Poisoned("the event does not say what it is about"))?;
    Ok(mail::queue_in_tx(tx, person, Kind::Notice(notice), about).await?)
}

/// A mail with a link is due; the link itself is asked of identity when the mail is sent.
struct OnLinkIssued;

#[async_trait]
impl Reaction<LinkIssued> for OnLinkIssued {
    const NAME: &'static str = "communication.mail-link";
    const PURPOSE: Purpose = Purpose::Account;

    async fn react_in_tx(&self, tx: &Tx, issued: LinkIssued) -> Result<(), ReactionError> {
        let notice = match issued.kind() {
            link_issued::Kind::Confirm => Notice::Confirm,
            link_issued::Kind::ResetPassword => Notice::ResetPassword,
            link_issued::Kind::AlreadyRegistered => Notice::AlreadyRegistered,
            link_issued::Kind::Unspecified => return Err(ReactionError::Poisoned("a link of no kind")),
        };
        queue_in_tx(tx, &issued, notice, &issued.link_id).await
    }
}

/// Something waits at the privacy officer's desk.
struct OnOfficerAlerted;

#[async_trait]
impl Reaction<OfficerAlerted> for OnOfficerAlerted {
    const NAME: &'static str = "communication.mail-officer";
    const PURPOSE: Purpose = Purpose::ServiceNotice;

    async fn react_in_tx(&self, tx: &Tx, alerted: OfficerAlerted) -> Result<(), ReactionError> {
        let notice = match alerted.kind() {
            officer_alerted::Kind::ExceptionRecorded => Notice::ExceptionRecorded,
            officer_alerted::Kind::ReviewOpened => Notice::ReviewOpened,
            officer_alerted::Kind::ReviewOverdue => Notice::ReviewOverdue,
            officer_alerted::Kind::RequestNearlyDue => Notice::RequestNearlyDue,
            officer_alerted::Kind::RequestOverdue => Notice::RequestOverdue,
            officer_alerted::Kind::RectificationContradicted => Notice::RectificationContradicted,
            officer_alerted::Kind::Unspecified => return Err(ReactionError::Poisoned("an alert of no kind")),
        };
        queue_in_tx(tx, &alerted, notice, &alerted.alert_id).await
    }
}

/// A person's own request has come so far that they are told.
struct OnRightsNoticeDue;

#[async_trait]
impl Reaction<RightsNoticeDue> for OnRightsNoticeDue {
    const NAME: &'static str = "communication.mail-rights-notice";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, due: RightsNoticeDue) -> Result<(), ReactionError> {
        let notice = match due.notice() {
            Due::RestrictionInForce => Notice::RestrictionInForce,
            Due::RestrictionWillBeLifted => Notice::RestrictionWillBeLifted,
            Due::WithdrawalInForce => Notice::WithdrawalInForce,
            Due::ConsentAgainInForce => Notice::ConsentAgainInForce,
            Due::ObjectionAnswered => Notice::ObjectionAnswered,
            Due::ConsentReceipt => Notice::ConsentReceipt,
            Due::ConsentTextChanged => Notice::ConsentTextChanged,
            Due::Rectified => Notice::Rectified,
            Due::RectificationAnswered => Notice::RectificationAnswered,
            Due::ComplaintAnswered => Notice::ComplaintAnswered,
            _ => return Err(ReactionError::Poisoned("a notice of no kind")),
        };
        queue_in_tx(tx, &due, notice, &due.request_id).await
    }
}

/// Notices that an event of the learner's own brings: the reaction, its name, the notice, and what it is about.
macro_rules! notices {
    ($($reaction:ident on $event:ident as $name:literal: $notice:ident about $about:ident;)*) => {$(
        struct $reaction;

        #[async_trait]
        impl Reaction<$event> for $reaction {
            const NAME: &'static str = $name;
            const PURPOSE: Purpose = Purpose::ServiceNotice;

            async fn react_in_tx(&self, tx: &Tx, event: $event) -> Result<(), ReactionError> {
                if ["P11", "P13"].into_iter().any(foundation::sabotage::breaks) {
                    return Ok(());
                }
                queue_in_tx(tx, &event, Notice::$notice, &event.$about).await
            }
        }
    )*};
}

notices! {
    OnOrderPaid on OrderPaid as "communication.mail-payment": OrderPaid about order_id;
    OnEnrolled on Enrolled as "communication.mail-enrolment": Enrolled about course_id;
    OnFeedbackGiven on FeedbackGiven as "communication.mail-feedback": FeedbackGiven about submission_id;
    OnCertificateIssued on CertificateIssued as "communication.mail-certificate": CertificateIssued about certificate_id;
}
