//! What communication keeps beside its tables.

use contract::{Category, Purpose};
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

/// See [`crate::tickets`].
pub const STORES: &[StoreMap] = &[StoreMap {
    store: "communication:contact:",
    kind: StoreKind::Cache,
    holds: "how often an address used the contact form, under a keyed hash of it: the cache never sees an address",
    about: About::Personal { category: Category::Communication, purposes: &[Purpose::Support], erase: OnErase::Delete },
    keep: "an hour at most",
    on_erase: "gone within an hour by itself",
}];
