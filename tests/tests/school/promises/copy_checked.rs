//! P17: the offline check of a copy, its fresh sign-in, and the end of a request that nobody fetched.

use std::{
    io::{Cursor, Write},
    time::Duration,
};

use bytes::Bytes;
use sea_orm::{ConnectionTrait, Statement, Value};
use serde_json::json;
use testkit::{Copy, School, school, until};
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::copy::{key_of, opened};

/// An archive of these files, as anybody can make one.
fn packed(copy: &Copy) -> Bytes {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &copy.0 {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner().into()
}

#[tokio::test]
async fn p17_whole_or_it_says_by_name_what_was_changed_left_out_or_added() {
    let school = school();
    let learner = school.learner().await;
    let archive = school.client.get("/v1/me/copy", Some(&learner.access_token)).await.unwrap().ok_bytes();
    let public = key_of(school).await;
    let said = |archive: &[u8]| privacy::verify_copy(Cursor::new(archive), Some(&public)).map_err(|error| error.to_string());
    let files = said(&archive).unwrap().files;
    assert_eq!(files, opened(&archive).0.len());
    assert_eq!(said(&packed(&opened(&archive))).unwrap().files, files, "packed again it is the same copy");

    let names: Vec<_> = opened(&archive).0.keys().cloned().collect();
    for name in &names {
        let mut changed = opened(&archive);
        let bytes = changed.0.get_mut(name).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let why = said(&packed(&changed)).unwrap_err();
        assert!(why.contains(name.trim_end_matches(".sig")), "one byte of {name}: {why}");
        let mut missing = opened(&archive);
        missing.0.remove(name);
        assert_eq!(said(&packed(&missing)).unwrap_err(), format!("`{name}` is missing"));
    }
    let mut added = opened(&archive);
    added.0.insert("learning/files/one-more.jpg".into(), b"more".to_vec());
    assert_eq!(said(&packed(&added)).unwrap_err(), "`learning/files/one-more.jpg` was added: the manifest does not have it");
    // A manifest that fits the changed file is not the signed one.
    let mut forged = opened(&archive);
    let manifest = String::from_utf8(forged.0["manifest.json"].clone())
        .unwrap()
        .replace("kolsai-copy/1\",\"request_id", "kolsai-copy/1\", \"request_id");
    forged.0.insert("manifest.json".into(), manifest.into_bytes());
    assert!(said(&packed(&forged)).unwrap_err().contains("manifest.json"));
    // Another school's key, and what is no whole archive.
    assert!(privacy::verify_copy(Cursor::new(&archive), Some(&[7; 32])).is_err());
    for cut in [0, 10, archive.len() / 2, archive.len() - 1] {
        assert!(said(&archive[..cut]).unwrap_err().contains("not a whole zip archive"), "cut at {cut}");
    }
    // A byte anywhere among the bytes of the files.
    let mut unnoticed = Vec::new();
    for at in (0..archive.len()).step_by(97) {
        let mut changed = archive.to_vec();
        changed[at] ^= 0x10;
        if said(&changed).is_ok() && opened(&changed.clone().into()).0 != opened(&archive).0 {
            unnoticed.push(at);
        }
    }
    assert_eq!(unnoticed, Vec::<usize>::new(), "a changed file is always noticed");
}

#[tokio::test]
async fn p17_whole_the_same_name_twice_is_noticed() {
    let school = school();
    let learner = school.learner().await;
    let archive = school.client.get("/v1/me/copy", Some(&learner.access_token)).await.unwrap().ok_bytes();
    // Two files whose names are of one length: the second is renamed to the first, in both of its headers.
    let (one, two) = ("about/withheld.json", "about/withhele.json");
    let mut copy = opened(&archive);
    copy.0.insert(two.into(), b"another".to_vec());
    let mut bytes = packed(&copy).to_vec();
    for at in 0..bytes.len() - two.len() {
        if &bytes[at..at + two.len()] == two.as_bytes() {
            bytes[at..at + one.len()].copy_from_slice(one.as_bytes());
        }
    }
    let why = privacy::verify_copy(Cursor::new(&bytes), Some(&key_of(school).await)).unwrap_err().to_string();
    assert!(why.contains(one), "{why}");
}

#[test]
fn p17_own_sign_in_must_be_fresh_and_a_request_that_nobody_fetches_ends() {
    let school = School::start(&[]);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let learner = school.learner().await;
        school.advance(Duration::from_secs(601));
        let trade = json!({ "refreshToken": learner.refresh_token });
        let tokens = school.client.post("/v1/sessions:refresh", None, trade).await.unwrap().ok();
        let stale = school.client.get("/v1/me/copy", tokens["accessToken"].as_str()).await.unwrap().refused();
        assert_eq!(stale.reason(), "SIGN_IN_AGAIN");
        let learner = school.signs_in(learner).await;
        let none = school.client.get("/v1/me/requests", Some(&learner.access_token)).await.unwrap().ok();
        assert_eq!(none["requests"].as_array().map_or(0, Vec::len), 0, "a refused sign-in opens nothing: {none}");

        // A download that broke off: the request is open, and nothing lies anywhere.
        let (request, now) = (Uuid::now_v7(), school.engines().clock().now());
        let db = school.database("privacy").await;
        let values: [Value; 4] = [request.into(), learner.id.parse::<Uuid>().unwrap().into(), now.micros().into(), now.micros().into()];
        let sql = "INSERT INTO copy_request (id, person, received_at, due_at, version) VALUES ($1, $2, $3, $4, 0)";
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
        let path = format!("/v1/me/copies/{request}/receipt");
        let open = school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok();
        assert_eq!((&open["state"], open["document"].as_str().unwrap_or_default()), (&json!("OPEN"), ""));

        // Fetched again it is the same request, done with it.
        school.copy(&learner).await;
        let receipt = school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok();
        assert_eq!(receipt["state"], "DONE");
        assert!(receipt["document"].as_str().unwrap().contains("handed over"));

        // Another one is never fetched.
        let request = Uuid::now_v7();
        let values: [Value; 4] = [request.into(), learner.id.parse::<Uuid>().unwrap().into(), now.micros().into(), now.micros().into()];
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
        school.advance(Duration::from_secs(31 * 24 * 3600));
        let learner = school.signs_in(learner).await;
        let path = format!("/v1/me/copies/{request}/receipt");
        let receipt = until("the request to expire", || async {
            let receipt = school.client.get(&path, Some(&learner.access_token)).await.unwrap().ok();
            (receipt["state"] == "DONE").then_some(receipt)
        })
        .await;
        let document = receipt["document"].as_str().unwrap();
        assert!(document.contains("\"expired\"") && document.contains("nothing"), "{document}");
        privacy::verify(document, receipt["signature"].as_str().unwrap(), &key_of(&school).await).expect("the receipt is genuine");
    });
}
