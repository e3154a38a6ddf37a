//! What a cache address says.

use std::{fmt, net::IpAddr};

use foundation::Mode;

use crate::CacheError;

/// Where values live.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Memory,
    Server(ServerAddress),
}

/// A server, with its password. Shown without it.
#[derive(PartialEq, Eq)]
pub(crate) struct ServerAddress {
    pub(crate) url: String,
    pub(crate) password: String,
    pub(crate) tls: bool,
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerAddress").field("tls", &self.tls).finish_non_exhaustive()
    }
}

pub(crate) fn parse(address: &str, mode: Mode) -> Result<Address, CacheError> {
    if address == "memory:" {
        return Ok(Address::Memory);
    }
    let tls = match address.split_once("://") {
        Some(("rediss", _)) => true,
        Some(("redis", _)) => false,
        _ => return Err(CacheError::UnknownAddress),
    };
    // A fragment could switch verification off, and options are none of ours.
    let rest = address.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    if rest.chars().any(|letter| letter.is_whitespace() || letter.is_control() || matches!(letter, '#' | '?' | '\\')) {
        return Err(CacheError::UnknownAddress);
    }
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = split_port(host).ok_or(CacheError::UnknownAddress)?;
    let password = user.split_once(':').map(|(_, password)| password).unwrap_or_default();
    if host.is_empty() || port == Some(0) || !database.chars().all(|letter| letter.is_ascii_digit()) {
        return Err(CacheError::UnknownAddress);
    }
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback());
    if !tls && (mode == Mode::Production || !loopback) {
        return Err(CacheError::Plaintext);
    }
    if mode == Mode::Production && password.is_empty() {
        return Err(CacheError::NoPassword);
    }
    Ok(Address::Server(ServerAddress { url: address.to_owned(), password: password.to_owned(), tls }))
}

/// Host and port; the host of `[::1]:6379` is `::1`.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':').or(port.is_empty().then_some(""))?)
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if port.is_empty() { Some((host, None)) } else { Some((host, Some(port.parse().ok()?))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str, mode: Mode) -> Result<(String, bool), CacheError> {
        match parse(address, mode)? {
            Address::Memory => Ok(("memory".into(), false)),
            Address::Server(server) => Ok((server.password, server.tls)),
        }
    }

    #[test]
    fn addresses_are_told_apart() {
        use Mode::{Development, Production};
        for mode in [Development, Production] {
            assert_eq!(of("memory:", mode), Ok(("memory".into(), false)));
            assert_eq!(of("rediss://:secret@cache.internal:6380", mode), Ok(("secret".into(), true)));
            assert_eq!(of("rediss://kolsai:se:cret@cache.internal/2", mode), Ok(("se:cret".into(), true)));
            assert_eq!(of("redis://:secret@cache.internal:6379", mode), Err(CacheError::Plaintext));
            for wrong in [
                "",
                "memory",
                "memory:here",
                "postgres://x",
                "rediss:x",
                "rediss://",
                "rediss://:secret@",
                "rediss://h:port",
                "rediss://h:0",
                "rediss://:p@h:6380/one",
                "rediss://:p@h#insecure",
                "rediss://:p@h?protocol=resp3",
                "rediss://:p@h :1",
                "rediss://[::1:1",
            ] {
                assert_eq!(of(wrong, mode), Err(CacheError::UnknownAddress), "{wrong}");
            }
        }
        for loopback in ["redis://127.0.0.1:6379", "redis://localhost", "redis://[::1]:6379/1"] {
            assert_eq!(of(loopback, Development), Ok((String::new(), false)));
            assert_eq!(of(loopback, Production), Err(CacheError::Plaintext));
        }
        assert_eq!(of("rediss://cache.internal:6380", Development), Ok((String::new(), true)));
        assert_eq!(of("rediss://cache.internal:6380", Production), Err(CacheError::NoPassword));
        assert_eq!(of("rediss://kolsai@cache.internal:6380", Production), Err(CacheError::NoPassword));
    }

    #[test]
    fn no_password_is_shown() {
        let shown = format!("{:?}", parse("rediss://kolsai:secret@h:1", Mode::Production).unwrap());
        assert!(!shown.contains("secret") && !shown.contains("kolsai"), "{shown}");
    }
}
