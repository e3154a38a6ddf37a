//! Against real servers where they are: OpenBao (Vault's transit engine) and ministack (KMS), as `deploy/key-services` starts them.

use std::path::Path;

use personal_data::Db;
use service::settings::Environment;

use super::{file::File, *};
use crate::keyring::{
    rotation::{Rotation, rotate, wrapped_by},
    rows::{index_key, person_key},
    service::Migrations,
};

fn file(byte: u8) -> Arc<dyn Wrapping> {
    Arc::new(File::of(Zeroizing::new([byte; 32])))
}

fn key(byte: u8) -> Key {
    Zeroizing::new([byte; 32])
}

async fn database(folder: &Path) -> Db {
    let address = format!("sqlite://{}", folder.join("keyring.sqlite").display());
    Db::open::<Migrations>(&address, "keyring", Clock::system(foundation::Mode::Development)).await.unwrap()
}

async fn insert(db: &Db, keys: &KeyEncryption, count: u8) -> Vec<Uuid> {
    let mut people = Vec::new();
    for byte in 0..count {
        let person = foundation::PersonId::new_v4();
        let wrapped = keys.wrap_one(person.0, &key(byte)).await.unwrap();
        let tx = db.begin("keyring.create-key").await.unwrap();
        let (now, bytes) = (tx.clock().now(), Some(wrapped.bytes));
        let row = person_key::Model {
            person,
            wrapped: bytes,
            wrapped_by: wrapped.by,
            state: 0,
            withdrawn: 0,
            seen: 0,
            created_at: now,
            destroyed_at: None,
            version: 0,
        };
        tx.insert::<person_key::Entity>(row).await.unwrap();
        tx.commit().await.unwrap();
        people.push(person.0);
    }
    let id = Uuid::new_v4();
    let Wrapped { bytes: wrapped, by: wrapped_by } = keys.wrap_one(id, &key(200)).await.unwrap();
    let tx = db.begin("keyring.make-index-key").await.unwrap();
    tx.insert::<index_key::Entity>(index_key::Model { id, service: "identity".into(), wrapped, wrapped_by }).await.unwrap();
    tx.commit().await.unwrap();
    people
}

/// Every key is what it was, by whatever it is wrapped now.
async fn all_open(db: &Db, keys: &KeyEncryption, people: &[Uuid]) {
    let rows = personal_data::query::anonymous::<person_key::Entity>().all(db).await.unwrap();
    let wrapped = people.iter().map(|id| (*id, rows.iter().find(|row| row.person.0 == *id).unwrap().wrapped()));
    let opened = keys.unwrap(wrapped.collect()).await.unwrap();
    for (byte, opened) in (0_u8..).zip(opened) {
        assert_eq!(opened.unwrap(), key(byte));
    }
}

#[tokio::test]
async fn a_rotation_goes_on_where_it_ended_and_leaves_the_data_keys_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path()).await;
    let people = insert(&db, &KeyEncryption::of(file(1), vec![]), 5).await;
    let (old, new) = (file(1).current().await.unwrap(), file(2).current().await.unwrap());

    // The settings name another key: until everything is wrapped anew, the old one opens.
    let both = KeyEncryption::of(file(2), vec![file(1)]);
    all_open(&db, &both, &people).await;
    // Somebody's key is wrapped anew, and then the process ends.
    let one = foundation::PersonId(people[0]);
    let anew = both.wrap_one(one.0, &key(0)).await.unwrap();
    let tx = db.begin("keyring.rewrap").await.unwrap();
    let mut row = personal_data::query::anonymous::<person_key::Entity>().all(&tx).await.unwrap();
    let mut row = row.remove(row.iter().position(|row| row.person == one).unwrap());
    (row.wrapped, row.wrapped_by) = (Some(anew.bytes), anew.by);
    tx.update::<person_key::Entity>(&mut row).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(wrapped_by(&db).await.unwrap(), [(old, 4), (new.clone(), 1)].into());
    all_open(&db, &both, &people).await;

    assert_eq!(rotate(&db, &both, |_| {}).await.unwrap(), Rotation { rewrapped: 5, stuck: 0 }, "four people and one index");
    assert_eq!(wrapped_by(&db).await.unwrap(), [(new, 5)].into());
    assert_eq!(rotate(&db, &both, |_| {}).await.unwrap(), Rotation::default(), "nothing is left to do");
    // The old key can go; without the new one nothing opens.
    all_open(&db, &KeyEncryption::of(file(2), vec![]), &people).await;
    let row = personal_data::query::anonymous::<person_key::Entity>().one(&db).await.unwrap().unwrap();
    assert!(KeyEncryption::of(file(1), vec![]).unwrap_one(row.person.0, row.wrapped()).await.is_err());
    let (foreign, mut told) = (KeyEncryption::of(file(3), vec![]), Rotation::default());
    assert!(rotate(&db, &foreign, |so_far| told = so_far).await.is_err(), "the index key does not open");
    assert_eq!(told, Rotation { rewrapped: 0, stuck: 5 });
}

/// Whatever wraps: what it answers opens, for its own person only, and a changed byte does not.
async fn keeps(wrapping: Arc<dyn Wrapping>) {
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let wrapped = wrapping.wrap(&[(one, key(1)), (other, key(2))]).await.unwrap();
    let current = wrapping.current().await.unwrap();
    assert!(wrapped.iter().all(|wrapped| wrapping.opens(&wrapped.by) && wrapped.by == current), "{current}");
    assert!(!wrapped[0].bytes.windows(8).any(|part| part == [1; 8]), "the key is not in it");
    let bytes = |at: usize| wrapped[at].bytes.clone();
    let opened = wrapping.unwrap(&[(one, bytes(0)), (other, bytes(1))]).await.unwrap();
    assert_eq!(opened.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [key(1), key(2)]);
    let mut changed = bytes(0);
    let last = changed.len() - 2;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let moved = wrapping.unwrap(&[(other, bytes(0)), (one, changed), (one, bytes(0))]).await.unwrap();
    assert!(moved[0].is_err(), "moved to another person's row");
    assert!(moved[1].is_err(), "changed");
    assert!(moved[2].is_ok(), "and the rest of the batch opens");
}

#[tokio::test]
async fn a_file_keeps_its_word() {
    keeps(file(7)).await;
}

#[tokio::test]
async fn a_key_of_before_names_had_is_opened_by_a_file() {
    let whose = Uuid::new_v4();
    let mut wrapped = file(1).wrap(&[(whose, key(3))]).await.unwrap().remove(0);
    wrapped.by = String::new();
    let keys = KeyEncryption::of(file(2), vec![file(1)]);
    assert_eq!(keys.unwrap_one(whose, wrapped).await.unwrap(), key(3));
}

#[test]
fn nothing_of_a_key_is_shown() {
    let keys = KeyEncryption::of(file(0xAB), vec![]);
    assert_eq!(format!("{keys:?}"), "<key encryption>");
    let row = person_key::Model {
        person: foundation::PersonId::new_v4(),
        wrapped: Some(vec![0xAB; 8]),
        wrapped_by: "file:x".into(),
        state: 0,
        withdrawn: 0,
        seen: 0,
        created_at: foundation::Timestamp::from_micros(0),
        destroyed_at: None,
        version: 0,
    };
    assert_eq!(format!("{row:?}"), "<person key>");
}

/// An address out of the environment, and the files that go with it.
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where their servers are")]
fn at(server: &str, config: impl FnOnce(String) -> Config) -> Option<(tempfile::TempDir, KeyEncryption)> {
    let Ok(address) = std::env::var(server) else {
        eprintln!("skipped: {server} names no server; deploy/key-services starts them");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, std::env::var("KOLSAI_TEST_KEY_SERVICE_TOKEN").unwrap_or_default()).unwrap();
    let environment = Environment::of([("KOLSAI_DATA".to_owned(), folder.path().display().to_string())]);
    let settings = Settings::load_from(&[], environment).unwrap();
    let config = Config { key_service_token_file: Some(token), ..config(address) };
    let keys = KeyEncryption::open(&config, &settings, &Clock::system(foundation::Mode::Development)).unwrap();
    Some((folder, keys))
}

#[tokio::test]
async fn vaults_transit_engine_keeps_its_word_and_a_wrong_token_is_an_absence() {
    let Some((folder, keys)) = at("KOLSAI_TEST_VAULT", |address| Config { key_encryption_key: Some(address), ..Config::default() }) else {
        return;
    };
    keeps(keys.now.clone()).await;
    let db = database(folder.path()).await;
    let people = insert(&db, &keys, 3).await;
    let before = keys.current().await.unwrap();
    assert!(before.starts_with("vault:transit/people:v"), "{before}");
    // A wrong token opens nothing, and says so as an absence.
    std::fs::write(folder.path().join("token"), "nobody's").unwrap();
    assert!(matches!(keys.current().await.unwrap_err(), Error::KeyringAway));
    assert!(matches!(keys.wrap_one(people[0], &key(0)).await.err().unwrap(), Error::KeyringAway));
    assert_eq!(rotate(&db, &keys, |_| {}).await.unwrap_err().to_string(), Error::KeyringAway.to_string());
}

#[tokio::test]
async fn keys_move_from_a_file_to_vault_and_on_to_kms() {
    let vault = |address| Config { key_encryption_key: Some(address), ..Config::default() };
    let kms = |address| Config { key_encryption_key: Some(address), key_service_access_key: Some("test".into()), ..Config::default() };
    let (Some((_a, vault)), Some((_b, kms))) = (at("KOLSAI_TEST_VAULT", vault), at("KOLSAI_TEST_KMS", kms)) else { return };
    keeps(kms.now.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path()).await;
    let people = insert(&db, &KeyEncryption::of(file(1), vec![]), 5).await;
    let to_vault = KeyEncryption::of(vault.now.clone(), vec![file(1)]);
    assert_eq!(rotate(&db, &to_vault, |_| {}).await.unwrap(), Rotation { rewrapped: 6, stuck: 0 });
    all_open(&db, &vault, &people).await;
    let to_kms = KeyEncryption::of(kms.now.clone(), vec![vault.now.clone()]);
    assert_eq!(rotate(&db, &to_kms, |_| {}).await.unwrap(), Rotation { rewrapped: 6, stuck: 0 });
    all_open(&db, &kms, &people).await;
    let names = wrapped_by(&db).await.unwrap();
    assert!(names.len() == 1 && names.keys().all(|name| name.starts_with("aws-kms:")), "{names:?}");
}
