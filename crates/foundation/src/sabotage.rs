//! Switches that break one promise each, so that a run can show that its tests notice. They exist only in builds with the
//! feature `sabotage`, which nothing but `make promises-sabotage` turns on.

#[cfg(feature = "sabotage")]
static PROMISE: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Chooses the promise to break. The test kit calls it; the first call counts.
#[cfg(feature = "sabotage")]
pub fn choose(promise: &str) {
    let _ = PROMISE.set(promise.to_owned());
}

/// Whether this run breaks `promise` (`P19`). In every other build: never.
#[cfg(feature = "sabotage")]
pub fn breaks(promise: &str) -> bool {
    PROMISE.get().is_some_and(|chosen| chosen == promise)
}

/// Whether this run breaks a promise: never, in this build.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub const fn breaks(_: &str) -> bool {
    false
}
