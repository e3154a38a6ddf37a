//! A service's map as one text, and the hash of it: what a report says it acted by, and what a database remembers.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{StoreMap, TableMap};

/// The whole map as JSON, sorted by name: the same map is the same text.
pub fn canonical(tables: &[&'static TableMap], stores: &[&'static StoreMap]) -> String {
    let mut tables: Vec<_> = tables.iter().map(|map| (map.table, table(map))).collect();
    tables.sort_by_key(|(name, _)| *name);
    let mut stores: Vec<_> = stores.iter().map(|map| (map.store, store(map))).collect();
    stores.sort_by_key(|(name, _)| *name);
    let values = |all: Vec<(&str, Value)>| all.into_iter().map(|(_, value)| value).collect::<Vec<_>>();
    json!({ "tables": values(tables), "stores": values(stores) }).to_string()
}

/// SHA-256 over the canonical form, in hex.
pub fn hash(tables: &[&'static TableMap], stores: &[&'static StoreMap]) -> String {
    hex::encode(Sha256::digest(canonical(tables, stores)))
}

fn table(map: &TableMap) -> Value {
    json!({
        "table": map.table,
        "category": map.category().map_or("", |category| category.as_str_name()),
        "purposes": map.purposes().iter().map(|purpose| purpose.as_str_name()).collect::<Vec<_>>(),
        "none": map.about.none(),
        "keep": map.keep(),
        "keep_at": map.keep.and_then(|keep| keep.at).map_or("", |at| at.column),
        "on_erase": map.on_erase(),
        "append_only": map.append_only,
        "columns": map.columns.iter().map(|c| json!({ "name": c.name, "word": c.word, "note": c.note })).collect::<Vec<_>>(),
    })
}

fn store(map: &StoreMap) -> Value {
    json!({
        "store": map.store,
        "kind": map.kind.name(),
        "holds": map.holds,
        "category": map.about.category().map_or("", |category| category.as_str_name()),
        "purposes": map.about.purposes().iter().map(|purpose| purpose.as_str_name()).collect::<Vec<_>>(),
        "none": map.about.none(),
        "keep": map.keep,
        "on_erase": map.on_erase,
    })
}
