//! What is written for fields of every shape, and what is refused.

use std::path::Path;

use kolsai_contract_codegen::{Error, Layout, Output, generate};

/// The real vocabulary and one more file with this body.
fn generated(body: &str) -> Result<Output, Error> {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = folder.path().join("kolsai/contract/v1");
    std::fs::create_dir_all(&vocabulary).unwrap();
    for file in ["contract.proto", "vocabulary.proto"] {
        std::fs::copy(Layout::of_workspace().proto.join("kolsai/contract/v1").join(file), vocabulary.join(file)).unwrap();
    }
    let body = ["data", "event"]
        .iter()
        .fold(body.to_owned(), |body, word| body.replace(&format!("({word})"), &format!("(kolsai.contract.v1.{word})")));
    let source = format!("syntax = \"proto3\"; package kolsai.case.v1; import \"kolsai/contract/v1/contract.proto\"; {body}");
    std::fs::write(folder.path().join("case.proto"), source).unwrap();
    generate(&Layout { proto: folder.path().to_owned(), generated: Path::new("nowhere").to_owned() })
}

fn file<'o>(output: &'o Output, name: &str) -> &'o str {
    std::str::from_utf8(&output.files[name]).unwrap()
}

#[test]
fn fields_of_every_shape_are_shown_or_withheld() {
    let output = generated(
        r#"
        enum Colour { COLOUR_UNSPECIFIED = 0; RED = 1; }
        message Thing {
          string name = 1 [(data) = NAME];
          Colour plain = 2;
          optional Colour maybe = 3;
          repeated Colour many = 4;
          map<string, Colour> by_code = 5 [(data) = PLAIN];
          map<string, string> notes = 6 [(data) = FREE_TEXT];
          oneof what { string text = 7 [(data) = FREE_TEXT]; Colour shade = 8; Inner inner = 9; Thing thing = 10; }
          string type = 11 [(data) = PLAIN];
          Inner one = 12;
          enum Kind { KIND_UNSPECIFIED = 0; }
          Kind kind = 13;
          message Inner { string code = 1 [(data) = PLAIN]; enum Deep { DEEP_UNSPECIFIED = 0; } Deep deep = 2; }
        }
        message Harmless { string code = 1 [(data) = PLAIN]; Thing thing = 2; }
        "#,
    )
    .unwrap();
    // Without spaces and trailing commas, so that line breaks do not matter.
    let debug = file(&output, "debug.rs").split_whitespace().collect::<String>().replace(",>", ">").replace(",)", ")");
    for field in ["name", "notes"] {
        assert!(debug.contains(&format!(".field(\"{field}\",&crate::debug::Withheld)")), "{field}: {debug}");
    }
    assert!(debug.contains(".field(\"type\",&self.r#type)") && debug.contains(".field(\"what\",&self.what)"), "{debug}");
    assert!(debug.contains("Self::Text(_)=>{f.debug_tuple(\"Text\").field(&crate::debug::Withheld).finish()"), "{debug}");
    let named = "crate::debug::named::<crate::generated::kolsai::case::v1::Colour>";
    for shown in [
        format!("&{named}(self.plain)"),
        format!("&self.maybe.map({named})"),
        format!("&self.many.iter().copied().map({named}).collect"),
        format!("&{named}(*value)"),
    ] {
        assert!(debug.contains(&shown), "{shown}: {debug}");
    }
    // Nested types lose the derived form with their message, and get theirs here; a message that only refers to one keeps its own.
    for nested in ["thing::Inner", "thing::Kind", "thing::inner::Deep", "thing::What"] {
        assert!(debug.contains(&format!("kolsai::case::v1::{nested}{{fn")), "{nested}: {debug}");
    }
    assert!(!debug.contains("Harmless"), "{debug}");
    assert!(file(&output, "mod.rs").contains("include!(\"kolsai.case.v1.rs\")"));
}

#[test]
fn an_event_is_tied_to_its_fields() {
    let output = generated(r#"message E { option (event) = { person: "who" }; string who = 1 [(data) = PERSON_ID]; } message N { option (event) = { nobody: "counts" }; int64 n = 1; }"#).unwrap();
    let events = file(&output, "events.rs");
    assert!(events.contains("const TYPE: &'static str = \"kolsai.case.v1.E\"") && events.contains("filled(&self.who)"), "{events}");
}

#[test]
fn an_event_whose_fields_cannot_serve_is_refused_by_name() {
    for (body, field) in [
        (r#"message E { option (event) = { person: "absent" }; }"#, "absent"),
        (r#"message E { option (event) = { person: "p" }; repeated string p = 1 [(data) = PERSON_ID]; }"#, "p"),
        (r#"message E { option (event) = { version_of: "t" nobody: "x" }; string t = 1 [(data) = ID]; int32 version = 2; }"#, "version"),
    ] {
        match generated(body) {
            Err(Error::EventField { event, field: named, .. }) => assert_eq!((event.as_str(), named.as_str()), ("kolsai.case.v1.E", field)),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn a_contract_that_does_not_compile_is_refused_with_its_place() {
    let error = generated("message Broken { Missing x = 1; }").unwrap_err();
    assert!(error.to_string().contains("case.proto") && error.to_string().contains("Missing"), "{error}");
}
