//! The house that is backed up and restored.

use std::{path::PathBuf, sync::Arc, time::Duration};

use foundation::{Clock, Mode, uuid::Uuid};
use kolsai_backup::{Ask, Backups, Config, Error, Identities, Record, Surroundings, Taken, new_identity, quietly};
use objects::{ObjectKey, Objects, Prefix};
use personal_data::Db;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tempfile::TempDir;

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = personal_data::schema::migration("it_0001", || {
            vec![personal_data::schema::table("one", "id").text("word"), personal_data::schema::table("two", "id").text("word")]
        });
        personal_data::migrations().into_iter().chain(events::migrations()).chain([own]).collect()
    }
}

pub struct House {
    pub root: TempDir,
    pub config: Config,
    pub around: Surroundings,
}

impl House {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let key = |name: &str| new_identity(&root.path().join(name)).unwrap();
        let (data, keyring) = (key("data.identity"), key("keyring.identity"));
        let place = |name: &str| Some(format!("file:{}", root.path().join(name).display()));
        let config = Config {
            address: place("backups"),
            recipients: vec![data],
            keyring_recipients: vec![keyring],
            ledger: place("ledger"),
            signing_key_file: Some(root.path().join("catalogue.seed")),
            ..Config::default()
        };
        let around = surroundings(root.path().join("data"), Clock::system(Mode::Development));
        std::fs::create_dir_all(around.data.join("keyring")).unwrap();
        std::fs::write(around.data.join("keyring/key-encryption.key"), [7; 32]).unwrap();
        Self { root, config, around }
    }

    pub fn backups(&self) -> Backups {
        Backups::of(&self.config, &self.around).unwrap()
    }

    pub async fn db(&self, service: &'static str) -> Db {
        let (_, address) = self.around.databases.iter().find(|(name, _)| name == service).unwrap();
        Db::open::<Migrations>(address, service, self.around.clock.clone()).await.unwrap()
    }

    /// Databases with a word in each, and an object.
    pub async fn furnish(&self) -> ObjectKey {
        for service in ["privacy", "learning", "keyring"] {
            let db = self.db(service).await;
            write(&db, "one", service).await;
            db.close().await.unwrap();
        }
        let store = objects(&self.around);
        let key = ObjectKey::new(Prefix::Originals);
        store.put(&key, vec![5_u8; 300_000].into()).await.unwrap();
        store.put(&ObjectKey::new(Prefix::Incoming), b"not looked at yet".as_slice().into()).await.unwrap();
        key
    }

    pub async fn take(&self) -> Taken {
        kolsai_backup::take(&self.config, &self.backups(), &self.around, &quietly()).await.unwrap()
    }

    pub fn ask(&self) -> Ask {
        let keys = |name: &str| Arc::new(Identities::read(&self.root.path().join(name)).unwrap());
        Ask {
            backup: None,
            keyring_backup: None,
            keys: keys("data.identity"),
            keyring_keys: keys("keyring.identity"),
            without_ledger: None,
        }
    }

    /// An empty house beside this one.
    pub fn empty(&self) -> Surroundings {
        surroundings(self.root.path().join(format!("other-{}", Uuid::new_v4())), self.around.clock.clone())
    }

    pub async fn restore(&self, target: &Surroundings, ask: &Ask) -> Result<Record, Error> {
        kolsai_backup::restore(&self.config, &self.backups(), target, ask, &quietly()).await
    }

    pub fn advance(&self, days: u64) {
        assert!(self.around.clock.advance(Duration::from_secs(days * 24 * 3600)));
    }

    /// The stored files whose name contains this.
    pub fn stored(&self, part: &str) -> Vec<PathBuf> {
        files(&self.root.path().join("backups")).into_iter().filter(|path| path.display().to_string().contains(part)).collect()
    }
}

fn surroundings(data: PathBuf, clock: Clock) -> Surroundings {
    let address = |service: &str| (service.to_owned(), format!("sqlite://{}", data.join(format!("{service}.sqlite")).display()));
    std::fs::create_dir_all(&data).unwrap();
    Surroundings {
        school: "https://localhost:8443".into(),
        mode: Mode::Development,
        clock,
        databases: ["privacy", "learning", "keyring"].map(address).to_vec(),
        objects: format!("file:{}", data.join("objects").display()),
        data,
    }
}

pub fn objects(around: &Surroundings) -> Objects {
    let address = around.objects.parse().unwrap();
    Objects::open(objects::Config { address, public_base: None, mode: Mode::Development }).unwrap()
}

pub async fn write(db: &impl ConnectionTrait, table: &str, word: &str) {
    let sql = format!("INSERT INTO {table} (id, word) VALUES (?, ?)");
    let values = [Uuid::new_v4().into(), word.into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
}

pub async fn count(db: &impl ConnectionTrait, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

pub fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
