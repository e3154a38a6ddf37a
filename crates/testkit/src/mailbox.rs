//! The folder where the school's mail lands in development.

use std::path::{Path, PathBuf};

use crate::until;

/// Clones read the same folder.
#[derive(Clone, Debug)]
pub struct Mailbox(PathBuf);

impl Mailbox {
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Every mail to an address, oldest first.
    pub fn to(&self, address: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut mails: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|e| e == "eml"))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, std::fs::read_to_string(entry.path()).ok()?)))
            .filter(|(_, mail)| mail.lines().any(|line| line.to_ascii_lowercase().starts_with("to:") && line.contains(address)))
            .collect();
        mails.sort();
        mails.into_iter().map(|(_, mail)| mail).collect()
    }

    /// Waits for a mail to an address in which `wanted` finds something.
    pub async fn find<T>(&self, address: &str, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        until(what, || {
            let found = self.to(address).iter().rev().find_map(|mail| wanted(mail));
            async move { found }
        })
        .await
    }

    /// Waits for a link with `marker` in it (`/confirm?token=`) and gives its token.
    pub async fn token(&self, address: &str, marker: &str) -> String {
        self.find(address, &format!("a mail with {marker}"), |mail| {
            let start = mail.find(marker)? + marker.len();
            let end = mail[start..].find(|c: char| c.is_whitespace() || c == '"' || c == '<' || c == '>').unwrap_or(mail.len() - start);
            Some(mail[start..start + end].to_owned())
        })
        .await
    }
}
