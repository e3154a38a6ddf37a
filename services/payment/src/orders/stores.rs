//! What the partner keeps for an order that is still open, for the data map.

use contract::{Category, Purpose};
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

/// See [`super::rows`].
pub const STORES: &[StoreMap] = &[StoreMap {
    store: "payments-at-the-partner",
    kind: StoreKind::Outside,
    holds: "payments that the partner has opened for us: a sum and an order, nobody's name",
    about: About::Personal { category: Category::Payment, purposes: &[Purpose::Payment, Purpose::Rights], erase: OnErase::Delete },
    keep: "while the order is open",
    on_erase: "cancelled at the partner; what was paid is the partner's own to keep",
}];
