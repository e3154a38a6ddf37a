//! The folder of mails, watched: a mail that leaves again replaces its own file, for its id is its name.

use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::task::JoinHandle;

use crate::faults::Happened;

/// Far less than the lease after which a mail leaves again.
const LOOK: Duration = Duration::from_millis(500);
/// Between a mail's leaving and the note of it.
const WINDOW: Duration = Duration::from_secs(3);

/// When each mail left, by its file.
type Left = BTreeMap<String, Vec<(u64, SystemTime)>>;

pub struct Watch {
    left: Arc<Mutex<Left>>,
    watching: JoinHandle<()>,
}

impl Watch {
    pub fn of(folder: PathBuf) -> Self {
        let left = Arc::new(Mutex::new(Left::new()));
        let seen = left.clone();
        let watching = tokio::spawn(async move {
            loop {
                look(&folder, &mut seen.lock().unwrap_or_else(PoisonError::into_inner));
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { left, watching }
    }

    /// How many mails left, how many of them more than once, and those for which no fault accounts.
    pub fn end(self, happened: &[Happened]) -> (usize, usize, Vec<String>) {
        self.watching.abort();
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let accounts = |at: SystemTime| {
            let within = |one: &&Happened| one.began <= at + WINDOW && at <= one.ended + WINDOW;
            happened.iter().filter(within).any(|one| one.struck("communication") || one.struck("postgres"))
        };
        let again = left.values().flat_map(|times| times.windows(2));
        let unaccounted = left.iter().flat_map(|(name, times)| times.windows(2).map(move |pair| (name, pair[0].1)));
        let unaccounted =
            unaccounted.filter(|(_, first)| !accounts(*first)).map(|(name, _)| format!("{name} left twice, and nothing had happened"));
        (left.len(), again.count(), unaccounted.collect())
    }
}

fn look(folder: &Path, left: &mut Left) {
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Ok(about) = file.metadata() else { continue };
        let Ok(at) = about.modified() else { continue };
        if !name.ends_with(".eml") || name.starts_with('.') {
            continue;
        }
        let times = left.entry(name).or_default();
        if times.last() != Some(&(about.ino(), at)) {
            times.push((about.ino(), at));
        }
    }
}
