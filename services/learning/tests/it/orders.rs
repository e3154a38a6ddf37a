//! A paid order opens its course once; what an order says last counts, in whatever order it is heard.

use contract::{Event, learning::v1::Enrolled};
use events::Outcome;
use foundation::{PersonId, uuid::Uuid};
use futures::future::join_all;
use kolsai_learning::ids::CourseId;

use crate::{
    engines::{Engine, number, on_both_engines},
    stage::{Stage, envelope},
};

on_both_engines!(
    a_paid_order_enrols_once_however_often_it_is_told,
    orders_of_one_person_end_alike_in_any_order,
    a_refund_closes_and_a_new_order_opens_the_same_enrolment,
    an_order_for_a_course_that_is_not_taught_is_set_aside,
);

async fn a_paid_order_enrols_once_however_often_it_is_told(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, order) = (PersonId::new_v4(), Uuid::new_v4());
    let paid = stage.paid(person, order, 1);
    let same = envelope(&paid);
    // The same delivery many times at once, and the same news under other identifiers.
    let deliveries: Vec<_> = (0..12).map(|at| if at % 2 == 0 { same.clone() } else { envelope(&paid) }).collect();
    let outcomes = join_all(deliveries.iter().map(|delivery| stage.brings(delivery))).await;
    assert!(outcomes.iter().all(Outcome::is_taken), "{outcomes:?}");
    assert!(stage.enrolment_of(person).await.is_some_and(|row| row.open));
    assert_eq!((stage.enrolments().await, stage.announced(Enrolled::TYPE).await), (1, 1));
    assert_eq!(number(&stage.db, "SELECT count(*) FROM course_order").await, 1);
}

/// Two orders: one paid and refunded, one paid; then both refunded. Every order of hearing, each piece twice.
async fn orders_of_one_person_end_alike_in_any_order(engine: Engine) {
    let stage = Stage::on(&engine).await;
    for also_second in [false, true] {
        for order in permutations(if also_second { 4 } else { 3 }) {
            let (person, first, second) = (PersonId::new_v4(), Uuid::new_v4(), Uuid::new_v4());
            for at in order.iter().chain(&order) {
                let outcome = match at {
                    0 => stage.hears(&stage.paid(person, first, 1)).await,
                    1 => stage.hears(&stage.refunded(person, first, 2)).await,
                    2 => stage.hears(&stage.paid(person, second, 1)).await,
                    _ => stage.hears(&stage.refunded(person, second, 2)).await,
                };
                assert_eq!(outcome, Outcome::Done, "{order:?}");
            }
            let open = stage.enrolment_of(person).await.is_some_and(|row| row.open);
            assert_eq!(open, !also_second, "{order:?}");
        }
    }
}

async fn a_refund_closes_and_a_new_order_opens_the_same_enrolment(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let (person, first) = (PersonId::new_v4(), Uuid::new_v4());
    stage.hears(&stage.paid(person, first, 1)).await;
    let opened = stage.enrolment_of(person).await.unwrap();
    stage.hears(&stage.refunded(person, first, 2)).await;
    assert!(!stage.enrolment_of(person).await.unwrap().open);
    assert!(stage.enrolments.progress(person, stage.course()).await.is_ok(), "progress is never lost");
    stage.hears(&stage.paid(person, Uuid::new_v4(), 1)).await;
    let again = stage.enrolment_of(person).await.unwrap();
    assert!(again.open && again.id == opened.id && again.version > opened.version);
    assert_eq!(stage.announced(Enrolled::TYPE).await, 2);
}

async fn an_order_for_a_course_that_is_not_taught_is_set_aside(engine: Engine) {
    let stage = Stage::on(&engine).await;
    let mut paid = stage.paid(PersonId::new_v4(), Uuid::new_v4(), 1);
    paid.course_id = CourseId::new_v4().to_string();
    assert_eq!(stage.hears(&paid).await, Outcome::Parked);
    assert_eq!(stage.enrolments().await, 0);
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(of - 1);
    shorter.iter().flat_map(|rest| (0..of).map(|at| [&rest[..at], &[of - 1], &rest[at..]].concat())).collect()
}
