//! One school per test binary and stack, in a runtime of its own, spoken to through the gateway.

use std::{net::TcpListener, path::PathBuf, sync::OnceLock, time::Duration};

use sea_orm::{Database, DatabaseConnection};
use serde_json::Value;
use service::{Engines, Settings, settings::Environment};

use crate::{Client, Folder, Mailbox, Stack, log, sabotage};

/// A running school.
pub struct School {
    pub client: Client,
    pub mail: Mailbox,
    pub stack: Stack,
    engines: Engines,
    // Before the folder in which it writes.
    running: Running,
    folder: Folder,
}

/// A school in its runtime. It is stopped when this goes: one that is only forgotten keeps its connections for as long as the
/// process lasts, and a server has only so many.
struct Running {
    runtime: tokio::runtime::Runtime,
    school: Option<kolsai::School>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(school) = self.school.take() else { return };
        let stopped = std::thread::scope(|scope| scope.spawn(|| self.runtime.block_on(school.stop())).join());
        if stopped.is_err() && !std::thread::panicking() {
            panic!("the school does not stop");
        }
    }
}

/// The school of this test binary.
pub fn school() -> &'static School {
    static SCHOOL: OnceLock<School> = OnceLock::new();
    SCHOOL.get_or_init(|| School::start(&[]))
}

impl School {
    /// A school of its own with further settings, as `("KOLSAI__IDENTITY__…", "value")`.
    pub fn start(further: &[(&str, &str)]) -> Self {
        Self::start_in(Folder::fresh(), further)
    }

    /// A school on what another one left in this folder.
    pub fn start_in(mut folder: Folder, further: &[(&str, &str)]) -> Self {
        // A second provider in the same process changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        sabotage::switch();
        log::listen();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let further: Vec<_> = further.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = std::thread::scope(|scope| {
            let gathered = scope.spawn(|| runtime.block_on(settings(&mut folder, further)));
            gathered.join().expect("settings for the school")
        });
        let school = std::thread::scope(|scope| {
            let started = scope.spawn(|| runtime.block_on(kolsai::School::start(settings)).map_err(Box::new));
            started.join().expect("the school starts")
        });
        let school = school.unwrap_or_else(|error| panic!("the school does not start: {error}: {error:?}"));
        let base = format!("https://localhost:{}", school.address().expect("a whole school has a gateway").port());
        let client = Client::try_new(&base, &folder.path().join("certificates/dev-ca.pem")).expect("a client");
        let mail = Mailbox::new(&folder.path().join("mail"));
        let engines = school.engines().clone();
        let stack = folder.stack.clone();
        Self { client, mail, stack, engines, running: Running { runtime, school: Some(school) }, folder }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Moves the one clock of the school.
    pub fn advance(&self, span: Duration) {
        assert!(self.engines.clock().advance(span), "time moves in development");
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The demo account with a role: `(e-mail, password)`.
    pub fn demo(&self, role: &str) -> (String, String) {
        let text =
            std::fs::read_to_string(self.folder.path().join("demo-accounts.json")).expect("demo accounts are made at the first start");
        let accounts: Value = serde_json::from_str(&text).expect("demo accounts are JSON");
        let account = accounts
            .as_array()
            .into_iter()
            .flatten()
            .find(|account| account["role"].as_str().is_some_and(|r| r.eq_ignore_ascii_case(role)));
        let account = account.unwrap_or_else(|| panic!("no demo account is {role}: {accounts}"));
        (account["email"].as_str().unwrap_or_default().to_owned(), account["password"].as_str().unwrap_or_default().to_owned())
    }

    /// A service's database, past the service itself: for what only somebody with the disk in their hands could do.
    #[allow(clippy::disallowed_methods, reason = "tests stand for somebody who has the disk")]
    pub async fn database(&self, service: &str) -> DatabaseConnection {
        Database::connect(self.engines.settings().database_address(service)).await.expect("the database of a service")
    }

    /// Stops it, as Ctrl-C does, and leaves what it kept.
    pub fn stop(self) -> Folder {
        drop(self.running);
        self.folder
    }
}

pub(crate) async fn settings(folder: &mut Folder, further: Vec<(String, String)>) -> Settings {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let text = |name: &str, value: String| (name.to_owned(), value);
    let mut pairs = vec![
        text("KOLSAI_LISTEN", format!("127.0.0.1:{port}")),
        text("KOLSAI_URL", format!("https://localhost:{port}")),
        text("KOLSAI_DATA", folder.path().display().to_string()),
        // Many tests come from one address.
        text("KOLSAI__GATEWAY__LIMITS", "{ per_address_per_second = 100000, burst = 100000 }".into()),
    ];
    if folder.databases.is_none() {
        folder.databases = Some(folder.stack.databases().await);
    }
    for (service, address) in folder.databases.iter().flatten() {
        pairs.push(text(&format!("KOLSAI__DATABASE__ADDRESSES__{}", service.to_uppercase()), address.clone()));
    }
    pairs.extend(further);
    Settings::load_from(kolsai::DEFAULTS, Environment::of(pairs)).expect("settings for the school")
}
