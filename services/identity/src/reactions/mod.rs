//! What identity does on events, beside what every holder does.

mod destroy_key;
mod end_tokens;

pub use destroy_key::destroy_key;
pub use end_tokens::end_tokens;
