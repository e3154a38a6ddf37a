//! What a cache address says.

use crate::CacheError;

/// An engine that this version has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Memory,
}

pub(crate) fn parse(address: &str) -> Result<Address, CacheError> {
    match address.split_once(':') {
        Some(("memory", "")) => Ok(Address::Memory),
        Some(("rediss", rest)) if rest.starts_with("//") => Err(CacheError::NotBuilt),
        Some(("redis", _)) => Err(CacheError::Plaintext),
        _ => Err(CacheError::UnknownAddress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(parse("memory:"), Ok(Address::Memory));
        assert_eq!(parse("rediss://cache.internal:6380"), Err(CacheError::NotBuilt));
        assert_eq!(parse("redis://cache.internal:6379"), Err(CacheError::Plaintext));
        for wrong in ["", "memory", "memory:here", "postgres://x", "rediss:x"] {
            assert_eq!(parse(wrong), Err(CacheError::UnknownAddress), "{wrong}");
        }
    }
}
