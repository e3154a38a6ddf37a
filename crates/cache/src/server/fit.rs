//! Whether a server will do: what it says about itself, and what its refusal means.

use redis::{ErrorKind, RedisError};

use crate::CacheError;

/// Scripts keep a value's time to live when they change it (`KEEPTTL`).
const OLDEST: u32 = 6;

/// Reads the answer to `INFO`: `name:value` by line.
pub(super) fn of(info: &str) -> Result<(), CacheError> {
    let says = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    let major = says("redis_version").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        return Err(CacheError::Unfit("it is older than Redis 6 or is no Redis; take Redis 6 or later, or Valkey"));
    }
    if says("redis_mode") == Some("cluster") {
        return Err(CacheError::Unfit("it is a cluster; take a single server with replicas"));
    }
    // After a failover it is the wrong one: names are looked up again with the next try.
    if says("role") == Some("slave") {
        return Err(CacheError::Away);
    }
    if says("maxmemory_policy").is_some_and(|policy| policy != "noeviction") {
        return Err(CacheError::Unfit("it throws values away before their time; set its `maxmemory-policy` to `noeviction`"));
    }
    Ok(())
}

/// What a failed connection means: only a definite answer is more than "away".
pub(super) fn of_error(error: &RedisError) -> CacheError {
    let code = error.code().unwrap_or_default();
    if error.kind() == ErrorKind::AuthenticationFailed || matches!(code, "WRONGPASS" | "NOAUTH") {
        return CacheError::Credentials;
    }
    if code == "NOPERM" {
        return CacheError::Unfit("its user may not do what the cache needs; allow GET, MGET, SET, DEL, EVAL and INFO");
    }
    // The TLS library's own error lies inside an I/O error inside this one: its words are what is left.
    let words = error.to_string();
    if words.contains("invalid peer certificate") {
        return CacheError::Certificate;
    }
    if words.contains("corrupt message") {
        return CacheError::Unfit("it does not speak TLS on this port");
    }
    CacheError::Away
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, mode: &str, policy: &str) -> String {
        format!("# Server\r\nredis_version:{version}\r\nredis_mode:{mode}\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:{policy}\r\n")
    }

    #[test]
    fn a_server_that_would_break_a_promise_will_not_do() {
        assert_eq!(of(&info("7.0.15", "standalone", "noeviction")), Ok(()));
        assert_eq!(of(&info("7.2.4", "sentinel", "noeviction")), Ok(()));
        for (version, mode, policy) in
            [("5.0.14", "standalone", "noeviction"), ("7.0.0", "cluster", "noeviction"), ("7.0.0", "standalone", "allkeys-lru")]
        {
            assert!(matches!(of(&info(version, mode, policy)), Err(CacheError::Unfit(_))), "{version} {mode} {policy}");
        }
        assert_eq!(of(&format!("{}role:slave\r\n", info("7.0.15", "standalone", "noeviction"))), Err(CacheError::Away));
        assert!(matches!(of("not an answer"), Err(CacheError::Unfit(_))));
    }
}
