//! Every class expires by its own term, without a request, and only then.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contract::Purpose;
use foundation::{PersonId, Timestamp, uuid::Uuid};
use personal_data::{
    Db, Error, Holds, PersonalData, Tx, category,
    holder::{HeldFile, HeldObjects},
    keys::Keys,
    person_state::{self, State},
    retention::{Expired, ExpiryNotes, NoNotes},
    schema,
};
use sea_orm::{ConnectionTrait, entity::prelude::*};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{
    engines::{Engine, number, on_both_engines},
    keyring::Keyring,
    rows::{self, SERVICE, invoice, letter, profile},
};

on_both_engines!(
    rows_go_after_their_own_term_and_not_before,
    what_hangs_on_the_relation_goes_after_its_end_unless_it_is_taken_up_again,
    what_a_law_keeps_of_somebody_erased_goes_on_the_first_day_after_its_term,
    a_restricted_persons_rows_wait,
    what_is_used_meanwhile_stays_with_its_object,
    an_object_that_could_not_go_goes_in_the_next_round,
    two_sweeps_at_once_are_one,
    an_append_only_table_gives_up_rows_to_retention_and_erasure_alone,
    the_dry_run_counts_and_removes_nothing,
);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A table that the database itself keeps from being changed.
mod entry {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "entry")]
    #[personal(category = Account, purposes(Account, Rights), keep(after = relation_end, days = 10), erase = delete, append_only)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(measure)]
        pub what: i64,
    }
}

struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = rows::Migrations::migrations();
        all.push(schema::migration("identity_0002", || {
            vec![schema::table("entry", "id").id("person").number("what").index(&["person"]).append_only("id")]
        }));
        all
    }
}

/// Objects by their keys; refuses while it is told to.
#[derive(Default)]
struct Attachments {
    kept: Mutex<BTreeSet<String>>,
    away: AtomicBool,
}

#[async_trait::async_trait]
impl HeldObjects for Attachments {
    async fn open(&self, _: PersonId, _: &str) -> Result<Option<HeldFile>, Error> {
        Ok(None)
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Error::Internal("the store is away".into()));
        }
        self.kept.lock().unwrap().remove(key);
        Ok(())
    }
}

struct Stage {
    db: Db,
    keyring: Keyring,
    keys: Keys,
    holds: Holds,
    attachments: Arc<Attachments>,
}

impl Stage {
    async fn on(engine: &Engine) -> Self {
        let db = engine.database::<Migrations>(SERVICE).await;
        let (keyring, attachments) = (Keyring::new(&engine.clock), Arc::<Attachments>::default());
        let keys = keyring.keys(SERVICE);
        let holds = rows::holds().and::<(entry::Entity,)>().with_objects("attachments", attachments.clone());
        Self { db, keyring, keys, holds, attachments }
    }

    /// Somebody with a profile, a letter with an attachment, an invoice and an entry, all of now.
    async fn somebody(&self) -> PersonId {
        let (person, at) = (self.keyring.person(), self.db.clock().now());
        let key = self.keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
        let object = format!("of-{person}");
        self.attachments.kept.lock().unwrap().insert(object.clone());
        let letter = letter::Model { attachment: Some(object), sent_at: Some(at), ..rows::a_letter(&key, "A letter") };
        let tx = self.db.begin_for("test.write", person, Purpose::Account).await.unwrap();
        tx.insert::<profile::Entity>(rows::a_profile(&key, "Айгүл", at)).await.unwrap();
        tx.insert::<letter::Entity>(letter).await.unwrap();
        tx.insert::<invoice::Entity>(invoice::Model { id: Uuid::now_v7(), payer: person, tenge: 1, dated_at: at }).await.unwrap();
        tx.insert::<entry::Entity>(entry::Model { id: Uuid::now_v7(), person, what: 1 }).await.unwrap();
        tx.commit().await.unwrap();
        person
    }

    async fn relation(&self, person: PersonId, ended: Option<Timestamp>, seen: i64) -> bool {
        let tx = self.db.begin("test.relation").await.unwrap();
        let took = person_state::relation_in_tx(&tx, person, ended, seen).await.unwrap();
        tx.commit().await.unwrap();
        took
    }

    async fn state(&self, person: PersonId, state: State, seen: i64) {
        let tx = self.db.begin("test.state").await.unwrap();
        person_state::apply_in_tx(&tx, person, state, 0, seen).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn sweep(&self) -> Vec<(&'static str, u64)> {
        self.holds.sweep(&self.db, &NoNotes).await.unwrap().rows
    }

    async fn count(&self, table: &str) -> i64 {
        number(&self.db, &format!(r#"SELECT count(*) FROM "{table}""#)).await
    }

    fn objects(&self) -> usize {
        self.attachments.kept.lock().unwrap().len()
    }
}

async fn rows_go_after_their_own_term_and_not_before(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.somebody().await;
    assert_eq!(stage.sweep().await, []);
    engine.clock.advance(364 * DAY);
    assert_eq!(stage.sweep().await, []);
    let later = stage.somebody().await;

    engine.clock.advance(3 * DAY);
    assert_eq!(stage.sweep().await, [("letter", 1)]);
    let left: Vec<_> = stage.attachments.kept.lock().unwrap().iter().cloned().collect();
    assert_eq!(left, [format!("of-{later}")], "the object goes with its row");
    assert_eq!((stage.count("letter").await, stage.count("profile").await, stage.count("object_removal").await), (1, 2, 0));
    assert_eq!(stage.sweep().await, [], "twice is once");
}

async fn what_hangs_on_the_relation_goes_after_its_end_unless_it_is_taken_up_again(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (goes, stays, returns) = (stage.somebody().await, stage.somebody().await, stage.somebody().await);
    let ended = engine.clock.now();
    assert!(stage.relation(goes, Some(ended), 1).await && stage.relation(returns, Some(ended), 4).await);
    engine.clock.advance(29 * DAY);
    assert_eq!(stage.sweep().await, [("entry", 2)], "ten days after the end, and thirty");
    assert!(stage.relation(returns, None, 5).await);
    assert!(!stage.relation(returns, Some(ended), 4).await, "an older word changes nothing");

    engine.clock.advance(2 * DAY);
    assert_eq!(stage.sweep().await, [("profile", 1)]);
    for (person, left) in [(goes, 0), (stays, 1), (returns, 1)] {
        let profiles = profile::Entity::find().filter(profile::Column::Person.eq(person)).count(&stage.db).await.unwrap();
        assert_eq!(profiles, left);
    }
}

async fn what_a_law_keeps_of_somebody_erased_goes_on_the_first_day_after_its_term(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody().await;
    let tx = stage.db.begin("test.erase").await.unwrap();
    let report = stage.holds.erase_in_tx(&tx, person, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let kept: Vec<_> = report.classes.iter().flat_map(|class| &class.kept).collect();
    assert_eq!((kept.len(), stage.count("invoice").await, stage.count("profile").await), (1, 1, 0));
    let term = kept[0].until;
    assert!(term > engine.clock.now().plus(5 * 365 * DAY) && term < engine.clock.now().plus((6 * 365 + 3) * DAY), "{term}");

    let day_before = term.since(engine.clock.now()) - DAY;
    engine.clock.advance(day_before);
    stage.sweep().await;
    assert_eq!(stage.count("invoice").await, 1, "not on the last day of the term");
    engine.clock.advance(DAY);
    assert_eq!(stage.sweep().await, [("invoice", 1)]);
    assert_eq!(person_state::of(&stage.db, person).await.unwrap(), State::Erased, "the tombstone stays");
}

async fn a_restricted_persons_rows_wait(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody().await;
    stage.state(person, State::Restricted, 1).await;
    engine.clock.advance(400 * DAY);
    assert_eq!((stage.sweep().await, stage.objects()), (vec![], 1));
    stage.state(person, State::Active, 2).await;
    assert_eq!((stage.sweep().await, stage.objects()), (vec![("letter", 1)], 0));
}

/// Uses the letters in the very transaction that would let them go, as a use case does that comes first.
struct Used;

#[async_trait::async_trait]
impl ExpiryNotes for Used {
    async fn note_in_tx(&self, tx: &Tx, expired: &Expired) -> Result<(), Error> {
        assert_eq!((expired.table, expired.rows.len()), ("letter", 1));
        tx.execute_unprepared(&format!("UPDATE letter SET sent_at = {}", tx.clock().now().micros())).await?;
        Ok(())
    }
}

async fn what_is_used_meanwhile_stays_with_its_object(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.somebody().await;
    engine.clock.advance(400 * DAY);
    let changed = stage.holds.sweep(&stage.db, &Used).await;
    assert!(matches!(changed, Err(Error::Changed("letter"))), "{changed:?}");
    assert_eq!((stage.count("letter").await, stage.count("object_removal").await, stage.objects()), (1, 0, 1));
}

async fn an_object_that_could_not_go_goes_in_the_next_round(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.somebody().await;
    engine.clock.advance(400 * DAY);
    stage.attachments.away.store(true, Ordering::SeqCst);
    assert_eq!(stage.sweep().await, [("letter", 1)]);
    // As after a crash between the commit and the removal: the row has gone, and the object is noted.
    assert_eq!((stage.count("letter").await, stage.count("object_removal").await, stage.objects()), (0, 1, 1));
    stage.attachments.away.store(false, Ordering::SeqCst);
    assert_eq!((stage.sweep().await, stage.objects(), stage.count("object_removal").await), (vec![], 0, 0));
}

async fn two_sweeps_at_once_are_one(engine: Engine) {
    let stage = Stage::on(&engine).await;
    for _ in 0..8 {
        stage.somebody().await;
    }
    engine.clock.advance(400 * DAY);
    let other = engine.database::<Migrations>(SERVICE).await;
    loop {
        let (one, two) = tokio::join!(stage.holds.sweep(&stage.db, &NoNotes), stage.holds.sweep(&other, &NoNotes));
        let refused = [&one, &two].into_iter().filter_map(|swept| swept.as_ref().err()).count();
        assert!([one, two].iter().all(|swept| swept.is_ok() || matches!(swept, Err(Error::Changed(_)))));
        if refused == 0 {
            break;
        }
    }
    assert_eq!((stage.count("letter").await, stage.objects(), stage.count("profile").await), (0, 0, 8));
}

async fn an_append_only_table_gives_up_rows_to_retention_and_erasure_alone(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (erased, ended) = (stage.somebody().await, stage.somebody().await);
    for sql in ["UPDATE entry SET what = 2", "DELETE FROM entry"] {
        let refused = stage.db.execute_unprepared(sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    // A ticket for one row is no ticket for another.
    let stray = entry::Entity::find().filter(entry::Column::Person.eq(erased)).one(&stage.db).await.unwrap().unwrap();
    let tx = stage.db.begin("test.ticket").await.unwrap();
    personal_data::retention::ticket::issue_in_tx(&tx, &[stray.id]).await.unwrap();
    assert!(tx.execute_unprepared("DELETE FROM entry").await.is_err());
    drop(tx);
    assert_eq!((stage.count("entry").await, stage.count("deletion_ticket").await), (2, 0));

    let tx = stage.db.begin("test.erase").await.unwrap();
    stage.holds.erase_in_tx(&tx, erased, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((stage.count("entry").await, stage.count("deletion_ticket").await), (1, 0));

    stage.relation(ended, Some(engine.clock.now()), 1).await;
    engine.clock.advance(11 * DAY);
    assert_eq!(stage.sweep().await, [("entry", 1)]);
    assert_eq!((stage.count("entry").await, stage.count("deletion_ticket").await), (0, 0));
}

async fn the_dry_run_counts_and_removes_nothing(engine: Engine) {
    let stage = Stage::on(&engine).await;
    stage.somebody().await;
    let of = |due: Vec<personal_data::retention::Due>, table| due.into_iter().find(|due| due.table == table).unwrap();
    engine.clock.advance(365 * DAY + DAY / 2);
    let letter = of(stage.holds.due(&stage.db).await.unwrap(), "letter");
    assert_eq!((letter.due, letter.overdue, letter.keep.as_str()), (1, 0, "1 year after it was written"));
    engine.clock.advance(2 * DAY);
    let due = stage.holds.due(&stage.db).await.unwrap();
    assert_eq!(due.iter().map(|due| due.table).collect::<Vec<_>>(), ["profile", "letter", "invoice", "idempotency", "entry"]);
    assert_eq!((of(due, "letter").overdue, stage.count("letter").await), (1, 1));
}
