//! Where a request does not fit its type: the field and what belongs there, never what was sent.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde::de::DeserializeSeed;
use serde_json::{Map, Value};

/// So many are told at once.
const MOST_FAULTS: usize = 20;
/// A name of a field that is longer than this is not repeated.
const LONGEST_NAME: usize = 64;

/// One field that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Proto names, joined by dots: `profile.first_name`, `consents[2].purpose`.
    pub(crate) field: String,
    pub(crate) description: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }

    /// A name that the message does not have. It is repeated only when it looks like a name, for it could be anything.
    pub(crate) fn unknown(prefix: &str, name: &str) -> Self {
        let is_name = name.len() <= LONGEST_NAME && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        Self::new(join(prefix, if is_name { name } else { "?" }), "there is no such field here")
    }
}

/// A field by its proto name or its JSON name, as canonical JSON allows both.
pub(crate) fn field_of(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name))
}

/// Whether a message has a JSON form of its own, which is not an object of its fields.
pub(crate) fn is_well_known(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.protobuf.")
}

/// Everything in the object that the message's type does not allow.
pub(crate) fn faults_in(message: &MessageDescriptor, object: &Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    in_object(message, object, "", &mut faults);
    if faults.is_empty() {
        // Each field alone is in order: only together they are not.
        faults.push(Fault::new("", "two fields are given of which only one may be given"));
    }
    faults.truncate(MOST_FAULTS);
    faults
}

fn in_object(message: &MessageDescriptor, object: &Map<String, Value>, prefix: &str, faults: &mut Vec<Fault>) {
    for (name, value) in object {
        let Some(field) = field_of(message, name) else {
            faults.push(Fault::unknown(prefix, name));
            continue;
        };
        let path = join(prefix, field.name());
        match value {
            Value::Null => {}
            Value::Array(list) if field.is_list() => {
                for (index, element) in list.iter().enumerate() {
                    in_value(&field, element, &format!("{path}[{index}]"), Value::Array(vec![element.clone()]), faults);
                }
            }
            _ if field.is_list() => faults.push(Fault::new(path, "this is a list")),
            Value::Object(map) if field.is_map() => {
                for (key, element) in map {
                    // Keys of a map are the caller's words: they are not repeated.
                    in_value(
                        &field,
                        element,
                        &format!("{path}[…]"),
                        Value::Object(Map::from_iter([(key.clone(), element.clone())])),
                        faults,
                    );
                }
            }
            _ if field.is_map() => faults.push(Fault::new(path, "this is an object of keys and values")),
            value => in_value(&field, value, &path, value.clone(), faults),
        }
        if faults.len() >= MOST_FAULTS {
            return;
        }
    }
}

/// One value of a field; `alone` is the field's whole value if this were all of it.
fn in_value(field: &FieldDescriptor, value: &Value, path: &str, alone: Value, faults: &mut Vec<Fault>) {
    match (field.kind(), value) {
        (Kind::Message(message), Value::Object(object)) if !is_well_known(&message) && !field.is_map() => {
            in_object(&message, object, path, faults)
        }
        (kind, _) => {
            let object = Value::Object(Map::from_iter([(field.json_name().to_owned(), alone)]));
            if read(field.parent_message(), &object).is_err() {
                faults.push(Fault::new(path, expected(&kind)));
            }
        }
    }
}

/// Reads canonical JSON.
pub(crate) fn read(message: &MessageDescriptor, json: &Value) -> Result<DynamicMessage, serde_json::Error> {
    message.clone().deserialize(json)
}

/// What belongs into a field of this kind.
pub(crate) fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Double | Kind::Float => "this is a number".into(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "this is a whole number of 32 bits".into(),
        Kind::Uint32 | Kind::Fixed32 => "this is a whole number of 32 bits, not below zero".into(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "this is a whole number of 64 bits, best written as a string".into(),
        Kind::Uint64 | Kind::Fixed64 => "this is a whole number of 64 bits, not below zero, best written as a string".into(),
        Kind::Bool => "this is `true` or `false`".into(),
        Kind::String => "this is a string".into(),
        Kind::Bytes => "this is a string in base64".into(),
        Kind::Enum(names) => {
            format!("this is one of: {}", names.values().map(|value| value.name().to_owned()).collect::<Vec<_>>().join(", "))
        }
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => "this is a time as RFC 3339 writes it: `2026-11-22T10:00:00Z`".into(),
            "google.protobuf.Duration" => "this is a span of seconds: `3.5s`".into(),
            "google.protobuf.FieldMask" => "this is a string of field names, joined by commas".into(),
            _ => "this is an object".into(),
        },
    }
}

pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(json: Value) -> Vec<String> {
        let message = contract::pool().get_message_by_name("kolsai.identity.v1.RegisterRequest").unwrap();
        let Value::Object(object) = json else { panic!("an object") };
        faults_in(&message, &object).into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn faults_are_named_by_their_place() {
        let found = fields(json!({
            "firstName": "Aigul",
            "email": 7,
            "age_bracket": "ANCIENT",
            "consents": [{ "purpose": "ACCOUNT" }, { "purpose": 1.5, "colour": "red" }],
            "surprise": true,
        }));
        assert_eq!(found, ["email", "age_bracket", "consents[1].purpose", "consents[1].colour", "surprise"]);
        assert_eq!(fields(json!({ "consents": {} })), ["consents"]);
        assert_eq!(fields(json!({ "consents": ["x"] })), ["consents[0]"]);
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        let message = contract::pool().get_message_by_name("kolsai.identity.v1.RegisterRequest").unwrap();
        let Value::Object(object) = json!({ "email": ["aigul@example.kz"], "aigul@example.kz": 1 }) else { panic!("an object") };
        for fault in faults_in(&message, &object) {
            assert!(!format!("{fault:?}").contains("aigul"));
        }
    }
}
