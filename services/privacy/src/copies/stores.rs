//! What a copy keeps while it is made.

use contract::{Category, Purpose};
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

/// See the spool.
pub const STORES: &[StoreMap] = &[StoreMap {
    store: "copies-in-the-making",
    kind: StoreKind::TemporaryFiles,
    holds: "rows of a copy until their class is written: a file without a name, sealed under a key that only the process has",
    about: About::Personal { category: Category::Rights, purposes: &[Purpose::Rights], erase: OnErase::Delete },
    keep: "while the copy is sent",
    on_erase: "gone with the process or the download that made it",
}];
