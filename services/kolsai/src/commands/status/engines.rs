//! Whether the engines answer, and which they are. No address is shown whole: it may hold a password.

use events::AnyBus;
use foundation::Clock;
use objects::{ObjectKey, Objects, ObjectsAddress, Prefix};
use service::Settings;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{PATIENCE, Told, span};

/// Every service with a database.
pub(super) const DATABASES: [&str; 7] = ["identity", "learning", "payment", "communication", "analytics", "privacy", "keyring"];

pub(super) async fn ask(settings: &Settings, clock: &Clock) -> Vec<(&'static str, Told)> {
    vec![
        ("bus", bus(settings, clock).await),
        ("cache", cache(settings, clock).await),
        ("objects", objects(settings).await),
        ("traces", traces(settings).await),
    ]
}

async fn bus(settings: &Settings, clock: &Clock) -> Told {
    let address = &settings.bus.address;
    if address.starts_with("memory:") {
        return Told::Well("in the process of the school".into());
    }
    let version = timeout(PATIENCE, version_of_nats(address)).await.ok().flatten();
    let server = version.map_or_else(|| "NATS".to_owned(), |version| format!("NATS {version}"));
    let config = events::BusConfig { patience: PATIENCE, ..settings.bus.config() };
    let lag = async { AnyBus::open(config).await?.lag().await };
    match lag.await {
        Err(error) => Told::of::<events::BusError>(Err(error)),
        Ok(all) => {
            let (waiting, oldest) = (all.iter().map(events::nats::Lag::events).sum::<u64>(), all.iter().filter_map(|lag| lag.oldest).min());
            let oldest = oldest.map(|at| format!(", the oldest for {}", span(clock.now().since(at)))).unwrap_or_default();
            Told::Well(format!("{server} at {}: {waiting} events wait for {} consumers{oldest}", host(address), all.len()))
        }
    }
}

/// The first line that a NATS server says, before anybody signs in: `INFO {…"version":"2.10.1"…}`.
async fn version_of_nats(address: &str) -> Option<String> {
    let stream = TcpStream::connect(host(address)).await.ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.ok()?;
    let info: serde_json::Value = serde_json::from_str(line.trim().strip_prefix("INFO ")?).ok()?;
    let version = info["version"].as_str()?;
    version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)).then(|| version.to_owned())
}

async fn cache(settings: &Settings, clock: &Clock) -> Told {
    if settings.cache.address.starts_with("memory:") {
        return Told::Well("in the process of the school".into());
    }
    let ping = async {
        let cache = cache::Cache::open(settings.cache.config(settings.mode), clock.clone()).await?;
        cache.ping().await
    };
    match timeout(PATIENCE, ping).await {
        Ok(answer) => Told::of(answer.map(|()| format!("answers at {}", host(&settings.cache.address)))),
        Err(_) => Told::Ill(format!("no answer from {}", host(&settings.cache.address))),
    }
}

async fn objects(settings: &Settings) -> Told {
    let address = settings.objects_address();
    match address.parse::<ObjectsAddress>() {
        Ok(ObjectsAddress::Folder(folder)) if folder.is_dir() => Told::Well(format!("the folder {}", folder.display())),
        Ok(ObjectsAddress::Folder(folder)) => Told::Ill(format!("there is no folder {}", folder.display())),
        Ok(parsed) => {
            let look = async {
                let store = Objects::open(objects::Config { address: parsed, public_base: None, mode: settings.mode })?;
                // Nobody has this key: the store must say so.
                store.head(&ObjectKey::new(Prefix::Incoming)).await
            };
            match timeout(PATIENCE, look).await {
                Ok(answer) => Told::of(answer.map(|_| format!("S3 at {}", host(&address)))),
                Err(_) => Told::Ill(format!("no answer from {}", host(&address))),
            }
        }
        Err(error) => Told::of::<objects::Error>(Err(error.into())),
    }
}

async fn traces(settings: &Settings) -> Told {
    let Some(endpoint) = &settings.telemetry.otlp_endpoint else { return Told::Well("not collected".into()) };
    match timeout(PATIENCE, TcpStream::connect(host(endpoint))).await {
        Ok(Ok(_)) => Told::Well(format!("OTLP at {}", host(endpoint))),
        _ => Told::Ill(format!("no collector at {}", host(endpoint))),
    }
}

/// `host:port` of the first address, without scheme, user, password and path.
fn host(address: &str) -> String {
    let first = address.split(',').next().unwrap_or_default();
    let place = first.split_once("://").map_or(first, |(_, place)| place);
    let place = place.split(['/', '?']).next().unwrap_or_default();
    place.rsplit('@').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_place_is_shown() {
        for (address, shown) in [
            ("tls://user:p@ss@bus.kz:4222,tls://other:4222", "bus.kz:4222"),
            ("rediss://:secret@cache.kz:6380", "cache.kz:6380"),
            ("s3+https://key:secret@s3.kz/bucket?authority=x", "s3.kz"),
            ("https://collector:4317", "collector:4317"),
        ] {
            assert_eq!(host(address), shown);
        }
    }
}
