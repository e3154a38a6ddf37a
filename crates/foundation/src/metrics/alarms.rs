//! Every alarm that the log may hold. A counter that begins to exist when it is first counted looks, to whoever watches increases, as if
//! nothing had happened: so each is counted from the start, at zero. A test compares the list with the code.

use super::{Label, all::ALARMS};

pub const KNOWN: &[&str] = &[
    "ACCESS_LOG_UNAVAILABLE",
    "BACKUP_FAILED",
    "BACKUP_OVERDUE",
    "CACHE_AWAY",
    "CALENDAR_GAP",
    "CARD_NUMBER",
    "CERTIFICATE_UNUSABLE",
    "CHAIN_BROKEN",
    "CONSENT_NOT_RECORDED",
    "DRIFT",
    "DUE_DATE_MOVED",
    "ERASURE_CONTRADICTED",
    "EXCEPTION_RECORDED",
    "HOLDER_SILENT",
    "KEY_STUCK",
    "PANIC",
    "PARTNER_PROTOCOL",
    "PARTNER_SIGNATURE",
    "PAYMENT_CONTRADICTION",
    "PAYMENT_OF_NOBODY",
    "PERSON_NOT_NAMED",
    "RECTIFICATION_CONTRADICTED",
    "REFRESH_TOKEN_REUSED",
    "REFUND_STUCK",
    "REQUEST_NEARLY_DUE",
    "REQUEST_OVERDUE",
    "RESTORED_WITHOUT_LEDGER",
    "RETENTION_OVERDUE",
    "REVIEW_OPENED",
    "REVIEW_OVERDUE",
    "SAME_NAME",
];

pub(super) fn begin() {
    for alarm in KNOWN {
        ALARMS.add(0, [Label::from(*alarm)]);
    }
}
