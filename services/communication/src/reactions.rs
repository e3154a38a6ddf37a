//! What communication does on others' events: it queues the mail that tells of them.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Event, Purpose,
    identity::v1::{LinkIssued, link_issued},
    learning::v1::{CertificateIssued, Enrolled, FeedbackGiven},
    payment::v1::OrderPaid,
};
use events::{Reaction, ReactionError, Reactor, reactor};
use foundation::{PersonId, uuid::Uuid};
use personal_data::{Db, Tx};

use crate::mail::{self, Kind, Notice};

/// Every reaction of this service.
pub(crate) fn all(db: &Db) -> Vec<Arc<dyn Reactor>> {
    vec![
        reactor::<LinkIssued, _>(db, OnLinkIssued),
        reactor::<OrderPaid, _>(db, OnOrderPaid),
        reactor::<Enrolled, _>(db, OnEnrolled),
        reactor::<FeedbackGiven, _>(db, OnFeedbackGiven),
        reactor::<CertificateIssued, _>(db, OnCertificateIssued),
    ]
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
    OnFeedbackGiven on FeedbackGiven as "communication.mail-feedback": FeedbackGiven about feedback_id;
    OnCertificateIssued on CertificateIssued as "communication.mail-certificate": CertificateIssued about certificate_id;
}
