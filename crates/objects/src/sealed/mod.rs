//! Objects sealed under a data key, in chunks, so that a range opens without the rest.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over XChaCha20-Poly1305:
//!
//! ```text
//! sealed object = header ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
//! header        = version (1 byte, 1) ‖ random nonce prefix (19 bytes)
//! chunk         = XChaCha20-Poly1305(64 KiB of plaintext; the last one 1 byte to 64 KiB, or empty when all is empty)
//! nonce         = prefix (19) ‖ chunk number (4, big-endian) ‖ last chunk? (1: 0 or 1)
//! added data    = version ‖ the caller's context (service, table, column, row, person)
//! ```
//!
//! The chunk number makes reordering and the last-chunk flag makes truncation fail to open; the context makes an
//! object that was moved elsewhere fail to open.

mod chunks;
mod opener;
mod sealer;

pub use chunks::{CHUNK, DataKey, HEADER, SealedError, TAG};
pub use opener::{Opener, open};
pub use sealer::{Sealer, seal};

#[cfg(test)]
mod tests;
