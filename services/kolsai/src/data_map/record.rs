//! The record of processing: an activity per purpose, with everything that GDPR art. 30(1) and 94-V ask for.

use std::{collections::BTreeSet, fmt::Write};

use contract::{Purpose, purpose_terms};
use egress::{RECIPIENTS, Recipient};
use personal_data::{Holds, map::TableMap};

use super::{
    Controller,
    list::{joined, kinds},
    personal,
    words::Words,
};

/// Where the data is stored by law (94-V art. 12).
const HOME: &str = "KZ";

pub fn print(holds: &[Holds], controller: &Controller, words: &Words) -> String {
    let mut text = format!("# {}\n\n", words.heading("record"));
    for (heading, value) in [("controller", &controller.name), ("bin", &controller.bin), ("contact", &controller.contact)] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "- {}: {value}", words.heading(heading));
    }
    let _ = writeln!(text, "\n## {}\n", words.heading("measures"));
    for measure in &words.measures {
        let _ = writeln!(text, "- {measure}");
    }
    let all = personal(holds);
    let purposes: BTreeSet<Purpose> = all.iter().flat_map(|(_, map)| map.purposes()).copied().collect();
    for purpose in purposes {
        let tables: Vec<_> = all.iter().filter(|(_, map)| map.purposes().contains(&purpose)).collect();
        let maps: Vec<&TableMap> = tables.iter().map(|(_, map)| *map).collect();
        let categories: BTreeSet<_> = maps.iter().filter_map(|map| map.category()).collect();
        let recipients: Vec<_> =
            RECIPIENTS.iter().filter(|to| to.allows.iter().any(|allowed| allowed.purpose == purpose)).copied().collect();
        let terms = purpose_terms(purpose);
        let _ = writeln!(text, "\n## {}\n", words.purpose(purpose));
        let mut line = |heading: &str, value: String| {
            let _ = writeln!(text, "- {}: {value}", words.heading(heading));
        };
        line("bases", format!("{}; {}", words.basis(&terms.basis_kz), terms.basis_eu));
        line("people", joined(categories.iter().map(|category| words.people(*category).to_owned())));
        line("categories", joined(categories.iter().map(|category| words.category(*category).to_owned())));
        line("data", joined(maps.iter().flat_map(|map| kinds(map, words))));
        line("recipients", or_none(joined(recipients.iter().map(|to| received(to, purpose, words))), words));
        let abroad = recipients.iter().filter(|to| to.country != HOME).map(|to| format!("{}: {}", words.recipient(to.name), to.country));
        line("transfers", or_none(joined(abroad), words));
        line("terms", joined(maps.iter().filter_map(|map| map.keep.as_ref().map(|keep| format!("{}: {}", map.table, words.keep(keep))))));
        line("places", joined(tables.iter().map(|(service, map)| format!("{service}.{}", map.table))));
    }
    text
}

fn received(to: &Recipient, purpose: Purpose, words: &Words) -> String {
    let classes = to.allows.iter().filter(|allowed| allowed.purpose == purpose).flat_map(|allowed| allowed.classes);
    let classes: Vec<_> = classes.map(|class| class.as_str_name()).collect();
    format!("{} ({}): {}", words.recipient(to.name), to.country, classes.join(", "))
}

fn or_none(text: String, words: &Words) -> String {
    if text.is_empty() { words.heading("none").to_owned() } else { text }
}
