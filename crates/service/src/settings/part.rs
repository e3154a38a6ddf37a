//! Which services a process runs, and what a process that runs fewer than all must have.

use std::{collections::BTreeSet, net::SocketAddr};

use contract::Contract;

use super::{Refused, Settings};

/// The gateway has no methods in the contract, and no database.
pub const GATEWAY: &str = "gateway";
/// Whoever runs privacy runs the keyring: another service, with its own database, certificate and listener.
const HOSTED: (&str, &str) = ("privacy", "keyring");

/// The services of one process. A whole school by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part(Option<BTreeSet<String>>);

/// A name that is no service's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no service: run {names}", names = Part::names().join(", "))]
pub struct NoSuchService(pub String);

impl Part {
    /// All services.
    pub fn whole() -> Self {
        Self(None)
    }

    /// These services; none named means all, and all named are a whole school.
    pub fn of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, NoSuchService> {
        let known = Self::names();
        let mut chosen = BTreeSet::new();
        for name in names {
            let name = name.as_ref();
            if !known.iter().any(|known| known == name) {
                return Err(NoSuchService(name.to_owned()));
            }
            chosen.insert(name.to_owned());
        }
        if chosen.is_empty() || chosen.len() == known.len() {
            return Ok(Self(None));
        }
        if chosen.contains(HOSTED.0) {
            chosen.insert(HOSTED.1.to_owned());
        }
        Ok(Self(Some(chosen)))
    }

    /// What can be run by itself, the gateway included.
    pub fn names() -> Vec<String> {
        let services = Contract::get().services().iter().filter(|name| *name != HOSTED.1);
        std::iter::once(GATEWAY.to_owned()).chain(services.cloned()).collect()
    }

    pub fn is_whole(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this process runs a service.
    pub fn runs(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|chosen| chosen.contains(name))
    }

    /// The services that run here, the gateway apart: those that have a database.
    pub fn services(&self) -> Vec<&'static str> {
        Contract::get().services().iter().map(String::as_str).filter(|name| self.runs(name)).collect()
    }

    /// The services that run in other processes.
    pub fn elsewhere(&self) -> Vec<&'static str> {
        Contract::get().services().iter().map(String::as_str).filter(|name| !self.runs(name)).collect()
    }

    /// What was chosen, the gateway included; none where nothing was, and all run.
    pub fn chosen(&self) -> Vec<&str> {
        self.0.iter().flatten().map(String::as_str).collect()
    }

    /// How the process is called: the same, without what one of them hosts.
    pub fn called(&self) -> Vec<&str> {
        self.chosen().into_iter().filter(|name| *name != HOSTED.1).collect()
    }

    /// For a line that people read: the names, or `all`.
    pub fn text(&self) -> String {
        if self.is_whole() { "all".to_owned() } else { self.chosen().join(", ") }
    }
}

/// Everything that a process of some services lacks to be part of a school of several. Each uses only what it needs: the gateway has
/// no database and takes no events, and only learning has objects.
pub(super) fn refused(settings: &Settings, refused: &mut Vec<Refused>) {
    let part = &settings.part;
    let upper = |section: &str, name: &str| format!("KOLSAI__PEERS__{section}__{}", name.to_uppercase());
    for (name, listen) in &settings.peers.listen {
        if name == GATEWAY || !Contract::get().services().contains(name) {
            refused.push(Refused::NoService { setting: upper("LISTEN", name) });
        } else if settings.mode == foundation::Mode::Development && !is_loopback(listen) {
            refused.push(Refused::NotLoopback { setting: upper("LISTEN", name) });
        }
    }
    for name in settings.peers.addresses.keys().filter(|name| !Contract::get().services().contains(*name)) {
        refused.push(Refused::NoService { setting: upper("ADDRESSES", name) });
    }
    let listens = part.services().iter().any(|name| settings.peers.listen.contains_key(*name));
    if settings.peers.certificates.is_none() && (listens || !part.is_whole()) {
        refused.push(Refused::NoCertificates);
    }
    if part.is_whole() {
        return;
    }
    let mut in_process = |setting: &str, address: &str| {
        if matches!(address.split(':').next(), Some("memory" | "sqlite" | "file" | "")) {
            refused.push(Refused::InProcess { setting: setting.to_owned() });
        }
    };
    in_process("KOLSAI__CACHE__ADDRESS", &settings.cache.address);
    if !part.services().is_empty() {
        in_process("KOLSAI__BUS__ADDRESS", &settings.bus.address);
    }
    for service in part.services() {
        let own = format!("KOLSAI__DATABASE__ADDRESSES__{}", service.to_uppercase());
        in_process(&own, &settings.database_address(service));
    }
    if part.runs("learning") {
        in_process("KOLSAI__OBJECTS__ADDRESS", &settings.objects_address());
    }
    for name in part.elsewhere().into_iter().filter(|name| !settings.peers.addresses.contains_key(*name)) {
        refused.push(Refused::NoPeer { setting: upper("ADDRESSES", name) });
    }
    for name in part.services().into_iter().filter(|name| !settings.peers.listen.contains_key(*name)) {
        refused.push(Refused::NoListener { setting: upper("LISTEN", name) });
    }
}

fn is_loopback(listen: &str) -> bool {
    listen.parse::<SocketAddr>().map_or_else(|_| listen.starts_with("localhost:"), |at| at.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_named_by_services() {
        assert_eq!(Part::of(Vec::<String>::new()), Ok(Part::whole()));
        assert_eq!(Part::of(Part::names()), Ok(Part::whole()));
        let part = Part::of(["privacy", "identity"]).unwrap();
        assert_eq!(part.services(), ["identity", "keyring", "privacy"]);
        assert!(part.runs("keyring") && !part.runs(GATEWAY) && part.elsewhere().contains(&"learning"));
        assert!(Part::of([GATEWAY]).unwrap().services().is_empty());
        let said = Part::of(["idenity"]).unwrap_err().to_string();
        assert_eq!(said, "`idenity` is no service: run gateway, analytics, communication, identity, learning, payment, privacy");
    }
}
