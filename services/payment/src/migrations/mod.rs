//! The tables of payment, in order.

use personal_data::schema::{self, Table};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{ledger, orders, strays};

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("payment_0001", tables));
        all.push(schema::migration("payment_0002", strays::rows::tables));
        all.push(schema::migration("payment_0003", strays::rows::books));
        // An erasure looks for an order by what the partner calls its payment.
        all.push(schema::late_index("payment_0004", "course_order", &["partner_payment"]));
        all
    }
}

fn tables() -> Vec<Table> {
    let mut all = orders::rows::tables();
    all.extend(ledger::rows::tables());
    all.push(egress::register::table());
    all
}
