//! Accounts to try the school with, in development: confirmed, with one random password that stands in a file. Its hash is made once:
//! a hash takes long on purpose, and whoever starts the school waits for these accounts.

use std::{
    collections::HashMap,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Purpose, Role, identity::v1::AgeBracket};
use foundation::{BoxError, PersonId};
use personal_data::{Db, query};
use serde::{Deserialize, Serialize};
use service::CancellationToken;

use crate::{
    accounts::{
        Accounts,
        rows::credential,
        rules::{Email, Language, Registration},
    },
    passwords::{Password, Passwords},
    staff::{self, Grant, Staff, rules},
};

/// Between two tries while the keyring or privacy does not answer yet.
const PAUSE: Duration = Duration::from_millis(500);

/// Local part, first and last name, role.
const PEOPLE: [(&str, &str, &str, Role); 7] = [
    ("learner", "Айгерім", "Демо", Role::Learner),
    ("learner2", "Тимур", "Демо", Role::Learner),
    ("instructor", "Ольга", "Демо", Role::Instructor),
    ("support", "Данияр", "Демо", Role::Support),
    ("analyst", "Мария", "Демо", Role::Analyst),
    ("officer", "Сәуле", "Демо", Role::PrivacyOfficer),
    ("admin", "Ерлан", "Демо", Role::Administrator),
];

/// One line of the file.
#[derive(Serialize, Deserialize)]
struct Entry {
    email: String,
    password: String,
    role: String,
}

/// Makes the demo accounts and keeps them there.
#[derive(Clone)]
pub struct DemoAccounts {
    pub(crate) db: Db,
    pub(crate) accounts: Accounts,
    pub(crate) staff: Staff,
    pub(crate) passwords: Passwords,
    pub(crate) data: PathBuf,
}

impl DemoAccounts {
    /// The file with addresses and passwords; it is there once every account is.
    pub fn path(data: &Path) -> PathBuf {
        data.join("demo-accounts.json")
    }

    /// Tries until every account is there.
    pub(crate) async fn run(self, cancel: CancellationToken) -> Result<(), BoxError> {
        let mut told = false;
        loop {
            match self.make().await {
                Ok(()) => return Ok(()),
                // The keyring starts beside us: the first tries may be too early.
                Err(error) if told => tracing::debug!(%error, "the demo accounts are not complete yet"),
                Err(error) => {
                    told = true;
                    tracing::info!(%error, "the demo accounts are not complete yet; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = cancel.cancelled() => return Ok(()),
            }
        }
    }

    async fn make(&self) -> Result<(), BoxError> {
        let (whole, part) = (Self::path(&self.data), self.data.join("demo-accounts.json.part"));
        // The passwords are on disk before the first account is: a crash in between loses none.
        let known = if whole.exists() {
            Some(read(&whole)?)
        } else if part.exists() {
            Some(read(&part)?)
        } else {
            None
        };
        let is_fresh = known.is_none();
        let entries = match known {
            Some(entries) => entries,
            None => {
                let entries = entries();
                write(&part, &entries)?;
                entries
            }
        };
        let mut hashes = HashMap::new();
        for (entry, (_, first_name, last_name, role)) in entries.iter().zip(PEOPLE) {
            let email = Email::parse(&entry.email)?;
            let password = Password::new(entry.password.clone());
            let person = match self.accounts.find(&email).await? {
                Some(account) if !is_fresh => account.person,
                known => {
                    let hash = match hashes.get(&entry.password) {
                        Some(hash) => String::clone(hash),
                        None => {
                            let hash = self.passwords.hash(&password).await?;
                            hashes.insert(entry.password.clone(), hash.clone());
                            hash
                        }
                    };
                    match known {
                        Some(account) => self.set_password(account.person, hash).await?,
                        None => self.open(first_name, last_name, email, password, hash).await?,
                    }
                }
            };
            self.grant(person, role).await?;
        }
        if !whole.exists() {
            std::fs::rename(&part, &whole)?;
        }
        Ok(())
    }

    async fn open(&self, first_name: &str, last_name: &str, email: Email, password: Password, hash: String) -> Result<PersonId, BoxError> {
        let language = Language::Ru;
        let registration = Registration {
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            email,
            phone: None,
            age_bracket: AgeBracket::Adult,
            language,
            password,
            consents: vec![self.accounts.current_consent(language).await?],
        };
        Ok(self.accounts.open_confirmed(&registration, hash).await?)
    }

    /// The file was lost, the account is there: it gets the password of the new file.
    async fn set_password(&self, person: PersonId, hash: String) -> Result<PersonId, BoxError> {
        let tx = self.db.begin_for("identity.demo-password", person, Purpose::Account).await?;
        if let Some(mut credential) = query::of::<credential::Entity>(person, Purpose::Account).one(&tx).await? {
            (credential.password, credential.changed_at) = (hash, tx.clock().now());
            tx.update::<credential::Entity>(&mut credential).await?;
        }
        tx.commit().await?;
        Ok(person)
    }

    async fn grant(&self, person: PersonId, role: Role) -> Result<(), BoxError> {
        if staff::roles(&self.db, person).await?.list().contains(&role) {
            return Ok(());
        }
        let until = rules::longest(self.db.clock().now());
        self.staff.write(Grant { person, role, until, reason: "demo account".to_owned(), by: None }, None).await?;
        Ok(())
    }
}

fn entries() -> Vec<Entry> {
    let password = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>());
    let entry = |(local, _, _, role): &(&str, &str, &str, Role)| Entry {
        email: format!("{local}@kolsai.example"),
        password: password.clone(),
        role: role.as_str_name().to_owned(),
    };
    PEOPLE.iter().map(entry).collect()
}

fn read(path: &Path) -> Result<Vec<Entry>, BoxError> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// For its owner's eyes alone, and whole or not at all.
fn write(path: &Path, entries: &[Entry]) -> Result<(), BoxError> {
    let making = path.with_extension("making");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&making)?;
    file.write_all(&serde_json::to_vec_pretty(entries)?)?;
    file.sync_all()?;
    Ok(std::fs::rename(&making, path)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_reads_back_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = DemoAccounts::path(folder.path());
        let entries = entries();
        write(&path, &entries).unwrap();
        let read = read(&path).unwrap();
        assert_eq!(read.len(), 7);
        assert_eq!((read[6].email.as_str(), read[6].role.as_str()), ("admin@kolsai.example", "ADMINISTRATOR"));
        assert!(read.iter().all(|entry| entry.password.len() == 24 && Email::parse(&entry.email).is_ok()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
