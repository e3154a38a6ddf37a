//! The way out, with real files, a real conversation with a relay, and real HTTPS.

mod mail;
mod partner;
mod support;
