//! A database that cannot be used is refused in one sentence, which shows no password.

use std::{num::NonZeroU32, time::Duration};

use foundation::{Clock, Mode};
use personal_data::{Db, DbOptions, SchemaBy, Unusable};
use sea_orm::{ConnectionTrait, Database};

use crate::{
    engines::{Engine, number, rows},
    rows::{Migrations, SERVICE},
};

/// A role with a password, over TLS: `postgres://user:password@localhost:port?sslmode=verify-full&sslrootcert=file`.
const TLS: &str = "KOLSAI_TEST_POSTGRES_TLS";

fn over_tls() -> Option<String> {
    let base = std::env::var(TLS).ok();
    if base.is_none() {
        eprintln!("{TLS} is not set: nothing is tested over TLS");
    }
    base.map(|base| base.replace('?', "/postgres?"))
}

async fn refused(address: &str, options: &DbOptions) -> (Unusable, String) {
    let opened = Db::open_with::<Migrations>(address, SERVICE, Clock::system(Mode::Development), options).await;
    let error = opened.err().expect("it should have been refused");
    let text = error.to_string();
    match error {
        personal_data::Error::Unusable(why) => (why, text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_an_address_gets_wrong_is_told_without_its_password() {
    let Some(right) = over_tls() else { return };
    let options = DbOptions { acquire: Duration::from_secs(3), ..DbOptions::default() };
    let password = right.split([':', '@']).nth(2).unwrap().to_owned();
    let wrong = right.replace(&password, "not-the-password");
    let ports = right.rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
    let cases = [
        ("a wrong password", wrong, "the password"),
        ("no such database", right.replace("/postgres?", "/nowhere?"), "no such database"),
        ("another name than the certificate's", right.replace("@localhost", "@127.0.0.1"), "does not verify"),
        ("an authority that did not sign it", right.split("&sslrootcert").next().unwrap().to_owned(), "does not verify"),
        ("no such file", right.replace("sslrootcert=", "sslrootcert=/nowhere"), "cannot be read"),
        ("nobody there", right.replace(&ports, "1"), "does not answer"),
        ("another kind", right.replace("postgres://", "mysql://"), "postgres://user:password"),
    ];
    for (what, address, expected) in cases {
        let (why, text) = refused(&address, &options).await;
        assert!(text.contains(expected), "{what}: {text}");
        assert!(!text.contains(&password) && !text.contains("not-the-password"), "{what}: {text}");
        assert!(!format!("{why:?}").contains(&password), "{what}");
        assert!(!text.contains('\n'), "{what}: {text}");
    }
}

/// The server's own words, as an older or misset one would say them: functions of a schema that comes before its own.
async fn says(engine: &Engine, function: &str) -> String {
    let address = engine.address(SERVICE).await;
    let server = Database::connect(&address).await.unwrap();
    server.execute_unprepared("CREATE SCHEMA IF NOT EXISTS odd").await.unwrap();
    server.execute_unprepared(function).await.unwrap();
    server.close().await.unwrap();
    format!("{address}?options=-c%20search_path%3Dodd,pg_catalog,public")
}

#[tokio::test]
async fn a_clock_that_is_off_by_an_hour_is_refused_in_production_only() {
    let Some(engine) = Engine::postgres() else { return };
    let function = "CREATE FUNCTION odd.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS \
                    $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$";
    let address = says(&engine, function).await;
    let production = DbOptions { mode: Mode::Production, ..DbOptions::default() };
    let (why, text) = refused(&address, &production).await;
    assert!(matches!(why, Unusable::Clock { seconds: 3590..=3610 }), "{text}");
    assert!(text.contains("NTP"), "{text}");
    let development =
        Db::open_with::<Migrations>(&engine.address(SERVICE).await, SERVICE, engine.clock.clone(), &DbOptions::default()).await;
    development.unwrap();
    Db::attach(&address, SERVICE, engine.clock.clone()).await.unwrap();
}

#[tokio::test]
async fn an_old_server_is_refused() {
    let Some(engine) = Engine::postgres() else { return };
    let function = "CREATE FUNCTION odd.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '140011' $$";
    let address = says(&engine, function).await;
    let (why, text) = refused(&address, &DbOptions::default()).await;
    assert!(matches!(why, Unusable::Version { found: 14, least: 15 }), "{text}");
}

#[tokio::test]
async fn nothing_takes_longer_than_it_may() {
    let Some(engine) = Engine::postgres() else { return };
    let millis = Duration::from_millis;
    let options = DbOptions {
        pool: NonZeroU32::new(2).unwrap(),
        acquire: millis(100),
        statement: millis(200),
        idle_in_transaction: millis(800),
        lock: millis(100),
        schema: SchemaBy::Itself,
        mode: Mode::Development,
    };
    // Migrations take their time.
    engine.database::<Migrations>(SERVICE).await;
    let address = engine.address(SERVICE).await;
    let db = Db::open_with::<Migrations>(&address, SERVICE, engine.clock.clone(), &options).await.unwrap();
    let name: String = rows(&db, "SHOW application_name").await[0].try_get_by_index(0).unwrap();
    assert_eq!(name, format!("kolsai/{SERVICE}"));

    let slow = db.execute_unprepared("SELECT pg_sleep(5)").await.unwrap_err().to_string();
    assert!(slow.contains("statement timeout"), "{slow}");

    // Two connections, no third; and who holds one without a word is put out.
    let (one, other) = (db.begin("test.one").await.unwrap(), db.begin("test.other").await.unwrap());
    assert!(db.begin("test.third").await.is_err());
    one.execute_unprepared("LOCK TABLE counter").await.unwrap();
    let locked = other.execute_unprepared("SELECT * FROM counter").await.unwrap_err().to_string();
    assert!(locked.contains("lock timeout"), "{locked}");
    drop(other);
    tokio::time::sleep(millis(1_500)).await;
    assert!(one.commit().await.is_err(), "it was put out meanwhile");
    assert_eq!(number(&db, "SELECT count(*) FROM counter").await, 0, "the pool goes on");
}
