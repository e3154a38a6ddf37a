//! Payments that no order stands behind, and which payments the books have.

use foundation::{Timestamp, typed_id};
use personal_data::{Db, Error, PersonalData, Tx, query, schema};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};

use super::rules::State;

typed_id!(
    /// A payment of the partner's, by a digest of the partner's identifier: one payment has one row, whoever comes when.
    PaymentKey
);

typed_id!(
    /// One side of a booking of a stray payment.
    StrayEntryId
);

impl PaymentKey {
    pub(crate) fn of(partner_payment: &str) -> Self {
        let digest = Sha256::new().chain_update(b"stray-payment").chain_update(partner_payment).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(uuid::Builder::from_custom_bytes(id).into_uuid())
    }

    /// The identifier of the call that cancels the payment, beside the one that gives it back; twice is the payment's own again.
    pub(crate) fn cancelling(self) -> Self {
        Self(uuid::Uuid::from_u128(self.0.as_u128() ^ 1))
    }
}

/// Money that came in for nobody whom we know, to be given back.
pub(crate) mod stray_payment {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "stray_payment")]
    #[personal(none = "a payment that no order stands behind: a sum to be given back, and nothing here says whose it is")]
    pub struct Model {
        /// Also the identifier of the call that gives it back.
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: PaymentKey,
        #[personal(plain = "the partner's identifier of the payment, by which it is given back")]
        pub partner_payment: String,
        #[personal(measure)]
        pub amount_minor: i64,
        #[personal(plain = "an ISO 4217 code")]
        pub currency: String,
        #[personal(code)]
        pub state: i32,
        /// How often the partner was asked to give it back.
        #[personal(measure)]
        pub attempts: i64,
        /// When it is asked next; also the lease of whoever asks. None: it was given back.
        #[personal(time)]
        pub due_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

/// That a payment was booked. It outlives the order, so that the partner's late word of it is not taken for new money.
pub(crate) mod booked_payment {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "booked_payment")]
    #[personal(none = "digests of the partner's identifiers of payments that were booked; nothing here says whose they were")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: PaymentKey,
        #[personal(time)]
        pub booked_at: Timestamp,
    }
}

/// One side of a booking of a stray payment. Entries are added, never changed.
pub(crate) mod stray_entry {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "stray_entry")]
    #[personal(none = "the books of payments that no order stands behind: sums that came and went, and nothing here says whose")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: StrayEntryId,
        #[personal(link)]
        pub stray: PaymentKey,
        #[personal(code)]
        pub account: i32,
        #[personal(measure)]
        pub debit_minor: i64,
        #[personal(measure)]
        pub credit_minor: i64,
        #[personal(plain = "an ISO 4217 code")]
        pub currency: String,
        #[personal(time)]
        pub booked_at: Timestamp,
    }
}

/// A transfer that is about nobody: a stray payment given back or closed, however often it was tried.
pub(crate) mod stray_transfer {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "stray_transfer")]
    #[personal(none = "the transfer register of payments that no order stands behind: it names a payment, and nobody")]
    pub struct Model {
        /// Of the call.
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: Uuid,
        #[personal(link)]
        pub stray: PaymentKey,
        #[personal(plain = "the name of a declared recipient")]
        pub recipient: String,
        #[personal(plain = "a country code, ISO 3166-1 alpha-2")]
        pub country: String,
        #[personal(code)]
        pub purpose: i32,
        #[personal(plain = "names of data classes")]
        pub classes: String,
        #[personal(time)]
        pub at: Timestamp,
    }
}

pub(crate) fn books() -> Vec<schema::Table> {
    vec![
        schema::table("stray_entry", "id")
            .id("stray")
            .code("account")
            .number("debit_minor")
            .number("credit_minor")
            .text("currency")
            .time("booked_at")
            .index(&["stray"]),
        schema::table("stray_transfer", "id").id("stray").text("recipient").text("country").code("purpose").text("classes").time("at"),
    ]
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("stray_payment", "id")
            .text("partner_payment")
            .number("amount_minor")
            .text("currency")
            .code("state")
            .number("attempts")
            .optional_time("due_at")
            .number("version")
            .index(&["due_at"]),
        schema::table("booked_payment", "id").time("booked_at"),
    ]
}

impl stray_payment::Model {
    /// The state; a code that this version does not know is a fault, not a state.
    pub(crate) fn standing(&self) -> Result<State, Error> {
        State::of(self.state).ok_or_else(|| Error::Internal("a stray payment is in a state that this version does not know".into()))
    }
}

pub(crate) async fn find(db: &impl sea_orm::ConnectionTrait, id: PaymentKey) -> Result<Option<stray_payment::Model>, Error> {
    Ok(query::anonymous::<stray_payment::Entity>().filter(stray_payment::Column::Id.eq(id)).one(db).await?)
}

/// Notes that the payment is in the books.
pub(crate) async fn note_booked_in_tx(tx: &Tx, partner_payment: &str) -> Result<(), Error> {
    let row = booked_payment::Model { id: PaymentKey::of(partner_payment), booked_at: tx.clock().now() };
    tx.insert_once::<booked_payment::Entity>(row).await?;
    Ok(())
}

pub(crate) async fn is_booked_in_tx(tx: &Tx, id: PaymentKey) -> Result<bool, Error> {
    let booked = query::anonymous::<booked_payment::Entity>().filter(booked_payment::Column::Id.eq(id));
    Ok(booked.one(tx).await?.is_some())
}

/// How long it is known that a payment was booked: the general limitation period (Civil Code, art. 178).
const BOOKED_FOR: std::time::Duration = std::time::Duration::from_secs(3 * 366 * 24 * 3600);

/// Forgets which payments were booked when nobody can have a word about them any more. Answers how many.
#[allow(clippy::disallowed_methods, reason = "the table says that it holds nobody's data")]
pub(crate) async fn forget_booked(db: &Db) -> Result<u64, Error> {
    let before = db.clock().now().minus(BOOKED_FOR);
    Ok(booked_payment::Entity::delete_many().filter(booked_payment::Column::BookedAt.lt(before)).exec(db).await?.rows_affected)
}

/// What is to be asked for now.
pub(crate) async fn due(db: &Db, now: Timestamp, most: u64) -> Result<Vec<stray_payment::Model>, Error> {
    let due = query::anonymous::<stray_payment::Entity>().filter(stray_payment::Column::DueAt.lte(now));
    Ok(due.order_by_asc(stray_payment::Column::DueAt).limit(most).all(db).await?)
}
