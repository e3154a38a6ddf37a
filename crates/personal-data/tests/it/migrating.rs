//! One process migrates, others wait; old and new versions stand side by side; indexes come while others write. On PostgreSQL.

use std::time::Duration;

use foundation::{Mode, uuid::Uuid};
use futures::future::try_join_all;
use personal_data::{Db, DbOptions, SchemaBy, Unusable, schema};
use sea_orm::{ConnectionTrait, Database};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{
    engines::{Engine, number, on_both_engines},
    rows::{Migrations, SERVICE, counter, holds},
};

on_both_engines!(a_migration_that_is_not_ours_is_a_newer_versions, a_failed_migration_is_named_and_can_be_tried_again);

/// Two versions that went apart: each has a table that the other does not know.
struct Left;
struct Right;

impl MigratorTrait for Left {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = schema::migration("identity_0002", || vec![schema::table("left_hand", "id")]);
        Migrations::migrations().into_iter().chain([own]).collect()
    }
}

impl MigratorTrait for Right {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = schema::migration("identity_0003", || vec![schema::table("right_hand", "id")]);
        let index = schema::late_index("identity_0004", "counter", &["value"]);
        Migrations::migrations().into_iter().chain([own, index]).collect()
    }
}

async fn a_migration_that_is_not_ours_is_a_newer_versions(engine: Engine) {
    engine.database::<Left>(SERVICE).await;
    engine.database::<Right>(SERVICE).await;
    engine.database::<Left>(SERVICE).await;
    let db = engine.database::<Migrations>(SERVICE).await;
    assert_eq!(number(&db, "SELECT (SELECT count(*) FROM left_hand) + (SELECT count(*) FROM right_hand)").await, 0);
}

/// Its table is there already.
struct Failing;

impl MigratorTrait for Failing {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = schema::migration("identity_0009", || vec![schema::table("half", "id"), schema::table("counter", "id")]);
        Migrations::migrations().into_iter().chain([own]).collect()
    }
}

async fn a_failed_migration_is_named_and_can_be_tried_again(engine: Engine) {
    let db = engine.database::<Migrations>(SERVICE).await;
    let address = engine.address(SERVICE).await;
    let open = || Db::open::<Failing>(&address, SERVICE, engine.clock.clone());
    for _ in 0..2 {
        let text = open().await.err().unwrap().to_string();
        assert_eq!(text, "the migration `identity_0009` failed; nothing of it is left, and it can be tried again");
    }
    db.execute_unprepared("ALTER TABLE counter RENAME TO counted").await.unwrap();
    open().await.unwrap();
}

fn open(engine: &Engine, address: &str, schema: SchemaBy) -> impl Future<Output = Result<Db, personal_data::Error>> + use<> {
    let options = DbOptions { schema, mode: Mode::Development, ..DbOptions::default() };
    let (address, clock) = (address.to_owned(), engine.clock.clone());
    async move { Db::open_with::<Right>(&address, SERVICE, clock, &options).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_at_once_migrate_once() {
    let Some(engine) = Engine::postgres() else { return };
    let address = engine.address(SERVICE).await;
    let replicas = try_join_all((0..6).map(|_| open(&engine, &address, SchemaBy::Itself))).await.unwrap();
    let applied = number(&replicas[0], "SELECT count(*) FROM seaql_migrations").await;
    assert_eq!(applied, Right::migrations().len() as i64);
    assert_eq!(number(&replicas[0], "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1802464371 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_that_may_not_migrate_waits_for_the_command() {
    let Some(engine) = Engine::postgres() else { return };
    let address = engine.address(SERVICE).await;
    let short = SchemaBy::Command { within: Duration::from_millis(50) };
    let error = open(&engine, &address, short).await.err().unwrap();
    assert!(matches!(error, personal_data::Error::Unusable(Unusable::Behind { .. })), "{error:?}");
    assert!(error.to_string().contains("`kolsai migrate identity`"), "{error}");

    let waiting = tokio::spawn(open(&engine, &address, SchemaBy::Command { within: Duration::from_secs(30) }));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    let applied = Db::migrate::<Right>(&address, &holds(), None, engine.clock.clone(), &DbOptions::default()).await.unwrap();
    assert_eq!(applied.len(), Right::migrations().len());
    let db = waiting.await.unwrap().unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM recorded_map").await, 1, "what is there is known from the start");
    let again = Db::migrate::<Right>(&address, &holds(), None, engine.clock.clone(), &DbOptions::default()).await.unwrap();
    assert_eq!(again, Vec::<String>::new());
}

/// What a newer version declares is known before it is there; what did not come about is not.
#[tokio::test]
async fn a_migration_that_fails_leaves_no_map() {
    let Some(engine) = Engine::postgres() else { return };
    let address = engine.address(SERVICE).await;
    let db = engine.database::<Migrations>(SERVICE).await;
    let failed = Db::migrate::<Failing>(&address, &holds(), None, engine.clock.clone(), &DbOptions::default()).await;
    assert!(failed.is_err());
    assert_eq!(number(&db, "SELECT count(*) FROM recorded_map").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_index_of_a_large_table_comes_while_others_write() {
    let Some(engine) = Engine::postgres() else { return };
    let address = engine.address(SERVICE).await;
    let db = engine.database::<Migrations>(SERVICE).await;
    db.execute_unprepared("INSERT INTO counter SELECT gen_random_uuid(), n, 0 FROM generate_series(1, 150000) n").await.unwrap();
    // An attempt that broke off before: its index is there and counts for nothing.
    let bare = Database::connect(&address).await.unwrap();
    bare.execute_unprepared("INSERT INTO counter SELECT gen_random_uuid(), 1, 0").await.unwrap();
    assert!(bare.execute_unprepared("CREATE UNIQUE INDEX CONCURRENTLY counter_value ON counter (value)").await.is_err());
    assert_eq!(number(&db, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 1);

    let before = db.begin("test.before").await.unwrap();
    let row = |value| counter::Model { id: Uuid::now_v7(), value, version: 0 };
    before.insert::<counter::Entity>(row(-1)).await.unwrap();
    let migrating = tokio::spawn(open(&engine, &address, SchemaBy::Itself));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!migrating.is_finished(), "it waits for whoever began before");
    let write = async {
        let tx = db.begin("test.meanwhile").await.unwrap();
        tx.insert::<counter::Entity>(row(-2)).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(2), write).await.expect("who writes meanwhile does not wait for the index");
    before.commit().await.unwrap();
    let newer = migrating.await.unwrap().unwrap();
    let valid = "SELECT count(*) FROM pg_index WHERE indexrelid = 'counter_value'::regclass AND indisvalid AND NOT indisunique";
    assert_eq!(number(&newer, valid).await, 1);
    bare.close().await.unwrap();
}
