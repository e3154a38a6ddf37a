//! The schema of this service's database.

use personal_data::schema;
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

use crate::{mail, newsletter, tickets};

pub struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("communication_0001", || {
            let mut tables = vec![mail::table(), egress::register::table()];
            tables.extend(newsletter::tables());
            tables.extend(tickets::tables());
            tables
        }));
        all
    }
}
