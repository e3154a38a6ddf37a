//! A Redis or Valkey server, shared by every process of the platform. One server, not a cluster: scripts touch two keys at once.
//!
//! Its user needs `GET MGET SET DEL EVAL INFO` and nothing else.

mod fit;
mod link;

use std::{path::Path, time::Duration};

use foundation::{Clock, Timestamp};
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, TlsCertificates, io::tcp::TcpSettings};

use self::link::Link;
use crate::{Budget, CacheError, Condition, address::ServerAddress, pseudonym, value};

const INCR: &str = include_str!("incr.lua");
const SET_IF: &str = include_str!("set_if.lua");
const SPEND: &str = include_str!("spend.lua");

/// What the scripts answer when they could not do it.
const NOT_A_COUNTER: i64 = -1;
const FOREIGN: i64 = -2;

/// Nothing is kept for longer.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

pub(crate) struct Server {
    link: Link,
    clock: Clock,
    prefix: String,
    secret: [u8; 32],
}

impl Server {
    pub(crate) async fn open(address: &ServerAddress, authority: Option<&Path>, prefix: &str, clock: Clock) -> Result<Self, CacheError> {
        let link = Link::open(client(address, authority)?, format!("{prefix}:alive")).await?;
        Ok(Self { link, clock, prefix: prefix.to_owned(), secret: pseudonym::key_of(&address.password) })
    }

    pub(crate) async fn ping(&self) -> Result<(), CacheError> {
        self.link.ask(&self.link.probe()).await
    }

    pub(crate) fn connections(&self) -> u64 {
        self.link.made()
    }

    pub(crate) async fn set(&self, key: &str, payload: &[u8], ttl: Duration) -> Result<(), CacheError> {
        let stored = value::seal(self.clock.now().plus(ttl), payload);
        self.ask(redis::cmd("SET").arg(self.key(key)).arg(stored).arg("PX").arg(millis(ttl))).await
    }

    pub(crate) async fn set_if(&self, condition: Condition<'_>, key: &str, payload: &[u8], ttl: Duration) -> Result<bool, CacheError> {
        let now = self.clock.now();
        let mut script = script(SET_IF, &[self.key(condition.key), self.key(key)], now);
        script.arg(if condition.holds.is_some() { "1" } else { "0" }).arg(condition.holds.unwrap_or_default());
        script.arg(value::seal(now.plus(ttl), payload)).arg(millis(ttl));
        Ok(answer(self.ask(&script).await?)? == 1)
    }

    pub(crate) async fn get_all(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
        let stored: Vec<Option<Vec<u8>>> = self.ask(redis::cmd("MGET").arg(keys)).await?;
        let now = self.clock.now();
        stored.into_iter().map(|stored| stored.map_or(Ok(None), |stored| value::open(&stored, now))).collect()
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), CacheError> {
        self.ask(redis::cmd("DEL").arg(self.key(key))).await
    }

    pub(crate) async fn incr(&self, key: &str, ttl: Duration) -> Result<u64, CacheError> {
        let now = self.clock.now();
        let mut script = script(INCR, &[self.key(key)], now);
        script.arg(now.plus(ttl).micros()).arg(millis(ttl));
        answer(self.ask(&script).await?)
    }

    pub(crate) async fn spend(&self, key: &str, budget: &Budget, ask: u32) -> Result<u32, CacheError> {
        let mut script = script(SPEND, &[self.key(key)], self.clock.now());
        script.arg(budget.step()).arg(budget.burst()).arg(ask);
        Ok(u32::try_from(answer(self.ask(&script).await?)?).unwrap_or(0).min(ask))
    }

    pub(crate) fn pseudonym(&self, of: &[u8]) -> String {
        pseudonym::of(&self.secret, of)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        self.link.ask(command).await
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }
}

/// The text travels with every call: a server that comes back empty has forgotten what was loaded.
fn script(text: &str, keys: &[String], now: Timestamp) -> Cmd {
    let mut script = redis::cmd("EVAL");
    script.arg(text).arg(keys.len()).arg(keys).arg(now.micros());
    script
}

fn answer(answered: i64) -> Result<u64, CacheError> {
    match answered {
        NOT_A_COUNTER => Err(CacheError::NotACounter),
        FOREIGN => Err(CacheError::Foreign),
        count => u64::try_from(count).map_err(|_| CacheError::Foreign),
    }
}

/// At least one: the server knows no time to live of nothing.
fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.min(LONGEST).as_millis()).unwrap_or(u64::MAX).max(1)
}

fn client(address: &ServerAddress, authority: Option<&Path>) -> Result<Client, CacheError> {
    let unknown = |_| CacheError::UnknownAddress;
    // Small questions that somebody waits for: none is held back to travel with the next.
    let tcp = TcpSettings::default().set_nodelay(true);
    let server = address.url.as_str().into_connection_info().map_err(unknown)?.set_tcp_settings(tcp);
    if !address.tls {
        return Client::open(server).map_err(unknown);
    }
    // A second provider in the same process changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(path) = authority else {
        return Client::open(server).map_err(unknown);
    };
    let wrong = || CacheError::Authority { path: path.to_owned() };
    let pem = std::fs::read(path).map_err(|_| wrong())?;
    // A file without a certificate would trust nobody, and say so only when it connects.
    if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(wrong());
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
    Client::build_with_tls(server, certificates).map_err(|_| wrong())
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
