//! Identifiers: typed, 16 bytes, readable in one form.

use foundation::{PersonId, uuid::Uuid};
use sea_orm::{Value, sea_query::ValueType};
use tonic::Code;

foundation::typed_id!(CourseId);

#[test]
fn an_identifier_is_read_as_it_was_written() {
    let id = CourseId::new_v7();
    assert_eq!(id.to_string().parse::<CourseId>().unwrap(), id);
    assert_eq!(CourseId::parse_field(&id.to_string(), "course_id").unwrap(), id);
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<CourseId>(&json).unwrap(), id);
    assert_eq!(format!("{id:?}"), format!("CourseId({id})"));
}

#[test]
fn a_column_holds_its_sixteen_bytes() {
    let id = PersonId::new_v4();
    let value: Value = id.into();
    assert_eq!(value, Value::Uuid(Some(id.0)));
    assert_eq!(<PersonId as ValueType>::try_from(value).unwrap(), id);
    assert_eq!(Uuid::from(id), id.0);
}

#[test]
fn versions_are_what_they_say() {
    assert_eq!(PersonId::new_v4().0.get_version_num(), 4);
    assert_eq!(CourseId::new_v7().0.get_version_num(), 7);
    assert!(CourseId::new_v7() < CourseId::new_v7(), "v7 follows time");
}

#[test]
fn what_is_no_identifier_is_refused_with_its_field_and_without_its_text() {
    for text in ["", "42", "not-an-identifier", "0192d3c5-0000-7000-8000-00000000000g"] {
        let refusal = CourseId::parse_field(text, "course_id").unwrap_err();
        assert_eq!((refusal.code, refusal.reason, refusal.field), (Code::InvalidArgument, "INVALID_IDENTIFIER", Some("course_id")));
        assert!(text.is_empty() || !refusal.to_string().contains(text));
    }
}
