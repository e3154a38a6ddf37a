//! What identity keeps beside its tables.

use contract::{Category, Purpose};
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

/// See [`crate::throttle`].
pub const STORES: &[StoreMap] = &[StoreMap {
    store: "identity:",
    kind: StoreKind::Cache,
    holds: "how often an address was tried, under a keyed hash of it: the cache never sees an address",
    about: About::Personal { category: Category::Credentials, purposes: &[Purpose::Security], erase: OnErase::Delete },
    keep: "an hour at most",
    on_erase: "gone within an hour by itself",
}];
