//! Mails as files, for the data map of the service that sends them.

use contract::{Category, Purpose};
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

/// For `Holds::keeps`: what columns that say `object = "mail"` name.
pub const MAIL_FILES: &[StoreMap] = &[StoreMap {
    store: "mail",
    kind: StoreKind::MailFiles,
    holds: "mails as files, in development only: a relay keeps nothing for us",
    about: About::Personal {
        category: Category::Communication,
        purposes: &[Purpose::Account, Purpose::ServiceNotice, Purpose::Newsletter, Purpose::Support, Purpose::Rights],
        erase: OnErase::Delete,
    },
    keep: "as long as the row of the mail",
    on_erase: "removed, unfinished files too",
}];
