//! What a mail is: a notice, or a newsletter. Only the second can be unsubscribed from, and the types keep it so.

use contract::{Class, Purpose};

/// A notice about a person's own affairs. It carries no unsubscription, and none reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Notice {
    Confirm = 1,
    ResetPassword = 2,
    AlreadyRegistered = 3,
    OrderPaid = 4,
    Enrolled = 5,
    FeedbackGiven = 6,
    CertificateIssued = 7,
    TicketReceived = 8,
    TicketAnswered = 9,
    // How the person's own request stands.
    RestrictionInForce = 20,
    RestrictionWillBeLifted = 21,
    WithdrawalInForce = 22,
    ConsentAgainInForce = 23,
    ObjectionAnswered = 24,
    ConsentReceipt = 25,
    ConsentTextChanged = 26,
    Rectified = 27,
    RectificationAnswered = 28,
    ComplaintAnswered = 29,
    // Something waits at the privacy officer's desk.
    ExceptionRecorded = 40,
    ReviewOpened = 41,
    ReviewOverdue = 42,
    RequestNearlyDue = 43,
    RequestOverdue = 44,
    RectificationContradicted = 45,
}

/// A mail of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Notice(Notice),
    Newsletter,
}

const NEWSLETTER: i32 = 100;

impl Notice {
    pub const ALL: [Self; 25] = [
        Self::Confirm,
        Self::ResetPassword,
        Self::AlreadyRegistered,
        Self::OrderPaid,
        Self::Enrolled,
        Self::FeedbackGiven,
        Self::CertificateIssued,
        Self::TicketReceived,
        Self::TicketAnswered,
        Self::RestrictionInForce,
        Self::RestrictionWillBeLifted,
        Self::WithdrawalInForce,
        Self::ConsentAgainInForce,
        Self::ObjectionAnswered,
        Self::ConsentReceipt,
        Self::ConsentTextChanged,
        Self::Rectified,
        Self::RectificationAnswered,
        Self::ComplaintAnswered,
        Self::ExceptionRecorded,
        Self::ReviewOpened,
        Self::ReviewOverdue,
        Self::RequestNearlyDue,
        Self::RequestOverdue,
        Self::RectificationContradicted,
    ];

    /// The name of its text in `templates/`.
    pub fn template(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::ResetPassword => "reset_password",
            Self::AlreadyRegistered => "already_registered",
            Self::OrderPaid => "order_paid",
            Self::Enrolled => "enrolled",
            Self::FeedbackGiven => "feedback_given",
            Self::CertificateIssued => "certificate_issued",
            Self::TicketReceived => "ticket_received",
            Self::TicketAnswered => "ticket_answered",
            Self::RestrictionInForce => "restriction_in_force",
            Self::RestrictionWillBeLifted => "restriction_will_be_lifted",
            Self::WithdrawalInForce => "withdrawal_in_force",
            Self::ConsentAgainInForce => "consent_again_in_force",
            Self::ObjectionAnswered => "objection_answered",
            Self::ConsentReceipt => "consent_receipt",
            Self::ConsentTextChanged => "consent_text_changed",
            Self::Rectified => "rectified",
            Self::RectificationAnswered => "rectification_answered",
            Self::ComplaintAnswered => "complaint_answered",
            Self::ExceptionRecorded => "exception_recorded",
            Self::ReviewOpened => "review_opened",
            Self::ReviewOverdue => "review_overdue",
            Self::RequestNearlyDue => "request_nearly_due",
            Self::RequestOverdue => "request_overdue",
            Self::RectificationContradicted => "rectification_contradicted",
        }
    }

    /// What its text may be filled with.
    pub fn facts(self) -> &'static [&'static str] {
        match self {
            Self::Enrolled => &["school", "first_name", "link", "course"],
            Self::TicketReceived => &["school"],
            Self::TicketAnswered => &["school", "link", "answer"],
            Self::ConsentReceipt => &["school", "first_name", "link", "at", "version", "hash"],
            Self::RectificationAnswered | Self::ComplaintAnswered => &["school", "first_name", "link", "decision", "reason"],
            _ => &["school", "first_name", "link"],
        }
    }

    /// What of a person it tells the relay, beside the address.
    pub fn classes(self) -> &'static [Class] {
        match self {
            Self::Confirm | Self::ResetPassword => &[Class::Name, Class::Secret],
            Self::AlreadyRegistered
            | Self::RestrictionInForce
            | Self::RestrictionWillBeLifted
            | Self::WithdrawalInForce
            | Self::ConsentAgainInForce
            | Self::ObjectionAnswered
            | Self::ConsentReceipt
            | Self::ConsentTextChanged
            | Self::Rectified => &[Class::Name],
            Self::RectificationAnswered | Self::ComplaintAnswered => &[Class::Name, Class::FreeText],
            Self::OrderPaid => &[Class::Name, Class::Payment],
            Self::Enrolled | Self::FeedbackGiven | Self::CertificateIssued => &[Class::Name, Class::Learning],
            Self::TicketReceived => &[],
            Self::TicketAnswered => &[Class::FreeText],
            Self::ExceptionRecorded
            | Self::ReviewOpened
            | Self::ReviewOverdue
            | Self::RequestNearlyDue
            | Self::RequestOverdue
            | Self::RectificationContradicted => &[Class::Name],
        }
    }
}

impl Notice {
    /// Whether it tells a person how their own request stands: privacy is told when it has left.
    pub fn is_about_rights(self) -> bool {
        matches!(
            self,
            Self::RestrictionInForce
                | Self::RestrictionWillBeLifted
                | Self::WithdrawalInForce
                | Self::ConsentAgainInForce
                | Self::ObjectionAnswered
                | Self::ConsentReceipt
                | Self::ConsentTextChanged
                | Self::Rectified
                | Self::RectificationAnswered
                | Self::ComplaintAnswered
        )
    }
}

impl Kind {
    pub fn code(self) -> i32 {
        match self {
            Self::Notice(notice) => notice as i32,
            Self::Newsletter => NEWSLETTER,
        }
    }

    pub fn of_code(code: i32) -> Option<Self> {
        if code == NEWSLETTER {
            return Some(Self::Newsletter);
        }
        Notice::ALL.into_iter().find(|notice| *notice as i32 == code).map(Self::Notice)
    }

    pub fn purpose(self) -> Purpose {
        match self {
            Self::Notice(Notice::TicketReceived | Notice::TicketAnswered) => Purpose::Support,
            // Links are part of keeping an account: they reach a restricted person too, who may still sign in.
            Self::Notice(Notice::Confirm | Notice::ResetPassword | Notice::AlreadyRegistered) => Purpose::Account,
            // They reach a restricted person too, who is told of the restriction by them.
            Self::Notice(notice) if notice.is_about_rights() => Purpose::Rights,
            Self::Notice(_) => Purpose::ServiceNotice,
            Self::Newsletter => Purpose::Newsletter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back() {
        for kind in Notice::ALL.into_iter().map(Kind::Notice).chain([Kind::Newsletter]) {
            assert_eq!(Kind::of_code(kind.code()), Some(kind));
        }
        assert_eq!(Kind::of_code(0), None);
    }

    /// P14: only the newsletter has anything to do with its purpose, so ending that ends nothing else.
    #[test]
    fn no_notice_is_sent_as_a_newsletter() {
        assert!(Notice::ALL.into_iter().all(|notice| Kind::Notice(notice).purpose() != Purpose::Newsletter));
        assert!(Notice::ALL.into_iter().all(|notice| !notice.facts().contains(&"unsubscribe")));
    }

    #[test]
    fn everything_that_a_mail_tells_is_declared_for_the_relay() {
        for notice in Notice::ALL {
            let classes: Vec<_> = notice.classes().iter().copied().chain([Class::Email]).collect();
            assert!(egress::MAIL_RELAY.may_get(Kind::Notice(notice).purpose(), &classes), "{notice:?}");
        }
    }
}
