//! A column in the clear, as its owner reads it: other people by role, hashes not at all.

use sea_orm::Value;

use crate::JsonValue;

/// What stands for a password hash, a token's hash and the like.
pub const WITHHELD: &str = "kept as a hash that cannot be read back";
/// What stands for a file whose bytes are there no more.
pub const GONE: &str = "this file is no longer kept";

pub(super) fn plain(column: &str, word: &str, value: Value) -> JsonValue {
    if word.contains("other_person") {
        return if matches!(value, Value::Uuid(None)) { JsonValue::Null } else { role(column).into() };
    }
    if word.contains("blind_index") || word.contains("secret") {
        return WITHHELD.into();
    }
    match value {
        Value::Bool(Some(v)) => v.into(),
        Value::SmallInt(Some(v)) => v.into(),
        Value::Int(Some(v)) => v.into(),
        Value::BigInt(Some(v)) if word.contains("time") => foundation::Timestamp::from_micros(v).to_string().into(),
        Value::BigInt(Some(v)) => v.into(),
        Value::Double(Some(v)) => v.into(),
        Value::Uuid(Some(v)) => v.to_string().into(),
        Value::String(Some(v)) => v.into(),
        Value::Bytes(Some(v)) => hex::encode(v).into(),
        _ => JsonValue::Null,
    }
}

/// A column is named after what the other person was to this one.
fn role(column: &str) -> &'static str {
    match column {
        name if name.contains("instructor") => "an instructor",
        name if name.contains("agent") => "a support agent",
        name if name.contains("officer") => "a privacy officer",
        name if name.contains("granted_by") || name.contains("administrator") => "an administrator",
        name if name.contains("staff") => "a member of staff",
        _ => "another person",
    }
}

pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(Some(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}
