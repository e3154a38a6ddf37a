//! What the schools of this process log: kept in memory, because the scan for markers looks there too.

use std::{
    fs::OpenOptions,
    io::{Result, Write},
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

/// A file that gets a copy, to read after a failure.
const COPY: &str = "KOLSAI_TEST_LOG";

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Begins to listen; a second call changes nothing. Our own crates say everything, as an operator who looks for a fault has it, but for
/// a span per statement, which holds an operation and a table and would be most of what is kept.
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where a copy goes")]
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter =
            "info,kolsai=debug,kolsai_personal_data::statement=info,sea_orm_migration=warn,sqlx=warn,h2=warn,hyper=warn,rustls=warn";
        let copy = std::env::var_os(COPY).and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        let copy = copy.map(std::sync::Arc::new);
        let writer = move || Lines(copy.clone());
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer).try_init();
    });
}

/// Everything so far.
pub(crate) fn lines() -> Vec<u8> {
    locked().clone()
}

fn locked() -> MutexGuard<'static, Vec<u8>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Lines(Option<std::sync::Arc<std::fs::File>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        locked().extend_from_slice(bytes);
        if let Some(copy) = &self.0 {
            (&**copy).write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
