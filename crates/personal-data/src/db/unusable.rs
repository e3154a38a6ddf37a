//! Why a database cannot be used, in one sentence each. None shows an address, whose password would be in it.

use std::{io::ErrorKind, path::PathBuf};

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// What an operator has to set right.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("the address cannot be read; write `postgres://user:password@host:port/database?sslmode=verify-full`, or `sqlite://file`")]
    Address,
    #[error("the certificate of the authority that it names ({}) cannot be read", .0.display())]
    Authority(PathBuf),
    #[error("the server's certificate does not verify ({0}); check `sslrootcert`, the host's name and the certificate's term")]
    Certificate(String),
    #[error("the server refuses this user, the password, or where it comes from")]
    Credentials,
    #[error("the server has no such database")]
    NoDatabase,
    #[error("this user may not connect to this database")]
    MayNotConnect,
    #[error("the server does not answer")]
    Away,
    #[error("the server is PostgreSQL {found}; {least} or newer is needed")]
    Version { found: i32, least: i32 },
    #[error("its clock and the one here are {seconds} seconds apart; let both follow the same NTP servers")]
    Clock { seconds: u64 },
    #[error("its schema lacks {missing} migrations of this version: run `kolsai migrate {service}`")]
    Behind { service: &'static str, missing: usize },
    #[error("its schema lacks {missing} migrations of this version, and this user may not make them: run `kolsai migrate {service}`")]
    MayNotMigrate { service: &'static str, missing: usize },
    #[error("another process has been migrating for longer than {minutes} minutes")]
    Busy { minutes: u64 },
    #[error("the migration `{name}` failed; nothing of it is left, and it can be tried again")]
    Migration {
        name: String,
        #[source]
        cause: DbErr,
    },
    #[error("the server has no role `{role}`: make it (`CREATE ROLE {role} LOGIN`), or correct KOLSAI__DATABASE__ROLE_PREFIX")]
    NoRole { role: String },
    #[error("the role `{role}` may do more than its service needs: {}", findings.join("; "))]
    Role { role: String, findings: Vec<String> },
    #[error("`{0}` cannot be the name of a role of ours: lowercase letters, digits and underscores")]
    RoleName(String),
}

/// What an attempt to connect says; none when it says nothing that an operator could set right.
pub(super) fn of_connecting(error: &DbErr) -> Option<Unusable> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_)).then_some(Unusable::Away);
    };
    match cause.as_ref() {
        SqlxError::Configuration(_) => Some(Unusable::Address),
        SqlxError::Tls(cause) => Some(Unusable::Certificate(cause.to_string())),
        // The handshake's own error comes inside one of the socket.
        SqlxError::Io(cause) if cause.kind() == ErrorKind::InvalidData => Some(Unusable::Certificate(cause.to_string())),
        SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed => Some(Unusable::Away),
        SqlxError::Database(refused) => match refused.code().as_deref() {
            Some("28P01" | "28000") => Some(Unusable::Credentials),
            Some("3D000") => Some(Unusable::NoDatabase),
            Some("42501") => Some(Unusable::MayNotConnect),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the database refused because of the role's rights.
pub(super) fn is_not_permitted(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause))) = error else { return false };
    matches!(cause.as_ref(), SqlxError::Database(refused) if refused.code().as_deref() == Some("42501"))
}
