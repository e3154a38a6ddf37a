use std::collections::BTreeSet;

use prost_reflect::DescriptorPool;

use super::{Finding, is_ours};

pub(super) fn check(pool: &DescriptorPool) -> Vec<Finding> {
    let packages: BTreeSet<String> = pool.files().map(|file| file.package_name().to_owned()).filter(|package| is_ours(package)).collect();
    packages.into_iter().filter(|package| !is_versioned(package)).map(|package| Finding::PackageWithoutVersion { package }).collect()
}

fn is_versioned(package: &str) -> bool {
    let last = package.rsplit('.').next().unwrap_or_default();
    last.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
