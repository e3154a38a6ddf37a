use std::collections::BTreeSet;

use prost_reflect::DescriptorPool;

use super::Finding;
use crate::{Client, MethodRule, views::named_by};

/// It calls the services in its own name, and has no methods.
const GATEWAY: &str = "gateway";

/// Callers are known, and clients of other teams are told apart from services.
pub(super) fn check(pool: &DescriptorPool) -> Vec<Finding> {
    let clients = Client::all_in(pool);
    let rules: Vec<MethodRule> =
        pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).filter_map(|method| MethodRule::of(&method)).collect();
    let services: BTreeSet<&str> = rules.iter().filter_map(|rule| named_by(&rule.package)).collect();
    let mut found = Vec::new();
    for rule in &rules {
        for caller in rule.callers.iter().filter(|caller| *caller != GATEWAY && !services.contains(caller.as_str())) {
            if !clients.iter().any(|client| client.name == **caller) {
                found.push(Finding::UnknownCaller { method: rule.full_name.clone(), caller: caller.clone() });
            }
        }
    }
    for (at, client) in clients.iter().enumerate() {
        let why = if client.name.is_empty() || client.team.is_empty() || client.does.is_empty() {
            "it does not say name, team and what it does"
        } else if services.contains(client.name.as_str()) || client.name == GATEWAY {
            "a service has that name"
        } else if clients.iter().skip(at + 1).any(|other| other.name == client.name) {
            "another one has that name"
        } else if !rules.iter().any(|rule| rule.callers.contains(&client.name)) {
            "no rule names it among its callers"
        } else {
            continue;
        };
        found.push(Finding::ClientInvalid { client: client.name.clone(), why });
    }
    found
}
