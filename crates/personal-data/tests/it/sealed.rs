//! What is sealed opens in its own place with its own key, and nowhere else.

use std::sync::OnceLock;

use contract::Purpose;
use foundation::{Clock, Mode, PersonId, uuid::Uuid};
use personal_data::{
    Error, Sealed, category,
    keys::{DataKey, Keys},
    words::SealedColumn,
};
use proptest::prelude::*;
use sea_orm::{Value, sea_query::ValueType};
use serde_json::json;

use crate::{
    keyring::Keyring,
    rows::{self, LetterId, letter, profile},
};

type Text = Sealed<category::Account, str>;

struct Stage {
    keyring: Keyring,
    keys: Keys,
    person: PersonId,
}

impl Stage {
    fn new() -> Self {
        let keyring = Keyring::new(&Clock::system(Mode::Development));
        let (keys, person) = (keyring.keys("identity"), keyring.person());
        Self { keyring, keys, person }
    }

    async fn key(&self) -> DataKey<category::Account> {
        self.keys.of(self.person, Purpose::Account).await.unwrap()
    }
}

/// One key for all properties: they are about values, not about people.
fn a_key() -> &'static DataKey<category::Account> {
    static KEY: OnceLock<DataKey<category::Account>> = OnceLock::new();
    KEY.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { Stage::new().key().await })
    })
}

fn bytes(sealed: &Text) -> Vec<u8> {
    match sealed.clone().into() {
        Value::Bytes(Some(bytes)) => bytes,
        other => panic!("sealed values are bytes, not {other:?}"),
    }
}

fn from_bytes(bytes: Vec<u8>) -> Text {
    <Text as ValueType>::try_from(Value::Bytes(Some(bytes))).unwrap()
}

fn is_shut<T: std::fmt::Debug>(answer: Result<T, Error>) -> bool {
    matches!(answer, Err(Error::DoesNotOpen { .. }))
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_comes_back(text in any::<String>(), row in any::<u128>()) {
        let row = Uuid::from_u128(row);
        let sealed = Text::seal(a_key(), "t", "c", row, &text);
        prop_assert_eq!(sealed.open(a_key(), "t", "c", row).unwrap(), text);
    }

    #[test]
    fn any_document_comes_back(document in json_value(), row in any::<u128>()) {
        let row = Uuid::from_u128(row);
        let sealed = Sealed::<category::Account, serde_json::Value>::seal(a_key(), "t", "c", row, &document);
        prop_assert_eq!(sealed.open(a_key(), "t", "c", row).unwrap(), document);
    }

    #[test]
    fn any_flipped_bit_is_noticed(text in any::<String>(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = bytes(&Text::seal(a_key(), "t", "c", Uuid::nil(), &text));
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(is_shut(from_bytes(bytes).open(a_key(), "t", "c", Uuid::nil())));
    }

    #[test]
    fn any_cut_is_noticed(text in any::<String>(), length in any::<prop::sample::Index>()) {
        let mut bytes = bytes(&Text::seal(a_key(), "t", "c", Uuid::nil(), &text));
        bytes.truncate(length.index(bytes.len()));
        prop_assert!(is_shut(from_bytes(bytes).open(a_key(), "t", "c", Uuid::nil())));
    }

    #[test]
    fn the_place_is_told_apart_however_it_is_written(table in "[a-z]{0,6}", column in "[a-z]{0,6}", cut in any::<prop::sample::Index>()) {
        // The same letters, divided otherwise between table and column, are another place.
        let together = format!("{table}{column}");
        let (other_table, other_column) = together.split_at(cut.index(together.len() + 1));
        prop_assume!(other_table != table);
        let sealed = Text::seal(a_key(), &table, &column, Uuid::nil(), "x");
        prop_assert!(is_shut(sealed.open(a_key(), other_table, other_column, Uuid::nil())));
    }
}

#[tokio::test]
async fn a_row_opens_what_it_sealed() {
    let stage = Stage::new();
    let key = stage.key().await;
    let row = rows::a_profile(&key, "Айгүл", foundation::Timestamp::from_micros(0));

    assert_eq!(row.open_first_name(&key).unwrap(), "Айгүл");
    assert_eq!(row.open_phone(&key).unwrap().as_deref(), Some("+77010000000"));
    assert_eq!(row.open_settings(&key).unwrap(), json!({ "language": "kk" }));
    let without = profile::Model { phone: None, ..row };
    assert_eq!(without.open_phone(&key).unwrap(), None);
}

#[tokio::test]
async fn moved_to_another_row_it_stays_shut() {
    let stage = Stage::new();
    let key = stage.key().await;
    let letter = rows::a_letter(&key, "dear school");
    assert_eq!(letter.open_body(&key).unwrap(), "dear school");

    let moved = letter::Model { id: LetterId::new_v7(), ..letter };
    assert!(is_shut(moved.open_body(&key)));
}

#[tokio::test]
async fn moved_to_another_column_or_table_it_stays_shut() {
    let key = Stage::new().key().await;
    let row = Uuid::new_v4();
    let sealed = Text::seal(&key, "profile", "first_name", row, "Айгүл");

    assert!(sealed.open(&key, "profile", "first_name", row).is_ok());
    assert!(is_shut(sealed.open(&key, "profile", "last_name", row)));
    assert!(is_shut(sealed.open(&key, "letter", "first_name", row)));
    assert!(is_shut(sealed.open_raw(key.raw(), "letter", "first_name", row)));
}

#[tokio::test]
async fn given_to_another_person_or_service_it_stays_shut_even_under_the_same_bytes() {
    let stage = Stage::new();
    stage.keyring.gives_one_key_to_all();
    let mine = stage.key().await;
    let theirs: DataKey<category::Account> = stage.keys.of(stage.keyring.person(), Purpose::Account).await.unwrap();
    let elsewhere: DataKey<category::Account> = stage.keyring.keys("learning").of(stage.person, Purpose::Account).await.unwrap();
    assert_eq!(mine.raw().bytes(), theirs.raw().bytes());
    assert_eq!(mine.raw().bytes(), elsewhere.raw().bytes());

    let sealed = Text::seal(&mine, "t", "c", Uuid::nil(), "x");
    assert!(sealed.open(&mine, "t", "c", Uuid::nil()).is_ok());
    assert!(is_shut(sealed.open(&theirs, "t", "c", Uuid::nil())));
    assert!(is_shut(sealed.open(&elsewhere, "t", "c", Uuid::nil())));
}

#[tokio::test]
async fn another_key_does_not_open_it() {
    let stage = Stage::new();
    let (mine, theirs) = (stage.key().await, stage.keys.of(stage.keyring.person(), Purpose::Account).await.unwrap());
    let sealed = Text::seal(&mine, "t", "c", Uuid::nil(), "x");
    assert!(is_shut(sealed.open(&theirs, "t", "c", Uuid::nil())));
}

#[tokio::test]
async fn sealing_twice_shows_nothing_of_the_sameness() {
    let key = Stage::new().key().await;
    let seal = || bytes(&Text::seal(&key, "t", "c", Uuid::nil(), "the same"));
    assert_ne!(seal(), seal());
}

#[tokio::test]
async fn debug_shows_nothing() {
    let stage = Stage::new();
    let key = stage.key().await;
    let row = rows::a_profile(&key, "Айгүл", foundation::Timestamp::from_micros(0));
    let shown = format!("{row:?} {key:?} {:?}", key.raw());

    assert!(shown.contains("first_name: <sealed>") && shown.contains("email_index: <blind index>"), "{shown}");
    for secret in
        ["Айгүл", "+7701", &hex::encode(key.raw().bytes()), &format!("{:?}", key.raw().bytes()), &format!("{:?}", bytes(&row.first_name))]
    {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}
