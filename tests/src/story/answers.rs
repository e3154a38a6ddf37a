//! What somebody knows who has read the lessons of "Light and line".

use serde_json::{Value, json};

/// Right options by question.
const OPTIONS: [(&str, &[&str]); 12] = [
    ("what-is-golden-hour", &["six-degrees"]),
    ("longer-in-burabay", &["burabay"]),
    ("blue-hour-practice", &["tripod", "timer"]),
    ("chalk-compensation", &["plus-one"]),
    ("where-a-line-ends", &["subject"]),
    ("reflection-brightness", &["darker"]),
    ("steppe-answers", &["small-thing", "layers", "sky"]),
    ("recognisable-person", &["own-consent"]),
    ("after-rain", &["wait"]),
    ("sand-care", &["in-car", "blow-first"]),
    ("white-balance", &["daylight"]),
    ("before-publishing", &["remove-position"]),
];
/// Right numbers by question.
const NUMBERS: [(&str, f64); 3] = [("six-stops", 64.0), ("hyperfocal", 2.4), ("sunrise-difference", 100.0)];

/// The right answer to a question; none when the lessons say nothing of it.
pub fn right(question: &str) -> Option<Value> {
    let options = OPTIONS.iter().find(|(id, _)| *id == question);
    let number = NUMBERS.iter().find(|(id, _)| *id == question);
    options
        .map(|(id, options)| json!({ "questionId": id, "optionIds": options }))
        .or_else(|| number.map(|(id, number)| json!({ "questionId": id, "number": number })))
}

/// A wrong answer to the question: another option, or a number far off.
pub fn wrong(question: &Value) -> Value {
    let id = &question["questionId"];
    if question["kind"] == "NUMBER" {
        return json!({ "questionId": id, "number": -1.0 });
    }
    let right = OPTIONS.iter().find(|(known, _)| id == known).map(|(_, options)| *options).unwrap_or_default();
    let options = question["options"].as_array().into_iter().flatten().map(|option| &option["optionId"]);
    let other: Vec<_> = options.filter(|option| !right.iter().any(|right| option == right)).take(1).collect();
    json!({ "questionId": id, "optionIds": other })
}
