//! What a service's own role may do, out of its data map: work with its rows, and nothing to its tables.
//!
//! The role that migrates owns the tables. The service's role reads and writes them row by row; what is append-only it cannot
//! change; the access log it can only lengthen; it can neither alter, empty nor make a table, and connects to no other
//! service's database.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};

use super::unusable::Unusable;
use crate::{Error, Holds, access_log, map::TableMap};

/// The roles of this school: that of the service whose database it is, and everybody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    own: String,
    others: Vec<String>,
}

impl Roles {
    /// `prefix` and the service's name: `kolsai_identity`. `services` are all that have a database.
    pub fn of(prefix: &str, service: &str, services: &[&str]) -> Result<Self, Error> {
        let role = |name: &str| format!("{prefix}{name}");
        let plain = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let own = role(service);
        if !plain(&own) || own.len() > 63 {
            return Err(Unusable::RoleName(own).into());
        }
        Ok(Self { own, others: services.iter().filter(|name| **name != service).map(|name| role(name)).collect() })
    }

    pub fn own(&self) -> &str {
        &self.own
    }
}

/// What a service's role may do with the rows of one table.
fn rights(map: &TableMap) -> &'static [&'static str] {
    if map.table == access_log::TABLE {
        &["SELECT", "INSERT"]
    } else if map.append_only {
        // A row goes against a ticket alone: the table's own trigger sees to it.
        &["SELECT", "INSERT", "DELETE"]
    } else {
        &["SELECT", "INSERT", "UPDATE", "DELETE"]
    }
}

/// Everything that may be granted on a table of PostgreSQL 15.
const ALL: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/// Gives the service's role what its tables need and takes away the rest, in one transaction; then asks the database whether it is so.
/// Tables that this version does not know are a newer one's, and keep what they have.
pub(super) async fn grant(connection: &DatabaseConnection, holds: &Holds, roles: &Roles) -> Result<(), Error> {
    let role = &roles.own;
    if number(connection, &format!("SELECT count(*) AS n FROM pg_roles WHERE rolname = '{role}'")).await? == 0 {
        return Err(Unusable::NoRole { role: role.clone() }.into());
    }
    let (database, schema) = place(connection).await?;
    let tx = connection.begin().await?;
    let mut statements = vec![
        format!(r#"REVOKE ALL ON DATABASE "{database}" FROM PUBLIC, "{role}""#),
        format!(r#"GRANT CONNECT ON DATABASE "{database}" TO "{role}""#),
        format!(r#"REVOKE ALL ON SCHEMA "{schema}" FROM PUBLIC, "{role}""#),
        format!(r#"GRANT USAGE ON SCHEMA "{schema}" TO "{role}""#),
        format!(r#"REVOKE ALL ON TABLE seaql_migrations FROM PUBLIC, "{role}""#),
        format!(r#"GRANT SELECT ON TABLE seaql_migrations TO "{role}""#),
    ];
    for map in holds.maps() {
        statements.push(format!(r#"REVOKE ALL ON TABLE "{}" FROM PUBLIC, "{role}""#, map.table));
        statements.push(format!(r#"GRANT {} ON TABLE "{}" TO "{role}""#, rights(map).join(", "), map.table));
    }
    for sql in statements {
        tx.execute_unprepared(&sql).await?;
    }
    tx.commit().await?;
    let findings = too_much(connection, holds, roles, &schema).await?;
    if findings.is_empty() { Ok(()) } else { Err(Unusable::Role { role: role.clone(), findings }.into()) }
}

/// Names come from the database itself and from the map.
async fn place(connection: &DatabaseConnection) -> Result<(String, String), Error> {
    let sql = "SELECT current_database()::text AS d, current_schema()::text AS s";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let row = row.ok_or(Unusable::Away)?;
    let name = |column| row.try_get::<String>("", column).map(|name| name.replace('"', "\"\""));
    Ok((name("d")?, name("s")?))
}

/// What the role may do although no grant of ours says so: by what it is, owns, is a member of, or was given by others.
async fn too_much(connection: &DatabaseConnection, holds: &Holds, roles: &Roles, schema: &str) -> Result<Vec<String>, Error> {
    let role = &roles.own;
    let mut findings = Vec::new();
    let mut asks = |finding: String, sql: String| findings.push((finding, sql));
    asks(
        "it is a superuser, may make roles or databases, replicate, or pass by row security".into(),
        format!(
            "SELECT count(*) AS n FROM pg_roles WHERE rolname = '{role}' \
             AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"
        ),
    );
    asks(
        "it owns tables here, or is a member of the role that does".into(),
        format!(
            "SELECT count(*) AS n FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND pg_has_role('{role}', relowner, 'MEMBER')"
        ),
    );
    asks("it may make tables here".into(), format!("SELECT has_schema_privilege('{role}', '{schema}', 'CREATE')::int4::int8 AS n"));
    for map in holds.maps() {
        for right in ALL.iter().filter(|right| !rights(map).contains(right)) {
            let sql = format!(r#"SELECT has_table_privilege('{role}', '"{}"', '{right}')::int4::int8 AS n"#, map.table);
            asks(format!("it may {right} on `{}`", map.table), sql);
        }
    }
    for other in &roles.others {
        asks(
            format!("`{other}` may connect to this database"),
            format!(
                "SELECT count(*) AS n FROM pg_roles WHERE rolname = '{other}' AND has_database_privilege(rolname, current_database(), 'CONNECT')"
            ),
        );
    }
    let mut found = Vec::new();
    for (finding, sql) in findings {
        if number(connection, &sql).await? > 0 {
            found.push(finding);
        }
    }
    Ok(found)
}

async fn number(connection: &DatabaseConnection, sql: &str) -> Result<i64, Error> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get("", "n"))?)
}

#[cfg(test)]
mod tests {
    use super::Roles;

    #[test]
    fn a_role_is_a_plain_name() {
        let roles = Roles::of("kolsai_", "identity", &["identity", "payment"]).unwrap();
        assert_eq!((roles.own(), &roles.others[..]), ("kolsai_identity", &["kolsai_payment".to_owned()][..]));
        for prefix in ["Kolsai_", "a b", "x\"; DROP ROLE y; --", "қ"] {
            assert!(Roles::of(prefix, "identity", &[]).is_err(), "{prefix}");
        }
    }
}
