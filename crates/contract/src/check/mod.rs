//! What the contract must keep. Nothing is built, and no server starts, on a contract that has a finding.

mod clients;
mod events;
mod fields;
mod finding;
mod methods;
mod packages;
mod routes;

use prost_reflect::DescriptorPool;

pub use finding::Finding;

/// Everything that is wrong with the contract in this pool, in a stable order. Google's own packages are not looked into.
pub fn check(pool: &DescriptorPool) -> Vec<Finding> {
    let mut findings = packages::check(pool);
    findings.extend(fields::check(pool));
    findings.extend(events::check(pool));
    findings.extend(methods::check(pool));
    findings.extend(clients::check(pool));
    findings.extend(routes::check(pool));
    findings
}

/// Whether a package is ours to judge.
fn is_ours(package: &str) -> bool {
    package != "google" && !package.starts_with("google.")
}

/// Whether a package's messages travel. The vocabulary itself stays in the descriptors, and what it says is about the contract only.
fn travels(package: &str) -> bool {
    is_ours(package) && package != "kolsai.contract.v1"
}
