//! What each word of the data map demands of a column's type.
//!
//! | word | the column is |
//! |---|---|
//! | `key` | the row's identifier (16 bytes; an integer or text only in a table without personal data) |
//! | `owner` | the person whose data the row is |
//! | `other_person(on_erase = …)` | somebody else whom the row names, and what their erasure does |
//! | `name` `email` `phone` `free_text` `profile` `result` `document` | sealed under the owner's key |
//! | `blind_index` | a keyed hash for exact look-up |
//! | `secret = "why"` | a hash or key that must stay as it is |
//! | `plain = "why"` | anything in the clear, with the reason |
//! | `tombstone = "why"` | a random identifier that outlives its person, so that nothing brings them back |
//! | `copy = "full_name"` | beside a sealed word: a copy of what identity calls so, corrected with it |
//! | `object = "store"` | the key of an object in that store |
//! | `date` | a day in Asia/Almaty, `YYYY-MM-DD` |
//! | `link` `time` `version` `measure` `code` | another row's id, a time, the version, a number, a value of a closed list |

use foundation::{PersonId, Timestamp};

pub use crate::sealed::SealedColumn;
use crate::{BlindIndex, JsonValue};

pub use foundation::{Identifier, Thing};

pub trait Owner {}
impl Owner for PersonId {}

/// Optional, so that their erasure can take them out of the row.
pub trait OtherPerson {}
impl OtherPerson for Option<PersonId> {}

pub trait Time {}
impl Time for Timestamp {}
impl Time for Option<Timestamp> {}

pub trait Date {}
impl Date for String {}

/// What a row's `keep(at = …)` may name.
pub trait Moment {
    /// A day in place of a time.
    const IS_DATE: bool = false;
    /// A row without it has not come so far.
    const IS_OPTIONAL: bool = false;
}
impl Moment for Timestamp {}
impl Moment for Option<Timestamp> {
    const IS_OPTIONAL: bool = true;
}
impl Moment for String {
    const IS_DATE: bool = true;
}

pub trait Version {}
impl Version for i64 {}

/// Numbers and truth values; never text.
pub trait Measure {}
/// A value of a closed list, stored as a number.
pub trait Code {}
macro_rules! numbers {
    ($($ty:ty),*) => {$(
        impl Measure for $ty {}
        impl Measure for Option<$ty> {}
    )*};
}
numbers!(i16, i32, i64, bool, f64);
impl Code for i16 {}
impl Code for i32 {}

pub trait Blind {}
impl Blind for BlindIndex {}
impl Blind for Option<BlindIndex> {}

pub trait Object {}
impl Object for String {}
impl Object for Option<String> {}

pub trait Anything {}
impl<T> Anything for T {}

/// What can be sealed: text, bytes, or a JSON document.
pub trait Sealable: 'static {
    type Opened;
    fn to_bytes(&self) -> zeroize::Zeroizing<Vec<u8>>;
    fn from_bytes(bytes: zeroize::Zeroizing<Vec<u8>>) -> Option<Self::Opened>;
    fn to_json(opened: Self::Opened) -> JsonValue;
}

impl Sealable for str {
    type Opened = String;

    fn to_bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.as_bytes().to_vec().into()
    }

    fn from_bytes(bytes: zeroize::Zeroizing<Vec<u8>>) -> Option<String> {
        std::str::from_utf8(&bytes).ok().map(str::to_owned)
    }

    fn to_json(opened: String) -> JsonValue {
        JsonValue::String(opened)
    }
}

impl Sealable for JsonValue {
    type Opened = Self;

    fn to_bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.to_string().into_bytes().into()
    }

    fn from_bytes(bytes: zeroize::Zeroizing<Vec<u8>>) -> Option<Self> {
        serde_json::from_slice(&bytes).ok()
    }

    fn to_json(opened: Self) -> Self {
        opened
    }
}
