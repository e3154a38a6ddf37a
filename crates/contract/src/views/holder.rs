use prost_reflect::DescriptorPool;

use super::options;
use crate::{Category, Purpose, contract::v1 as words};

/// A service that holds personal data: which, and the purposes for which each may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `identity`, `learning`, …
    pub service: String,
    pub held: Vec<(Category, Vec<Purpose>)>,
}

impl Holder {
    /// Whether this holder may open data of the category for the purpose.
    pub fn may(&self, category: Category, purpose: Purpose) -> bool {
        self.held.iter().any(|(held, purposes)| *held == category && purposes.contains(&purpose))
    }

    pub(crate) fn all_in(pool: &DescriptorPool) -> Vec<Holder> {
        pool.files().filter_map(|file| options::holder(&file)).map(Holder::from).collect()
    }
}

impl From<words::Holder> for Holder {
    fn from(option: words::Holder) -> Holder {
        let held = option.held.iter().map(|held| (held.category(), held.purposes().collect())).collect();
        Holder { service: option.service, held }
    }
}
