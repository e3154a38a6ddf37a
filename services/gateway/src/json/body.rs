//! A request message from its path, its query and its body.

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value as Field};
use serde_json::{Map, Value};
use tonic::body::Body;

use super::{
    Problem,
    draft::Draft,
    fault::{Fault, field_of},
    query,
    routes::{BodyOf, Shape},
    template::Capture,
};
use crate::headers;

/// A key is a random text of the caller's; a longer one is a mistake.
const LONGEST_KEY: usize = 128;

/// The HTTP body, bounded; empty where the route has none.
pub(crate) async fn read(shape: &Shape, headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    if shape.body == BodyOf::Nothing {
        return if announced(headers).is_some_and(|length| length > 0) {
            Err(Problem::bad_body("this route takes no body"))
        } else {
            Ok(Bytes::new())
        };
    }
    let bytes = whole(headers, body, most).await?;
    if !shape.takes_raw() && !bytes.is_empty() {
        let encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
        let media_type = headers::media_type(headers);
        if encoded || !(media_type == "application/json" || media_type.ends_with("+json")) {
            return Err(Problem::wrong_media_type());
        }
    }
    Ok(bytes)
}

/// A body of at most so many bytes.
pub(crate) async fn whole(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    if announced(headers).is_some_and(|length| length > most) {
        return Err(Problem::body_too_large(most));
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::body_too_large(most)),
        Err(_) => Err(Problem::bad_body("the body broke off")),
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Puts the request together. What the path binds stands over what the body says.
pub(crate) fn assemble(
    shape: &Shape,
    captures: &[Capture],
    query: Option<&str>,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Result<DynamicMessage, Problem> {
    let mut draft = Draft::new(&shape.input, Map::new());
    if !shape.takes_raw() && !bytes.is_empty() {
        match (&shape.body, parse(&bytes)?) {
            (BodyOf::Whole, Value::Object(object)) => draft = Draft::new(&shape.input, object),
            (BodyOf::Whole, _) => return Err(Problem::bad_body("the body is not a JSON object")),
            (BodyOf::Field(field), value) => {
                if let Some((mask, paths)) = implied_mask(shape, &value) {
                    draft.set(&mask, paths);
                }
                draft.set(field, value);
            }
            (BodyOf::Nothing, _) => {}
        }
    }
    let mut faults = Vec::new();
    let pairs = query::pairs(query.unwrap_or_default()).map_err(|fault| Problem::of_faults(vec![fault]))?;
    for (name, text) in &pairs {
        faults.extend(put_query(shape, &mut draft, name, text).err());
    }
    for capture in captures {
        faults.extend(draft.put_path(&capture.field, &capture.value).err());
    }
    if !faults.is_empty() {
        return Err(Problem::of_faults(faults));
    }
    let mut message = draft.finish().map_err(Problem::of_faults)?;
    if shape.takes_raw() {
        put_raw(shape, &mut message, headers, bytes);
    }
    put_key(shape, &mut message, headers)?;
    Ok(message)
}

/// Errors name line and column; the text stays out of them.
fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::bad_body(format!("the body is not JSON at line {line}, column {column}"))
    })
}

/// A parameter may fill any field that neither the path nor the body fills.
fn put_query(shape: &Shape, draft: &mut Draft<'_>, name: &str, text: &str) -> Result<(), Fault> {
    let first = name.split('.').next().unwrap_or_default();
    let field = field_of(&shape.input, first).ok_or_else(|| Fault::unknown("", name))?;
    let in_body = match &shape.body {
        BodyOf::Nothing => false,
        BodyOf::Whole => true,
        BodyOf::Field(body) => *body == field,
    };
    if in_body {
        return Err(Fault::new(field.name(), "this belongs into the body"));
    }
    if shape.template.fields().any(|bound| bound == name) {
        return Err(Fault::new(field.name(), "this is given by the path"));
    }
    if is_mask(&field) && name == first {
        // A mask that the body implied gives way to the one that was given.
        return draft.put_path(name, text);
    }
    draft.put_query(name, text)
}

fn is_mask(field: &FieldDescriptor) -> bool {
    !field.is_list() && matches!(field.kind(), Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask")
}

/// A PATCH without `update_mask` means the fields that its body names (AIP-134).
fn implied_mask(shape: &Shape, body: &Value) -> Option<(FieldDescriptor, Value)> {
    let mask = shape.input.get_field_by_name("update_mask").filter(|field| shape.verb == Method::PATCH && is_mask(field))?;
    let (BodyOf::Field(field), Value::Object(object)) = (&shape.body, body) else { return None };
    let Kind::Message(message) = field.kind() else { return None };
    let names: Vec<String> = object.keys().filter_map(|name| field_of(&message, name)).map(|field| field.json_name().to_owned()).collect();
    Some((mask, names.join(",").into()))
}

/// The bytes as they came, with their media type: a partner's signature is over exactly these.
fn put_raw(shape: &Shape, message: &mut DynamicMessage, headers: &HeaderMap, bytes: Bytes) {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/octet-stream");
    let raw = match &shape.body {
        BodyOf::Field(field) => match message.get_field_mut(field) {
            Field::Message(raw) => raw,
            _ => return,
        },
        BodyOf::Whole | BodyOf::Nothing => message,
    };
    raw.set_field_by_name("content_type", Field::String(content_type.to_owned()));
    raw.set_field_by_name("data", Field::Bytes(bytes));
}

/// `Idempotency-Key` fills the field when the body leaves it empty.
fn put_key(shape: &Shape, message: &mut DynamicMessage, headers: &HeaderMap) -> Result<(), Problem> {
    let (Some(field), Some(value)) = (&shape.key, headers.get("idempotency-key")) else { return Ok(()) };
    if message.has_field(field) {
        return Ok(());
    }
    let key = value.to_str().ok().map(str::trim).filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY);
    let key = key.ok_or_else(|| {
        Problem::of_faults(vec![Fault::new("idempotency_key", "the header `Idempotency-Key` holds 1 to 128 ASCII characters")])
    })?;
    message.set_field(field, Field::String(key.to_owned()));
    Ok(())
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
