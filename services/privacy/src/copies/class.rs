//! One class of a person's data: a table of a service, or a list that privacy itself makes.

use contract::holder::v1::data_map::{Column, Table};
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Value, json};

use super::{
    spool::Mark,
    words::{self, Label},
};

/// A class, and where its rows are kept until they are written.
pub(super) struct Class {
    pub service: String,
    pub map: Table,
    pub rows: u64,
    pub from: Option<Mark>,
}

impl Class {
    pub fn new(service: &str, map: Table) -> Self {
        Self { service: service.to_owned(), map, rows: 0, from: None }
    }

    /// A list out of messages of the contract, one row each.
    pub fn of_messages(name: &str, message: &MessageDescriptor) -> Self {
        let columns = message.fields().map(|field| {
            let word = match field.kind() {
                Kind::Message(of) if of.full_name() == "google.protobuf.Timestamp" => "time",
                Kind::Bool => "measure",
                _ => "plain",
            };
            Column { name: field.name().to_owned(), word: word.into(), note: String::new() }
        });
        let map = Table {
            name: name.to_owned(),
            category: "RIGHTS".into(),
            purposes: vec!["RIGHTS".into()],
            columns: columns.collect(),
            ..Table::default()
        };
        Self::new("privacy", map)
    }

    /// Where its files are, without their endings.
    pub fn path(&self) -> String {
        format!("{}/{}", self.service, self.map.name)
    }

    /// Where a row's file is.
    pub fn file(&self, name: &str) -> String {
        format!("{}/files/{}", self.service, super::names::path(name))
    }

    pub fn label(&self) -> Label {
        words::table(&self.service, &self.map.name)
    }

    pub fn label_of(&self, column: &str) -> Label {
        words::column(&self.service, &self.map.name, column)
    }

    /// JSON Schema (2020-12) of one row: a line of its JSON Lines.
    pub fn schema(&self) -> Value {
        let properties: serde_json::Map<_, _> =
            self.map.columns.iter().map(|column| (column.name.clone(), self.property(column))).collect();
        let required: Vec<_> = self.map.columns.iter().map(|column| column.name.as_str()).collect();
        let label = self.label();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:kolsai:copy:{}:{}", self.service, self.map.name),
            "title": label.en,
            "x-title": label.to_json(),
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    fn property(&self, column: &Column) -> Value {
        let label = self.label_of(&column.name);
        let mut property = json!({ "title": label.en, "x-title": label.to_json(), "x-word": column.word });
        let is = |word: &str| column.word.split(' ').any(|w| w == word);
        let form = if is("secret") || is("blind_index") {
            json!({ "const": personal_data::holder::WITHHELD })
        } else if is("time") {
            json!({ "type": ["string", "null"], "format": "date-time" })
        } else if is("key") || is("owner") || is("link") {
            json!({ "type": ["string", "null"] })
        } else if is("version") || is("code") {
            json!({ "type": ["integer", "null"] })
        } else if is("measure") {
            json!({ "type": ["number", "boolean", "null"] })
        } else if is("object") {
            json!({ "type": ["string", "null"], "description": format!("a file below {}/files/", self.service) })
        } else if is("other_person") {
            json!({ "type": ["string", "null"], "description": "another person, by their role" })
        } else if ["name", "email", "phone", "free_text"].into_iter().any(is) {
            json!({ "type": ["string", "null"] })
        } else {
            // Documents, results and profiles have a form of their own; what is in the clear says what it is.
            json!({ "type": ["string", "number", "boolean", "object", "array", "null"] })
        };
        if let (Some(property), Value::Object(form)) = (property.as_object_mut(), form) {
            property.extend(form);
            if !column.note.is_empty() {
                property.entry("description").or_insert_with(|| column.note.clone().into());
            }
        }
        property
    }
}
