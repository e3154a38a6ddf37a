//! What was never sent in goes: the bytes after a day. The row, and everything that may have been made of it, goes by the retention
//! sweep when its own term is over.

use std::time::Duration;

use super::{Error, Submissions};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Submissions {
    /// Answers how many objects it removed.
    pub async fn sweep(&self) -> Result<u64, Error> {
        Ok(self.objects.sweep_incoming(self.db.clock().now().minus(DAY)).await?)
    }
}
