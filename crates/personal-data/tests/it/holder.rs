//! Export, erasure and the watch over the live schema, all out of the map.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use contract::{Category, Purpose, keyring::v1::leased_key::Refusal};
use foundation::{PersonId, uuid::Uuid};
use futures::{StreamExt, stream};
use personal_data::{
    Db, Error, Holds, Idempotency, category,
    holder::{ErasureReport, ExportedRow, GONE, HeldFile, HeldObjects, PAGE},
    keys::Keys,
    person_state::{self, State},
    query,
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use serde_json::json;

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{self, Migrations, SERVICE, counter, invoice, letter, profile},
};

on_both_engines!(
    a_copy_has_everything_of_one_person_opened_and_nobody_else,
    a_copy_has_the_files_of_its_rows_and_says_which_are_gone,
    a_copy_of_many_rows_has_each_once_and_holds_one_page,
    a_copy_is_given_to_a_restricted_person,
    an_erasure_deletes_locks_forgets_and_leaves_a_tombstone,
    an_erasure_of_somebody_unknown_reports_nothing_held,
    an_erasure_again_finds_nothing,
    what_the_map_does_not_see_is_left_over,
    an_erased_person_is_not_written_back_into_another_ones_row,
    tables_and_columns_nobody_declared_are_named,
    what_the_map_has_and_the_database_has_not_is_named,
);

/// Objects in memory.
#[derive(Default)]
struct Attachments(Mutex<BTreeMap<String, Vec<u8>>>);

#[async_trait::async_trait]
impl HeldObjects for Attachments {
    async fn open(&self, _: PersonId, key: &str) -> Result<Option<HeldFile>, Error> {
        let bytes = self.0.lock().unwrap().get(key).cloned();
        Ok(bytes.map(|bytes| HeldFile { name: format!("attachments/{key}.jpg"), parts: stream::iter([Ok(bytes)]).boxed() }))
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

pub struct Stage {
    pub db: Db,
    keyring: Keyring,
    pub keys: Keys,
    attachments: Arc<Attachments>,
    pub holds: Holds,
}

impl Stage {
    pub async fn on(engine: &Engine) -> Self {
        let db = engine.database::<Migrations>(SERVICE).await;
        let keyring = Keyring::new(&engine.clock);
        let keys = keyring.keys(SERVICE);
        // As a contract without a word about it would have it.
        keyring.does_not_declare(Category::LockedPayment, Purpose::Rights);
        let attachments = Arc::<Attachments>::default();
        Self { holds: rows::holds().with_objects("attachments", attachments.clone()), db, keyring, keys, attachments }
    }

    /// Somebody with a profile, two letters (one with an attachment) and an invoice.
    pub async fn somebody(&self, name: &str, answered_by: Option<PersonId>) -> PersonId {
        let person = self.keyring.person();
        let key = self.keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
        let at = self.db.clock().now();
        let profile = rows::a_profile(&key, name, at);
        let mut letters = [rows::a_letter(&key, &format!("{name} writes")), rows::a_letter(&key, &format!("{name} writes again"))];
        letters[0].answered_by = answered_by;
        letters[0].attachment = Some(format!("of-{person}"));
        letters[0].sent_at = Some(at);
        self.attachments.0.lock().unwrap().insert(format!("of-{person}"), name.as_bytes().to_vec());
        let tx = self.db.begin_for("test.write", person, Purpose::Account).await.unwrap();
        tx.insert::<profile::Entity>(profile).await.unwrap();
        for letter in letters {
            tx.insert::<letter::Entity>(letter).await.unwrap();
        }
        tx.insert::<invoice::Entity>(invoice::Model { id: Uuid::now_v7(), payer: person, tenge: 25_000, dated_at: at }).await.unwrap();
        tx.commit().await.unwrap();
        person
    }

    async fn copy(&self, person: PersonId) -> Result<Vec<ExportedRow>, Error> {
        let mut export = self.holds.export(&self.db, &self.keys, person);
        let mut rows = Vec::new();
        while let Some(row) = export.next().await? {
            rows.push(row);
        }
        Ok(rows)
    }

    pub async fn erase(&self, person: PersonId) -> ErasureReport {
        let removed = self.holds.remove_objects(&self.db, person).await.unwrap();
        let tx = self.db.begin("test.erase").await.unwrap();
        let report = self.holds.erase_in_tx(&tx, person, &removed).await.unwrap();
        tx.commit().await.unwrap();
        self.holds.settle(&self.db, &self.keys, person).await.unwrap();
        report
    }

    async fn count(&self, sql: &str) -> i64 {
        number(&self.db, sql).await
    }
}

async fn a_copy_has_everything_of_one_person_opened_and_nobody_else(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let instructor = stage.somebody("Oleg", None).await;
    let person = stage.somebody("Айгүл", Some(instructor)).await;

    let copy = stage.copy(person).await.unwrap();

    let tables: Vec<_> = copy.iter().map(|row| row.table).collect();
    assert_eq!(tables, ["profile", "letter", "letter", "invoice"]);
    let profile = &copy[0].json;
    assert_eq!(profile["first_name"], json!("Айгүл"));
    assert_eq!(profile["phone"], json!("+77010000000"));
    assert_eq!(profile["settings"], json!({ "language": "kk" }));
    assert_eq!(profile["email_index"], json!("kept as a hash that cannot be read back"));
    assert_eq!(profile["password_hash"], profile["email_index"]);
    assert_eq!(profile["person"], json!(person.to_string()));
    assert!(profile["at"].as_str().unwrap().ends_with('Z'), "{profile}");

    let (with, without) = if copy[1].objects.is_empty() { (&copy[2], &copy[1]) } else { (&copy[1], &copy[2]) };
    assert_eq!(with.json["body"], json!("Айгүл writes"));
    assert_eq!(with.json["answered_by"], json!("another person"));
    assert_eq!(with.json["urgent"], json!(false));
    assert_eq!(with.objects, [("attachment".to_owned(), format!("of-{person}"))]);
    assert_eq!(without.json["body"], json!("Айгүл writes again"));
    assert_eq!((&without.json["answered_by"], &without.json["sent_at"]), (&json!(null), &json!(null)));
    assert_eq!(copy[3].json["tenge"], json!(25_000));

    let shown = format!("{copy:?}");
    assert!(!shown.contains(&instructor.to_string()) && !shown.contains("Oleg"), "{shown}");
}

async fn a_copy_has_the_files_of_its_rows_and_says_which_are_gone(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody("Айгүл", None).await;
    for gone in [false, true] {
        if gone {
            stage.attachments.0.lock().unwrap().clear();
        }
        let mut export = stage.holds.export(&stage.db, &stage.keys, person);
        let mut row = loop {
            let row = export.next().await.unwrap().expect("a letter with an attachment");
            if !row.objects.is_empty() {
                break row;
            }
        };
        let files = export.files(&mut row).await.unwrap();
        let name = format!("attachments/of-{person}.jpg");
        assert_eq!(row.json["attachment"], json!(if gone { GONE } else { &name }));
        assert_eq!(files.len(), usize::from(!gone));
        for file in files {
            assert_eq!(file.name, name);
            let parts: Vec<_> = file.parts.map(Result::unwrap).collect().await;
            assert_eq!(parts.concat(), "Айгүл".as_bytes());
        }
    }
}

async fn a_copy_of_many_rows_has_each_once_and_holds_one_page(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, other) = (stage.somebody("Айгүл", None).await, stage.somebody("Oleg", None).await);
    let many = 2 * usize::try_from(PAGE).unwrap() + 1;
    for (payer, rows) in [(person, many - 1), (other, 7)] {
        let tx = stage.db.begin_for("test.write", payer, Purpose::Account).await.unwrap();
        for _ in 0..rows {
            tx.insert::<invoice::Entity>(invoice::Model { id: Uuid::new_v4(), payer, tenge: 1, dated_at: stage.db.clock().now() })
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }
    let copy = stage.copy(person).await.unwrap();
    let ids: std::collections::BTreeSet<_> =
        copy.iter().filter(|row| row.table == "invoice").map(|row| row.json["id"].to_string()).collect();
    assert_eq!((ids.len(), copy.len()), (many, many + 3));
}

async fn a_copy_is_given_to_a_restricted_person(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody("Айгүл", None).await;
    let tx = stage.db.begin("test.restrict").await.unwrap();
    person_state::apply_in_tx(&tx, person, State::Restricted, 0, 1).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(stage.copy(person).await.unwrap().len(), 4);
    assert!(stage.keyring.leases().iter().any(|lease| lease.purpose == Purpose::Rights));
    // Without a key there is no copy, least of all one with the ciphertext in it.
    stage.keys.evict(person);
    stage.keyring.refuse(person, Refusal::Erased);
    assert!(matches!(stage.copy(person).await, Err(Error::Erased)));
    stage.keyring.refuse(person, Refusal::Granted);
    stage.keyring.does_not_declare(Category::Account, Purpose::Rights);
    let refused = stage.copy(person).await;
    assert!(matches!(refused, Err(Error::Undeclared { category: Category::Account, .. })), "{refused:?}");
}

async fn an_erasure_deletes_locks_forgets_and_leaves_a_tombstone(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody("Айгүл", None).await;
    let other = stage.somebody("Oleg", Some(person)).await;

    let report = stage.erase(person).await;

    let classes: Vec<_> = report.classes.iter().map(|c| (c.table, c.before, c.after, c.locked, c.law, c.objects)).collect();
    assert_eq!(classes, [("profile", 1, 0, 0, None, 0), ("letter", 2, 0, 0, None, 1), ("invoice", 1, 1, 1, Some("Tax Code, art. 48"), 0)]);
    assert_eq!(report.left_over, 0);
    assert_eq!(person_state::of(&stage.db, person).await.unwrap(), State::Erased);
    assert!(matches!(stage.db.begin_for("test.late", person, Purpose::Rights).await, Err(Error::Erased)));
    assert!(query::of::<invoice::Entity>(person, Purpose::LegalRetention).all(&stage.db).await.unwrap().is_empty());
    assert_eq!(stage.count("SELECT count(*) FROM invoice").await, 2);

    // The other one keeps everything, and a letter that was answered by somebody who is no longer there.
    let copy = stage.copy(other).await.unwrap();
    assert_eq!(copy.len(), 4);
    assert!(copy.iter().all(|row| row.json.get("answered_by").is_none_or(|who| who.is_null())), "{copy:?}");
    assert_eq!(stage.attachments.0.lock().unwrap().keys().cloned().collect::<Vec<_>>(), [format!("of-{other}")]);
}

async fn an_erasure_of_somebody_unknown_reports_nothing_held(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.somebody("Oleg", None).await;
    let report = stage.erase(PersonId::new_v4()).await;
    assert!(report.classes.iter().all(|c| (c.before, c.after, c.locked, c.objects) == (0, 0, 0, 0)), "{report:?}");
    assert_eq!((report.classes.len(), report.left_over), (3, 0));
    assert_eq!(stage.count("SELECT count(*) FROM letter").await, 2);
}

async fn an_erasure_again_finds_nothing(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody("Айгүл", None).await;
    stage.erase(person).await;
    let again = stage.erase(person).await;
    assert!(again.classes.iter().all(|c| c.before == c.locked && c.objects == 0), "{again:?}");
    assert_eq!(again.left_over, 0);
}

async fn what_the_map_does_not_see_is_left_over(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, other) = (stage.somebody("Айгүл", None).await, stage.somebody("Oleg", None).await);
    // A mistake of a use case: the person's identifier as the topic of somebody else's letter.
    let sql = format!("UPDATE letter SET topic = '{person}' WHERE attachment = 'of-{other}'");
    stage.db.execute_unprepared(&sql).await.unwrap();
    // And two of a migration: a column of every kind in a table that no map has.
    let blob = if engine.backend() == sea_orm::DbBackend::Sqlite { "X'" } else { "'\\x" };
    let planted = format!(
        "CREATE TABLE planted (a TEXT, b {id}, c {bytes}); INSERT INTO planted VALUES ('{person}', {uuid}, {blob}{bare}')",
        id = if blob == "X'" { "BLOB" } else { "UUID" },
        bytes = if blob == "X'" { "BLOB" } else { "BYTEA" },
        uuid = if blob == "X'" { format!("X'{}'", person.0.simple()) } else { format!("'{person}'") },
        bare = person.0.simple(),
    );
    stage.db.execute_unprepared(&planted).await.unwrap();

    assert_eq!(stage.erase(person).await.left_over, 4);
    assert_eq!(stage.erase(other).await.left_over, 0, "nothing of this one is anywhere");
    assert_eq!(stage.erase(person).await.left_over, 3, "the letter went with its author; the three columns are still there");
}

async fn an_erased_person_is_not_written_back_into_another_ones_row(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let instructor = stage.somebody("Oleg", None).await;
    let person = stage.somebody("Айгүл", Some(instructor)).await;
    let find = query::of::<letter::Entity>(person, Purpose::Account).filter(letter::Column::AnsweredBy.eq(instructor));
    let mut seen = find.clone().one(&stage.db).await.unwrap().unwrap();

    stage.erase(instructor).await;

    // A use case that read the row before the erasure writes it after.
    let tx = stage.db.begin_for("test.late", person, Purpose::Account).await.unwrap();
    seen.readings += 1;
    assert!(matches!(tx.update::<letter::Entity>(&mut seen).await, Err(Error::Changed("letter"))));
    tx.commit().await.unwrap();
    assert!(find.one(&stage.db).await.unwrap().is_none());
}

async fn tables_and_columns_nobody_declared_are_named(engine: Engine) {
    let stage = Stage::on(&engine).await;
    assert_eq!(stage.holds.drift(&stage.db).await.unwrap(), Vec::<String>::new());

    stage.db.execute_unprepared("CREATE TABLE notes_of_the_night (body TEXT)").await.unwrap();
    stage.db.execute_unprepared("ALTER TABLE letter ADD COLUMN draft TEXT").await.unwrap();
    let mut drift = stage.holds.drift(&stage.db).await.unwrap();
    drift.sort();
    assert_eq!(
        drift,
        ["column `letter.draft` is in the database and in no map", "table `notes_of_the_night` is in the database and in no map",]
    );
}

async fn what_the_map_has_and_the_database_has_not_is_named(engine: Engine) {
    let stage = Stage::on(&engine).await;
    // SQLite lets no column go that has an index.
    stage.db.execute_unprepared("DROP INDEX identifiers_letter__topic").await.unwrap();
    stage.db.execute_unprepared("ALTER TABLE letter DROP COLUMN topic").await.unwrap();
    stage.db.execute_unprepared("DROP TABLE counter").await.unwrap();
    let mut drift = stage.holds.drift(&stage.db).await.unwrap();
    drift.sort();
    assert_eq!(
        drift,
        [
            "column `counter.id` is in the map and not in the database",
            "column `counter.value` is in the map and not in the database",
            "column `counter.version` is in the map and not in the database",
            "column `letter.topic` is in the map and not in the database",
        ]
    );
}

#[test]
fn purposes_that_the_contract_does_not_declare_are_reported() {
    let some = Holds::of::<(profile::Entity, letter::Entity, counter::Entity)>(SERVICE);
    assert_eq!(
        some.undeclared(),
        ["identity.letter.attachment names objects in `attachments`, which no `StoreMap` of this service describes"]
    );
    assert_eq!(some.keeps(rows::STORES).undeclared(), Vec::<String>::new());
    let undeclared = rows::holds().undeclared();
    assert_eq!(
        undeclared,
        ["identity.invoice uses LOCKED_PAYMENT for LEGAL_RETENTION, which the contract's holder option does not declare"]
    );
    // A service that says nothing may hold nothing.
    assert_eq!(Holds::of::<(profile::Entity,)>("gateway").undeclared().len(), 2);
}

#[test]
fn the_hash_of_the_map_follows_the_map_and_not_the_order() {
    let one = Holds::of::<(profile::Entity, letter::Entity)>(SERVICE);
    let turned = Holds::of::<(letter::Entity,)>(SERVICE).and::<(profile::Entity,)>();
    assert_eq!(one.map_hash(), turned.map_hash());
    assert_eq!(one.map_hash().len(), 64);
    assert_ne!(one.map_hash(), rows::holds().map_hash());
    let tables: Vec<_> = turned.maps().iter().map(|map| map.table).collect();
    assert_eq!(
        tables,
        ["letter", "person_state", "idempotency", "access_entry", "recorded_map", "object_removal", "deletion_ticket", "profile"]
    );
}

#[test]
fn the_map_says_in_words_what_the_row_declared() {
    let maps = rows::holds().maps();
    let said: Vec<_> = maps[..4].iter().map(|map| (map.table, map.keep(), map.on_erase())).collect();
    let of = |table, keep: &str, erase: &str| (table, keep.to_owned(), erase.to_owned());
    assert_eq!(
        said,
        [
            of("profile", "30 days after the relation ends", "deleted"),
            of("letter", "1 year after it was written", "deleted"),
            of("invoice", "5 years from the tax period that follows its own", "locked: Tax Code, art. 48"),
            of("counter", "", ""),
        ]
    );
    let words: Vec<_> = maps[1].columns.iter().map(|c| (c.name, c.word, c.note)).collect();
    assert_eq!(words[1], ("author", "owner", ""));
    assert_eq!(words[2], ("answered_by", "other_person", "former_staff"));
    assert_eq!(words[4], ("attachment", "object", "attachments"));
}

/// The claim of a person's call says nothing that a scan for the person could find.
#[test]
fn a_claim_hides_its_caller() {
    let person = PersonId::new_v4();
    let shown = format!("{:?}", Idempotency::new(Some(person), "/m", "key", b"body"));
    assert!(!shown.contains(&person.0.simple().to_string()) && !shown.contains(&person.to_string()));
}
