//! SQLite: `VACUUM INTO` writes one consistent copy within a read transaction while others go on writing, and leaves out the free
//! pages, where deleted rows may linger.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sea_orm::ConnectionTrait;

use super::{connect, of_database};
use crate::Error;

/// A copy of the database, taken now. Its file has no name any more: nothing is left of it when the process ends.
pub(crate) async fn snapshot(service: &str, address: &str, staging: &Path) -> Result<File, Error> {
    let copy = staging.join(format!("{service}.sqlite"));
    let db = connect(service, address).await?;
    let quoted = copy.display().to_string().replace('\'', "''");
    db.execute_unprepared(&format!("VACUUM INTO '{quoted}'")).await.map_err(of_database(service))?;
    db.close().await.map_err(of_database(service))?;
    let failed = |source| Error::File { path: copy.clone(), source };
    let file = File::open(&copy).map_err(failed)?;
    std::fs::remove_file(&copy).map_err(failed)?;
    Ok(file)
}

pub(crate) fn write(mut copy: File, part: &str, output: &mut dyn Write) -> Result<(), Error> {
    io::copy(&mut copy, output).map(drop).map_err(super::writing(part))
}

/// The file of an address.
pub(crate) fn path_of(address: &str) -> PathBuf {
    let path = address.trim_start_matches("sqlite:").trim_start_matches("//");
    PathBuf::from(path.split('?').next().unwrap_or(path))
}

/// That there is no database yet, its logs included.
pub(crate) fn is_empty(address: &str) -> bool {
    let path = path_of(address);
    ["", "-wal", "-shm"].iter().all(|end| !PathBuf::from(format!("{}{end}", path.display())).exists())
}

/// Writes the database file under a draft's name, then gives it its own.
pub(crate) fn restore(address: &str, content: &mut dyn Read) -> Result<(), Error> {
    let path = path_of(address);
    let draft = path.with_extension("restoring");
    let failed = |source| Error::File { path: path.clone(), source };
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(failed)?;
    io::copy(content, &mut file).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&draft, &path).map_err(failed)
}
