//! Which tokens have ended, from identity itself: asked when the cache cannot tell.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contract::identity::v1::{ListEndedRequest, revocations_client::RevocationsClient};
use foundation::Transport;
use sha2::{Digest, Sha256};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// An answer is used for so long: this process asks identity at most twice a second, however many calls there are.
const GOOD_FOR: Duration = Duration::from_millis(500);

/// An answer from before the cache was last relied on is used for so long: it may lack what the cache knew.
const OUTDATED_AFTER: Duration = Duration::from_millis(20);

/// After a failure nobody asks for so long.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Somebody waits for it.
const WITHIN: Duration = Duration::from_millis(500);

const HANDLE: usize = 16;

/// What stands for a key of the cache in identity's answer.
pub type Handle = [u8; HANDLE];

/// The handle of a session's or person's revocation key.
pub fn handle(key: &str) -> Handle {
    let mut handle = Handle::default();
    handle.copy_from_slice(&Sha256::digest(key.as_bytes())[..HANDLE]);
    handle
}

/// Identity does not answer.
#[derive(Debug)]
pub(super) struct Unknown;

pub(super) struct Ended {
    identity: Transport,
    told: Mutex<Option<Told>>,
    outdated: AtomicBool,
}

struct Told {
    at: Instant,
    handles: Option<Arc<HashSet<Handle>>>,
}

impl Ended {
    pub(super) fn new(identity: Transport) -> Self {
        Self { identity, told: Mutex::new(None), outdated: AtomicBool::new(false) }
    }

    /// The cache could tell. What identity told before may be older than what the cache knew: whoever was refused stays so.
    pub(super) fn is_outdated(&self) {
        self.outdated.store(true, Ordering::SeqCst);
    }

    /// Whether one of these keys has ended, as identity knew it at most half a second ago.
    pub(super) async fn includes(&self, keys: &[&str]) -> Result<bool, Unknown> {
        let handles = self.handles().await.ok_or(Unknown)?;
        Ok(keys.iter().any(|key| handles.contains(&handle(key))))
    }

    /// One asks at a time: whoever waited finds what the first one brought.
    async fn handles(&self) -> Option<Arc<HashSet<Handle>>> {
        let mut told = self.told.lock().await;
        if let Some(told) = told.as_ref() {
            let good_for = match &told.handles {
                Some(_) if self.outdated.load(Ordering::SeqCst) => OUTDATED_AFTER,
                Some(_) => GOOD_FOR,
                None => AGAIN_AFTER,
            };
            if told.at.elapsed() < good_for {
                return told.handles.clone();
            }
        }
        // What is told may be as old as the question.
        let asked = Instant::now();
        self.outdated.store(false, Ordering::SeqCst);
        let handles = self.ask().await.map(Arc::new);
        let at = if handles.is_some() { asked } else { Instant::now() };
        *told = Some(Told { at, handles: handles.clone() });
        handles
    }

    async fn ask(&self) -> Option<HashSet<Handle>> {
        let mut identity = RevocationsClient::new(self.identity.clone());
        let answer = match timeout(WITHIN, identity.list_ended(ListEndedRequest {})).await {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => {
                tracing::warn!(code = ?status.code(), "identity does not say which sessions have ended");
                return None;
            }
            Err(_) => {
                tracing::warn!("identity does not say in time which sessions have ended");
                return None;
            }
        };
        Some(answer.handles.chunks_exact(HANDLE).filter_map(|handle| Handle::try_from(handle).ok()).collect())
    }
}
