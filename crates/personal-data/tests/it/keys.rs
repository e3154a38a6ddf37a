//! Keys on loan: for a purpose, for minutes, and never past a refusal.

use std::time::Duration;

use contract::{Category, Purpose, keyring::v1::leased_key::Refusal};
use foundation::{Clock, Mode, PersonId};
use personal_data::{BlindIndex, Error, category, keys::Keys};

use crate::keyring::{Keyring, Leased};

fn stage() -> (Clock, Keyring, Keys) {
    let clock = Clock::system(Mode::Development);
    let keyring = Keyring::new(&clock);
    let keys = keyring.keys("identity");
    (clock, keyring, keys)
}

#[tokio::test]
async fn a_lease_is_asked_for_once_and_ends() {
    let (clock, keyring, keys) = stage();
    let person = keyring.person();
    let ask = || keys.raw(person, Category::Account, Purpose::Account);

    let first = *ask().await.unwrap().bytes();
    assert_eq!(*ask().await.unwrap().bytes(), first);
    let asked = Leased { service: "identity", person, category: Category::Account, purpose: Purpose::Account };
    assert_eq!(keyring.leases(), [asked]);

    clock.advance(Duration::from_secs(301));
    ask().await.unwrap();
    assert_eq!(keyring.leases().len(), 2, "a lease that ran out is taken again");
}

#[tokio::test]
async fn a_lease_for_one_purpose_or_category_is_none_for_another() {
    let (_, keyring, keys) = stage();
    let person = keyring.person();
    keys.raw(person, Category::Account, Purpose::Account).await.unwrap();
    keys.raw(person, Category::Account, Purpose::Rights).await.unwrap();
    keys.raw(person, Category::Credentials, Purpose::Account).await.unwrap();
    assert_eq!(keyring.leases().len(), 3);
}

#[tokio::test]
async fn once_evicted_a_refusal_is_heard() {
    let (_, keyring, keys) = stage();
    let person = keyring.person();
    keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
    let handle = keys.handle(person).await.unwrap();
    assert!(handle.is_some() && keys.handle(person).await.unwrap() == handle);

    keyring.refuse(person, Refusal::Erased);
    keys.evict(person);
    assert!(matches!(keys.of::<category::Account>(person, Purpose::Account).await, Err(Error::Erased)));
    assert_eq!(keys.handle(person).await.unwrap(), None);
}

#[tokio::test]
async fn every_refusal_has_its_own_answer() {
    let (_, keyring, keys) = stage();
    let ask = async |person| keys.raw(person, Category::Account, Purpose::Newsletter).await.map(|_| ()).unwrap_err();
    let refused = |refusal| {
        let person = keyring.person();
        keyring.refuse(person, refusal);
        person
    };

    assert!(matches!(ask(PersonId::new_v4()).await, Error::NoSuchPerson));
    assert!(matches!(ask(refused(Refusal::Erased)).await, Error::Erased));
    assert!(matches!(ask(refused(Refusal::Restricted)).await, Error::Restricted));
    assert!(matches!(ask(refused(Refusal::PurposeWithdrawn)).await, Error::Withdrawn(Purpose::Newsletter)));
    keyring.does_not_declare(Category::Account, Purpose::Newsletter);
    assert!(matches!(ask(keyring.person()).await, Error::Undeclared { category: Category::Account, purpose: Purpose::Newsletter }));
    keyring.goes_away();
    assert!(matches!(ask(keyring.person()).await, Error::KeyringAway));
}

#[tokio::test]
async fn many_are_answered_each_in_their_place_by_one_call() {
    let (_, keyring, keys) = stage();
    let (a, b, c) = (keyring.person(), keyring.person(), keyring.person());
    keyring.refuse(b, Refusal::Restricted);
    keys.raw(c, Category::Account, Purpose::Account).await.unwrap();

    let answers = keys.many(&[a, b, c, a, b], Category::Account, Purpose::Account).await.unwrap();

    let people: Vec<_> = answers.iter().map(|answer| answer.as_ref().ok().map(|key| key.person())).collect();
    assert_eq!(people, [Some(a), None, Some(c), Some(a), None]);
    assert!(matches!(answers[1], Err(Error::Restricted)) && matches!(answers[4], Err(Error::Restricted)));
}

#[tokio::test]
async fn a_new_person_gets_a_key() {
    let (_, _, keys) = stage();
    let person = PersonId::new_v4();
    assert!(matches!(keys.of::<category::Account>(person, Purpose::Account).await, Err(Error::NoSuchPerson)));
    keys.create(person).await.unwrap();
    keys.create(person).await.unwrap();
    keys.of::<category::Account>(person, Purpose::Account).await.unwrap();
}

#[tokio::test]
async fn blind_indexes_find_what_is_equal_in_the_same_column_of_the_same_service() {
    let (_, keyring, keys) = stage();
    let key = keys.index_key().await.unwrap().to_vec();
    let of = |key: &[u8], column, value| BlindIndex::of(key, "profile", column, value);
    let mail = of(&key, "email", "a@example.kz");

    assert_eq!(mail, of(&key, "email", "a@example.kz"));
    assert_ne!(mail, of(&key, "email", "b@example.kz"));
    assert_ne!(mail, of(&key, "phone", "a@example.kz"));
    assert_ne!(mail, of(keyring.keys("communication").index_key().await.unwrap(), "email", "a@example.kz"));
}
