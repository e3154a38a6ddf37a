//! The approved list of personal data: per category what it is, whose, what for, on which basis, for how long.

use std::{collections::BTreeSet, fmt::Write};

use contract::{Category, purpose_terms};
use personal_data::{Holds, map::TableMap};

use super::{Controller, personal, words::Words};

pub fn print(holds: &[Holds], controller: &Controller, words: &Words) -> String {
    let mut text = format!(
        "# {}\n\n{}\n\n{}: {}, {} {}\n",
        words.heading("list"),
        words.heading("list_preamble"),
        words.heading("controller"),
        controller.name,
        words.heading("bin"),
        controller.bin
    );
    let all = personal(holds);
    let categories: BTreeSet<i32> = all.iter().filter_map(|(_, map)| map.category()).map(i32::from).collect();
    for category in categories.into_iter().filter_map(|code| Category::try_from(code).ok()) {
        let tables: Vec<_> = all.iter().filter(|(_, map)| map.category() == Some(category)).collect();
        let maps: Vec<&TableMap> = tables.iter().map(|(_, map)| *map).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n## {}\n", words.category(category));
        let mut line = |heading: &str, value: String| {
            let _ = writeln!(text, "- {}: {value}", words.heading(heading));
        };
        line("people", words.people(category).to_owned());
        line("data", joined(maps.iter().flat_map(|map| kinds(map, words))));
        let purposes: BTreeSet<_> = maps.iter().flat_map(|map| map.purposes()).copied().collect();
        line("purposes", joined(purposes.iter().map(|purpose| words.purpose(*purpose).to_owned())));
        line("bases", joined(purposes.iter().map(|purpose| words.basis(&purpose_terms(*purpose).basis_kz))));
        line("terms", joined(maps.iter().filter_map(|map| map.keep.as_ref()).map(|keep| words.keep(keep))));
        line("on_erasure", joined(maps.iter().map(|map| on_erasure(map, words))));
        line("places", joined(tables.iter().map(|(service, map)| format!("{service}.{}", map.table))));
    }
    text
}

/// Each once, in the order in which they come.
pub(super) fn joined(all: impl IntoIterator<Item = String>) -> String {
    let (mut seen, mut each) = (BTreeSet::new(), Vec::new());
    for one in all {
        if seen.insert(one.clone()) {
            each.push(one);
        }
    }
    each.join("; ")
}

pub(super) fn kinds(map: &TableMap, words: &Words) -> Vec<String> {
    let said = map.columns.iter().flat_map(|column| column.word.split(' '));
    said.filter_map(|word| words.kind(word)).map(str::to_owned).collect()
}

fn on_erasure(map: &TableMap, words: &Words) -> String {
    match map.law() {
        Some(law) => format!("{}: {law}", words.heading("locked")),
        None => words.heading("deleted").to_owned(),
    }
}
