//! `tests/faults.toml`: every name, and whether the walk passes it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the walk passes says so; anything else says why not yet.
const WALKED: &str = "walk";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct List {
    /// Each has a failpoint before and one after its commit.
    pub transactions: BTreeMap<String, String>,
    /// Points that stand by themselves.
    pub points: BTreeMap<String, String>,
    /// Names that stand in more places than one, and how many.
    pub shared: BTreeMap<String, usize>,
    /// By file, with the expression: where a transaction's name comes from when it is not written where it begins.
    pub through: BTreeMap<String, BTreeMap<String, String>>,
    /// Texts that look like the name of a transaction.
    pub no_transactions: BTreeMap<String, String>,
}

impl List {
    pub fn read() -> Self {
        let path = super::sources::root().join("tests/faults.toml");
        let text = std::fs::read_to_string(&path).expect("tests/faults.toml");
        toml::from_str(&text).unwrap_or_else(|error| panic!("tests/faults.toml: {error}"))
    }

    /// Every point that the walk is said to pass.
    pub fn walked(&self) -> Vec<String> {
        let transactions = self.transactions.iter().filter(|(_, how)| *how == WALKED);
        let both = transactions.flat_map(|(name, _)| ["before-commit", "after-commit"].map(|point| format!("{name}.{point}")));
        both.chain(self.points.iter().filter(|(_, how)| *how == WALKED).map(|(name, _)| name.clone())).collect()
    }
}
