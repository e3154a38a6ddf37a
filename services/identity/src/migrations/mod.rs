//! The tables of identity, in the order in which they came.

use personal_data::schema;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};

use crate::{accounts, links, relation, revocations, sessions, staff};

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
        all.push(schema::migration("identity_0002", || vec![revocations::rows::revocation::table()]));
        all.push(schema::migration("identity_0003", || vec![relation::rows::table()]));
        all.push(Box::new(Relations));
        all
    }
}

/// Accounts from before relations were kept: theirs is counted from their confirmation.
struct Relations;

impl MigrationName for Relations {
    fn name(&self) -> &str {
        "identity_0004"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Relations {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "INSERT INTO relation (person, used_at, ended_at, version) \
                   SELECT person, confirmed_at, NULL, 1 FROM account WHERE confirmed_at IS NOT NULL";
        manager.get_connection().execute_unprepared(sql).await.map(|_| ())
    }
}
