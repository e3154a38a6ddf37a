//! What a copy says beside the rows: why each class is held, until when, what is withheld and why.

use contract::{Purpose, holder::v1::data_map::Store, purpose_terms};
use serde_json::{Value, json};

use super::{class::Class, words};

/// A place of a service beside its tables.
pub(super) struct Place {
    pub service: String,
    pub store: Store,
}

/// Category, purposes with their bases, retention and erasure of every class, also of those without rows, and of what is kept beside.
pub(super) fn processing(classes: &[Class], places: &[Place]) -> Value {
    let classes = classes.iter().filter(|class| class.map.none.is_empty()).map(|class| {
        json!({
            "service": class.service,
            "table": class.map.name,
            "title": class.label().to_json(),
            "rows": class.rows,
            "category": class.map.category,
            "category_title": words::category(&class.map.category).to_json(),
            "purposes": class.map.purposes.iter().map(|name| purpose(name)).collect::<Vec<_>>(),
            "columns": class.map.columns.iter().map(|column| json!({
                "name": column.name,
                "title": class.label_of(&column.name).to_json(),
            })).collect::<Vec<_>>(),
            "kept": class.map.keep,
            "on_erasure": class.map.on_erase,
        })
    });
    let places = places.iter().map(|Place { service, store }| {
        json!({
            "service": service,
            "place": store.name,
            "kind": store.kind,
            "holds": store.holds,
            "category": store.category,
            "purposes": store.purposes.iter().map(|name| purpose(name)).collect::<Vec<_>>(),
            "kept": store.keep,
            "on_erasure": store.on_erase,
            "nobody's": store.none,
        })
    });
    json!({ "classes": classes.collect::<Vec<_>>(), "beside_the_tables": places.collect::<Vec<_>>() })
}

fn purpose(name: &str) -> Value {
    let terms = Purpose::from_str_name(name).map(purpose_terms);
    json!({
        "purpose": name,
        "title": words::purpose(name).to_json(),
        "basis_kz": terms.map(|terms| terms.basis_kz.clone()),
        "basis_eu": terms.map(|terms| terms.basis_eu.clone()),
        "needs_consent": terms.is_some_and(|terms| terms.needs_consent),
    })
}

/// Something that is not in the copy, or not as it is kept.
pub(super) struct Withheld {
    /// `service.table`, with the column where it is one.
    pub place: String,
    pub label: words::Label,
    /// One of the kinds below.
    pub kind: &'static str,
    /// In the code's own words.
    pub note: String,
}

/// Kinds of withholding; each has its sentence in the words of the page.
pub(super) const SECRET: &str = "withheld_secret";
pub(super) const OTHER: &str = "withheld_other";
pub(super) const LOCKED: &str = "withheld_locked";
pub(super) const NOBODY: &str = "withheld_nobody";
pub(super) const KEY: &str = "withheld_key";

/// What is withheld of these classes, and what is nobody's.
pub(super) fn withheld(classes: &[Class]) -> Vec<Withheld> {
    let mut withheld = Vec::new();
    for class in classes {
        let place = format!("{}.{}", class.service, class.map.name);
        if !class.map.none.is_empty() {
            withheld.push(Withheld { label: class.label(), kind: NOBODY, note: class.map.none.clone(), place });
            continue;
        }
        if let Some(law) = class.map.on_erase.strip_prefix("locked: ") {
            withheld.push(Withheld { place: place.clone(), label: class.label(), kind: LOCKED, note: law.to_owned() });
        }
        for column in &class.map.columns {
            let is = |word: &str| column.word.split(' ').any(|w| w.starts_with(word));
            let kind = if is("secret") || is("blind_index") {
                SECRET
            } else if is("other_person") {
                OTHER
            } else {
                continue;
            };
            let label = class.label_of(&column.name);
            withheld.push(Withheld { place: format!("{place}.{}", column.name), label, kind, note: column.note.clone() });
        }
    }
    withheld.push(Withheld { place: "keyring".into(), label: words::page("key"), kind: KEY, note: String::new() });
    withheld
}

pub(super) fn withheld_json(withheld: &[Withheld]) -> Value {
    let items = withheld.iter().map(
        |item| json!({ "place": item.place, "title": item.label.to_json(), "why": words::page(item.kind).to_json(), "note": item.note }),
    );
    Value::Array(items.collect())
}
