use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

fn captured(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let captures = Template::parse(template).unwrap().captures(path)?;
    Some(captures.into_iter().map(|capture| (capture.field, capture.value)).collect())
}

fn pair(field: &str, value: &str) -> (String, String) {
    (field.to_owned(), value.to_owned())
}

#[test]
fn literals_variables_and_verbs_match() {
    assert_eq!(captured("/v1/me", "/v1/me"), Some(vec![]));
    assert_eq!(captured("/v1/me", "/v1/me/"), None);
    assert_eq!(captured("/v1/receipts/{token}", "/v1/receipts/a%2Fb"), Some(vec![pair("token", "a/b")]));
    assert_eq!(captured("/v1/receipts/{token}", "/v1/receipts/"), None);
    assert_eq!(
        captured("/v1/{name=shelves/*}/books/{id}", "/v1/shelves/7/books/x"),
        Some(vec![pair("name", "shelves/7"), pair("id", "x")])
    );
    assert_eq!(captured("/v1/accounts:confirm", "/v1/accounts:confirm"), Some(vec![]));
    assert_eq!(captured("/v1/accounts:confirm", "/v1/accounts%3Aconfirm"), None);
    assert_eq!(captured("/v1/orders/{id}:cancel", "/v1/orders/9:cancel"), Some(vec![pair("id", "9")]));
    assert_eq!(captured("/v1/files/{path=**}", "/v1/files/a/b%2Fc"), Some(vec![pair("path", "a/b%2Fc")]));
    assert_eq!(captured("/v1/files/{path=**}", "/v1/files"), Some(vec![pair("path", "")]));
}

#[test]
fn what_is_no_template_says_where() {
    for (text, at) in [
        ("", 0),
        ("v1", 0),
        ("/", 1),
        ("/v1//x", 4),
        ("/v1/{}", 5),
        ("/v1/{a", 6),
        ("/v1/{a={b}}", 7),
        ("/v1/**/x", 7),
        ("/v1/x:", 6),
        ("/v1/x:y/z", 7),
    ] {
        assert_eq!(Template::parse(text).unwrap_err().at, at, "{text}");
    }
}

#[test]
fn the_more_particular_template_comes_first() {
    let mut templates = ["/v1/**", "/v1/*", "/v1/me", "/v1/*:now"].map(|text| Template::parse(text).unwrap());
    templates.sort_by_key(Template::rank);
    assert_eq!(templates.map(|template| template.to_string()), ["/v1/*:now", "/v1/me", "/v1/*", "/v1/**"]);
}

/// A template with the values of its variables, one list of segments each.
fn templates() -> impl Strategy<Value = (Template, Vec<Vec<String>>)> {
    let literal = "[a-z][a-z0-9._~-]{0,6}";
    let part = prop_oneof![
        literal.prop_map(|literal| (literal, None)),
        (("[a-z][a-z_]{0,5}(\\.[a-z]{1,4})?"), ".{1,8}").prop_map(|(field, value)| (format!("{{{field}}}"), Some(vec![value]))),
        (("[a-z][a-z_]{0,5}"), literal, ".{1,8}")
            .prop_map(|(field, fixed, value)| (format!("{{{field}={fixed}/*}}"), Some(vec![fixed, value]))),
    ];
    (prop::collection::vec(part, 1..6), prop::option::of("[a-z]{1,6}")).prop_map(|(parts, verb)| {
        let text: String = parts.iter().map(|(text, _)| format!("/{text}")).collect();
        let text = verb.map_or(text.clone(), |verb| format!("{text}:{verb}"));
        (Template::parse(&text).unwrap(), parts.into_iter().filter_map(|(_, values)| values).collect())
    })
}

fn expand(template: &Template, values: &[Vec<String>]) -> String {
    let mut path = String::new();
    let (mut index, mut variable) = (0, 0);
    while index < template.segments.len() {
        match template.variables.iter().find(|variable| variable.from == index) {
            Some(found) => {
                for value in &values[variable] {
                    path += &format!("/{}", utf8_percent_encode(value, NON_ALPHANUMERIC));
                }
                (index, variable) = (found.to, variable + 1);
            }
            None => {
                path += &format!("/{}", template.segments[index]);
                index += 1;
            }
        }
    }
    template.verb.iter().for_each(|verb| path += &format!(":{verb}"));
    path
}

proptest! {
    #[test]
    fn neither_parser_nor_matcher_panics(text in ".{0,40}", template in "[/{}*=:a.%é]{0,24}", path in "[/:a%2F0é*]{0,24}") {
        let _ = Template::parse(&text);
        if let Ok(template) = Template::parse(&template) {
            let _ = template.captures(&path);
            let _ = template.captures(&text);
        }
    }

    #[test]
    fn a_template_is_read_as_it_is_written((template, _) in templates()) {
        prop_assert_eq!(Template::parse(&template.to_string()).unwrap(), template);
    }

    #[test]
    fn what_is_put_into_a_path_comes_out_of_it((template, values) in templates()) {
        let captures = template.captures(&expand(&template, &values)).expect("the path was made from the template");
        for (capture, values) in captures.iter().zip(&values) {
            let expected = match values.as_slice() {
                [one] => one.clone(),
                many => many.iter().map(|value| value.replace('/', "%2F")).collect::<Vec<_>>().join("/"),
            };
            prop_assert_eq!(&capture.value, &expected);
        }
    }
}
