//! What events keep beside the tables, for the data map.

use personal_data::map::{About, StoreKind, StoreMap};

/// For `Holds::keeps`, beside [`crate::Tables`].
pub const STORES: &[StoreMap] = &[StoreMap {
    store: "parked-events",
    kind: StoreKind::SetAside,
    holds: "events that a reaction could not take, and those held while a person is restricted; in the table `parked`",
    about: About::None("identifiers only, by the contract: an event with a personal field does not build"),
    keep: "until it is replayed, or its person is erased",
    on_erase: "",
}];
