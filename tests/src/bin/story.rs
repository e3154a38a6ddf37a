//! The school's story, told from outside: by a client that has the public contract, a mailbox and a browser, and nothing else.
//! One line per step: a tick, the step in words, milliseconds, the trace id. The first broken step ends it.

#[path = "../story/mod.rs"]
mod story;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // A second provider in the same process changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    story::tell().await
}
