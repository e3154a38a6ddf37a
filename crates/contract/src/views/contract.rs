use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
};

use prost_reflect::DescriptorPool;

use super::{Client, EventRule, Holder, MethodRule, purpose};
use crate::{Category, Finding, Purpose, Terms, check, pool};

/// Everything that the contract says, in typed form, read once.
#[derive(Clone, Debug)]
pub struct Contract {
    pool: DescriptorPool,
    methods: Vec<MethodRule>,
    by_path: HashMap<String, usize>,
    events: Vec<EventRule>,
    holders: Vec<Holder>,
    clients: Vec<Client>,
    services: BTreeSet<String>,
    terms: BTreeMap<Purpose, Terms>,
}

impl Contract {
    /// The contract that this binary was built with.
    pub fn get() -> &'static Contract {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| Contract::of(pool()))
    }

    /// The views of any pool that speaks this vocabulary. Methods without a rule are left out; `check` reports them.
    pub fn of(pool: &DescriptorPool) -> Contract {
        let mut methods: Vec<MethodRule> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .filter_map(|method| MethodRule::of(&method))
            .collect();
        methods.sort_by(|a, b| a.path.cmp(&b.path));
        let mut events = EventRule::all_in(pool);
        events.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        let mut holders = Holder::all_in(pool);
        holders.sort_by(|a, b| a.service.cmp(&b.service));
        let by_path = methods.iter().enumerate().map(|(index, method)| (method.path.clone(), index)).collect();
        let services = methods.iter().filter_map(|method| named_by(&method.package)).map(str::to_owned).collect();
        let (clients, terms) = (Client::all_in(pool), purpose::all_in(pool));
        Contract { pool: pool.clone(), methods, by_path, events, holders, clients, services, terms }
    }

    /// The rule of a method by the path of its gRPC request: `/kolsai.identity.v1.Accounts/Register`.
    pub fn method(&self, path: &str) -> Option<&MethodRule> {
        self.by_path.get(path).and_then(|index| self.methods.get(*index))
    }

    /// All methods, in the order of their paths.
    pub fn methods(&self) -> &[MethodRule] {
        &self.methods
    }

    /// All events, in the order of their names.
    pub fn events(&self) -> &[EventRule] {
        &self.events
    }

    /// An event by its full name: `kolsai.identity.v1.LinkIssued`.
    pub fn event(&self, full_name: &str) -> Option<&EventRule> {
        self.events.iter().find(|event| event.full_name == full_name)
    }

    /// Every service that holds personal data, in the order of their names.
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// The holder option of a service; `None` for a service that holds nothing.
    pub fn holder(&self, service: &str) -> Option<&Holder> {
        self.holders.iter().find(|holder| holder.service == service)
    }

    /// The names of the services that have methods of their own, the keyring among them; the gateway has none.
    pub fn services(&self) -> &BTreeSet<String> {
        &self.services
    }

    /// The clients of other teams, in the order of their names.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// A client of another team by its name.
    pub fn client(&self, name: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.name == name)
    }

    /// Whether the service may open data of the category for the purpose. What nobody declared is refused.
    pub fn may(&self, service: &str, category: Category, purpose: Purpose) -> bool {
        self.holder(service).is_some_and(|holder| holder.may(category, purpose))
    }

    /// What a purpose rests on. An unspecified purpose rests on nothing and survives nothing.
    pub fn terms(&self, purpose: Purpose) -> &Terms {
        static NOTHING: Terms = Terms {
            basis_kz: String::new(),
            basis_eu: String::new(),
            needs_consent: true,
            survives_restriction: false,
            survives_withdrawal: false,
        };
        self.terms.get(&purpose).unwrap_or(&NOTHING)
    }

    /// The service that serves a package: see [`service_of_package`].
    pub fn service_of_package<'p>(&self, package: &'p str) -> Option<&'p str> {
        service_of_package(package)
    }

    /// Everything that is wrong with the contract. A server calls this before it listens, and does not start on an error.
    pub fn verify(&self) -> Result<(), Vec<Finding>> {
        let findings = check(&self.pool);
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }
}

/// The service that serves a package: `kolsai.identity.v1` is served by `identity`; privacy hosts the keyring.
/// `None` for `kolsai.holder.v1`, which every holder serves, and for packages that nobody serves.
pub fn service_of_package(package: &str) -> Option<&str> {
    match package.split('.').collect::<Vec<_>>().as_slice() {
        ["kolsai", "holder" | "contract", _] => None,
        ["kolsai", "keyring", _] => Some("privacy"),
        ["kolsai", service, _] => Some(service),
        _ => None,
    }
}

/// The service that a package belongs to: `kolsai.keyring.v1` is the keyring's, whoever runs it.
pub(crate) fn named_by(package: &str) -> Option<&str> {
    match package.split('.').collect::<Vec<_>>().as_slice() {
        ["kolsai", "holder" | "contract", _] => None,
        ["kolsai", service, _] => Some(service),
        _ => None,
    }
}
