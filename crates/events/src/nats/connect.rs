//! Reaching the server.

use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

use super::{ANSWER, BusConfig, BusError};

/// Between two tries to reach a server that is not there yet.
const PAUSE: Duration = Duration::from_millis(500);

/// What an address of a bus says.
pub enum Address {
    Memory,
    Servers(Servers),
}

/// Servers of one cluster, and who we are there.
pub struct Servers {
    /// Without user and password.
    servers: Vec<ServerAddr>,
    user: Option<(String, String)>,
    tls: bool,
}

impl Address {
    pub fn of(text: &str) -> Result<Self, BusError> {
        match text.split(':').next() {
            Some("memory") => Ok(Self::Memory),
            Some("nats" | "tls") => Servers::of(text).map(Self::Servers),
            _ => Err(BusError::Scheme),
        }
    }
}

impl Servers {
    fn of(text: &str) -> Result<Self, BusError> {
        let (mut servers, mut user) = (Vec::new(), None);
        let tls = text.starts_with("tls://");
        for one in text.split(',') {
            let address: ServerAddr = one.trim().parse().map_err(|_| BusError::Address)?;
            if address.host().is_empty() || address.tls_required() != tls {
                return Err(BusError::Address);
            }
            if let Some(name) = address.username() {
                user.get_or_insert((decoded(name)?, decoded(address.password().unwrap_or_default())?));
            }
            let mut bare = address.into_inner();
            // They are told to the server apart, and stand in no message.
            if bare.set_username("").is_err() || bare.set_password(None).is_err() {
                return Err(BusError::Address);
            }
            servers.push(ServerAddr::from_url(bare).map_err(|_| BusError::Address)?);
        }
        Ok(Self { servers, user, tls })
    }
}

fn decoded(text: &str) -> Result<String, BusError> {
    percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| BusError::Address)
}

/// Connects. A lost connection is made anew for as long as the process runs.
pub(super) async fn connect(config: &BusConfig, servers: Servers) -> Result<Client, BusError> {
    if let Some(authority) = config.authority.as_ref().filter(|path| !is_pem(path)) {
        return Err(BusError::Authority(authority.clone()));
    }
    let until = Instant::now() + config.patience;
    loop {
        match options(config, &servers).connect(&servers.servers[..]).await {
            Ok(client) => return Ok(client),
            Err(error) => {
                let why = reason(&error);
                // A server that starts may be a moment late; what it says is not taken back.
                if !matches!(why, BusError::Away(_)) || Instant::now() >= until {
                    return Err(why);
                }
                tracing::info!(%why, "waiting for the bus");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_pem(path: &std::path::Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("-----BEGIN CERTIFICATE-----"))
}

fn options(config: &BusConfig, servers: &Servers) -> ConnectOptions {
    let mut options = ConnectOptions::new()
        .name("kolsai")
        .connection_timeout(ANSWER)
        .request_timeout(Some(ANSWER))
        .require_tls(servers.tls)
        .event_callback(|event| async move { noticed(&event) });
    if let Some((user, password)) = &servers.user {
        options = options.user_and_password(user.clone(), password.clone());
        // Nobody else may hear what is answered to us.
        if user.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            options = options.custom_inbox_prefix(format!("_INBOX_{user}"));
        }
    }
    match &config.authority {
        Some(authority) if servers.tls => options.add_root_certificates(authority.clone()),
        _ => options,
    }
}

fn noticed(event: &Event) {
    match event {
        Event::Connected => tracing::info!("the bus is there"),
        Event::Disconnected => tracing::warn!("the bus is away: outboxes keep what is announced"),
        Event::SlowConsumer(_) | Event::LameDuckMode => tracing::warn!(%event, "the bus"),
        _ => tracing::info!(%event, "the bus"),
    }
}

fn reason(error: &ConnectError) -> BusError {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => BusError::Refused,
        ConnectErrorKind::Tls => BusError::Certificate,
        ConnectErrorKind::ServerParse => BusError::Address,
        _ if cause.contains("certificate") => BusError::Certificate,
        kind => BusError::Away(kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(text: &str) -> Servers {
        match Address::of(text) {
            Ok(Address::Servers(servers)) => servers,
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn an_address_gives_its_user_apart() {
        let one = servers("tls://learning:p%40ss@bus.kz:4222,tls://other.kz");
        assert_eq!((one.user, one.tls), (Some(("learning".into(), "p@ss".into())), true));
        let hosts: Vec<_> = one.servers.iter().map(|server| (server.host().to_owned(), server.port(), server.has_user_pass())).collect();
        assert_eq!(hosts, [("bus.kz".to_owned(), 4222, false), ("other.kz".to_owned(), 4222, false)]);
        assert!(!servers("nats://localhost:4300").tls);
        assert!(matches!(Address::of("memory:"), Ok(Address::Memory)));
    }

    #[test]
    fn what_is_no_address_of_a_bus_is_refused_without_showing_it() {
        for (text, expected) in [
            ("kafka://secret@bus:1", "KOLSAI__BUS__ADDRESS begins with"),
            ("", "KOLSAI__BUS__ADDRESS begins with"),
            ("tls://", "KOLSAI__BUS__ADDRESS is not"),
            ("tls://a:secret@b,nats://c", "KOLSAI__BUS__ADDRESS is not"),
            ("nats://u:secret@h:notaport", "KOLSAI__BUS__ADDRESS is not"),
        ] {
            let Err(refused) = Address::of(text) else { panic!("{text} was taken") };
            let said = refused.to_string();
            assert!(said.starts_with(expected) && !said.contains("secret"), "{text}: {said}");
        }
    }
}
