//! The story's own client: what somebody outside has.
#![allow(dead_code, unused_imports, reason = "the story uses the rest")]

#[path = "../../src/story/answers.rs"]
pub mod answers;
#[path = "../../src/story/broken.rs"]
mod broken;
#[path = "../../src/story/browser.rs"]
pub mod browser;
#[path = "../../src/story/call.rs"]
pub mod call;
#[path = "../../src/story/outside.rs"]
pub mod outside;
#[path = "../../src/story/people.rs"]
pub mod people;
#[path = "../../src/story/surroundings.rs"]
mod surroundings;

pub use broken::Broken;
pub use outside::Outside;
pub use people::Person;
pub use surroundings::Surroundings;
