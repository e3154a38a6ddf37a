use std::collections::BTreeMap;

use prost_reflect::DescriptorPool;

use super::options;
use crate::{Contract, Purpose, Terms};

/// What a purpose rests on, and whether it outlives restriction and withdrawal. An unspecified purpose rests on nothing.
pub fn purpose_terms(purpose: Purpose) -> &'static Terms {
    Contract::get().terms(purpose)
}

/// The terms of every purpose of the pool.
pub(crate) fn all_in(pool: &DescriptorPool) -> BTreeMap<Purpose, Terms> {
    let Some(purposes) = pool.get_enum_by_name("kolsai.contract.v1.Purposes.Purpose") else { return BTreeMap::new() };
    let terms = purposes.values().filter_map(|value| Some((Purpose::try_from(value.number()).ok()?, options::terms(&value)?)));
    terms.collect()
}
