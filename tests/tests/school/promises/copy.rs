//! P17: a copy of all data.

use std::io::{Cursor, Read};

use serde_json::Value;
use testkit::{Person, school};
use zip::ZipArchive;

async fn copy_of(person: &Person) -> ZipArchive<Cursor<Vec<u8>>> {
    let answer = school().client.get("/v1/me/copy", Some(&person.access_token)).await.unwrap();
    ZipArchive::new(Cursor::new(answer.ok_bytes().to_vec())).expect("a zip archive")
}

fn texts(archive: &mut ZipArchive<Cursor<Vec<u8>>>) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        texts.push((entry.name().unwrap().into_owned(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    texts
}

#[tokio::test]
async fn p17_whole_and_readable_by_people_and_machines() {
    let learner = school().learner().await;
    let texts = texts(&mut copy_of(&learner).await);
    let of = |name: &str| texts.iter().find(|(entry, _)| entry == name).map(|(_, text)| text.as_str());

    let account: Value = serde_json::from_str(of("identity/account.jsonl").expect("the account").lines().next().unwrap()).unwrap();
    for (column, value) in
        [("first_name", &learner.first_name), ("last_name", &learner.last_name), ("email", &learner.email), ("phone", &learner.phone)]
    {
        assert_eq!(account[column], value.as_str(), "{column} is opened");
    }
    assert!(of("privacy/consent.jsonl").is_some(), "consents are in it");
    let page = of("index.html").expect("a page for people");
    assert!(page.contains(&learner.first_name) && !page.contains("<script"));
    assert!(!texts.iter().any(|(_, text)| text.contains("$argon2id$")), "no password hash leaves");
    let manifest: Value = serde_json::from_str(of("manifest.json").expect("a manifest")).unwrap();
    assert_eq!(manifest["entries"].as_array().unwrap().len() + 2, texts.len(), "every entry is in the manifest");
}

#[tokio::test]
async fn p17_own_data_only() {
    let (learner, other) = (school().learner().await, school().learner().await);
    for (name, text) in texts(&mut copy_of(&learner).await) {
        for foreign in [&other.first_name, &other.last_name, &other.email, &other.phone, &other.id] {
            assert!(!text.contains(foreign.as_str()), "{name} holds somebody else's data");
        }
    }
}
