//! Old and new versions of one service over one database: each knows its own map, and the newest does the holder's work.

use contract::Purpose;
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{
    Db, Error, Holds, PersonalData, category,
    person_state::{self, State},
    retention::NoNotes,
    schema,
};
use sea_orm::{
    ConnectionTrait, DbErr,
    entity::prelude::*,
    sea_query::{Alias, ColumnDef, Table},
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{self, SERVICE, counter, invoice, profile},
};

on_both_engines!(
    what_a_newer_map_declares_is_no_drift_and_what_none_declares_is_named,
    the_newest_map_does_the_work_of_the_holder,
    an_old_version_starts_beside_a_newer_one,
    a_map_is_recorded_once_however_many_start_at_once,
);

/// The next version of `profile`: one column more.
mod next_profile {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "profile")]
    #[personal(category = Account, purposes(Account, Rights), keep(after = relation_end, days = 30), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key, owner)]
        pub person: PersonId,
        #[personal(plain = "sealed, as the older version says")]
        pub first_name: Vec<u8>,
        #[personal(plain = "the same")]
        pub phone: Option<Vec<u8>>,
        #[personal(plain = "the same")]
        pub settings: Vec<u8>,
        #[personal(plain = "the same")]
        pub email_index: Vec<u8>,
        #[personal(secret = "a hash that must be compared as it is")]
        pub password_hash: Vec<u8>,
        #[personal(time)]
        pub at: Timestamp,
        #[personal(version)]
        pub version: i64,
        #[personal(measure)]
        pub shoe_size: Option<i64>,
    }
}

/// A table that only the next version has.
mod badge {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "badge")]
    #[personal(category = Account, purposes(Account, Rights), keep(after = relation_end, days = 30), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
    }
}

struct Next;

impl MigratorTrait for Next {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = rows::Migrations::migrations();
        all.push(schema::migration("identity_0002", || vec![schema::table("badge", "id").id("person").index(&["person"])]));
        all.push(Box::new(ShoeSize));
        all
    }
}

struct ShoeSize;

impl MigrationName for ShoeSize {
    fn name(&self) -> &str {
        "identity_0003"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ShoeSize {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut size = ColumnDef::new(Alias::new("shoe_size"));
        size.big_integer().null();
        manager.alter_table(Table::alter().table(Alias::new("profile")).add_column(&mut size).to_owned()).await
    }
}

fn old() -> Holds {
    Holds::of::<(profile::Entity, rows::letter::Entity, invoice::Entity, counter::Entity)>(SERVICE).keeps(rows::STORES)
}

fn next() -> Holds {
    Holds::of::<(next_profile::Entity, badge::Entity, rows::letter::Entity, invoice::Entity, counter::Entity)>(SERVICE).keeps(rows::STORES)
}

/// The old version at work, then the next one starting beside it.
async fn side_by_side(engine: &Engine) -> (Db, Db) {
    let older = engine.database::<rows::Migrations>(SERVICE).await;
    old().record(&older).await.unwrap();
    let newer = engine.database::<Next>(SERVICE).await;
    next().record(&newer).await.unwrap();
    (older, newer)
}

async fn what_a_newer_map_declares_is_no_drift_and_what_none_declares_is_named(engine: Engine) {
    let older = engine.database::<rows::Migrations>(SERVICE).await;
    old().record(&older).await.unwrap();
    let newer = engine.database::<Next>(SERVICE).await;
    // Migrated and not yet recorded: nobody has declared it.
    let named = old().drift(&older).await.unwrap();
    assert!(named.iter().any(|finding| finding.contains("profile.shoe_size")) && named.iter().any(|f| f.contains("badge")), "{named:?}");

    next().record(&newer).await.unwrap();
    assert_eq!(old().drift(&older).await.unwrap(), Vec::<String>::new());
    assert_eq!(next().drift(&newer).await.unwrap(), Vec::<String>::new());

    newer.execute_unprepared("ALTER TABLE badge ADD COLUMN engraving TEXT").await.unwrap();
    newer.execute_unprepared("ALTER TABLE profile ADD COLUMN hat_size TEXT").await.unwrap();
    for holds in [old(), next()] {
        let mut drift = holds.drift(&newer).await.unwrap();
        drift.sort();
        assert_eq!(drift, ["badge.engraving", "profile.hat_size"].map(|c| format!("column `{c}` is in the database and in no map")));
    }
}

async fn the_newest_map_does_the_work_of_the_holder(engine: Engine) {
    let (older, newer) = side_by_side(&engine).await;
    let (keyring, at) = (Keyring::new(&engine.clock), engine.clock.now());
    let (keys, person) = (keyring.keys(SERVICE), keyring.person());
    let key = keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
    let tx = older.begin_for("test.old", person, Purpose::Account).await.unwrap();
    tx.insert::<profile::Entity>(rows::a_profile(&key, "Айгүл", at)).await.unwrap();
    tx.commit().await.unwrap();
    let tx = newer.begin_for("test.new", person, Purpose::Account).await.unwrap();
    tx.insert::<badge::Entity>(badge::Model { id: Uuid::now_v7(), person }).await.unwrap();
    tx.commit().await.unwrap();

    assert!(matches!(old().newest(&older).await, Err(Error::NotNewestMap)));
    assert!(matches!(old().remove_objects(&older, person).await, Err(Error::NotNewestMap)));
    let tx = older.begin("test.erase").await.unwrap();
    assert!(matches!(old().erase_in_tx(&tx, person, &[]).await, Err(Error::NotNewestMap)));
    drop(tx);
    assert_eq!(person_state::of(&older, person).await.unwrap(), State::Active, "nothing of it was done");

    let tx = newer.begin("test.erase").await.unwrap();
    let report = next().erase_in_tx(&tx, person, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(report.left_over, 0, "{report:?}");
    assert_eq!(number(&newer, "SELECT (SELECT count(*) FROM badge) + (SELECT count(*) FROM profile)").await, 0);
    // The term of a class may be longer in the newer version.
    engine.clock.advance(std::time::Duration::from_secs(8 * 365 * 24 * 3600));
    let tx = older.begin("test.invoice").await.unwrap();
    let locked = format!("INSERT INTO invoice (id, payer, tenge, dated_at) SELECT person, person, 1, {} FROM person_state", at.micros());
    tx.execute_unprepared(&locked).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(old().sweep(&older, &NoNotes).await, Err(Error::NotNewestMap)));
    assert_eq!(next().sweep(&newer, &NoNotes).await.unwrap().rows, [("invoice", 1)]);
}

async fn an_old_version_starts_beside_a_newer_one(engine: Engine) {
    let (_, newer) = side_by_side(&engine).await;
    // A replica of the old version that starts again, and one that was never seen here.
    let again = engine.database::<rows::Migrations>(SERVICE).await;
    old().record(&again).await.unwrap();
    let never_seen = Holds::of::<(profile::Entity, rows::letter::Entity, invoice::Entity)>(SERVICE).keeps(rows::STORES);
    never_seen.record(&again).await.unwrap();

    next().newest(&newer).await.unwrap();
    assert!(matches!(old().newest(&again).await, Err(Error::NotNewestMap)));
    assert!(matches!(never_seen.newest(&again).await, Err(Error::NotNewestMap)), "it came last and knows fewer migrations");
    assert_eq!(old().drift(&again).await.unwrap(), Vec::<String>::new());
}

async fn a_map_is_recorded_once_however_many_start_at_once(engine: Engine) {
    let mut replicas = Vec::new();
    for _ in 0..6 {
        replicas.push(engine.database::<Next>(SERVICE).await);
    }
    let (old, next) = (old(), next());
    let at_once = replicas.iter().enumerate().map(|(n, db)| if n % 2 == 0 { old.record(db) } else { next.record(db) });
    for recorded in futures::future::join_all(at_once).await {
        recorded.unwrap();
    }
    assert_eq!(number(&replicas[0], "SELECT count(*) FROM recorded_map").await, 2);
    assert_eq!(number(&replicas[0], "SELECT count(DISTINCT number) FROM recorded_map").await, 2);
}
