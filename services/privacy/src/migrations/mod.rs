//! The schema of privacy's database.

mod accesses;
mod copies;
mod erasures;
mod ledger;
mod officer;
mod states;

use personal_data::schema::{migration, table};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let own = migration("privacy_0001", || {
            vec![
                table("consent", "id")
                    .id("person")
                    .code("purpose")
                    .text("text_version")
                    .text("text_hash")
                    .text("language")
                    .time("given_at")
                    .optional_time("withdrawn_at")
                    .number("version")
                    .index(&["person"]),
                table("copy_request", "id")
                    .id("person")
                    .time("received_at")
                    .time("due_at")
                    .optional_time("done_at")
                    .number("version")
                    .index(&["person"]),
                table("erasure", "id")
                    .optional_id("person")
                    .code("state")
                    .time("ordered_at")
                    .time("due_at")
                    .time("look_at")
                    .number("orders")
                    .optional_text("witnesses")
                    .optional_time("key_destroyed_at")
                    .optional_time("done_at")
                    .bytes("commitment")
                    .optional_text("document")
                    .optional_text("signature")
                    .optional_text("contradiction")
                    .number("version")
                    .unique(&["person"])
                    .index(&["state", "look_at"]),
                table("holder_report", "id")
                    .id("erasure")
                    .text("holder")
                    .text("map_hash")
                    .number("left_over")
                    .text("classes")
                    .time("done_at")
                    .index(&["erasure"]),
                table("service_access", "id")
                    .text("service")
                    .number("sequence")
                    .time("at")
                    .text("actor_handle")
                    .text("actor_role")
                    .text("subject_handle")
                    .text("method")
                    .text("categories")
                    .code("purpose")
                    .text("decision")
                    .bytes("previous_hash")
                    .bytes("hash")
                    .index(&["subject_handle", "at"])
                    .unique(&["service", "sequence"]),
                table("chain_end", "id").text("service").number("sequence").bytes("hash").text("signature").time("at").number("version"),
            ]
        });
        personal_data::migrations()
            .into_iter()
            .chain(events::migrations())
            .chain([
                own,
                Box::new(officer::Rounds),
                copies::migration_of_receipts(),
                erasures::kept_items(),
                Box::new(erasures::Waiting),
                states::migration(),
                Box::new(ledger::Ledger),
                crate::cases::service::migration(),
                accesses::tables(),
                accesses::by_time(),
                Box::new(accesses::TakenAt),
                accesses::by_arrival(),
            ])
            .collect()
    }
}
