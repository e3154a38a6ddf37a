//! A sweep that is killed at each of its failpoints is taken up by the next one, and nothing is lost or left.

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use contract::Purpose;
use foundation::{Clock, Mode, PersonId, failpoint};
use personal_data::{
    Db, Error, Holds, category,
    holder::{HeldFile, HeldObjects},
    retention::NoNotes,
};

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{self, Migrations, SERVICE, letter},
};

on_both_engines!(a_sweep_that_is_killed_is_taken_up);

const YEAR: Duration = Duration::from_secs(400 * 24 * 3600);
/// What the child is told: the database, the folder of objects, the failpoint.
const TOLD: [&str; 3] = ["KOLSAI_CRASH_DATABASE", "KOLSAI_CRASH_OBJECTS", "KOLSAI_CRASH_AT"];

/// Objects as files, so that two processes see the same.
struct Folder(PathBuf);

#[async_trait::async_trait]
impl HeldObjects for Folder {
    async fn open(&self, _: PersonId, _: &str) -> Result<Option<HeldFile>, Error> {
        Ok(None)
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        let _ = std::fs::remove_file(self.0.join(key));
        Ok(())
    }
}

fn holds(objects: PathBuf) -> Holds {
    rows::holds().with_objects("attachments", Arc::new(Folder(objects)))
}

/// The other half of the test below, in a process of its own: sweeps until it is killed.
#[tokio::test]
async fn child() {
    let [Ok(address), Ok(objects), Ok(at)] = TOLD.map(std::env::var) else { return };
    let clock = Clock::system(Mode::Development);
    clock.advance(YEAR);
    let db = Db::open::<Migrations>(&address, SERVICE, clock).await.unwrap();
    failpoint::arm(&at);
    holds(objects.into()).sweep(&db, &NoNotes).await.unwrap();
}

async fn a_sweep_that_is_killed_is_taken_up(engine: Engine) {
    let (db, objects) = (engine.database::<Migrations>(SERVICE).await, tempfile::tempdir().unwrap());
    let (keyring, holds) = (Keyring::new(&engine.clock), holds(objects.path().to_owned()));
    let person = keyring.person();
    let key = keyring.keys(SERVICE).of::<category::Account>(person, Purpose::Account).await.unwrap();
    let letter = letter::Model { attachment: Some("letter".into()), sent_at: Some(engine.clock.now()), ..rows::a_letter(&key, "A letter") };
    std::fs::write(objects.path().join("letter"), b"an attachment").unwrap();
    let tx = db.begin_for("test.write", person, Purpose::Account).await.unwrap();
    tx.insert::<letter::Entity>(letter).await.unwrap();
    tx.commit().await.unwrap();

    let address = engine.address(SERVICE).await;
    for (at, rows, noted, objects_left) in [
        ("holder.expire.before-commit", 1, 0, 1),
        ("holder.expire.after-commit", 0, 1, 1),
        ("holder.forget-object.before-commit", 0, 1, 0),
        ("holder.forget-object.after-commit", 0, 0, 0),
    ] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::child"])
            .envs(TOLD.into_iter().zip([address.as_str(), objects.path().to_str().unwrap(), at]))
            .output()
            .unwrap();
        assert!(!child.status.success(), "{at} was not passed: {}", String::from_utf8_lossy(&child.stdout));
        let left = (number(&db, "SELECT count(*) FROM letter").await, number(&db, "SELECT count(*) FROM object_removal").await);
        assert_eq!((left, std::fs::read_dir(objects.path()).unwrap().count()), ((rows, noted), objects_left), "{at}");
    }
    engine.clock.advance(YEAR);
    assert_eq!(holds.sweep(&db, &NoNotes).await.unwrap(), personal_data::retention::Swept::default());
}
