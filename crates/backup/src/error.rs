//! What can go wrong with backups. Each says what to do; none holds a key, an address with its secret, or anybody's data.

use std::path::PathBuf;

/// Why a backup cannot be taken, found, believed or restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the store of the backups: {0}")]
    Store(#[source] objects::Error),
    #[error("the ledger of erasures: {0}")]
    Ledger(#[source] objects::Error),
    #[error("the object store: {0}")]
    Objects(#[source] objects::Error),
    #[error("the database of {service} cannot be read or written")]
    Database {
        service: String,
        #[source]
        source: sea_orm::DbErr,
    },
    #[error("{tool} is not on this machine: install the PostgreSQL client of the server's version, or set KOLSAI__BACKUP__POSTGRES_TOOLS")]
    NoTool { tool: &'static str },
    #[error("{tool} ended with {status} on the database of {service}; run it by hand to see why")]
    Tool { tool: &'static str, service: String, status: String },
    #[error("{} cannot be read or written", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{part} could not be written to the store of the backups")]
    Write {
        part: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the backup took more than a day and would have been pruned as an interrupted one; see why the store is so slow")]
    TookTooLong,
    #[error("the catalogue has no backup{}; `kolsai backup list` shows what there is", .id.as_ref().map(|id| format!(" {id}")).unwrap_or_default())]
    NoSuchBackup { id: Option<String> },
    #[error("the catalogue entry {name} is not what was signed: it was changed, or signed by another school's key; do not use it")]
    ForgedEntry { name: String },
    #[error("the backup {id} expired at {at} and is not restored any more; it was to be pruned")]
    Expired { id: String, at: String },
    #[error("{part} is in the catalogue and not in the store: this backup is not whole, take another")]
    MissingPart { part: String },
    #[error("{part} is damaged: {why}; take another backup")]
    Damaged { part: String, why: String },
    #[error("{part} opens with none of these keys: name the identity file of one of the recipients it was made for")]
    WrongKey { part: String },
    #[error("the target is not empty: {what}; a restore never writes over what is there, choose an empty folder, database and bucket")]
    NotEmpty { what: String },
    #[error("the backup of {service} is of {was} and this school keeps it in {is}: restore it where it came from")]
    OtherEngine { service: String, was: String, is: String },
    #[error(
        "there is no ledger of erasures ({why}): people who were erased since this backup would come back. Name the ledger in \
         KOLSAI__BACKUP__LEDGER; only if it is lost for good, say --without-ledger and why, which is recorded"
    )]
    NoLedger { why: String },
    #[error("a restore into this folder was interrupted: empty the databases, the objects and the folder, and restore again")]
    RestoreInterrupted,
    #[error("work in the background ended by itself")]
    Ended(#[from] tokio::task::JoinError),
}

/// What is wrong with the settings of backups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("KOLSAI__BACKUP__ADDRESS is not set: name a folder (`file:…`) or a bucket (`s3+https://…`) that is not the school's own")]
    NoAddress,
    #[error("{setting}: {why}")]
    Address { setting: &'static str, why: objects::AddressError },
    #[error("{setting}: {why}")]
    Store { setting: &'static str, why: String },
    #[error("{setting} lies in the data folder and would be lost with it: name another place")]
    InDataFolder { setting: &'static str },
    #[error("{setting} has the credentials of the object store: whoever takes those would have the backups too, make others")]
    SameCredentials { setting: &'static str },
    #[error("{setting} is empty: name the public keys (`age1…`) that may open a backup; `kolsai backup new-key` makes one")]
    NoRecipients { setting: &'static str },
    #[error("{setting}: the entry {number} is no public key `age1…`")]
    Recipient { setting: &'static str, number: usize },
    #[error("KOLSAI__BACKUP__KEYRING_RECIPIENTS names a key of KOLSAI__BACKUP__RECIPIENTS: the keyring is opened by another key")]
    SameRecipient,
    #[error("KOLSAI__BACKUP__KEYRING_ADDRESS is required in production and is another place than KOLSAI__BACKUP__ADDRESS")]
    KeyringNotApart,
    #[error("KOLSAI__BACKUP__LEDGER is required with backups and is another place than they are: it must outlive what it undoes")]
    LedgerNotApart,
    #[error("KOLSAI__BACKUP__KEYRING_KEEP_DAYS is from 1 to 14: a destroyed key must be gone from every copy within that time")]
    KeyringKept,
    #[error("KOLSAI__BACKUP__KEEP_DAYS is from 1 to 365")]
    Kept,
    #[error("KOLSAI__BACKUP__EVERY_HOURS is from 1 to 168")]
    Every,
    #[error("{} is not 32 bytes of an Ed25519 seed, or cannot be read or made", path.display())]
    SigningKey { path: PathBuf },
    #[error("KOLSAI__BACKUP__CATALOGUE_KEY is not a public Ed25519 key in base64; `kolsai backup key` prints it where backups are taken")]
    CatalogueKey,
    #[error(
        "the catalogue cannot be checked: set KOLSAI__BACKUP__CATALOGUE_KEY to what `kolsai backup key` printed where backups are taken"
    )]
    NoCatalogueKey,
    #[error("{} holds no secret key `AGE-SECRET-KEY-1…`, or cannot be read", path.display())]
    Identity { path: PathBuf },
    #[error("production keeps backups: set KOLSAI__BACKUP__ADDRESS")]
    NoneInProduction,
}
