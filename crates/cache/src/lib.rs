//! Short-lived values under a key: counters, revocations, shared budgets. The engine is chosen by address; both mean the same:
//!
//! - A value ends by the platform's clock, `ttl` after it was stored; a counter's time runs from its first count.
//! - Nothing is evicted before its time: a cache that is full refuses.
//! - A cache of this process is lost only with the process. A server may be away, and may come back empty: [`Cache::may_forget`].
//!   Without it every call fails within some tens of milliseconds, and what uses the cache says what it does then.

mod address;
mod budget;
mod cache;
mod error;
mod memory;
mod pseudonym;
mod server;
mod value;

pub use budget::Budget;
pub use cache::{Cache, Condition, Config};
pub use error::CacheError;
