//! A value sealed under its owner's key: XChaCha20-Poly1305 with a random nonce and the place it belongs to.

use std::{fmt, marker::PhantomData};

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use foundation::uuid::Uuid;
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable, Value, sea_query};

use crate::{
    Error, JsonValue,
    category::CategoryMark,
    keys::{DataKey, RawKey},
    words::Sealable,
};

const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// Bytes at rest: format (1) ‖ nonce (24) ‖ ciphertext and tag. The additional data is
/// service ‖ table ‖ column ‖ row ‖ person, so a value moved elsewhere does not open.
pub struct Sealed<C, T: ?Sized>(Vec<u8>, PhantomData<Tag<C, T>>);

/// Of the category and the kind of value; nothing of either is in the bytes.
type Tag<C, T> = fn() -> (C, Box<T>);

/// What the derive calls for a sealed column, present or optional.
pub trait SealedColumn: Sized {
    type Category: CategoryMark;
    type Plain: ?Sized;
    type Opened;
    fn seal(key: &DataKey<Self::Category>, table: &str, column: &str, row: Uuid, value: &Self::Plain) -> Self;
    fn open(&self, key: &DataKey<Self::Category>, table: &str, column: &str, row: Uuid) -> Result<Self::Opened, Error>;
    fn open_raw(&self, key: &RawKey, table: &str, column: &str, row: Uuid) -> Result<JsonValue, Error>;
}

fn place(key: &RawKey, table: &str, column: &str, row: Uuid) -> Vec<u8> {
    let mut place = Vec::with_capacity(96);
    for part in [key.service().as_bytes(), table.as_bytes(), column.as_bytes(), row.as_bytes(), key.person().0.as_bytes()] {
        place.extend_from_slice(&(part.len() as u64).to_be_bytes());
        place.extend_from_slice(part);
    }
    place
}

impl<C: CategoryMark, T: Sealable + ?Sized> SealedColumn for Sealed<C, T> {
    type Category = C;
    type Plain = T;
    type Opened = T::Opened;

    fn seal(key: &DataKey<C>, table: &str, column: &str, row: Uuid, value: &T) -> Self {
        let nonce: [u8; NONCE] = rand::random();
        let cipher = XChaCha20Poly1305::new(key.raw().bytes().into());
        let payload = Payload { msg: &value.to_bytes(), aad: &place(key.raw(), table, column, row) };
        // XChaCha20-Poly1305 fails only beyond 256 GiB; an empty body then does not open, it does not leak.
        let body = cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        let mut bytes = Vec::with_capacity(1 + NONCE + body.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&body);
        Self(bytes, PhantomData)
    }

    fn open(&self, key: &DataKey<C>, table: &str, column: &str, row: Uuid) -> Result<T::Opened, Error> {
        self.plain(key.raw(), table, column, row)
    }

    fn open_raw(&self, key: &RawKey, table: &str, column: &str, row: Uuid) -> Result<JsonValue, Error> {
        self.plain(key, table, column, row).map(T::to_json)
    }
}

impl<C: CategoryMark, T: Sealable + ?Sized> Sealed<C, T> {
    fn plain(&self, key: &RawKey, table: &str, column: &str, row: Uuid) -> Result<T::Opened, Error> {
        let wrong = || Error::DoesNotOpen { table: table.to_owned(), column: column.to_owned() };
        let (head, body) = self.0.split_at_checked(1 + NONCE).ok_or_else(wrong)?;
        if head[0] != FORMAT {
            return Err(wrong());
        }
        let nonce: [u8; NONCE] = head[1..].try_into().map_err(|_| wrong())?;
        let cipher = XChaCha20Poly1305::new(key.bytes().into());
        let payload = Payload { msg: body, aad: &place(key, table, column, row) };
        let plain = cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| wrong())?;
        T::from_bytes(plain.into()).ok_or_else(wrong)
    }
}

impl<S: SealedColumn> SealedColumn for Option<S> {
    type Category = S::Category;
    type Plain = S::Plain;
    type Opened = Option<S::Opened>;

    fn seal(key: &DataKey<S::Category>, table: &str, column: &str, row: Uuid, value: &S::Plain) -> Self {
        Some(S::seal(key, table, column, row, value))
    }

    fn open(&self, key: &DataKey<S::Category>, table: &str, column: &str, row: Uuid) -> Result<Self::Opened, Error> {
        self.as_ref().map(|sealed| sealed.open(key, table, column, row)).transpose()
    }

    fn open_raw(&self, key: &RawKey, table: &str, column: &str, row: Uuid) -> Result<JsonValue, Error> {
        self.as_ref().map_or(Ok(JsonValue::Null), |sealed| sealed.open_raw(key, table, column, row))
    }
}

impl<C, T: ?Sized> Clone for Sealed<C, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<C, T: ?Sized> PartialEq for Sealed<C, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<C, T: ?Sized> Eq for Sealed<C, T> {}

impl<C, T: ?Sized> fmt::Debug for Sealed<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<sealed>")
    }
}

impl<C, T: ?Sized> From<Sealed<C, T>> for Value {
    fn from(sealed: Sealed<C, T>) -> Self {
        sealed.0.into()
    }
}

impl<C, T: ?Sized> TryGetable for Sealed<C, T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        Vec::<u8>::try_get_by(row, index).map(|bytes| Self(bytes, PhantomData))
    }
}

impl<C, T: ?Sized> sea_query::ValueType for Sealed<C, T> {
    fn try_from(value: Value) -> Result<Self, sea_query::ValueTypeErr> {
        <Vec<u8> as sea_query::ValueType>::try_from(value).map(|bytes| Self(bytes, PhantomData))
    }

    fn type_name() -> String {
        "Sealed".into()
    }

    fn array_type() -> sea_query::ArrayType {
        <Vec<u8> as sea_query::ValueType>::array_type()
    }

    fn column_type() -> sea_query::ColumnType {
        <Vec<u8> as sea_query::ValueType>::column_type()
    }
}

impl<C, T: ?Sized> sea_query::Nullable for Sealed<C, T> {
    fn null() -> Value {
        <Vec<u8> as sea_query::Nullable>::null()
    }
}

impl<C, T: ?Sized> sea_orm::IntoActiveValue<Self> for Sealed<C, T> {
    fn into_active_value(self) -> sea_orm::ActiveValue<Self> {
        sea_orm::ActiveValue::Set(self)
    }
}
