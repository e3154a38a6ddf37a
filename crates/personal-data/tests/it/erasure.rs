//! What an erasure leaves, what comes after it, and that it costs the same however many people there are.

use contract::Purpose;
use foundation::{PersonId, uuid::Uuid};
use personal_data::{category, person_state, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::{
    engines::{Engine, number, on_both_engines},
    holder::Stage,
    plans,
    rows::{self, invoice, letter, profile},
};

on_both_engines!(
    an_erased_person_is_not_mentioned_in_a_new_row,
    an_erasure_waits_for_a_row_that_mentions_the_person,
    what_a_law_keeps_is_reported_item_by_item_and_read_for_that_alone,
    every_statement_of_an_erasure_goes_through_an_index,
    a_holder_says_when_retention_ended_rows,
);

async fn a_letter_to(stage: &Stage, person: PersonId, answered_by: PersonId) -> letter::Model {
    let key = stage.keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
    letter::Model { answered_by: Some(answered_by), ..rows::a_letter(&key, "once more") }
}

async fn an_erased_person_is_not_mentioned_in_a_new_row(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (instructor, person) = (stage.somebody("Oleg", None).await, stage.somebody("Айгүл", None).await);
    let [first, second, mut third] = [
        a_letter_to(&stage, person, instructor).await,
        a_letter_to(&stage, person, instructor).await,
        a_letter_to(&stage, person, PersonId::new_v4()).await,
    ];
    stage.erase(instructor).await;

    let tx = stage.db.begin_for("test.late", person, Purpose::Account).await.unwrap();
    tx.insert::<letter::Entity>(first).await.unwrap();
    assert!(tx.insert_once::<letter::Entity>(second).await.unwrap());
    let known = third.answered_by;
    tx.insert::<letter::Entity>(third.clone()).await.unwrap();
    third.answered_by = Some(instructor);
    tx.update::<letter::Entity>(&mut third).await.unwrap();
    assert_eq!(third.answered_by, None, "whoever writes it on knows it too");
    third.answered_by = known;
    tx.update::<letter::Entity>(&mut third).await.unwrap();
    assert_eq!(third.answered_by, known, "somebody who is there is mentioned");
    tx.commit().await.unwrap();

    let mentions = |who: Option<PersonId>| {
        let all = query::of::<letter::Entity>(person, Purpose::Account);
        all.filter(who.map_or(letter::Column::AnsweredBy.is_null(), |who| letter::Column::AnsweredBy.eq(who)))
    };
    assert_eq!(mentions(Some(instructor)).all(&stage.db).await.unwrap(), []);
    assert_eq!(mentions(None).all(&stage.db).await.unwrap().len(), 4, "two that were there and two that came late");
    assert_eq!(stage.erase(instructor).await.left_over, 0);
}

async fn an_erasure_waits_for_a_row_that_mentions_the_person(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (instructor, person) = (stage.somebody("Oleg", None).await, stage.somebody("Айгүл", None).await);
    let row = a_letter_to(&stage, person, instructor).await;
    // Written and not yet committed while the erasure begins: either it sees the row, or the row sees it.
    let tx = stage.db.begin_for("test.early", person, Purpose::Account).await.unwrap();
    tx.insert::<letter::Entity>(row).await.unwrap();
    let committing = async {
        tokio::task::yield_now().await;
        tx.commit().await.unwrap();
    };
    let (report, ()) = tokio::join!(stage.erase(instructor), committing);
    assert_eq!(report.left_over, 0);
    let find = query::of::<letter::Entity>(person, Purpose::Account).filter(letter::Column::AnsweredBy.eq(instructor));
    assert!(find.one(&stage.db).await.unwrap().is_none());
}

async fn what_a_law_keeps_is_reported_item_by_item_and_read_for_that_alone(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, other) = (stage.somebody("Айгүл", None).await, stage.somebody("Oleg", None).await);
    let of = |who: PersonId| query::across::<invoice::Entity>(Purpose::LegalRetention).filter(invoice::Column::Payer.eq(who));
    let row = of(person).one(&stage.db).await.unwrap().unwrap();

    let report = stage.erase(person).await;

    let kept: Vec<_> = report.classes.iter().flat_map(|class| class.kept.iter().map(|kept| (class.table, kept.item))).collect();
    assert_eq!(kept, [("invoice", row.id)]);
    let until = report.classes.iter().find_map(|class| class.kept.first()).unwrap().until;
    assert!(until > row.dated_at.plus(std::time::Duration::from_secs(5 * 365 * 24 * 3600)), "{until}");
    for purpose in [Purpose::Payment, Purpose::Rights, Purpose::Support, Purpose::Account, Purpose::Security] {
        assert_eq!(query::kept_by_law::<invoice::Entity>(purpose).all(&stage.db).await.unwrap(), [], "{purpose:?}");
    }
    assert_eq!(query::kept_by_law::<invoice::Entity>(Purpose::LegalRetention).all(&stage.db).await.unwrap(), [row]);
    assert_eq!(query::kept_by_law::<profile::Entity>(Purpose::LegalRetention).all(&stage.db).await.unwrap(), [], "no law keeps a profile");
    // Nothing else reads what outlives its person, and whoever is there is not among it.
    assert!(of(person).one(&stage.db).await.unwrap().is_none());
    assert!(of(other).one(&stage.db).await.unwrap().is_some());
}

async fn every_statement_of_an_erasure_goes_through_an_index(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let person = stage.somebody("Айгүл", None).await;
    let statements = stage.holds.erasing(&stage.db, person).await.unwrap();
    assert!(statements.len() > 30, "rows, mentions, and a look into every column: {}", statements.len());
    assert_eq!(plans::not_by_index(&stage.db.begin("test.explain").await.unwrap(), statements).await, Vec::<String>::new());
    // The control: without their indexes they read everything.
    let dropped = number(&stage.db, "SELECT count(*) FROM letter").await;
    assert_eq!(dropped, 2);
    sea_orm::ConnectionTrait::execute_unprepared(&stage.db, "DROP INDEX identifiers_letter__answered_by").await.unwrap();
    let statements = stage.holds.erasing(&stage.db, person).await.unwrap();
    let whole = plans::not_by_index(&stage.db.begin("test.explain").await.unwrap(), statements).await;
    assert_eq!(whole.len(), 2, "the forgetting and the look: {whole:?}");
}

async fn a_holder_says_when_retention_ended_rows(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, other) = (stage.somebody("Айгүл", None).await, PersonId(Uuid::new_v4()));
    let tx = stage.db.begin("test.expire").await.unwrap();
    person_state::note_expired_in_tx(&tx, person).await.unwrap();
    tx.commit().await.unwrap();
    assert!(stage.erase(person).await.expired_at.is_some_and(|at| at <= stage.db.clock().now()));
    assert_eq!(stage.erase(other).await.expired_at, None);
}
