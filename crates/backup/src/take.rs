//! Takes a backup: every part packed, then the entry that makes it one.

use std::{path::Path, sync::Arc};

use foundation::{Timestamp, uuid::Uuid};
use tokio::runtime::Handle;

use crate::{
    Config, Content, Entry, Error, Part, Shelf,
    backups::{self, Backups},
    catalogue::{Catalogue, FORMAT},
    content::{self, files, kind_of, postgres::Postgres, sqlite},
    keys::{Recipients, SigningKey},
    pack::pack,
    progress::{Shown, Watch},
    retention, staging,
    surroundings::Surroundings,
};

/// What one run left: an entry on each shelf.
#[derive(Debug)]
pub struct Taken {
    pub data: Entry,
    pub keyring: Entry,
}

/// One backup under way on one shelf.
struct Run<'a> {
    config: &'a Config,
    around: &'a Surroundings,
    shown: &'a Shown,
    catalogue: &'a Catalogue,
    recipients: Recipients,
    staging: &'a Path,
    entry: Entry,
}

/// Backs everything up while the school goes on: databases first, then objects, then, apart, the keyring. Every database is one
/// snapshot; what happened between two of them is made up for after a restore, out of outbox and inbox.
pub async fn take(config: &Config, backups: &Backups, around: &Surroundings, shown: &Shown) -> Result<Taken, Error> {
    let shelves = backups.shelves()?;
    let signing = SigningKey::from_file(&backups::signing_key_file(config, &around.data), around.mode)?;
    let (recipients, keyring_recipients) = (config.recipients()?, config.keyring_recipients()?);
    let (kept, keyring_kept) = config.kept();
    let ledger_entries = match backups.ledger() {
        Some(ledger) => ledger.erased().await?.len() as u64,
        None => 0,
    };
    let staging = staging::folder(&around.data)?;
    let now = around.clock.now();
    let id = Uuid::now_v7();
    let begun = |shelf, expires_at| fresh(id, shelf, around, now, expires_at, ledger_entries);
    let run = |catalogue, recipients, entry| Run { config, around, shown, catalogue, recipients, staging: staging.path(), entry };
    let mut data = run(&shelves.data, recipients, begun(Shelf::Data, now.plus(kept)));
    let mut keyring = run(&shelves.keyring, keyring_recipients, begun(Shelf::Keyring, now.plus(keyring_kept)));
    let work = async {
        for one in [&data, &keyring] {
            one.catalogue.vault.forgets().await.map_err(Error::Store)?;
            one.catalogue.start(&one.entry, &signing).await?;
        }
        for (service, address) in around.together() {
            data.database(service, address).await?;
        }
        data.objects().await?;
        for (service, address) in around.apart() {
            keyring.database(service, address).await?;
        }
        keyring.files().await?;
        for one in [&mut data, &mut keyring] {
            one.enter(&signing).await?;
        }
        Ok(())
    };
    let done: Result<(), Error> = work.await;
    if let Err(error) = done {
        // Whatever cannot be taken back now is never listed as whole, and is pruned after a day.
        for one in [&data, &keyring] {
            // One of the two may be entered already.
            for entry in [one.entry.clone(), Entry { finished_at: None, ..one.entry.clone() }] {
                let _ = one.catalogue.delete(&entry).await;
            }
        }
        return Err(error);
    }
    Ok(Taken { data: data.entry, keyring: keyring.entry })
}

fn fresh(id: Uuid, shelf: Shelf, around: &Surroundings, now: Timestamp, expires_at: Timestamp, ledger_entries: u64) -> Entry {
    Entry {
        format: FORMAT.into(),
        id,
        shelf,
        school: around.school.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: now,
        finished_at: None,
        expires_at,
        ledger_entries,
        parts: Vec::new(),
    }
}

impl Run<'_> {
    async fn database(&mut self, service: &str, address: &str) -> Result<(), Error> {
        let map_hash = content::map_hash(service, address).await?;
        match kind_of(address) {
            Content::Sqlite => {
                let copy = sqlite::snapshot(service, address, self.staging).await?;
                self.pack(service, Content::Sqlite, map_hash, move |part, output| sqlite::write(copy, part, output)).await
            }
            _ => {
                let tools = self.config.postgres_tools.clone();
                let source = Postgres { tools, service: service.to_owned(), address: address.to_owned() };
                self.pack(service, Content::Postgres, map_hash, move |part, output| source.dump(part, output)).await
            }
        }
    }

    async fn objects(&mut self) -> Result<(), Error> {
        let (runtime, address, mode) = (Handle::current(), self.around.objects.clone(), self.around.mode);
        self.pack("objects", Content::Objects, None, move |part, output| content::objects::write(&runtime, &address, mode, part, output))
            .await
    }

    async fn files(&mut self) -> Result<(), Error> {
        let data = self.around.data.clone();
        self.pack("files", Content::Files, None, move |part, output| files::write(&data, part, output)).await
    }

    async fn pack<P>(&mut self, service: &str, content: Content, map_hash: Option<String>, produce: P) -> Result<(), Error>
    where
        P: FnOnce(&str, &mut dyn std::io::Write) -> Result<(), Error> + Send + 'static,
    {
        let name: Arc<str> = self.catalogue.part(self.entry.id, service).into();
        let watch = Watch::new(self.shown, "packing", service, None);
        let part = name.clone();
        let packed = pack(&self.catalogue.vault, &name, &self.recipients, watch.clone(), move |output| produce(&part, output)).await?;
        watch.finished(packed.content_size);
        self.entry.parts.push(Part {
            name: name.to_string(),
            service: service.to_owned(),
            content,
            size: packed.size,
            sha256: packed.sha256,
            content_size: packed.content_size,
            map_hash,
        });
        Ok(())
    }

    async fn enter(&mut self, signing: &SigningKey) -> Result<(), Error> {
        let now = self.around.clock.now();
        // By now it may have been pruned as one that was interrupted.
        if retention::is_interrupted(&self.entry, now) {
            return Err(Error::TookTooLong);
        }
        self.entry.finished_at = Some(now);
        self.catalogue.enter(&self.entry, signing).await
    }
}
