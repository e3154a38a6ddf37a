//! The real program as a process, told to tell about itself.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use testkit::{Client, Mailbox};
use tokio::process::{Child, Command};

/// How long it may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct School {
    pub client: Client,
    pub mail: Mailbox,
    pub metrics: u16,
    port: u16,
    folder: TempDir,
    child: Child,
}

impl School {
    /// Starts one on an empty folder, with further settings.
    pub async fn start(further: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (port, metrics) = (free_port(), free_port());
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = command(folder.path(), port);
        command
            .arg("run")
            .env("KOLSAI__TELEMETRY__METRICS_LISTEN", format!("127.0.0.1:{metrics}"))
            .env("KOLSAI__TELEMETRY__LOG_FORMAT", "json")
            .envs(further.iter().copied())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = command.spawn().expect("the school starts");
        let path = folder.path().join("log");
        let ready = async {
            while !std::fs::read_to_string(&path).unwrap_or_default().lines().any(|line| line.starts_with("ready: ")) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, ready).await.is_err() {
            panic!("the school is not ready:\n{}", std::fs::read_to_string(&path).unwrap_or_default());
        }
        let data = folder.path().join("data");
        let client = Client::try_new(&format!("https://localhost:{port}"), &authority(&data)).expect("a client");
        Self { client, mail: Mailbox::new(&data.join("mail")), metrics, port, folder, child }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The screen of `kolsai status`, and whether all on it is well.
    pub async fn status(&self) -> (bool, String) {
        let told = command(self.folder.path(), self.port).arg("status").output().await.unwrap();
        (told.status.success(), String::from_utf8(told.stdout).unwrap())
    }

    /// Everything that may be scraped.
    pub async fn scraped(&self) -> String {
        let client = Client::try_new(&format!("https://localhost:{}", self.metrics), &authority(&self.folder.path().join("data")));
        let answer = client.unwrap().get("/metrics", None).await.expect("metrics answer");
        assert_eq!(
            (answer.status.as_u16(), answer.headers["content-type"].to_str().unwrap()),
            (200, "text/plain; version=0.0.4; charset=utf-8")
        );
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    /// As Ctrl-C does, so that the last spans leave.
    pub async fn stop(mut self) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(matches!(ended, Ok(Ok(status)) if status.success()), "{}", self.log());
    }
}

/// The program with the settings of this school, and none of the machine's.
fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KOLSAI_")) {
        command.env_remove(name);
    }
    command
        .env("KOLSAI_DATA", folder.join("data"))
        .env("KOLSAI_LISTEN", format!("127.0.0.1:{port}"))
        .env("KOLSAI_URL", format!("https://localhost:{port}"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn authority(data: &Path) -> PathBuf {
    data.join("certificates/dev-ca.pem")
}

/// One that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let binary = own.parent().and_then(Path::parent).map(|folder| folder.join("kolsai")).filter(|binary| binary.is_file());
    binary.expect("there is no `kolsai` beside the tests: build it with `cargo build --workspace --bin kolsai`")
}
