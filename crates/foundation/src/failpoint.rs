//! Named points before and after each commit, publish, ack and object write, where a test may end the process.

use std::{
    fs::File,
    io::Write,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// What to end at: a name, and the how-manieth passing of it (1 is the first).
struct Armed {
    name: String,
    passing: u32,
    passed: AtomicU32,
}

static ARMED: OnceLock<Armed> = OnceLock::new();
static TRACE: OnceLock<File> = OnceLock::new();

/// Arms one failpoint of this process, written `name` or `name:3`. Only the first call counts; settings call it in
/// development and refuse it in production.
pub fn arm(text: &str) {
    let (name, passing) = match text.rsplit_once(':') {
        Some((name, count)) => (name, count.parse().unwrap_or(1)),
        None => (text, 1),
    };
    let _ = ARMED.set(Armed { name: name.to_owned(), passing, passed: AtomicU32::new(0) });
}

/// Writes the name of every point that is passed from now on to a file, one a line. Only the first call counts; settings call
/// it in development and refuse it in production.
pub fn trace(file: File) {
    let _ = TRACE.set(file);
}

/// Ends the process without any clean-up, as `kill -9` would, when this point is the armed one.
pub fn at(scope: &str, point: &str) {
    if let Some(mut file) = TRACE.get() {
        // In one piece: many threads pass points at a time.
        let _ = file.write_all(format!("{scope}.{point}\n").as_bytes());
    }
    let Some(armed) = ARMED.get() else { return };
    if armed.name.strip_prefix(scope).and_then(|rest| rest.strip_prefix('.')) == Some(point)
        && armed.passed.fetch_add(1, Ordering::SeqCst) + 1 == armed.passing
    {
        std::process::abort();
    }
}
