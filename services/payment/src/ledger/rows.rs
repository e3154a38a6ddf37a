//! Entries of the books, and receipts.

use foundation::{PersonId, Timestamp, typed_id};
use personal_data::{PersonalData, schema};

use crate::orders::OrderId;

typed_id!(
    /// One side of a booking.
    LedgerEntryId
);
typed_id!(
    /// A receipt that tax law keeps.
    TaxReceiptId
);

/// One side of a booking: a debit or a credit of one account. Entries are added, never changed.
pub(crate) mod ledger_entry {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "ledger_entry")]
    // Three years: the general limitation period (Civil Code, art. 178).
    #[personal(category = Payment, purposes(Payment, Rights), keep(after = relation_end, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: LedgerEntryId,
        #[personal(owner)]
        pub person_id: PersonId,
        #[personal(link)]
        pub order_id: OrderId,
        /// The version of the order whose transition this books.
        #[personal(measure)]
        pub order_version: i64,
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

/// What the law keeps of a payment after its person is erased: order, date, sum, kind, status, receipt number.
pub(crate) mod tax_receipt {
    use sea_orm::entity::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "tax_receipt")]
    #[personal(
        category = LockedPayment,
        purposes(LegalRetention, Rights),
        keep(after = tax_period, at = dated_at, years = 5),
        erase = lock(law = "Tax Code of Kazakhstan, art. 48; 94-V art. 18")
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: TaxReceiptId,
        #[personal(owner)]
        pub person_id: PersonId,
        #[personal(link)]
        pub order_id: OrderId,
        #[personal(plain = "a random number that says nothing of itself")]
        pub receipt_number: String,
        #[personal(code)]
        pub kind: i32,
        #[personal(code)]
        pub status: i32,
        #[personal(measure)]
        pub amount_minor: i64,
        #[personal(plain = "an ISO 4217 code")]
        pub currency: String,
        #[personal(time)]
        pub dated_at: Timestamp,
    }
}

pub(crate) fn tables() -> Vec<schema::Table> {
    vec![
        schema::table("ledger_entry", "id")
            .id("person_id")
            .id("order_id")
            .number("order_version")
            .code("account")
            .number("debit_minor")
            .number("credit_minor")
            .text("currency")
            .time("booked_at")
            .index(&["person_id"])
            // A transition is booked once.
            .unique(&["order_id", "order_version", "account", "debit_minor"]),
        schema::table("tax_receipt", "id")
            .id("person_id")
            .id("order_id")
            .text("receipt_number")
            .code("kind")
            .code("status")
            .number("amount_minor")
            .text("currency")
            .time("dated_at")
            .index(&["person_id"])
            .unique(&["receipt_number"])
            // A payment and its refund: one receipt each.
            .unique(&["order_id", "kind"]),
    ]
}
