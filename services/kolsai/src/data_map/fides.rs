//! Fides datasets (the language of PyPI's `fideslang`): a dataset per service, a collection per table or store, a field per column.
//! Categories are those of its default taxonomy.

use std::fmt::Write;

use contract::Category;
use personal_data::{
    Holds,
    map::{ColumnMap, StoreMap, TableMap},
};

/// What is nobody's.
const OPERATIONS: &str = "system.operations";

pub fn print(holds: &[Holds]) -> String {
    let mut yaml = Yaml::default();
    yaml.line(0, "dataset:");
    for service in holds {
        yaml.line(0, &format!("- fides_key: {}", quoted(&format!("kolsai_{}", service.service()))));
        yaml.line(1, "organization_fides_key: \"default_organization\"");
        yaml.line(1, &format!("name: {}", quoted(service.service())));
        yaml.line(1, &format!("description: {}", quoted(&format!("what the service `{}` declares that it holds", service.service()))));
        yaml.line(1, "meta:");
        yaml.line(2, &format!("map_hash: {}", quoted(&service.map_hash())));
        yaml.line(1, "collections:");
        for map in service.maps() {
            table(&mut yaml, map);
        }
        for map in service.stores() {
            store(&mut yaml, map);
        }
    }
    yaml.0
}

fn table(yaml: &mut Yaml, map: &TableMap) {
    let about = match map.category() {
        None => format!("no personal data: {}", map.about.none()),
        Some(_) => {
            let purposes: Vec<_> = map.purposes().iter().map(|purpose| purpose.as_str_name()).collect();
            format!("for {}; kept {}; on erasure {}", purposes.join(", "), map.keep(), map.on_erase())
        }
    };
    yaml.line(1, &format!("- name: {}", quoted(map.table)));
    yaml.line(2, &format!("description: {}", quoted(&about)));
    yaml.line(2, &format!("data_categories: [{}]", quoted(of_category(map.category()))));
    yaml.line(2, "fields:");
    for column in map.columns {
        yaml.line(2, &format!("- name: {}", quoted(column.name)));
        let note = if column.note.is_empty() { column.word.to_owned() } else { format!("{}: {}", column.word, column.note) };
        yaml.line(3, &format!("description: {}", quoted(&note)));
        let kind = if map.category().is_some() { of_column(column, map.category()) } else { OPERATIONS };
        yaml.line(3, &format!("data_categories: [{}]", quoted(kind)));
        if column.says("key") {
            yaml.line(3, "fides_meta:");
            yaml.line(4, "primary_key: true");
        }
    }
}

fn store(yaml: &mut Yaml, map: &StoreMap) {
    let about = match map.about.category() {
        None => format!("{}, no personal data: {}; kept {}", map.kind, map.about.none(), map.keep),
        Some(_) => format!("{}; kept {}; on erasure {}", map.kind, map.keep, map.on_erase),
    };
    let category = of_category(map.about.category());
    // A store may be called like a table, and names are unique here.
    yaml.line(1, &format!("- name: {}", quoted(&format!("{} ({})", map.store.trim_end_matches(':'), map.kind))));
    yaml.line(2, &format!("description: {}", quoted(&about)));
    yaml.line(2, &format!("data_categories: [{}]", quoted(category)));
    yaml.line(2, "fields:");
    yaml.line(2, "- name: \"content\"");
    yaml.line(3, &format!("description: {}", quoted(map.holds)));
    yaml.line(3, &format!("data_categories: [{}]", quoted(category)));
}

fn of_category(category: Option<Category>) -> &'static str {
    match category {
        None | Some(Category::Unspecified) => OPERATIONS,
        Some(Category::Account) => "user.account",
        Some(Category::Credentials) => "user.authorization.credentials",
        Some(Category::Learning | Category::Certificate) => "user.content",
        Some(Category::Payment | Category::LockedPayment) => "user.financial",
        Some(Category::Communication) => "user.content.private",
        Some(Category::Rights) => "user.privacy_preferences",
    }
}

fn of_column(column: &ColumnMap, category: Option<Category>) -> &'static str {
    let says = |word: &str| column.says(word);
    match column.name {
        "first_name" => return "user.name.first",
        "last_name" => return "user.name.last",
        _ => {}
    }
    if says("owner") || says("other_person") || says("tombstone") {
        "user.unique_id"
    } else if says("name") {
        "user.name"
    } else if says("email") {
        "user.contact.email"
    } else if says("phone") {
        "user.contact.phone_number"
    } else if says("blind_index") {
        "user.unique_id.pseudonymous"
    } else if says("profile") {
        "user.demographic"
    } else if says("secret") {
        "user.authorization.credentials"
    } else if says("free_text") || says("object") || says("document") {
        "user.content.private"
    } else if says("version") || says("link") || says("key") {
        OPERATIONS
    } else {
        of_category(category)
    }
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[derive(Default)]
struct Yaml(String);

impl Yaml {
    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{:depth$}{text}", "", depth = depth * 2);
    }
}
