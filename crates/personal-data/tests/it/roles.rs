//! A service's role works with its rows and does nothing to its tables. By direct SQL, on PostgreSQL.

use contract::{Category, Purpose};
use foundation::{PersonId, uuid::Uuid};
use personal_data::{
    AccessLog, AccessRecorder, Actor, Db, DbOptions, Decision, Entry, Holds, PersonalData, Roles, SchemaBy, Unusable, category,
    person_state, person_state::State, retention::NoNotes, schema,
};
use sea_orm::{ConnectionTrait, Database, entity::prelude::*};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{
    engines::{Engine, number},
    keyring::Keyring,
    rows::{self, SERVICE, counter, letter, profile},
};

/// As the ledger of consents is.
mod vow {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "vow")]
    #[personal(category = Account, purposes(Account, Rights), keep(after = relation_end, days = 10), erase = delete, append_only)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
    }
}

struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let vow = schema::migration("identity_0002", || vec![schema::table("vow", "id").id("person").index(&["person"]).append_only("id")]);
        rows::Migrations::migrations().into_iter().chain([vow]).collect()
    }
}

fn holds() -> Holds {
    rows::holds().and::<(vow::Entity,)>()
}

/// A server with roles of its own for one test, named so that nobody else's are touched.
struct Server {
    engine: Engine,
    prefix: String,
    admin: DatabaseConnection,
}

impl Server {
    async fn start() -> Option<Self> {
        let engine = Engine::postgres()?;
        let admin = Database::connect(engine.address("payment").await).await.unwrap();
        let prefix = format!("k{}_", &Uuid::new_v4().simple().to_string()[..12]);
        for name in [SERVICE, "payment"] {
            admin.execute_unprepared(&format!("CREATE ROLE {prefix}{name} LOGIN")).await.unwrap();
        }
        Some(Self { engine, prefix, admin })
    }

    fn roles(&self, service: &str) -> Roles {
        Roles::of(&self.prefix, service, &[SERVICE, "payment"]).unwrap()
    }

    async fn migrate(&self) -> Result<Vec<String>, personal_data::Error> {
        let (address, roles) = (self.engine.address(SERVICE).await, self.roles(SERVICE));
        Db::migrate::<Migrations>(&address, &holds(), Some(&roles), self.engine.clock.clone(), &DbOptions::default()).await
    }

    /// Where a role finds a database.
    async fn address_of(&self, role: &str, database: &str) -> String {
        let address = self.engine.address(database).await;
        let (user, place) = address.strip_prefix("postgres://").unwrap().split_once('@').unwrap();
        assert!(!user.contains(':'), "the roles of this test have no password: it wants a server that trusts its socket");
        format!("postgres://{}{role}@{place}", self.prefix)
    }

    async fn open(&self, schema: SchemaBy) -> Result<Db, personal_data::Error> {
        let address = self.address_of(SERVICE, SERVICE).await;
        let options = DbOptions { schema, ..DbOptions::default() };
        Db::open_with::<Migrations>(&address, SERVICE, self.engine.clock.clone(), &options).await
    }

    async fn end(self) {
        let admin = self.admin.clone();
        let (owned, prefix) = (self.engine.address(SERVICE).await, self.prefix.clone());
        let database = Database::connect(owned).await.unwrap();
        for name in [SERVICE, "payment"] {
            database.execute_unprepared(&format!("DROP OWNED BY {prefix}{name}")).await.unwrap();
            let _ = admin.execute_unprepared(&format!("DROP OWNED BY {prefix}{name}; DROP ROLE {prefix}{name}")).await;
        }
        database.close().await.unwrap();
        admin.close().await.unwrap();
    }
}

const WAIT_FOR_NOTHING: SchemaBy = SchemaBy::Command { within: std::time::Duration::ZERO };

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_role_works_with_its_rows_and_does_nothing_to_its_tables() {
    let Some(server) = Server::start().await else { return };
    server.migrate().await.unwrap();
    let db = server.open(WAIT_FOR_NOTHING).await.unwrap();
    // With nothing left to do it may bring its schema up to date too.
    server.open(SchemaBy::Itself).await.unwrap().close().await.unwrap();
    assert_eq!(holds().drift(&db).await.unwrap(), Vec::<String>::new());
    holds().record(&db).await.unwrap();

    let (keyring, at) = (Keyring::new(&server.engine.clock), server.engine.clock.now());
    let (keys, person, colleague) = (keyring.keys(SERVICE), keyring.person(), keyring.person());
    let key = keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
    let tx = db.begin_for("test.work", person, Purpose::Account).await.unwrap();
    tx.insert::<profile::Entity>(rows::a_profile(&key, "Айгүл", at)).await.unwrap();
    let mut letter = letter::Model { answered_by: Some(colleague), sent_at: Some(at), ..rows::a_letter(&key, "A letter") };
    tx.insert::<letter::Entity>(letter.clone()).await.unwrap();
    tx.update::<letter::Entity>(&mut letter).await.unwrap();
    tx.insert::<vow::Entity>(vow::Model { id: Uuid::now_v7(), person }).await.unwrap();
    let other = counter::Model { id: Uuid::now_v7(), value: 1, version: 0 };
    tx.insert::<counter::Entity>(other.clone()).await.unwrap();
    tx.delete::<counter::Entity>(&other).await.unwrap();
    tx.commit().await.unwrap();
    let entry = Entry {
        actor: Actor::Person { id: person, role: None },
        subject: Some(person),
        method: "/kolsai.identity.v1.Accounts/GetProfile".into(),
        categories: vec![Category::Account],
        purpose: Purpose::Account,
        decision: Decision::Granted,
        session: None,
    };
    AccessLog::new(db.clone(), keys.clone()).record(vec![entry.clone(), entry]).await.unwrap();

    for refused in [
        "ALTER TABLE letter ADD COLUMN more text",
        "ALTER TABLE access_entry DISABLE TRIGGER ALL",
        "ALTER TABLE vow DISABLE TRIGGER vow_append_only",
        "DROP TABLE letter",
        "TRUNCATE letter",
        "TRUNCATE access_entry",
        "CREATE TABLE hidden (id int)",
        "CREATE SCHEMA hidden",
        "CREATE TEMPORARY TABLE hidden (id int)",
        "CREATE INDEX hidden ON letter (author)",
        "CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE access_entry SET decision = 'granted'",
        "DELETE FROM access_entry",
        "UPDATE vow SET person = id",
        "DELETE FROM vow",
        "DELETE FROM seaql_migrations",
        "GRANT ALL ON letter TO PUBLIC",
        "SET ROLE kolsai",
    ] {
        // One that the database lets pass with a warning did nothing either.
        let outcome = db.execute_unprepared(refused).await;
        let without_effect = refused.starts_with("GRANT");
        assert!(outcome.is_err() || without_effect, "{refused}");
    }
    assert_eq!(number(&db, "SELECT count(*) FROM access_entry WHERE decision = 'granted'").await, 2);
    let grants = "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema = 'public'";
    assert_eq!(number(&server.admin, grants).await, 0);

    // Retention and erasure need no more than this.
    let tx = db.begin("test.relation").await.unwrap();
    person_state::relation_in_tx(&tx, person, Some(at), 1).await.unwrap();
    tx.commit().await.unwrap();
    server.engine.clock.advance(std::time::Duration::from_secs(11 * 24 * 3600));
    let swept = holds().sweep(&db, &NoNotes).await.unwrap();
    assert_eq!(swept.rows, [("vow", 1)]);
    let tx = db.begin("test.erase").await.unwrap();
    let report = holds().erase_in_tx(&tx, person, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((report.left_over, person_state::of(&db, person).await.unwrap()), (0, State::Erased), "{report:?}");
    db.close().await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn a_role_connects_to_no_other_services_database() {
    let Some(server) = Server::start().await else { return };
    server.migrate().await.unwrap();
    for (role, database, comes_in) in [(SERVICE, SERVICE, true), ("payment", SERVICE, false)] {
        let address = server.address_of(role, database).await;
        let attached = Db::attach(&address, SERVICE, server.engine.clock.clone()).await;
        assert_eq!(attached.is_ok(), comes_in, "{role} at {database}");
        if let Err(error) = attached {
            assert!(matches!(error, personal_data::Error::Unusable(Unusable::MayNotConnect)), "{error:?}");
        }
    }
    server.end().await;
}

#[tokio::test]
async fn a_role_that_lacks_its_schema_says_who_makes_it() {
    let Some(server) = Server::start().await else { return };
    // The database is there and nothing in it.
    server.engine.address(SERVICE).await;
    for (schema, expected) in [(WAIT_FOR_NOTHING, "run `kolsai migrate identity`"), (SchemaBy::Itself, "this user may not make them")] {
        let text = server.open(schema).await.err().unwrap().to_string();
        assert!(text.contains(expected) && text.contains("kolsai migrate identity"), "{text}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_role_that_is_missing_or_may_too_much_is_refused() {
    let Some(server) = Server::start().await else { return };
    let (address, clock) = (server.engine.address(SERVICE).await, server.engine.clock.clone());
    let nobody = Roles::of("nobodys_", SERVICE, &[]).unwrap();
    let error = Db::migrate::<Migrations>(&address, &holds(), Some(&nobody), clock, &DbOptions::default()).await.unwrap_err();
    assert!(matches!(error, personal_data::Error::Unusable(Unusable::NoRole { .. })), "{error:?}");

    let role = format!("{}{SERVICE}", server.prefix);
    server.admin.execute_unprepared(&format!("ALTER ROLE {role} CREATEROLE")).await.unwrap();
    let text = server.migrate().await.unwrap_err().to_string();
    assert!(text.contains("may make roles") && !text.contains('\n'), "{text}");
    server.admin.execute_unprepared(&format!("ALTER ROLE {role} NOCREATEROLE")).await.unwrap();

    // What somebody gave it by hand goes; what a newer version's table gave it stays.
    let database = Database::connect(&address).await.unwrap();
    database.execute_unprepared(&format!("GRANT UPDATE, TRUNCATE ON access_entry TO {role}")).await.unwrap();
    database.execute_unprepared(&format!("CREATE TABLE newer (id uuid); GRANT SELECT ON newer TO {role}")).await.unwrap();
    server.migrate().await.unwrap();
    let may = |right: &str| format!("SELECT has_table_privilege('{role}', 'access_entry', '{right}')::int::bigint");
    assert_eq!((number(&database, &may("UPDATE")).await, number(&database, &may("INSERT")).await), (0, 1));
    assert_eq!(number(&database, &format!("SELECT has_table_privilege('{role}', 'newer', 'SELECT')::int::bigint")).await, 1);
    database.execute_unprepared("DROP TABLE newer").await.unwrap();
    database.close().await.unwrap();
    server.end().await;
}
