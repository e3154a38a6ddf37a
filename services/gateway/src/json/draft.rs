//! A request in the making: canonical JSON, into which path and query are put field by field.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::fault::{Fault, expected, faults_in, field_of, is_well_known, read};

/// No route needs more, and deeper nesting would only serve to exhaust the reader.
const DEEPEST: usize = 16;

/// A JSON object of a message's type. Its fields stand under their JSON names.
#[derive(Debug)]
pub(crate) struct Draft<'m> {
    message: &'m MessageDescriptor,
    object: Map<String, Value>,
}

impl<'m> Draft<'m> {
    pub(crate) fn new(message: &'m MessageDescriptor, object: Map<String, Value>) -> Self {
        Self { message, object }
    }

    /// Sets a top-level field.
    pub(crate) fn set(&mut self, field: &FieldDescriptor, value: Value) {
        self.object.remove(field.name());
        self.object.insert(field.json_name().to_owned(), value);
    }

    /// Puts a text from a path: it stands for whatever the body says there.
    pub(crate) fn put_path(&mut self, path: &str, text: &str) -> Result<(), Fault> {
        let (object, field) = self.place(path)?;
        let value = value_of(&field, path, text)?;
        object.insert(field.json_name().to_owned(), value);
        Ok(())
    }

    /// Puts a text from the query: a repeated field takes all of them, any other one only.
    pub(crate) fn put_query(&mut self, path: &str, text: &str) -> Result<(), Fault> {
        let (object, field) = self.place(path)?;
        let value = value_of(&field, path, text)?;
        let slot = object.entry(field.json_name().to_owned());
        match (field.is_list(), slot) {
            (true, slot) => match slot.or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.push(value),
                _ => return Err(Fault::new(path, "this is a list")),
            },
            (false, serde_json::map::Entry::Vacant(slot)) => drop(slot.insert(value)),
            (false, serde_json::map::Entry::Occupied(_)) => return Err(Fault::new(path, "this may be given once")),
        }
        Ok(())
    }

    /// The object in which a field path ends, and the field there. Objects on the way are made.
    fn place(&mut self, path: &str) -> Result<(&mut Map<String, Value>, FieldDescriptor), Fault> {
        let mut names: Vec<&str> = path.split('.').collect();
        let last = names.pop().unwrap_or_default();
        if names.len() >= DEEPEST {
            return Err(Fault::new("", "the name of a query parameter is nested too deeply"));
        }
        let (mut message, mut object) = (self.message.clone(), &mut self.object);
        for name in names {
            let field = field_of(&message, name).ok_or_else(|| Fault::unknown("", path))?;
            let inner = match field.kind() {
                Kind::Message(inner) if !field.is_list() && !field.is_map() && !is_well_known(&inner) => inner,
                _ => return Err(Fault::unknown("", path)),
            };
            rename(object, &field);
            let slot = object.entry(field.json_name().to_owned()).or_insert(Value::Null);
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            let Value::Object(next) = slot else { return Err(Fault::unknown("", path)) };
            (message, object) = (inner, next);
        }
        let field = field_of(&message, last).ok_or_else(|| Fault::unknown("", path))?;
        rename(object, &field);
        Ok((object, field))
    }

    /// The message, or everything that keeps it from being one.
    pub(crate) fn finish(self) -> Result<DynamicMessage, Vec<Fault>> {
        let json = Value::Object(self.object);
        read(self.message, &json).map_err(|_| json.as_object().map(|object| faults_in(self.message, object)).unwrap_or_default())
    }
}

/// Canonical JSON knows a field by two names; a draft keeps one.
fn rename(object: &mut Map<String, Value>, field: &FieldDescriptor) {
    if field.name() != field.json_name()
        && let Some(value) = object.remove(field.name())
    {
        object.entry(field.json_name().to_owned()).or_insert(value);
    }
}

/// A text as the JSON of a field: canonical JSON reads numbers, times and masks from strings by itself.
fn value_of(field: &FieldDescriptor, path: &str, text: &str) -> Result<Value, Fault> {
    let kind = field.kind();
    let fault = || Fault::new(path, expected(&kind));
    if field.is_map() {
        return Err(Fault::new(path, "this cannot be given in a path or query"));
    }
    let bool_of = || text.parse::<bool>().map(Value::Bool).map_err(|_| fault());
    match &kind {
        Kind::Bool => bool_of(),
        Kind::Enum(_) => Ok(text.parse::<i32>().map_or_else(|_| Value::from(text), Value::from)),
        Kind::Message(message) => match message.full_name().strip_prefix("google.protobuf.") {
            Some("BoolValue") => bool_of(),
            Some("Timestamp" | "Duration" | "FieldMask" | "StringValue" | "BytesValue") => Ok(text.into()),
            Some("Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value" | "FloatValue" | "DoubleValue") => Ok(text.into()),
            _ => Err(Fault::new(path, "this cannot be given in a path or query")),
        },
        _ => Ok(text.into()),
    }
}
