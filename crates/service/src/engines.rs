//! What a service is given to stand on: its database, its keys, its peers, the bus, the cache and the clock.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cache::{Cache, CacheError};
use foundation::{Clock, Mode, Transport};
use objects::{Objects, ObjectsAddress};
use personal_data::{AccessLog, Db, keys::Keys};
use sea_orm_migration::MigratorTrait;

use crate::{
    peers::{Certificates, Peers, PeersError},
    settings::{GATEWAY, Settings, SettingsError},
    token::TokenVerifier,
};

/// Why an engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the data folder cannot be made; set KOLSAI_DATA to a folder that can be written")]
    DataFolder(#[source] std::io::Error),
    #[error("the file at KOLSAI_FAILPOINT_TRACE cannot be written")]
    FailpointTrace(#[source] std::io::Error),
    #[error("the cache at KOLSAI__CACHE__ADDRESS cannot be used: {0}")]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Peers(#[from] PeersError),
    #[error(transparent)]
    Bus(#[from] events::BusError),
    #[error("the database of `{service}` (at {setting}) cannot be used: {reason}")]
    Database {
        service: &'static str,
        setting: String,
        reason: String,
        #[source]
        cause: Option<sea_orm_migration::sea_orm::DbErr>,
    },
    #[error("the object store at KOLSAI__OBJECTS__ADDRESS cannot be opened: {0}")]
    Objects(#[from] objects::Error),
    #[error("the database of `{0}` is opened twice in this process")]
    Twice(&'static str),
    #[error("`{0}` has no open database; open it before")]
    NoDatabase(&'static str),
}

impl EngineError {
    /// One sentence that names the setting; what only a programmer understands stands behind it.
    pub fn of_database(service: &'static str, setting: String, error: personal_data::Error) -> Self {
        let reason = error.to_string();
        let cause = match error {
            personal_data::Error::Database(cause) => Some(cause),
            personal_data::Error::Unusable(personal_data::Unusable::Migration { cause, .. }) => Some(cause),
            _ => None,
        };
        Self::Database { service, setting, reason, cause }
    }
}

/// Clones share every engine.
#[derive(Clone)]
pub struct Engines(Arc<Inner>);

struct Inner {
    settings: Settings,
    clock: Clock,
    peers: Peers,
    cache: Cache,
    /// Opened with the first database: who has none, announces nothing and reacts to nothing.
    bus: tokio::sync::OnceCell<events::AnyBus>,
    no_bus: events::AnyBus,
    held: Mutex<Held>,
}

/// What services have opened, so that a host can watch and close it.
#[derive(Default)]
struct Held {
    databases: HashMap<&'static str, Db>,
    keys: HashMap<&'static str, Keys>,
    logs: HashMap<&'static str, AccessLog>,
    objects: Option<Objects>,
    neighbours: HashMap<&'static str, SocketAddr>,
}

impl Engines {
    /// Opens what all services share, unless the mode refuses the settings. Arms the failpoint, if one is set. Call it inside the runtime.
    pub async fn open(settings: Settings) -> Result<Self, EngineError> {
        settings.validate_for_mode()?;
        private_folder(&settings.data).map_err(EngineError::DataFolder)?;
        arm_failpoints(&settings)?;
        let clock = Clock::system(settings.mode);
        clock.advance(Duration::from_secs(settings.clock_ahead.unwrap_or_default()));
        let cache = Cache::open(settings.cache.config(settings.mode), clock.clone()).await?;
        events::nats::Address::of(&settings.bus.address)?;
        let (bus, no_bus) = (tokio::sync::OnceCell::new(), events::AnyBus::Memory(events::InProcessBus::default()));
        let peers = peers(&settings)?;
        Ok(Self(Arc::new(Inner { settings, clock, peers, cache, bus, no_bus, held: Mutex::default() })))
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub fn mode(&self) -> Mode {
        self.0.settings.mode
    }

    pub fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    pub fn peers(&self) -> Peers {
        self.0.peers.clone()
    }

    /// The way from one service to another.
    pub fn transport(&self, from: &'static str, to: &str) -> Transport {
        self.0.peers.transport(from, to)
    }

    /// The bus of this process.
    pub fn bus(&self) -> events::AnyBus {
        self.0.bus.get().unwrap_or(&self.0.no_bus).clone()
    }

    pub fn cache(&self) -> Cache {
        self.0.cache.clone()
    }

    /// The folder of the embedded engines.
    pub fn data_folder(&self) -> &Path {
        &self.0.settings.data
    }

    pub fn objects_address(&self) -> String {
        self.0.settings.objects_address()
    }

    /// The object store of this process, opened when it is first asked for. Call it inside the runtime.
    pub fn objects(&self) -> Result<Objects, EngineError> {
        self.held(|held| match &held.objects {
            Some(open) => Ok(open.clone()),
            None => Ok(held.objects.insert(self.open_objects()?).clone()),
        })
    }

    fn open_objects(&self) -> Result<Objects, objects::Error> {
        let address: ObjectsAddress = self.objects_address().parse()?;
        // A folder's server is reached through the gateway; an S3 signs for its own host.
        let public_base = matches!(address, ObjectsAddress::Folder(_)).then(|| format!("{}/objects", self.0.settings.url));
        Objects::open(objects::Config { address, public_base, mode: self.mode() })
    }

    /// Opens a service's own database and brings its schema up to date. Once per service: one pool, one relay.
    pub async fn database<M: MigratorTrait>(&self, service: &'static str) -> Result<Db, EngineError> {
        if self.opened(service).is_some() {
            return Err(EngineError::Twice(service));
        }
        self.0.bus.get_or_try_init(|| events::AnyBus::open(self.0.settings.bus.config())).await?;
        let (setting, address) = self.0.settings.database_of(service);
        let options = self.0.settings.database.options(self.mode());
        let opened = Db::open_with::<M>(&address, service, self.clock(), &options).await;
        let db = opened.map_err(|error| EngineError::of_database(service, setting, error))?;
        self.held(|held| held.databases.insert(service, db.clone()));
        Ok(db)
    }

    /// The service's way to the keyring; every caller of this shares its leases.
    pub fn keys(&self, service: &'static str) -> Keys {
        let make = || Keys::new(service, self.transport(service, "keyring"), self.clock());
        self.held(|held| held.keys.entry(service).or_insert_with(make).clone())
    }

    /// The access log in the service's own database.
    pub fn access_log(&self, service: &'static str) -> Result<AccessLog, EngineError> {
        let db = self.opened(service).ok_or(EngineError::NoDatabase(service))?;
        let keys = self.keys(service);
        Ok(self.held(|held| held.logs.entry(service).or_insert_with(|| AccessLog::new(db, keys)).clone()))
    }

    /// A verifier of access tokens that asks identity in the name of `service`.
    pub fn verifier(&self, service: &'static str) -> TokenVerifier {
        TokenVerifier::new(self.transport(service, "identity"), self.cache(), self.clock(), &self.0.settings.peers.issuer)
    }

    /// Names a server that runs beside the services of this process, on plain loopback: people reach it through the gateway.
    pub fn add_neighbour(&self, name: &'static str, address: SocketAddr) {
        self.held(|held| held.neighbours.insert(name, address));
    }

    /// Where a server beside the services listens; `None` when this process has none of this name.
    pub fn neighbour(&self, name: &str) -> Option<SocketAddr> {
        self.held(|held| held.neighbours.get(name).copied())
    }

    /// The database of a service, once it is open.
    pub fn opened(&self, service: &str) -> Option<Db> {
        self.held(|held| held.databases.get(service).cloned())
    }

    pub(crate) fn databases(&self) -> Vec<Db> {
        self.held(|held| held.databases.values().cloned().collect())
    }

    fn held<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.0.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// In production settings were refused already.
fn arm_failpoints(settings: &Settings) -> Result<(), EngineError> {
    if settings.mode != Mode::Development {
        return Ok(());
    }
    if let Some(path) = &settings.failpoint_trace {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(EngineError::FailpointTrace)?;
        foundation::failpoint::trace(file);
    }
    if let Some(name) = &settings.failpoint {
        foundation::failpoint::arm(name);
    }
    Ok(())
}

/// The folder of the embedded engines is for nobody but its owner: databases in it are as private as keys.
fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

fn peers(settings: &Settings) -> Result<Peers, PeersError> {
    let section = &settings.peers;
    let certificates = section.certificates.as_ref().map(|folder| Certificates::new(folder, &section.trust_domain));
    let peers = Peers::with_remote(&section.addresses, certificates.clone())?;
    // Whoever will call or listen must be able to: found at boot, and not at the first call.
    let gateway = (!settings.part.is_whole() && settings.part.runs(GATEWAY)).then_some(GATEWAY);
    let listening = settings.part.services().into_iter().filter(|name| section.listen.contains_key(*name));
    for name in gateway.into_iter().chain(listening) {
        peers.identity(name)?;
    }
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use objects::{ObjectKey, Prefix, Upload};

    use super::*;
    use crate::settings::Environment;

    #[tokio::test]
    async fn the_object_store_is_opened_once_and_reached_under_the_schools_url() {
        let data = tempfile::tempdir().unwrap();
        let pairs = [("KOLSAI_DATA", data.path().display().to_string()), ("KOLSAI_URL", "https://localhost:9443/".into())];
        let environment = Environment::of(pairs.map(|(name, value)| (name.to_owned(), value)));
        let engines = Engines::open(Settings::load_from(&[], environment).unwrap()).await.unwrap();

        let (first, second) = (engines.objects().unwrap(), engines.objects().unwrap());

        assert!(first.proxy_target().is_some());
        assert_eq!(first.proxy_target(), second.proxy_target());
        let upload = Upload { length: 1, content_type: "image/jpeg", good_for: Duration::from_secs(60) };
        let put = first.presigned_put(&ObjectKey::new(Prefix::Incoming), upload).await.unwrap();
        assert!(put.url.starts_with("https://localhost:9443/objects/"));
    }

    #[tokio::test]
    async fn a_neighbour_is_found_by_its_name() {
        let data = tempfile::tempdir().unwrap();
        let environment = Environment::of([("KOLSAI_DATA".to_owned(), data.path().display().to_string())]);
        let engines = Engines::open(Settings::load_from(&[], environment).unwrap()).await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        engines.add_neighbour("partner", address);
        assert_eq!((engines.clone().neighbour("partner"), engines.neighbour("other")), (Some(address), None));
    }
}
