//! What is shown while a backup or a restore goes on.

use std::sync::Arc;

/// Between two reports about one part.
const STEP: u64 = 16 * 1024 * 1024;

/// Bytes of content that one part has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `packing`, `checking` or `restoring`.
    pub doing: &'static str,
    pub part: String,
    /// Bytes so far.
    pub done: u64,
    /// Bytes there are, where that is known beforehand.
    pub of: Option<u64>,
    pub finished: bool,
}

/// Somebody who is shown progress.
pub type Shown = Arc<dyn Fn(Progress) + Send + Sync>;

/// Shows it to nobody.
pub fn quietly() -> Shown {
    Arc::new(|_| {})
}

/// Watches one part.
#[derive(Clone)]
pub(crate) struct Watch {
    shown: Shown,
    doing: &'static str,
    part: String,
    of: Option<u64>,
    next: u64,
}

impl Watch {
    pub(crate) fn new(shown: &Shown, doing: &'static str, part: &str, of: Option<u64>) -> Self {
        Self { shown: shown.clone(), doing, part: part.to_owned(), of, next: STEP }
    }

    pub(crate) fn done(&mut self, bytes: u64) {
        if bytes >= self.next {
            self.next = bytes + STEP;
            self.show(bytes, false);
        }
    }

    pub(crate) fn finished(&self, bytes: u64) {
        self.show(bytes, true);
    }

    fn show(&self, done: u64, finished: bool) {
        (self.shown)(Progress { doing: self.doing, part: self.part.clone(), done, of: self.of, finished });
    }
}
