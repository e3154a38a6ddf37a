//! What is kept beside the tables: objects, cache keys, mail files, temporary files, events set aside. Declared by the crate that
//! owns it, like a table.

use std::fmt;

use super::About;

/// One place beside the database where a service keeps something.
#[derive(Debug)]
pub struct StoreMap {
    /// As columns that say `object = "…"` name it, or the beginning of its keys.
    pub store: &'static str,
    pub kind: StoreKind,
    /// What is in it, in a few words.
    pub holds: &'static str,
    pub about: About,
    /// Until when, in words.
    pub keep: &'static str,
    /// What erasure does to it, in words; empty when it holds no personal data.
    pub on_erase: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Files in the object store.
    Objects,
    /// Values in the cache.
    Cache,
    /// Mails as files, in development.
    MailFiles,
    /// Files that work needs for a while.
    TemporaryFiles,
    /// Events set aside: poisoned, or held.
    SetAside,
    /// Kept by somebody outside on our behalf.
    Outside,
    /// Kept outside the services' databases and their backups.
    Ledger,
}

impl StoreKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Cache => "cache",
            Self::MailFiles => "mail files",
            Self::TemporaryFiles => "temporary files",
            Self::SetAside => "events set aside",
            Self::Outside => "outside",
            Self::Ledger => "ledger",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
