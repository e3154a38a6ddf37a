//! What must be true of a process before it starts. Each defect is a sentence that says what to do.

use std::collections::BTreeSet;

use contract::{Contract, MethodRule, Touches, Who};

use crate::{
    builder::Service,
    engines::{EngineError, Engines},
    peers::PeersError,
};

/// Served by every holder, and so by nobody's own code.
pub(super) const HOLDER: &str = "kolsai.holder.v1.Holder";

/// Why the process does not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("the contract is not sound:\n{}", .0.join("\n"))]
    Contract(Vec<String>),
    #[error("`{service}` serves {served}, which the contract does not know as its own")]
    NotItsOwn { service: &'static str, served: String },
    #[error("`{service}` does not serve {missing}, which the contract declares")]
    NotServed { service: &'static str, missing: String },
    #[error("`{0}` says what it holds but has no database; open it with `Engines::database`")]
    HoldsNothing(&'static str),
    #[error("the contract says that `{0}` holds personal data, but it does not say what: call `Service::holds`")]
    NoMap(&'static str),
    #[error("the data map of `{service}` goes beyond the contract:\n{}", findings.join("\n"))]
    Undeclared { service: &'static str, findings: Vec<String> },
    #[error("the data map of `{service}` cannot be recorded in its database")]
    Map {
        service: &'static str,
        #[source]
        source: personal_data::Error,
    },
    #[error("`{service}` keeps no access log, but {method} releases personal data")]
    NoAccessLog { service: &'static str, method: String },
    #[error("`{service}` answers no ties, but {method} demands one: call `Service::ties`")]
    NoTies { service: &'static str, method: String },
    #[error("this process was to run {chosen}, and was given {}: run the services that the settings were read for", given.join(", "))]
    OtherPart { chosen: String, given: Vec<&'static str> },
    #[error(transparent)]
    Peers(#[from] PeersError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

pub(super) fn contract() -> Result<(), HostError> {
    Contract::get().verify().map_err(|findings| HostError::Contract(findings.iter().map(ToString::to_string).collect()))
}

pub(super) fn services(engines: &Engines, services: &[Service]) -> Result<(), HostError> {
    for service in services {
        serves_its_own(service)?;
        holds_what_it_says(service)?;
        can_answer(engines, service)?;
    }
    as_chosen(engines, services)
}

/// `kolsai.identity.v1` belongs to `identity`, `kolsai.keyring.v1` to `keyring`.
fn owner(rule: &MethodRule) -> Option<&str> {
    rule.package.strip_prefix("kolsai.")?.split('.').next().filter(|name| *name != "holder")
}

fn serves_its_own(service: &Service) -> Result<(), HostError> {
    let of = |rule: &&MethodRule| owner(rule) == Some(service.name);
    let declared: BTreeSet<&str> = Contract::get().methods().iter().filter(of).map(|rule| rule.service_name.as_str()).collect();
    let served: BTreeSet<&str> = service.served.iter().copied().filter(|name| *name != HOLDER).collect();
    if let Some(other) = served.difference(&declared).next() {
        return Err(HostError::NotItsOwn { service: service.name, served: (*other).to_owned() });
    }
    match declared.difference(&served).next() {
        Some(missing) => Err(HostError::NotServed { service: service.name, missing: (*missing).to_owned() }),
        None => Ok(()),
    }
}

fn holds_what_it_says(service: &Service) -> Result<(), HostError> {
    match &service.holds {
        None if Contract::get().holder(service.name).is_some() => Err(HostError::NoMap(service.name)),
        None => Ok(()),
        Some(holds) => {
            let findings = holds.undeclared();
            if findings.is_empty() { Ok(()) } else { Err(HostError::Undeclared { service: service.name, findings }) }
        }
    }
}

fn can_answer(engines: &Engines, service: &Service) -> Result<(), HostError> {
    let logs = service.recorder.is_some() || engines.opened(service.name).is_some();
    for rule in Contract::get().methods().iter().filter(|rule| owner(rule) == Some(service.name)) {
        if rule.tie.is_some() && service.ties.is_none() {
            return Err(HostError::NoTies { service: service.name, method: rule.full_name.clone() });
        }
        if rule.person != Touches::None && rule.who != Who::Service && !logs {
            return Err(HostError::NoAccessLog { service: service.name, method: rule.full_name.clone() });
        }
    }
    Ok(())
}

/// What the settings were checked for is what runs: bus, cache and peers of one process are no use to another.
fn as_chosen(engines: &Engines, services: &[Service]) -> Result<(), HostError> {
    let part = &engines.settings().part;
    let given: BTreeSet<&'static str> = services.iter().map(|service| service.name).collect();
    if given.iter().copied().eq(part.services()) {
        return Ok(());
    }
    Err(HostError::OtherPart { chosen: part.text(), given: given.into_iter().collect() })
}
