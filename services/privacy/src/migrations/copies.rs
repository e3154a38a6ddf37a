//! Receipts of copies.

use personal_data::schema::{migration, table};
use sea_orm_migration::MigrationTrait;

pub fn migration_of_receipts() -> Box<dyn MigrationTrait> {
    migration("privacy_0030", || {
        vec![table("copy_receipt", "id").id("person").text("document").text("signature").time("at").index(&["person"])]
    })
}
