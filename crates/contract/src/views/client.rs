use prost_reflect::DescriptorPool;

use super::options;
use crate::contract::v1 as words;

/// A client of another team: known by its certificate, it may call the methods that name it and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// As its certificate says it.
    pub name: String,
    /// Who answers for it.
    pub team: String,
    /// What it does with what it is told.
    pub does: String,
}

impl Client {
    pub(crate) fn all_in(pool: &DescriptorPool) -> Vec<Client> {
        let mut clients: Vec<_> = pool.files().flat_map(|file| options::clients(&file)).map(Client::from).collect();
        clients.sort_by(|a, b| a.name.cmp(&b.name));
        clients
    }
}

impl From<words::Client> for Client {
    fn from(option: words::Client) -> Client {
        Client { name: option.name, team: option.team, does: option.does }
    }
}
