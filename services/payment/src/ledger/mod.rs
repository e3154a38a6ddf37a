//! The double-entry ledger, and the receipts that tax law keeps. Written only together with an order's change of state.

pub(crate) mod retained;
pub(crate) mod rows;
pub(crate) mod rules;

use contract::Purpose;
use foundation::Timestamp;
use personal_data::{Error, Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use crate::orders::{rows::course_order, rules::State};
use rows::{LedgerEntryId, TaxReceiptId, ledger_entry, tax_receipt};
use rules::{Account, Posting, ReceiptKind, agrees};

/// Books a transition of an order, and sees that the order's books then say what its state says.
pub(crate) async fn post_in_tx(
    tx: &Tx,
    order: &course_order::Model,
    state: State,
    postings: &[Posting],
    at: Timestamp,
) -> Result<(), Error> {
    for posting in postings {
        let row = ledger_entry::Model {
            id: LedgerEntryId::new_v7(),
            person_id: order.person_id,
            order_id: order.id,
            order_version: order.version,
            account: posting.account as i32,
            debit_minor: posting.debit_minor,
            credit_minor: posting.credit_minor,
            currency: order.currency.clone(),
            booked_at: at,
        };
        tx.insert::<ledger_entry::Entity>(row).await?;
    }
    let entries =
        query::across::<ledger_entry::Entity>(Purpose::Payment).filter(ledger_entry::Column::OrderId.eq(order.id)).all(tx).await?;
    let booked: Option<Vec<Posting>> = entries.iter().map(posting).collect();
    match booked {
        Some(booked) if agrees(&booked, state, order.amount_minor) => Ok(()),
        _ => Err(Error::Internal("the books of an order do not agree with its state; nothing was changed".into())),
    }
}

fn posting(entry: &ledger_entry::Model) -> Option<Posting> {
    let (debit_minor, credit_minor) = (entry.debit_minor, entry.credit_minor);
    Account::of(entry.account).map(|account| Posting { account, debit_minor, credit_minor })
}

/// Writes what tax law keeps of a payment or a refund, and nothing more.
pub(crate) async fn receipt_in_tx(
    tx: &Tx,
    order: &course_order::Model,
    kind: ReceiptKind,
    number: &str,
    at: Timestamp,
) -> Result<(), Error> {
    tx.insert::<tax_receipt::Entity>(tax_receipt::Model {
        id: TaxReceiptId::new_v7(),
        person_id: order.person_id,
        order_id: order.id,
        receipt_number: number.to_owned(),
        kind: kind as i32,
        status: order.state,
        amount_minor: order.amount_minor,
        currency: order.currency.clone(),
        dated_at: at,
    })
    .await
}
