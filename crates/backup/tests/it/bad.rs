//! Keys, files, catalogues, ledgers and targets that are not what they should be: each is named, and nothing is touched.

use foundation::{PersonId, uuid::Uuid};
use kolsai_backup::{Ask, Error, Surroundings, last_restore, prune, quietly};

use crate::house::{House, files};

async fn furnished() -> House {
    let house = House::new();
    house.furnish().await;
    house.take().await;
    house
}

/// The error of a restore, and that it left the target as it was.
async fn refused(house: &House, ask: &Ask) -> Error {
    let target = house.empty();
    let error = house.restore(&target, ask).await.expect_err("this is not restored");
    untouched(&target);
    error
}

fn untouched(target: &Surroundings) {
    // The folder engine of the objects keeps its lock.
    let left: Vec<_> = files(&target.data).into_iter().filter(|path| !path.ends_with(".lock")).collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_said_to_be_one() {
    let house = furnished().await;
    let right = house.ask();
    let swapped = Ask { keys: right.keyring_keys.clone(), keyring_keys: right.keys.clone(), ..house.ask() };
    assert!(matches!(refused(&house, &swapped).await, Error::WrongKey { .. }));
    // Each key opens its own shelf and not the other.
    for ask in [Ask { keys: right.keyring_keys.clone(), ..house.ask() }, Ask { keyring_keys: right.keys.clone(), ..house.ask() }] {
        let error = refused(&house, &ask).await;
        assert!(matches!(error, Error::WrongKey { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named() {
    for damage in [
        (|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2)) as fn(&mut Vec<u8>),
        |bytes| bytes.extend_from_slice(b"more"),
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
        |bytes| bytes[4] ^= 1,
        |bytes| bytes.clear(),
    ] {
        let house = furnished().await;
        let path = house.stored("/learning.age").pop().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let error = refused(&house, &house.ask()).await;
        assert!(matches!(&error, Error::Damaged { part, .. } if part.ends_with("learning.age")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_in_the_place_of_another_is_noticed() {
    let house = furnished().await;
    let (learning, privacy) = (house.stored("/learning.age").pop().unwrap(), house.stored("/privacy.age").pop().unwrap());
    std::fs::copy(privacy, learning).unwrap();
    let error = refused(&house, &house.ask()).await;
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_and_a_missing_entry_are_named() {
    let house = furnished().await;
    std::fs::remove_file(house.stored("/learning.age").pop().unwrap()).unwrap();
    let error = refused(&house, &house.ask()).await;
    assert!(matches!(&error, Error::MissingPart { part } if part.ends_with("learning.age")), "{error}");

    let unknown = Ask { backup: Some(Uuid::now_v7()), ..house.ask() };
    assert!(matches!(refused(&house, &unknown).await, Error::NoSuchBackup { id: Some(_) }));
    for entry in house.stored("/catalogue/") {
        std::fs::remove_file(entry).unwrap();
    }
    assert!(matches!(refused(&house, &house.ask()).await, Error::NoSuchBackup { id: None }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_entry_is_not_believed() {
    let house = furnished().await;
    let path = house.stored("data/catalogue/").pop().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("localhost", "elsewhere", 1)).unwrap();
    let error = refused(&house, &house.ask()).await;
    assert!(matches!(&error, Error::ForgedEntry { name } if name.contains("catalogue/")), "{error}");
    // An honest entry under another's name is as little believed.
    std::fs::write(path.with_file_name(format!("{}.json", Uuid::now_v7())), text.clone()).unwrap();
    std::fs::write(&path, text).unwrap();
    assert!(matches!(refused(&house, &house.ask()).await, Error::ForgedEntry { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_never_written_over() {
    let house = furnished().await;
    let error = house.restore(&house.around, &house.ask()).await.unwrap_err();
    assert!(matches!(&error, Error::NotEmpty { what } if what.contains("database")), "{error}");
    let target = house.empty();
    std::fs::create_dir_all(target.data.join("keyring")).unwrap();
    std::fs::write(target.data.join("keyring/key-encryption.key"), [1; 32]).unwrap();
    assert!(matches!(house.restore(&target, &house.ask()).await.unwrap_err(), Error::NotEmpty { .. }));
    assert_eq!(std::fs::read(target.data.join("keyring/key-encryption.key")).unwrap(), [1; 32]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_older_than_two_weeks_is_not_restored() {
    let house = furnished().await;
    house.advance(14);
    let error = refused(&house, &house.ask()).await;
    assert!(matches!(&error, Error::Expired { id, .. } if id.contains("keyring")), "{error}");
    // With a younger keyring the older data are restored.
    house.take().await;
    let older = house.stored("data/catalogue/").into_iter().min().unwrap();
    let older = older.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    house.restore(&house.empty(), &Ask { backup: Some(older), ..house.ask() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_ledger_nothing_is_restored_unless_somebody_says_why() {
    let mut house = furnished().await;
    for person in [PersonId::new_v4(), PersonId::new_v4()] {
        house.backups().note_erased(person, house.around.clock.now()).await.unwrap();
    }
    house.take().await;
    std::fs::remove_file(files(&house.root.path().join("ledger")).pop().unwrap()).unwrap();
    let error = refused(&house, &house.ask()).await;
    assert!(matches!(&error, Error::NoLedger { why } if why.contains("1 entries and had 2")), "{error}");

    let said = Ask { without_ledger: Some("the bucket of the ledger burnt".into()), ..house.ask() };
    let target = house.empty();
    house.restore(&target, &said).await.unwrap();
    let record = last_restore(&target.data).unwrap().unwrap();
    assert_eq!(record.without_ledger.as_deref(), Some("the bucket of the ledger burnt"));

    house.config.ledger = None;
    let backups = kolsai_backup::Backups::for_restore(&house.config, &house.around).unwrap();
    let target = house.empty();
    let error = kolsai_backup::restore(&house.config, &backups, &target, &house.ask(), &quietly()).await.unwrap_err();
    assert!(matches!(error, Error::NoLedger { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_backup_never_looks_whole_and_is_pruned() {
    let house = furnished().await;
    // Its process was killed after some files and before its entry.
    let [entry] = house.stored("data/catalogue/").try_into().unwrap();
    std::fs::remove_file(&entry).unwrap();
    let draft = house.stored("/learning.age").pop().unwrap().with_extension("0a1b.draft");
    std::fs::write(draft, "half a file").unwrap();
    assert!(matches!(refused(&house, &house.ask()).await, Error::NoSuchBackup { .. }));
    house.advance(2);
    let pruned = prune(&house.backups(), house.around.clock.now()).await.unwrap();
    assert!(pruned.leftovers >= 3, "{pruned:?}");
    assert_eq!(house.stored("data/"), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_takes_back_what_it_began() {
    let mut house = House::new();
    house.furnish().await;
    house.around.databases.insert(2, ("payment".into(), format!("sqlite://{}/none.sqlite", house.around.data.display())));
    let error = kolsai_backup::take(&house.config, &house.backups(), &house.around, &quietly()).await.unwrap_err();
    assert!(matches!(&error, Error::Database { service, .. } if service == "payment"), "{error}");
    assert_eq!(house.stored(""), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_restore_is_no_school() {
    let house = furnished().await;
    let target = house.empty();
    house.restore(&target, &house.ask()).await.unwrap();
    let path = target.data.join("restore.json");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"whole\": true", "\"whole\": false");
    std::fs::write(&path, text).unwrap();
    assert!(matches!(last_restore(&target.data), Err(Error::RestoreInterrupted)));
}
