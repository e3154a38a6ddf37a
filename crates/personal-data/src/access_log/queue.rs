//! Calls that end at the same time are recorded in one commit: each still waits until its own entries are durable.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{AccessLog, Model};
use crate::Error;

/// Entries of one commit at most.
const BATCH: usize = 256;

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    drafts: Vec<Model>,
    written: oneshot::Sender<Result<(), Error>>,
}

impl Queue {
    /// Returns once these drafts are written by whoever had the turn, or were not.
    pub async fn write(&self, drafts: Vec<Model>, log: &AccessLog) -> Result<(), Error> {
        let (written, mut told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { drafts, written });
        loop {
            // Whoever waits for the turn is mostly served by the one who has it.
            let _turn = self.turn.lock().await;
            match told.try_recv() {
                Ok(outcome) => return outcome,
                // Its writer went away in the middle: whether it is written is not known, so it is not given.
                Err(TryRecvError::Closed) => return Err(Error::AccessLog),
                Err(TryRecvError::Empty) => {}
            }
            let mut batch = self.take();
            let mut drafts: Vec<Model> = batch.iter_mut().flat_map(|one| std::mem::take(&mut one.drafts)).collect();
            let mut outcome = log.write(&mut drafts).await;
            for one in batch {
                // The cause is told once; the others learn that nothing was written.
                let next = if outcome.is_ok() { Ok(()) } else { Err(Error::AccessLog) };
                // Nobody listens any more where the call was given up.
                let _ = one.written.send(std::mem::replace(&mut outcome, next));
            }
        }
    }

    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut entries, mut calls) = (0, 0);
        while calls < waiting.len() && (calls == 0 || entries + waiting[calls].drafts.len() <= BATCH) {
            entries += waiting[calls].drafts.len();
            calls += 1;
        }
        waiting.drain(..calls).collect()
    }
}
