//! Removes what has expired, what was interrupted, and what nobody knows.

use foundation::Timestamp;

use crate::{Error, backups::Backups, retention};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub expired: u64,
    pub interrupted: u64,
    /// Files that no entry names, and drafts of files.
    pub leftovers: u64,
}

/// Both shelves, by the catalogue alone.
pub async fn prune(backups: &Backups, now: Timestamp) -> Result<Pruned, Error> {
    let (shelves, mut pruned) = (backups.shelves()?, Pruned::default());
    for catalogue in [&shelves.data, &shelves.keyring] {
        for entry in catalogue.finished().await?.iter().filter(|entry| retention::is_expired(entry, now)) {
            catalogue.delete(entry).await?;
            pruned.expired += 1;
        }
        for entry in catalogue.under_way().await?.iter().filter(|entry| retention::is_interrupted(entry, now)) {
            catalogue.delete(entry).await?;
            pruned.interrupted += 1;
        }
        pruned.leftovers += catalogue.delete_orphans().await?;
        pruned.leftovers += catalogue.vault.sweep(now.minus(retention::INTERRUPTED_AFTER)).await.map_err(Error::Store)?;
    }
    Ok(pruned)
}
