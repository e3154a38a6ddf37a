//! The schema of analytics' database.

use personal_data::schema;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{cells, counting};

/// The entities of analytics' own tables. None of them is about a person.
pub type Tables = (counting::rows::count::Entity, counting::rows::period::Entity, cells::rows::Entity);

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("analytics_0001", || {
            let mut tables = counting::rows::tables();
            tables.push(cells::rows::table());
            tables
        }));
        all
    }
}
