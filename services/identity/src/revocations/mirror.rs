//! Keeps the notes in a cache that may forget, and says there that they are all in it.
//!
//! Every replica of identity does this, several times a second: it tells the cache what was noted lately and not told by this replica
//! before, whoever noted it, and then signs for [`LEASE`] from the moment at which it read its database. A note is therefore in force
//! within that time everywhere: it is in the cache, or the signature has run out and verifiers ask.
//!
//! A cache that was emptied has lost the number of its filling too. Nobody can sign for a filling that does not stand, so that verifiers
//! ask until it is filled anew.

use std::{collections::HashMap, time::Duration};

use cache::Condition;
use foundation::{BoxError, Timestamp, uuid::Uuid};
use service::{
    CancellationToken,
    token::{MIRROR, MIRROR_LEASE},
};
use tokio::time::{Instant, sleep};

use super::{Error, Revocations, TTL, key, tell};

/// Between two turns.
const PAUSE: Duration = Duration::from_millis(250);

/// How long a signature stands, counted from the moment at which the database was read.
const LEASE: Duration = Duration::from_millis(900);

/// A turn that took longer signs nothing: the next one is shorter.
const LONGEST_TURN: Duration = Duration::from_millis(600);

/// How far back a turn looks for notes of others. No transaction is open for so long.
const LATELY: Duration = Duration::from_secs(60);

/// How long a filling stands unless it is kept up.
const STANDS: Duration = Duration::from_secs(24 * 3600);

/// Which replica fills the cache now, and how long it may take.
const FILLS: &str = "revoked-mirror-filler";
const FILLS_WITHIN: Duration = Duration::from_secs(10);

/// A replica's memory of what it told.
pub struct Mirror {
    revocations: Revocations,
    me: Vec<u8>,
    /// The connection over which `told` was told: another server, after a failover, may lack the last of it.
    connection: u64,
    /// The filling that `told` is about.
    filling: Option<Vec<u8>>,
    /// What was told, and until when it stands.
    told: HashMap<Uuid, Timestamp>,
}

impl Mirror {
    pub(super) fn new(revocations: Revocations) -> Self {
        Self { revocations, me: Uuid::new_v4().as_bytes().to_vec(), connection: 0, filling: None, told: HashMap::new() }
    }

    /// Runs until it is cancelled. A turn that fails signs nothing.
    pub async fn run(mut self, cancel: CancellationToken) -> Result<(), BoxError> {
        let mut failed = false;
        loop {
            match self.turn().await {
                Ok(_) => failed = false,
                // Once: it is tried four times a second.
                Err(error) if !failed => {
                    failed = true;
                    tracing::warn!(%error, "the cache cannot be told which sessions have ended; verifiers ask until it can");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = cancel.cancelled() => return Ok(()),
            }
        }
    }

    /// One turn; answers whether it signed.
    pub(super) async fn turn(&mut self) -> Result<bool, Error> {
        let cache = self.revocations.cache.clone();
        let connection = cache.connections();
        if self.connection != connection {
            (self.connection, self.filling) = (connection, None);
        }
        let Some(filling) = (match cache.get(MIRROR).await? {
            Some(filling) => Some(filling),
            None => self.fill().await?,
        }) else {
            return Ok(false);
        };
        let begun = Instant::now();
        self.tell_what_is_missing(&filling).await?;
        let took = begun.elapsed();
        if took > LONGEST_TURN {
            return Ok(false);
        }
        // Kept up first: the signature must not be the last that is left.
        let stands = Condition { key: MIRROR, holds: Some(&filling) };
        Ok(cache.set_if(stands, MIRROR, filling.clone(), STANDS).await?
            && cache.set_if(stands, MIRROR_LEASE, filling.clone(), LEASE.saturating_sub(begun.elapsed())).await?)
    }

    /// Fills an empty cache. None when another replica does, or when it was emptied again meanwhile.
    async fn fill(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let cache = self.revocations.cache.clone();
        let free = Condition { key: FILLS, holds: None };
        if !cache.set_if(free, FILLS, self.me.clone(), FILLS_WITHIN).await? && cache.get(FILLS).await?.as_ref() != Some(&self.me) {
            return Ok(None);
        }
        let filling = Uuid::new_v4().as_bytes().to_vec();
        self.tell_what_is_missing(&filling).await?;
        // Our mark would be gone with anything else that was lost since.
        let still = Condition { key: FILLS, holds: Some(&self.me) };
        let filled = cache.set_if(still, MIRROR, filling.clone(), STANDS).await?;
        cache.delete(FILLS).await?;
        Ok(filled.then_some(filling))
    }

    /// Everything that stands when the filling is new to this replica, else what was noted lately.
    async fn tell_what_is_missing(&mut self, filling: &[u8]) -> Result<(), Error> {
        let now = self.revocations.db.clock().now();
        if self.filling.as_deref() != Some(filling) {
            self.told.clear();
            self.filling = None;
        }
        // A note stands for TTL from the moment at which it was made.
        let since = if self.filling.is_some() { now.plus(TTL).minus(LATELY) } else { now };
        for note in self.revocations.standing(since).await? {
            if !self.told.contains_key(&note.id) {
                tell(&self.revocations.cache, &key(&note)).await?;
                self.told.insert(note.id, note.until);
            }
        }
        self.told.retain(|_, until| *until > now);
        self.filling = Some(filling.to_vec());
        Ok(())
    }
}
