//! What a verified token leaves in the cache, for identity's data map.

use contract::{Category, Purpose};
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

const fn revoked(store: &'static str, holds: &'static str) -> StoreMap {
    StoreMap {
        store,
        kind: StoreKind::Cache,
        holds,
        about: About::Personal { category: Category::Credentials, purposes: &[Purpose::Security], erase: OnErase::Delete },
        keep: "a quarter of an hour: longer than any access token lives",
        on_erase: "gone within a quarter of an hour; an erasure writes it itself, so that no token outlives it",
    }
}

/// For `Holds::keeps` of the service that notes them.
pub const REVOCATIONS: &[StoreMap] = &[
    revoked("revoked:", "random identifiers of sessions that have ended"),
    revoked("revoked-person:", "random identifiers of people whose every token has ended"),
    StoreMap {
        store: "revoked-mirror",
        kind: StoreKind::Cache,
        holds: "whether the cache holds every note of ended tokens",
        about: About::None("a random number, and for how long it stands"),
        keep: "a day at most",
        on_erase: "",
    },
];
