//! The same words make the same tables on both engines.

use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{PersonalData, schema};
use sea_orm::{ConnectionTrait, DbBackend, entity::prelude::*};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::engines::{Engine, number, on_both_engines, rows};

on_both_engines!(
    every_kind_of_column_comes_back_as_it_was,
    indexes_stand_and_bind,
    a_second_start_changes_nothing,
    a_failed_migration_leaves_nothing
);

/// Every kind of column that `schema` can write.
mod everything {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "everything")]
    #[personal(none = "a table of every kind of column")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub sequence: i64,
        #[personal(link)]
        pub id: Uuid,
        #[personal(link)]
        pub optional_id: Option<Uuid>,
        #[personal(plain = "any")]
        pub bytes: Vec<u8>,
        #[personal(plain = "any")]
        pub optional_bytes: Option<Vec<u8>>,
        #[personal(plain = "any")]
        pub text: String,
        #[personal(plain = "any")]
        pub optional_text: Option<String>,
        #[personal(code)]
        pub code: i32,
        #[personal(measure)]
        pub number: i64,
        #[personal(measure)]
        pub optional_number: Option<i64>,
        #[personal(measure)]
        pub flag: bool,
        #[personal(time)]
        pub time: Timestamp,
        #[personal(time)]
        pub optional_time: Option<Timestamp>,
    }
}

struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.push(schema::migration("test_0001", || {
            vec![
                schema::bare("everything")
                    .number_key("sequence")
                    .id("id")
                    .optional_id("optional_id")
                    .bytes("bytes")
                    .optional_bytes("optional_bytes")
                    .text("text")
                    .optional_text("optional_text")
                    .code("code")
                    .number("number")
                    .optional_number("optional_number")
                    .flag("flag")
                    .time("time")
                    .optional_time("optional_time")
                    .unique(&["text", "code"])
                    .index(&["number"]),
            ]
        }));
        all
    }
}

/// The same, and then one that cannot be: its second table is there already.
struct Failing;

impl MigratorTrait for Failing {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = Migrations::migrations();
        all.push(schema::migration("test_0002", || vec![schema::table("half", "id"), schema::table("everything", "id")]));
        all
    }
}

fn row(sequence: i64) -> everything::Model {
    everything::Model {
        sequence,
        id: Uuid::now_v7(),
        optional_id: None,
        bytes: vec![0, 255],
        optional_bytes: None,
        text: "Қазақстан".into(),
        optional_text: None,
        code: 7,
        number: i64::MAX,
        optional_number: None,
        flag: true,
        time: Timestamp::from_micros(-1),
        optional_time: None,
    }
}

async fn every_kind_of_column_comes_back_as_it_was(engine: Engine) {
    let db = engine.database::<Migrations>("identity").await;
    let empty = row(i64::MIN);
    let full = everything::Model {
        optional_id: Some(PersonId::new_v4().0),
        optional_bytes: Some(Vec::new()),
        text: String::new(),
        optional_text: Some("a 'quoted' \"text\"; DROP TABLE everything".into()),
        optional_number: Some(i64::MIN),
        flag: false,
        optional_time: Some(engine.clock.now()),
        ..row(1)
    };
    let tx = db.begin("test.write").await.unwrap();
    for model in [&empty, &full] {
        tx.insert::<everything::Entity>(model.clone()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let found = personal_data::query::anonymous::<everything::Entity>().all(&db).await.unwrap();
    assert_eq!(found.iter().find(|m| m.sequence == 1), Some(&full));
    assert_eq!(found.iter().find(|m| m.sequence == i64::MIN), Some(&empty));
    // Times are whole microseconds, flags are truth values, identifiers are 16 bytes on both.
    if engine.backend() == DbBackend::Sqlite {
        assert_eq!(number(&db, "SELECT length(id) FROM everything LIMIT 1").await, 16);
    }
    assert_eq!(number(&db, "SELECT time FROM everything LIMIT 1").await, -1);
}

async fn indexes_stand_and_bind(engine: Engine) {
    let db = engine.database::<Migrations>("identity").await;
    let sql = match engine.backend() {
        DbBackend::Sqlite => "SELECT name AS n FROM sqlite_master WHERE type = 'index' AND tbl_name = 'everything'",
        _ => "SELECT indexname::text AS n FROM pg_indexes WHERE tablename = 'everything'",
    };
    let names: Vec<String> = rows(&db, sql).await.iter().map(|row| row.try_get("", "n").unwrap()).collect();
    assert!(["everything_text_code", "everything_number"].iter().all(|n| names.iter().any(|name| name == n)), "{names:?}");

    let tx = db.begin("test.unique").await.unwrap();
    tx.insert::<everything::Entity>(row(1)).await.unwrap();
    tx.insert::<everything::Entity>(everything::Model { code: 8, ..row(2) }).await.unwrap();
    tx.commit().await.unwrap();
    let tx = db.begin("test.unique").await.unwrap();
    let error = tx.insert::<everything::Entity>(row(3)).await.unwrap_err();
    assert!(error.is_unique_violation());
    drop(tx);
    // What must be there must be there.
    assert!(db.execute_unprepared("INSERT INTO everything (sequence) VALUES (9)").await.is_err());
}

async fn a_second_start_changes_nothing(engine: Engine) {
    let db = engine.database::<Migrations>("identity").await;
    let tx = db.begin("test.write").await.unwrap();
    tx.insert::<everything::Entity>(row(1)).await.unwrap();
    tx.commit().await.unwrap();
    db.ping().await.unwrap();
    db.close().await.unwrap();
    let again = engine.database::<Migrations>("identity").await;
    assert_eq!(number(&again, "SELECT count(*) FROM everything").await, 1);
    assert_eq!(again.service(), "identity");
}

async fn a_failed_migration_leaves_nothing(engine: Engine) {
    let db = engine.database::<Migrations>("identity").await;
    assert!(Failing::up(&db_connection(&engine).await, None).await.is_err());
    let there = match engine.backend() {
        DbBackend::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = 'half'",
        _ => "SELECT count(*) FROM pg_tables WHERE tablename = 'half'",
    };
    assert_eq!(number(&db, there).await, 0);
}

/// A bare connection to the same database, as a migration gets it.
async fn db_connection(engine: &Engine) -> sea_orm::DatabaseConnection {
    sea_orm::Database::connect(engine.address("identity").await).await.unwrap()
}
