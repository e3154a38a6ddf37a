//! The platform, started and stopped by the same scripts as `make up` and `make down`, in a folder of its own.

use std::{
    fs::Permissions,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use testkit::Client;
use tokio::process::Command;

use crate::{
    collector::Collector,
    story::{Outside, Surroundings},
};

/// Whoever may have a second process here: their peers are told both addresses from the start.
const REPLICAS: &str = "learning.2";

pub struct Platform {
    folder: TempDir,
    /// What the processes are told beside what `make up` tells them.
    told: Vec<(String, String)>,
    /// Of `make up`'s own summary: `KOLSAI_URL` and the like.
    summary: Vec<(String, String)>,
    is_up: bool,
}

impl Platform {
    /// Starts everything. What a failed start left is stopped by the script itself.
    pub async fn up(collector: &Collector) -> Result<Self> {
        // The database's own user passes through.
        let folder = tempfile::Builder::new().prefix("kolsai-platform.").permissions(Permissions::from_mode(0o711)).tempdir()?;
        let mut platform = Self { folder, told: Vec::new(), summary: Vec::new(), is_up: false };
        std::fs::create_dir_all(platform.path("ports"))?;
        // Not the one that a platform of somebody's own has.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::write(platform.path("ports/gateway"), port.to_string())?;
        // Whoever collects traces has a certificate of the platform's authority.
        platform.kolsai(&["certificates", &platform.path("certificates").display().to_string()]).await?;
        let endpoint = collector.serve(&platform.path("certificates/otlp")).await?;
        platform.told = vec![
            ("KOLSAI_PLATFORM_REPLICAS".into(), REPLICAS.into()),
            ("KOLSAI__TELEMETRY__OTLP_ENDPOINT".into(), endpoint),
            ("KOLSAI__TELEMETRY__OTLP_AUTHORITY".into(), platform.path("certificates/otlp/ca.crt").display().to_string()),
            // Nobody waits for a turn: the test is one address.
            ("KOLSAI__GATEWAY__LIMITS".into(), "{ per_address_per_second = 100000, burst = 100000 }".into()),
        ];
        platform.is_up = true;
        platform.script("deploy/up", &[]).await?;
        let summary = std::fs::read_to_string(platform.path("environment")).context("`make up` writes what it made")?;
        platform.summary =
            summary.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect();
        Ok(platform)
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("platform")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    /// A line of `make up`'s summary.
    pub fn said(&self, name: &str) -> &str {
        self.summary.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A port that a name has, as `make up` keeps it.
    pub fn port(&self, name: &str) -> Result<String> {
        let port = std::fs::read_to_string(self.path("ports").join(name)).with_context(|| format!("`{name}` has a port"))?;
        Ok(port.trim().to_owned())
    }

    /// What somebody outside has.
    pub fn outside(&self) -> Result<Outside> {
        let surroundings = Surroundings {
            url: self.said("KOLSAI_URL").to_owned(),
            mail: self.said("KOLSAI_MAIL").trim_start_matches("folder:").into(),
            demo: self.said("KOLSAI_DEMO").into(),
            authority: self.said("KOLSAI_CA").into(),
            corpus: None,
            traces: None,
        };
        Ok(Outside::try_new(&surroundings)?)
    }

    pub fn client(&self) -> Result<Client> {
        Ok(self.outside()?.client)
    }

    /// A script of this repository, with this platform's folder; what it said.
    pub async fn script(&self, script: &str, arguments: &[&str]) -> Result<String> {
        let output = self.command(&root().join(script)).args(arguments).stdin(Stdio::null()).output().await?;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{script} {} ({}):\n{said}", arguments.join(" "), output.status);
        Ok(said)
    }

    /// start, stop, kill or restart of one process.
    pub async fn process(&self, what: &str, name: &str) -> Result<()> {
        self.script("deploy/platform/service", &[what, name]).await.map(drop)
    }

    /// A command of the operator, outside any process.
    pub async fn kolsai(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(&binary("kolsai")?).args(arguments).output().await?;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "kolsai {}: {said}", arguments.join(" "));
        Ok(said)
    }

    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        #[allow(clippy::disallowed_methods, reason = "the child gets an environment of its own")]
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KOLSAI_") && name != "KOLSAI_CORPUS") {
            command.env_remove(name);
        }
        command.envs(self.told.iter().map(|(name, value)| (name, value))).env("KOLSAI_DATA", self.data()).current_dir(root());
        command
    }

    pub async fn is_up_already(&self) -> Result<()> {
        let said = self.script("deploy/up", &[]).await?;
        ensure!(said.contains("everything is running already"), "{said}");
        Ok(())
    }

    pub async fn tells_its_story(&self) -> Result<()> {
        let said = self.script("deploy/story", &[]).await?;
        let held = said.lines().last().unwrap_or_default();
        ensure!(held.starts_with("The story holds") && said.contains(self.said("KOLSAI_URL")), "{said}");
        println!("  {held}");
        Ok(())
    }

    /// The ends of all logs that complain, for a failure.
    pub fn last_words(&self) -> String {
        let Ok(logs) = std::fs::read_dir(self.path("logs")) else { return String::new() };
        let mut words = String::new();
        for log in logs.flatten() {
            let text = String::from_utf8_lossy(&std::fs::read(log.path()).unwrap_or_default()).into_owned();
            let complaints: Vec<&str> =
                text.lines().filter(|line| ["ERROR", "WARN", "panicked", "Error:"].iter().any(|word| line.contains(word))).collect();
            for line in &complaints[complaints.len().saturating_sub(12)..] {
                words.push_str(&format!("{}: {line}\n", log.file_name().display()));
            }
        }
        words
    }

    pub async fn down(mut self) -> Result<()> {
        let said = self.script("deploy/down", &[]).await?;
        self.is_up = false;
        if said.contains("was ended") { bail!("not everything stopped by itself:\n{said}") } else { Ok(()) }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if self.is_up {
            let _ = Blocking::new(root().join("deploy/down")).env("KOLSAI_DATA", self.data()).stdout(Stdio::null()).status();
        }
    }
}

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// A program of the workspace: it lies two folders above this test's own.
pub fn binary(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let binary = own.parent().and_then(Path::parent).map(|folder| folder.join(name)).filter(|binary| binary.is_file());
    binary.with_context(|| format!("there is no `{name}` beside the tests: build it with `cargo build --workspace --bins`"))
}
