use contract::Contract;
use http::HeaderValue;
use prost_reflect::DescriptorPool;
use serde_json::json;

use super::*;
use crate::json::{fault::field_of, template::Template};

const PROTO: &str = r#"
    syntax = "proto3";
    package shop.v1;
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/wrappers.proto";
    import "google/api/httpbody.proto";
    enum Colour { COLOUR_UNSPECIFIED = 0; RED = 1; }
    message Frame { string title = 1; Colour colour = 2; Frame inner = 3; }
    message Ask {
      string shelf_id = 1;
      Frame frame = 2;
      repeated string tag = 3;
      repeated Colour colours = 4;
      bool open = 5;
      int64 page_size = 6;
      double ratio = 7;
      google.protobuf.Timestamp since = 8;
      google.protobuf.FieldMask update_mask = 9;
      google.protobuf.BoolValue maybe = 10;
      map<string, string> notes = 11;
      bytes mark = 12;
      google.api.HttpBody file = 13;
      string idempotency_key = 14;
      oneof choice { string left = 15; string right = 16; }
    }
"#;

fn pool() -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.proto"), PROTO).unwrap();
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let mut compiler = protox::Compiler::new([folder.path(), std::path::Path::new(protos)]).unwrap();
    compiler.include_imports(true).open_file("shop.proto").unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
}

fn shape(verb: Method, template: &str, body: &str) -> Shape {
    let input = pool().get_message_by_name("shop.v1.Ask").unwrap();
    let body = match body {
        "" => BodyOf::Nothing,
        "*" => BodyOf::Whole,
        name => BodyOf::Field(field_of(&input, name).unwrap()),
    };
    let key = input.get_field_by_name("idempotency_key");
    Shape { input, verb, template: Template::parse(template).unwrap(), body, key }
}

fn assembled_with(shape: &Shape, uri: &str, headers: HeaderMap, body: &'static [u8]) -> Result<DynamicMessage, Value> {
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    let captures = shape.template.captures(path).unwrap();
    assemble(shape, &captures, query, &headers, Bytes::from_static(body)).map_err(|problem| problem.to_json("t")["error"].clone())
}

/// The request in canonical JSON, or the fields that were refused.
fn assembled(shape: &Shape, uri: &str, body: &'static str) -> Result<Value, Vec<String>> {
    let message = assembled_with(shape, uri, HeaderMap::new(), body.as_bytes());
    message.map(|message| serde_json::to_value(message).unwrap()).map_err(|error| {
        let Some(violations) = error["field_violations"].as_array() else { return vec![error["message"].as_str().unwrap().to_owned()] };
        violations.iter().map(|violation| violation["field"].as_str().unwrap().to_owned()).collect()
    })
}

#[test]
fn path_and_query_fill_fields_of_every_kind() {
    let shape = shape(Method::GET, "/v1/shelves/{shelf_id}/{frame.title}", "");
    let uri = "/v1/shelves/a%20b/t?frame.inner.colour=RED&tag=x&tag=y&colours=RED&colours=0&open=true&pageSize=9007199254740993&ratio=0.5\
        &since=2026-11-22T10:00:00Z&maybe=false&mark=aGk%3D";
    let expected = json!({
        "shelfId": "a b", "frame": { "title": "t", "inner": { "colour": "RED" } }, "tag": ["x", "y"], "colours": ["RED", "COLOUR_UNSPECIFIED"],
        "open": true, "pageSize": "9007199254740993", "ratio": 0.5, "since": "2026-11-22T10:00:00Z", "maybe": false, "mark": "aGk="
    });
    assert_eq!(assembled(&shape, uri, ""), Ok(expected));
}

#[test]
fn bad_parameters_are_named() {
    let shape = shape(Method::GET, "/v1/shelves/{shelf_id}", "");
    for (query, field) in [
        ("nothing=1", "nothing"),
        ("frame.nothing=1", "frame.nothing"),
        ("open=yes", "open"),
        ("page_size=many", "page_size"),
        ("since=yesterday", "since"),
        ("colours=BLUE", "colours[0]"),
        ("notes=x", "notes"),
        ("frame=x", "frame"),
        ("shelf_id=other", "shelf_id"),
        ("page_size=1&pageSize=2", "pageSize"),
        ("tag.x=1", "tag.x"),
    ] {
        assert_eq!(assembled(&shape, &format!("/v1/shelves/a?{query}"), ""), Err(vec![field.to_owned()]), "{query}");
    }
    let deep = format!("/v1/shelves/a?frame.{}title=x", "inner.".repeat(5_000));
    assert_eq!(assembled(&shape, &deep, ""), Err(vec![String::new()]));
}

#[test]
fn the_whole_body_leaves_nothing_to_the_query() {
    let shape = shape(Method::POST, "/v1/shelves/{shelf_id}", "*");
    assert_eq!(assembled(&shape, "/v1/shelves/a", r#"{"shelf_id": "b", "tag": ["x"]}"#), Ok(json!({ "shelfId": "a", "tag": ["x"] })));
    assert_eq!(assembled(&shape, "/v1/shelves/a", ""), Ok(json!({ "shelfId": "a" })));
    assert_eq!(assembled(&shape, "/v1/shelves/a?open=true", "{}"), Err(vec!["open".to_owned()]));
    assert_eq!(assembled(&shape, "/v1/shelves/a", "[]"), Err(vec!["the body is not a JSON object".to_owned()]));
    assert_eq!(
        assembled(&shape, "/v1/shelves/a", "{\n \"tag\": secret }"),
        Err(vec!["the body is not JSON at line 2, column 9".to_owned()])
    );
    assert_eq!(assembled(&shape, "/v1/shelves/a", r#"{"left": "1", "right": "2"}"#), Err(vec![String::new()]));
}

#[test]
fn one_field_as_body_implies_the_mask_of_a_patch() {
    let shape = shape(Method::PATCH, "/v1/shelves/{shelf_id}", "frame");
    let body = r#"{"title": "t", "colour": "RED"}"#;
    assert_eq!(assembled(&shape, "/v1/shelves/a", body).unwrap()["updateMask"], "title,colour");
    assert_eq!(assembled(&shape, "/v1/shelves/a?update_mask=title", body).unwrap()["updateMask"], "title");
    assert_eq!(assembled(&shape, "/v1/shelves/a?open=true", body).unwrap()["open"], true);
    assert_eq!(assembled(&shape, "/v1/shelves/a", r#"{"titel": "t"}"#), Err(vec!["frame.titel".to_owned()]));
}

#[test]
fn raw_bodies_are_taken_as_they_are() {
    let shape = shape(Method::POST, "/v1/shelves/{shelf_id}", "file");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let message = assembled_with(&shape, "/v1/shelves/a", headers, b"{ \"sum\": 1}\n").unwrap();
    let file = message.get_field_by_name("file").unwrap().into_owned();
    let file = file.as_message().unwrap();
    assert_eq!(file.get_field_by_name("content_type").unwrap().as_str(), Some("application/json"));
    assert_eq!(file.get_field_by_name("data").unwrap().as_bytes().unwrap().as_ref(), b"{ \"sum\": 1}\n");
}

#[test]
fn the_header_fills_an_empty_key_only() {
    let shape = shape(Method::POST, "/v1/shelves/{shelf_id}", "*");
    let headers = || HeaderMap::from_iter([(header::HeaderName::from_static("idempotency-key"), HeaderValue::from_static("k1"))]);
    let key = |body| {
        assembled_with(&shape, "/v1/shelves/a", headers(), body)
            .unwrap()
            .get_field_by_name("idempotency_key")
            .unwrap()
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(key(b"{}"), Some("k1".to_owned()));
    assert_eq!(key(br#"{"idempotencyKey": "k2"}"#), Some("k2".to_owned()));
}

#[test]
fn every_route_of_the_contract_can_be_served() {
    super::super::routes::Table::try_new(Contract::get()).unwrap();
}

proptest::proptest! {
    /// Whatever is sent is a request or a refusal, and no word of it stands in the refusal.
    #[test]
    fn nothing_panics_and_nothing_is_repeated(body in "[\\[\\]{}:,\" 0-9truefalsnSECRET_taghoic\\\\]{0,60}", query in "[a-z_.=&%+SECRET0-9]{0,40}") {
        let message = contract::pool().get_message_by_name("kolsai.identity.v1.UpdateProfileRequest").unwrap();
        let body_of = BodyOf::Field(field_of(&message, "profile").unwrap());
        let shape = Shape { input: message, verb: Method::PATCH, template: Template::parse("/v1/me").unwrap(), body: body_of, key: None };
        for bytes in [body.clone(), format!("{{\"first_name\": {body}}}"), format!("{{\"phone\": \"SECRET {body}\"}}")] {
            let _ = assemble(&shape, &[], Some(&query), &HeaderMap::new(), Bytes::from(bytes));
        }
        let sent = Bytes::from_static(br#"{"phone": ["SECRET"], "roles": "SECRET", "registered_at": "SECRET"}"#);
        let refused = assemble(&shape, &[], None, &HeaderMap::new(), sent).unwrap_err();
        proptest::prop_assert!(!refused.to_json("t").to_string().contains("SECRET"));
    }
}
