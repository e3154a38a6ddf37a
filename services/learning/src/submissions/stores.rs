//! The rooms of the object store, for the data map.

use contract::{Category, Purpose};
use objects::Prefix;
use personal_data::map::{About, OnErase, StoreKind, StoreMap};

const ABOUT: About =
    About::Personal { category: Category::Learning, purposes: &[Purpose::Education, Purpose::Rights], erase: OnErase::Delete };

/// One for each room.
pub const STORES: &[StoreMap] = &[
    StoreMap {
        store: Prefix::Incoming.as_str(),
        kind: StoreKind::Objects,
        holds: "photographs as they were just sent, until they are taken in: the only objects that are not sealed",
        about: ABOUT,
        keep: "a day, or until it is taken in",
        on_erase: "removed, and everything that may have been made of it",
    },
    StoreMap {
        store: Prefix::Originals.as_str(),
        kind: StoreKind::Objects,
        holds: "photographs as they were sent in, without metadata, sealed under their owner's key",
        about: ABOUT,
        keep: "as long as the row of the submission",
        on_erase: "removed, all versions; what cannot be removed stays sealed under a destroyed key",
    },
    StoreMap {
        store: Prefix::Renditions.as_str(),
        kind: StoreKind::Objects,
        holds: "smaller pictures made of an original, sealed under their owner's key",
        about: ABOUT,
        keep: "as long as the row of the submission",
        on_erase: "removed, all versions; what cannot be removed stays sealed under a destroyed key",
    },
];
