//! What backups keep outside of the services' databases: rows of the data map.

use personal_data::map::{About, StoreKind, StoreMap};

use crate::ledger;

pub const STORES: &[StoreMap] = &[
    StoreMap {
        store: "erasure-ledger",
        kind: StoreKind::Ledger,
        holds: "whom erasures were about, so that a restore erases them again",
        about: About::None(ledger::MAP),
        keep: "not limited, like every tombstone",
        on_erase: "",
    },
    StoreMap {
        store: "backups",
        kind: StoreKind::Outside,
        holds: "encrypted copies of the databases and the sealed objects; apart, the keyring, for 14 days at most",
        about: About::None("encrypted to keys that are not where it is written; erasures are repeated after every restore"),
        keep: "until the day that the catalogue names for each",
        on_erase: "",
    },
];
