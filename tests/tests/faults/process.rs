//! A school as a process of its own: it may die once, at its failpoint, and is started again on the same folder and port.

use std::{
    fs::{File, OpenOptions},
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use foundation::{Clock, Mode};
use payment::sandbox::{self, Sandbox};
use tempfile::TempDir;
use testkit::{Client, Mailbox};
use tokio::{
    process::{Child, Command},
    sync::Notify,
};

/// For so long the school was down, by its own clock: longer than any lease that a dead process may still hold.
const DOWN: Duration = Duration::from_secs(180);
/// `abort` ends a process with it.
const SIGABRT: i32 = 6;
const STOPS_WITHIN: Duration = Duration::from_secs(40);

pub struct School {
    pub client: Mutex<Client>,
    pub mail: Mailbox,
    keeper: Arc<Keeper>,
    kept: tokio::task::JoinHandle<()>,
}

/// Starts the process, and starts it again.
struct Keeper {
    folder: TempDir,
    port: u16,
    /// The payment partner is somebody else: it does not die with the school.
    partner: Sandbox,
    clock: Clock,
    failpoint: Option<String>,
    deaths: AtomicU32,
    wrong: Mutex<Option<String>>,
    stop: Notify,
}

impl School {
    /// Starts one on an empty folder, that dies at the failpoint if there is one.
    pub async fn start(failpoint: Option<&str>) -> Result<Self> {
        // A second provider in the same process changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir()?;
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let clock = Clock::system(Mode::Development);
        let keeper = Keeper {
            partner: partner(&folder.path().join("data"), &clock).await?,
            folder,
            port,
            clock,
            failpoint: failpoint.map(str::to_owned),
            deaths: AtomicU32::default(),
            wrong: Mutex::default(),
            stop: Notify::new(),
        };
        let keeper = Arc::new(keeper);
        let child = keeper.spawn()?;
        let kept = tokio::spawn(keeper.clone().keep(child));
        let mail = Mailbox::new(&keeper.data().join("mail"));
        let client = loop {
            keeper.fault()?;
            match keeper.client() {
                Ok(client) => break client,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        Ok(Self { client: Mutex::new(client), mail, keeper, kept })
    }

    pub fn data(&self) -> PathBuf {
        self.keeper.data()
    }

    pub fn demo_accounts(&self) -> PathBuf {
        self.data().join("demo-accounts.json")
    }

    /// Names of the failpoints that were passed until now, in their order.
    pub fn passed(&self) -> Vec<String> {
        std::fs::read_to_string(self.keeper.trace()).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    pub fn has_died(&self) -> bool {
        self.keeper.deaths.load(Ordering::SeqCst) > 0
    }

    /// What ended the process against all expectation.
    pub fn fault(&self) -> Result<()> {
        self.keeper.fault()
    }

    pub fn client(&self) -> Client {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// After a restart: a school that died at its very start has made its certificates anew.
    pub fn connect_again(&self) {
        if let Ok(client) = self.keeper.client() {
            *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
        }
    }

    /// The end of what the process said.
    pub fn said(&self) -> String {
        self.keeper.said()
    }

    /// Stops it as an operator does; its folder stays until this is dropped.
    pub async fn stop(self) -> Result<Stopped> {
        self.keeper.stop.notify_one();
        self.kept.await?;
        self.keeper.fault()?;
        Ok(Stopped(self.keeper))
    }
}

/// The folder of a school that has stopped.
pub struct Stopped(Arc<Keeper>);

impl Stopped {
    pub fn data(&self) -> PathBuf {
        self.0.data()
    }
}

impl Keeper {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn trace(&self) -> PathBuf {
        self.folder.path().join("passed")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn said(&self) -> String {
        let said = String::from_utf8_lossy(&std::fs::read(self.log()).unwrap_or_default()).into_owned();
        let lines: Vec<_> = said.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn client(&self) -> Result<Client> {
        Ok(Client::try_new(&format!("https://localhost:{}", self.port), &self.data().join("certificates/dev-ca.pem"))?)
    }

    fn fault(&self) -> Result<()> {
        match &*self.wrong.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(wrong) => bail!("{wrong}\n{}", self.said()),
            None => Ok(()),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the child gets an environment of its own")]
    fn spawn(&self) -> Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new(binary()?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KOLSAI_")) {
            command.env_remove(name);
        }
        command
            .arg("run")
            .env("KOLSAI_DATA", self.data())
            .env("KOLSAI_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("KOLSAI_URL", format!("https://localhost:{}", self.port))
            .env("KOLSAI__PAYMENT__PARTNER_ADDRESS", self.partner.url())
            // Nobody waits for a turn: the walk is one client.
            .env("KOLSAI__GATEWAY__LIMITS", "{ per_address_per_second = 100000, burst = 100000 }")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(File::try_clone(&log)?)
            .stderr(log)
            .kill_on_drop(true);
        if self.deaths.load(Ordering::SeqCst) == 0 {
            command.env("KOLSAI_FAILPOINT_TRACE", self.trace());
            if let Some(failpoint) = &self.failpoint {
                command.env("KOLSAI_FAILPOINT", failpoint);
            }
        } else {
            command.env("KOLSAI__CLOCK_AHEAD", DOWN.as_secs().to_string());
        }
        command.spawn().context("the school does not start")
    }

    async fn keep(self: Arc<Self>, mut child: Child) {
        loop {
            let ended = tokio::select! {
                ended = child.wait() => ended,
                () = self.stop.notified() => break,
            };
            let expected = self.failpoint.is_some() && self.deaths.load(Ordering::SeqCst) == 0;
            match ended {
                Ok(status) if expected && status.signal() == Some(SIGABRT) => {
                    self.deaths.fetch_add(1, Ordering::SeqCst);
                    self.clock.advance(DOWN);
                    match self.spawn() {
                        Ok(again) => child = again,
                        Err(error) => return self.went_wrong(error.to_string()),
                    }
                }
                Ok(status) => return self.went_wrong(format!("the school ended by itself ({status})")),
                Err(error) => return self.went_wrong(error.to_string()),
            }
        }
        match stopped(&mut child).await {
            Ok(status) if status.success() => {}
            Ok(status) => self.went_wrong(format!("the school did not stop as it should ({status})")),
            Err(error) => self.went_wrong(error.to_string()),
        }
    }

    fn went_wrong(&self, what: String) {
        *self.wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }
}

async fn stopped(child: &mut Child) -> Result<ExitStatus> {
    let id = child.id().context("the school is gone")?.to_string();
    Command::new("kill").args(["-TERM", &id]).status().await?;
    Ok(tokio::time::timeout(STOPS_WITHIN, child.wait()).await.context("the school does not stop")??)
}

/// The binary lies two folders above this test's own.
fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let binary = own.parent().and_then(Path::parent).map(|folder| folder.join("kolsai")).filter(|binary| binary.is_file());
    binary.context("there is no `kolsai` beside the tests: build it with `cargo build --workspace --bin kolsai`")
}

async fn partner(data: &Path, clock: &Clock) -> Result<Sandbox> {
    let config = sandbox::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        url: None,
        merchant: "kolsai".into(),
        // As the settings of payment have them in development.
        merchant_key: "development:the-school-signs-its-requests-with-this".into(),
        notification_key: "development:the-partner-signs-its-notifications-with-this".into(),
        trusted_ca: Some(data.join("certificates/dev-ca.pem")),
        clock: clock.clone(),
        mode: Mode::Development,
    };
    Ok(sandbox::serve(config).await?)
}
