//! The switch of `make promises-sabotage`: only in builds with the feature.

/// Breaks the promise that `KOLSAI_SABOTAGE` names, for the whole process.
#[cfg(feature = "sabotage")]
#[allow(clippy::disallowed_methods, reason = "the switch of make promises-sabotage")]
pub(crate) fn switch() {
    if let Ok(promise) = std::env::var("KOLSAI_SABOTAGE") {
        foundation::sabotage::choose(&promise);
    }
}

/// Nothing can be broken in this build.
#[cfg(not(feature = "sabotage"))]
pub(crate) const fn switch() {}
