//! The tables of identity, in the order in which they came.

use personal_data::schema;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::{accounts, links, revocations, sessions, staff};

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("identity_0001", || {
            vec![
                accounts::rows::account::table(),
                accounts::rows::credential::table(),
                links::rows::link::table(),
                sessions::rows::session::table(),
                staff::rows::role_grant::table(),
            ]
        }));
        all.push(schema::migration("identity_0002", || vec![revocations::revocation::table()]));
        all
    }
}
