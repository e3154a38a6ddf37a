use std::collections::{HashMap, hash_map::Entry};

use prost_reflect::DescriptorPool;

use super::{Finding, is_ours};
use crate::{MethodRule, Who};

pub(super) fn check(pool: &DescriptorPool) -> Vec<Finding> {
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut found = Vec::new();
    let mut taken: HashMap<String, String> = HashMap::new();
    for rule in methods.filter_map(|method| MethodRule::of(&method)).filter(|rule| is_ours(&rule.package)) {
        let method = || rule.full_name.clone();
        // No HTTP client can stream a request through the gateway: such a method is gRPC only.
        if rule.is_public() && rule.http.is_empty() && !rule.client_streaming {
            found.push(Finding::PublicWithoutRoute { method: method() });
        }
        if rule.who == Who::Service && !rule.http.is_empty() {
            found.push(Finding::ServiceWithRoute { method: method() });
        }
        for binding in &rule.http {
            match taken.entry(binding.shape()) {
                Entry::Vacant(free) => {
                    free.insert(method());
                }
                Entry::Occupied(other) => {
                    let (verb, template) = (binding.verb.clone(), binding.template.clone());
                    found.push(Finding::DuplicateRoute { method: method(), verb, template, other: other.get().clone() });
                }
            }
        }
    }
    found
}
