//! Mails, as they lie in the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Result, ensure};
use testkit::Mailbox;

use super::walk::People;

/// How many mails of which subject each of these people got.
pub fn counted(folder: &Path, people: &People) -> Result<BTreeMap<String, i64>> {
    let (mailbox, mut counts) = (Mailbox::new(folder), BTreeMap::new());
    for (role, person) in people.all() {
        let mails = mailbox.to(&person.email);
        let names: BTreeSet<_> = mails.iter().filter_map(|mail| header(mail, "message-id:")).collect();
        ensure!(names.len() == mails.len(), "two mails to {role} have one Message-ID");
        for mail in &mails {
            let subject = header(mail, "subject:").unwrap_or_default().replace(&person.first_name, "<name>");
            *counts.entry(format!("mails to {role} `{subject}`")).or_default() += 1;
        }
    }
    Ok(counts)
}

fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    mail.lines().find(|line| line.to_ascii_lowercase().starts_with(name)).map(|line| line[name.len()..].trim())
}

/// What stands in a mail between `start` and the next space or bracket.
pub fn linked(mail: &str, start: &str) -> Option<String> {
    let rest = &mail[mail.find(start)? + start.len()..];
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}
