//! What is backed up comes back, and what goes on meanwhile does not disturb it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use foundation::PersonId;
use kolsai_backup::{Content, Shelf, drill, last_restore, prune, quietly};
use objects::Prefix;

use crate::house::{House, count, files, objects, write};

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_kept_comes_back_and_nothing_else() {
    let house = House::new();
    let key = house.furnish().await;
    let taken = house.take().await;
    assert_eq!((taken.data.shelf, taken.keyring.shelf), (Shelf::Data, Shelf::Keyring));
    let of = |content| taken.data.parts.iter().chain(&taken.keyring.parts).filter(|part| part.content == content).count();
    assert_eq!((of(Content::Sqlite), of(Content::Objects), of(Content::Files)), (3, 1, 1));

    let target = house.empty();
    let record = house.restore(&target, &house.ask()).await.unwrap();
    assert_eq!((record.backup, record.whole, record.replayed), (taken.data.id, true, false));
    assert_eq!(last_restore(&target.data).unwrap().map(|record| record.backup), Some(taken.data.id));

    let restored = House { around: target, ..House::new() };
    for service in ["privacy", "learning", "keyring"] {
        let db = restored.db(service).await;
        assert_eq!(count(&db, &format!("SELECT count(*) FROM one WHERE word = '{service}'")).await, 1);
    }
    let store = objects(&restored.around);
    assert_eq!(store.get(&key).await.unwrap(), vec![5_u8; 300_000]);
    assert!(store.list(Prefix::Incoming).await.unwrap().is_empty(), "what nobody had looked at is not backed up");
    assert_eq!(std::fs::read(restored.around.data.join("keyring/key-encryption.key")).unwrap(), [7; 32]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_is_backed_up_can_be_read_where_it_lies() {
    let house = House::new();
    house.furnish().await;
    house.take().await;
    for path in house.stored("/parts/") {
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"), "{}", path.display());
        for plain in [b"SQLite format 3".as_slice(), b"learning", &[7; 32], b"originals/"] {
            assert!(!bytes.windows(plain.len()).any(|window| window == plain), "{}", path.display());
        }
    }
    assert!(files(&house.around.data.join("backup")).is_empty(), "no copy of a database is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_written_meanwhile_is_copied_at_one_moment() {
    let house = House::new();
    house.furnish().await;
    let db = house.db("learning").await;
    let stop = Arc::new(AtomicBool::new(false));
    let until = stop.clone();
    let writer = tokio::spawn(async move {
        let mut pairs = 0_u32;
        while !until.load(Ordering::SeqCst) {
            let tx = db.begin("it.write-pair").await.unwrap();
            write(&tx, "one", "pair").await;
            write(&tx, "two", "pair").await;
            tx.commit().await.unwrap();
            pairs += 1;
        }
        pairs
    });
    house.take().await;
    stop.store(true, Ordering::SeqCst);
    let written = writer.await.unwrap();

    let target = house.empty();
    house.restore(&target, &house.ask()).await.unwrap();
    let restored = House { around: target, ..House::new() };
    let db = restored.db("learning").await;
    let pairs = count(&db, "SELECT count(*) FROM one WHERE word = 'pair'").await;
    assert_eq!(pairs, count(&db, "SELECT count(*) FROM two WHERE word = 'pair'").await, "no transaction is torn");
    assert!(pairs <= i64::from(written));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_looks_at_everything_and_leaves_a_note_alone() {
    let house = House::new();
    house.furnish().await;
    house.take().await;
    let drilled = drill(&house.config, &house.backups(), &house.around, &house.ask(), &quietly()).await.unwrap();
    let what: Vec<_> = drilled.parts.iter().map(|part| (part.part.as_str(), part.what.as_str())).collect();
    assert!(what.contains(&("objects", "1 objects")) && what.contains(&("files", "1 key files")), "{what:?}");
    assert!(what.iter().any(|(part, what)| *part == "learning" && what.starts_with("a sound database of")), "{what:?}");
    assert_eq!(house.backups().last_drill().await.unwrap().map(|at| at.micros()), Some(drilled.at.micros()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyring_goes_after_two_weeks_and_the_rest_after_its_time() {
    let house = House::new();
    house.furnish().await;
    let taken = house.take().await;
    let now = house.around.clock.now();
    let gone = house.backups().gone_from_backups_by(now, now).await.unwrap().expect("a backup holds whoever was there");
    assert!(gone > taken.data.expires_at, "the pruning after it is counted");

    house.advance(14);
    let pruned = prune(&house.backups(), house.around.clock.now()).await.unwrap();
    assert_eq!((pruned.expired, house.stored("keyring/").len()), (1, 0), "no copy of a key is older than 14 days");
    house.advance(16);
    assert_eq!(prune(&house.backups(), house.around.clock.now()).await.unwrap().expired, 1);
    assert_eq!(house.stored(".age"), Vec::<std::path::PathBuf>::new());
    let now = house.around.clock.now();
    assert_eq!(house.backups().gone_from_backups_by(now, now).await.unwrap(), None, "no backup, no date");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_late_shows() {
    let mut house = House::new();
    house.config.every_hours = Some(24);
    house.furnish().await;
    let taken = house.take().await;
    let backups = house.backups();
    let standing = async || backups.standing(&house.config, house.around.clock.now()).await.unwrap();
    let now = standing().await;
    assert_eq!((now.last.map(|entry| entry.id), now.overdue), (Some(taken.data.id), false));
    assert_eq!(now.due_at.map(|at| at.since(taken.data.started_at).as_secs()), Some(24 * 3600));
    house.advance(2);
    assert!(standing().await.overdue);
    // Data without a keyring is no backup.
    prune(&backups, house.around.clock.now()).await.unwrap();
    for entry in house.stored("keyring/catalogue/") {
        std::fs::remove_file(entry).unwrap();
    }
    assert!(standing().await.last.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_remembers_once_and_survives_a_new_process() {
    let house = House::new();
    let (one, two) = (PersonId::new_v4(), PersonId::new_v4());
    let now = house.around.clock.now();
    for person in [one, two, one] {
        house.backups().note_erased(person, now).await.unwrap();
    }
    let before: Vec<_> = files(&house.root.path().join("ledger")).iter().map(|path| std::fs::read(path).unwrap()).collect();
    house.advance(1);
    house.backups().note_erased(one, house.around.clock.now()).await.unwrap();
    let after: Vec<_> = files(&house.root.path().join("ledger")).iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(before, after, "nothing in it is ever written over");
    let mut erased = house.backups().ledger().unwrap().erased().await.unwrap();
    erased.sort_by_key(|person| person.0);
    let mut expected = vec![one, two];
    expected.sort_by_key(|person| person.0);
    assert_eq!(erased, expected);
}
