//! P17: a copy of all data, and of nobody else's.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read},
};

use bytes::Bytes;
use serde_json::{Value, json};
use testkit::{Copy, Person, School, key, school, until};
use zip::ZipArchive;

use super::learning::{complete, take};
use crate::photographs;

async fn fetch(school: &School, person: &Person) -> Bytes {
    school.client.get("/v1/me/copy", Some(&person.access_token)).await.unwrap().ok_bytes()
}

/// Every file by its name.
pub fn opened(archive: &Bytes) -> Copy {
    let mut archive = ZipArchive::new(Cursor::new(archive.clone())).expect("a zip archive");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    Copy(files)
}

pub async fn key_of(school: &School) -> Vec<u8> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let answer = school.client.get("/v1/receipt-key", None).await.unwrap().ok();
    BASE64_STANDARD.decode(answer["publicKey"].as_str().unwrap()).unwrap()
}

/// Somebody who did everything that a learner can, with a mark of their own in all of it: the person, the marks, the photograph.
async fn somebody(school: &School) -> (Person, Vec<String>, Bytes) {
    let (course, learner) = (school.course().await, school.learner().await);
    school.enrols(&learner, &course).await;
    for lesson in &course.lessons {
        complete(school, &learner, lesson).await;
    }
    for test in &course.tests {
        take(school, &learner, test, true).await;
    }
    let mark = |what: &str| format!("{what}{}", key().replace('-', ""));
    // What would be a formula in a spreadsheet, and a script in a page.
    let note = format!("=cmd|' /C calc'!A0<script>alert(1)</script>{}", mark("Note"));
    let photograph = photographs::jpeg(&mark("Photo"));
    let work = school.sends_in(&learner, &course, photograph.clone(), &note).await;
    let instructor = school.staff("INSTRUCTOR").await;
    let words = mark("Feedback");
    school.answers(&instructor, &learner, &course, &work, &words).await.ok();
    let text = mark("Ticket");
    let ticket = json!({ "topic": "QUESTION", "text": text, "idempotencyKey": key() });
    school.client.post("/v1/tickets", Some(&learner.access_token), ticket).await.unwrap().ok();
    let marks = [&learner.first_name, &learner.last_name, &learner.email, &learner.phone, &learner.id, &words, &text];
    let marks = marks.into_iter().cloned().chain([note.rsplit('>').next().unwrap().to_owned(), work]).collect();
    (learner, marks, photograph)
}

#[tokio::test]
async fn p17_whole_and_readable_by_people_and_machines() {
    let school = school();
    let (learner, marks, photograph) = somebody(school).await;
    let copy = until("the copy to have what reached privacy late", || async {
        let archive = fetch(school, &learner).await;
        privacy::verify_copy(Cursor::new(&archive), Some(&key_of(school).await)).unwrap();
        let copy = opened(&archive);
        (!copy.rows("privacy", "accesses").is_empty() && !copy.rows("privacy", "consent").is_empty()).then_some(copy)
    })
    .await;
    let text = |name: &str| String::from_utf8_lossy(copy.0.get(name).unwrap_or_else(|| panic!("{name} is in it"))).into_owned();

    let account = &copy.rows("identity", "account")[0];
    for (column, value) in
        [("first_name", &learner.first_name), ("last_name", &learner.last_name), ("email", &learner.email), ("phone", &learner.phone)]
    {
        assert_eq!(account[column], value.as_str(), "{column} is opened");
    }
    // Everything of theirs: for machines, for a spreadsheet, for people.
    let of = |ending: &str| -> String {
        copy.0.iter().filter(|(name, _)| name.ends_with(ending)).map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect()
    };
    for (ending, all) in [(".jsonl", of(".jsonl")), (".csv", of(".csv")), ("index.html", text("index.html"))] {
        for mark in &marks {
            assert!(all.contains(mark.as_str()), "{ending} lacks {mark}");
        }
    }
    let work = copy
        .rows("learning", "submission")
        .into_iter()
        .find(|work| work["note"].as_str().is_some_and(|note| note.contains("calc")))
        .unwrap();
    let original = copy.0.get(&format!("learning/files/{}", work["original"].as_str().unwrap())).expect("the photograph");
    assert_eq!(original.as_slice(), photograph.as_ref(), "as it was sent");
    assert!(work["original"].as_str().unwrap().ends_with(".jpg"));
    for rendition in ["full", "large", "small"] {
        assert!(copy.0.contains_key(&format!("learning/files/{}", work[rendition].as_str().unwrap())), "{rendition}");
    }
    for table in ["enrolment", "lesson_progress", "test_attempt", "feedback", "certificate"] {
        assert!(!copy.rows("learning", table).is_empty(), "{table}");
    }
    assert_eq!(copy.rows("payment", "course_order").len(), 1);
    let mails = copy.0.iter().filter(|(name, _)| name.starts_with("communication/files/mail/")).count();
    assert!(mails > 0 && mails <= copy.rows("communication", "mail").len());
    assert_eq!(copy.rows("privacy", "requests")[0]["kind"], "COPY", "this request is in it");
    assert!(copy.rows("privacy", "accesses").iter().all(|access| access["service"].is_string() && access["at"].is_string()));

    let page = text("index.html");
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "what people write is text");
    for language in ["lang=\"ru\"", "lang=\"kk\"", "lang=\"en\"", "Присланные фотографии", "Жіберілген фотосуреттер", "Photographs sent in"]
    {
        assert!(page.contains(language), "{language}");
    }
    let sheet = text("learning/submission.csv");
    assert!(sheet.contains("\"'=cmd|' /C calc'!A0"), "no cell is a formula: {sheet}");
    let withheld: Value = serde_json::from_str(&text("about/withheld.json")).unwrap();
    let places: BTreeSet<_> = withheld.as_array().unwrap().iter().map(|item| item["place"].as_str().unwrap()).collect();
    for place in ["identity.credential.password", "learning.feedback.instructor_id", "payment.tax_receipt", "keyring"] {
        assert!(places.contains(place), "{place} is withheld, and it is said why: {places:?}");
    }
    assert!(!copy.text().contains("$argon2id$"), "no password hash leaves");
    assert!(copy.rows("learning", "feedback").iter().all(|feedback| feedback["instructor_id"] == "an instructor"));
}

#[tokio::test]
async fn p17_whole_rows_follow_their_schemas_and_everything_has_a_name() {
    let school = school();
    let (learner, ..) = somebody(school).await;
    let copy = school.copy(&learner).await;
    let parsed = |name: &str| -> Value { serde_json::from_slice(&copy.0[name]).unwrap() };
    let processing = parsed("about/processing.json");
    let (mut rows, mut unnamed) = (0, Vec::new());
    let named = |title: &Value| ["ru", "kk", "en"].iter().all(|language| title[language].is_string()) && title["ru"] != title["en"];
    for class in processing["classes"].as_array().unwrap() {
        let (service, table) = (class["service"].as_str().unwrap(), class["table"].as_str().unwrap());
        if !named(&class["title"]) {
            unnamed.push(format!("{service}.{table}"));
        }
        for column in class["columns"].as_array().unwrap() {
            if !named(&column["title"]) {
                unnamed.push(format!("{service}.{table}.{}", column["name"].as_str().unwrap()));
            }
        }
        for part in ["category", "on_erasure", "kept"] {
            let own = service == "privacy" && ["requests", "accesses"].contains(&table);
            assert!(own || !class[part].as_str().unwrap().is_empty(), "{service}.{table} says its {part}");
        }
        for purpose in class["purposes"].as_array().unwrap() {
            assert!(purpose["basis_kz"].is_string() && purpose["basis_eu"].is_string() && named(&purpose["title"]), "{purpose}");
        }
        let held = copy.rows(service, table);
        assert_eq!(class["rows"], held.len(), "{service}.{table}");
        if held.is_empty() {
            continue;
        }
        let schema = parsed(&format!("{service}/{table}.schema.json"));
        for row in &held {
            follows(row, &schema).unwrap_or_else(|why| panic!("{service}.{table}: {why}: {row}"));
        }
        // The same rows, one line each, under the same names.
        let sheet = String::from_utf8(copy.0[&format!("{service}/{table}.csv")].clone()).unwrap();
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().map(|name| format!("\"{name}\"")).collect();
        assert_eq!(sheet.trim_start_matches('\u{feff}').lines().next().unwrap(), names.join(","), "{service}.{table}");
        rows += held.len();
    }
    assert!(rows > 20, "{rows}");
    assert_eq!(unnamed, Vec::<String>::new(), "services/privacy/src/copies/words.toml has no words for these");
}

/// The keywords that our schemas use (JSON Schema 2020-12, validation).
fn follows(row: &Value, schema: &Value) -> Result<(), String> {
    let (row, properties) = (row.as_object().ok_or("no object")?, schema["properties"].as_object().ok_or("no properties")?);
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        row.get(name).ok_or(format!("{name} is required"))?;
    }
    for (name, value) in row {
        let property = properties.get(name).ok_or(format!("{name} is no property"))?;
        if let Some(expected) = property.get("const").filter(|expected| *expected != value) {
            return Err(format!("{name} is not {expected}"));
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let allowed = |name: &Value| name == kind || (name == "number" && kind == "integer");
        if property.get("type").is_some_and(|types| !types.as_array().into_iter().flatten().any(allowed)) {
            return Err(format!("{name} is {kind}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn p17_own_data_only() {
    let school = school();
    let ((learner, own, _), (_, foreign, photograph)) = (somebody(school).await, somebody(school).await);
    let instructor = school.staff("INSTRUCTOR").await;
    let agent = school.staff("SUPPORT").await;
    let copy = school.copy(&learner).await;
    for (name, bytes) in &copy.0 {
        let text = String::from_utf8_lossy(bytes);
        for mark in foreign.iter().chain([&instructor.id, &instructor.email, &agent.id, &agent.email]) {
            assert!(!text.contains(mark.as_str()), "{name} holds somebody else's data: {mark}");
        }
        assert_ne!(bytes.as_slice(), photograph.as_ref(), "{name} is somebody else's photograph");
    }
    // Staff are people too: theirs is theirs, and none of their learners'.
    let theirs = school.copy(&instructor).await.text();
    assert!(theirs.contains(&instructor.email));
    for mark in own.iter().chain(&foreign) {
        assert!(!theirs.contains(mark.as_str()), "{mark}");
    }
}

#[tokio::test]
async fn p17_own_copy_is_given_to_nobody_else() {
    let school = school();
    let (learner, other) = (school.learner().await, school.learner().await);
    let refused = school.client.get("/v1/me/copy", None).await.unwrap().refused();
    assert_eq!(refused.status, 401, "{}", refused.json());
    let asked = school.client.get(&format!("/v1/me/copy?personId={}", other.id), Some(&learner.access_token)).await.unwrap().refused();
    assert_eq!(asked.status, 400, "a copy names nobody: {}", asked.json());
    school.copy(&learner).await;
    let requests = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
    let path = format!("/v1/me/copies/{}/receipt", requests["requests"][0]["requestId"].as_str().unwrap());
    assert_eq!(school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok()["state"], "DONE");
    for path in [path, format!("/v1/me/copies/{}/receipt", key())] {
        assert_eq!(school.client.get(&path, Some(&other.access_token)).await.unwrap().refused().reason(), "NO_SUCH_REQUEST");
    }
    let wrong = school.client.get("/v1/me/copies/mine/receipt", Some(&learner.access_token)).await.unwrap().refused();
    assert_eq!(wrong.field(), "request_id");
}

#[tokio::test]
async fn p17_whole_also_when_two_are_made_at_once_and_each_request_ends_with_a_receipt() {
    let school = school();
    let learner = school.learner().await;
    let public = key_of(school).await;
    let (one, two) = tokio::join!(fetch(school, &learner), fetch(school, &learner));
    let mut manifests = Vec::new();
    for archive in [&one, &two] {
        privacy::verify_copy(Cursor::new(archive), Some(&public)).expect("each is whole");
        let copy = opened(archive);
        assert_eq!(copy.rows("identity", "account")[0]["first_name"], learner.first_name.as_str());
        manifests.push(hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&copy.0["manifest.json"])));
    }
    let requests = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
    let requests = requests["requests"].as_array().unwrap().clone();
    // Begun while the other was open it is the same request, begun after it the next.
    assert!((1..=2).contains(&requests.len()), "{requests:?}");
    for request in requests {
        assert!(request["doneAt"].is_string(), "{request}");
        let path = format!("/v1/me/copies/{}/receipt", request["requestId"].as_str().unwrap());
        let receipt = school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok();
        let (document, signature) = (receipt["document"].as_str().unwrap(), receipt["signature"].as_str().unwrap());
        privacy::verify(document, signature, &public).expect("the receipt is genuine");
        let said: Value = serde_json::from_str(document).unwrap();
        assert_eq!((&said["outcome"], &said["request_id"]), (&json!("handed over"), &request["requestId"]));
        assert!(manifests.iter().any(|manifest| said["manifest_sha256"] == manifest.as_str()), "{said}");
        assert!(!document.contains(&learner.id) && !document.contains(&learner.email), "no personal data");
    }
}
