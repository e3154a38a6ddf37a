//! Identifiers: 16 bytes, typed.

/// A 16-byte identifier of one kind of thing.
pub trait Identifier {}
impl Identifier for uuid::Uuid {}
/// The key of an append-only chain.
impl Identifier for i64 {}
impl<T: Identifier> Identifier for Option<T> {}

/// An identifier of anything but a person.
pub trait Thing: Identifier {}
impl Thing for uuid::Uuid {}
impl Thing for i64 {}
impl<T: Thing> Thing for Option<T> {}

/// Declares an identifier of its own type over a UUID (RFC 9562): v7 inside, v4 for anything public or unlinkable.
#[macro_export]
macro_rules! typed_id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::serde::Serialize, $crate::serde::Deserialize,
        )]
        #[serde(crate = "foundation::serde")]
        pub struct $name(pub $crate::uuid::Uuid);

        $crate::typed_id_impls!($name);

        impl $crate::Thing for $name {}
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! typed_id_impls {
    ($name:ident) => {
        const _: () = {
            use $crate::{sea_orm, uuid::Uuid};

            impl $name {
                pub fn new_v4() -> Self {
                    Self(Uuid::new_v4())
                }

                pub fn new_v7() -> Self {
                    Self(Uuid::now_v7())
                }

                /// Reads the canonical text form; `field` names where it came from.
                pub fn parse_field(text: &str, field: &'static str) -> Result<Self, $crate::Refusal> {
                    text.parse().map_err(|_| {
                        $crate::Refusal::invalid("INVALID_IDENTIFIER", field, "this is not an identifier; send it as it was given to you")
                    })
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.hyphenated().fmt(f)
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(f, "{}({})", stringify!($name), self.0)
                }
            }

            impl std::str::FromStr for $name {
                type Err = $crate::uuid::Error;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Uuid::parse_str(text).map(Self)
                }
            }

            impl $crate::Identifier for $name {}

            impl From<$name> for Uuid {
                fn from(id: $name) -> Uuid {
                    id.0
                }
            }

            impl From<$name> for sea_orm::Value {
                fn from(id: $name) -> Self {
                    id.0.into()
                }
            }

            impl sea_orm::TryGetable for $name {
                fn try_get_by<I: sea_orm::ColIdx>(row: &sea_orm::QueryResult, index: I) -> Result<Self, sea_orm::TryGetError> {
                    <Uuid as sea_orm::TryGetable>::try_get_by(row, index).map(Self)
                }
            }

            impl sea_orm::sea_query::ValueType for $name {
                fn try_from(value: sea_orm::Value) -> Result<Self, sea_orm::sea_query::ValueTypeErr> {
                    <Uuid as sea_orm::sea_query::ValueType>::try_from(value).map(Self)
                }

                fn type_name() -> String {
                    stringify!($name).to_owned()
                }

                fn array_type() -> sea_orm::sea_query::ArrayType {
                    <Uuid as sea_orm::sea_query::ValueType>::array_type()
                }

                fn column_type() -> sea_orm::sea_query::ColumnType {
                    <Uuid as sea_orm::sea_query::ValueType>::column_type()
                }
            }

            impl sea_orm::sea_query::Nullable for $name {
                fn null() -> sea_orm::Value {
                    <Uuid as sea_orm::sea_query::Nullable>::null()
                }
            }

            impl sea_orm::IntoActiveValue<$name> for $name {
                fn into_active_value(self) -> sea_orm::ActiveValue<$name> {
                    sea_orm::ActiveValue::Set(self)
                }
            }

            impl sea_orm::TryFromU64 for $name {
                fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                    Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
                }
            }
        };
    };
}

/// A human being whom the school knows: learner, instructor, staff. Random (v4): it says nothing about them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct PersonId(pub uuid::Uuid);

typed_id_impls!(PersonId);
