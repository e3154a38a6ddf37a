//! The platform, started and stopped by the scripts of `make up` and `make down`, in a folder of its own; and its single processes.

use std::{
    collections::BTreeMap,
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testkit::{Client, Mailbox};
use tokio::{process::Command, time::Instant};

/// What every process is told beside what `make up` tells it.
const TOLD: [(&str, &str); 2] = [
    // Nobody waits for a turn: the load is one address.
    ("KOLSAI__GATEWAY__LIMITS", "{ per_address_per_second = 100000, burst = 100000 }"),
    // A stream that can be filled.
    ("KOLSAI__BUS__MAX_MEGABYTES", "24"),
];
/// Whoever does not come up is started again, as an orchestrator would.
const COMES_BACK: Duration = Duration::from_secs(240);

pub struct Platform {
    folder: TempDir,
    summary: BTreeMap<String, String>,
    is_up: bool,
}

impl Platform {
    /// Starts everything. What a failed start left is stopped by the script itself.
    pub async fn up() -> Result<Self> {
        // The database's own user passes through.
        let folder = tempfile::Builder::new().prefix("kolsai-chaos.").permissions(Permissions::from_mode(0o711)).tempdir()?;
        let mut platform = Self { folder, summary: BTreeMap::new(), is_up: true };
        platform.script("deploy/up", &[]).await?;
        platform.summary = variables(&platform.path("environment"))?;
        Ok(platform)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("platform")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    /// A setting of a process, as `make up` wrote it.
    pub fn told(&self, process: &str, name: &str) -> Result<String> {
        let told = variables(&self.path(&format!("services/{process}.env")))?.remove(name);
        told.with_context(|| format!("{process} is told {name}"))
    }

    pub fn client(&self) -> Result<Client> {
        Ok(Client::try_new(&self.summary["KOLSAI_URL"], self.summary["KOLSAI_CA"].as_ref())?)
    }

    pub fn mail(&self) -> Mailbox {
        Mailbox::new(&self.mail_folder())
    }

    pub fn mail_folder(&self) -> PathBuf {
        self.path("mail")
    }

    pub fn port(&self, name: &str) -> Result<u16> {
        let port = std::fs::read_to_string(self.path("ports").join(name)).with_context(|| format!("`{name}` has a port"))?;
        Ok(port.trim().parse()?)
    }

    /// The number of a process that was started and still runs.
    pub fn pid(&self, name: &str) -> Option<u32> {
        let kept = std::fs::read_to_string(self.path("pids").join(name)).ok()?;
        let (pid, since) = kept.trim().split_once(' ')?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        // proc(5): the state, and when it began.
        (fields.first() != Some(&"Z") && fields.get(19) == Some(&since)).then(|| pid.parse().ok())?
    }

    /// A script of this repository, with this platform's folder; what it said.
    pub async fn script(&self, script: &str, arguments: &[&str]) -> Result<String> {
        said(self.command(&root().join(script)).args(arguments)).await
    }

    pub async fn kolsai(&self, arguments: &[&str]) -> Result<String> {
        said(self.command(&binary("kolsai")?).args(arguments)).await
    }

    pub async fn kill(&self, name: &str) -> Result<()> {
        self.script("deploy/platform/service", &["kill", name]).await.map(drop)
    }

    pub async fn signal(&self, name: &str, signal: &str) -> Result<()> {
        let pid = self.pid(name).with_context(|| format!("{name} runs"))?;
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().await?;
        ensure!(sent.success(), "{name} takes no {signal}");
        Ok(())
    }

    /// Starts a process until it is ready; whoever ends before that is started again, as an orchestrator would. How often.
    pub async fn start(&self, name: &str) -> Result<u32> {
        let (end, mut tries) = (Instant::now() + COMES_BACK, 1);
        loop {
            match self.script("deploy/platform/service", &["start", name]).await {
                Ok(_) => return Ok(tries),
                Err(error) if Instant::now() > end => return Err(error.context(format!("{name} does not come back"))),
                Err(_) => tries += 1,
            }
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        #[allow(clippy::disallowed_methods, reason = "the child gets an environment of its own")]
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KOLSAI_")) {
            command.env_remove(name);
        }
        command.envs(TOLD).env("KOLSAI_DATA", self.data()).current_dir(root());
        command
    }

    /// The last complaints of every log, for a failure.
    pub fn last_words(&self) -> String {
        let Ok(logs) = std::fs::read_dir(self.path("logs")) else { return String::new() };
        let mut words = String::new();
        for log in logs.flatten() {
            let text = String::from_utf8_lossy(&std::fs::read(log.path()).unwrap_or_default()).into_owned();
            let complaints: Vec<&str> =
                text.lines().filter(|line| ["ERROR", "panicked", "Error:"].iter().any(|word| line.contains(word))).collect();
            for line in &complaints[complaints.len().saturating_sub(10)..] {
                words.push_str(&format!("{}: {line}\n", log.file_name().display()));
            }
        }
        words
    }

    /// The alarms in all logs, by name.
    pub fn alarms(&self) -> BTreeMap<String, usize> {
        let mut alarms = BTreeMap::new();
        for log in std::fs::read_dir(self.path("logs")).into_iter().flatten().flatten() {
            let text = String::from_utf8_lossy(&std::fs::read(log.path()).unwrap_or_default()).into_owned();
            for rest in text.split("alarm=").skip(1) {
                let name: String = rest.trim_start_matches('"').chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
                *alarms.entry(name).or_default() += 1;
            }
        }
        alarms
    }

    /// Keeps the logs where they can be read afterwards.
    pub fn keep_logs(&self) -> Option<PathBuf> {
        let kept = binary("kolsai").ok()?.with_file_name("chaos-logs");
        std::fs::create_dir_all(&kept).ok()?;
        for log in std::fs::read_dir(self.path("logs")).ok()?.flatten() {
            std::fs::copy(log.path(), kept.join(log.file_name())).ok()?;
        }
        Some(kept)
    }

    pub async fn down(mut self) -> Result<()> {
        self.script("deploy/down", &[]).await?;
        self.is_up = false;
        Ok(())
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if self.is_up {
            let _ = Blocking::new(root().join("deploy/down")).env("KOLSAI_DATA", self.data()).stdout(Stdio::null()).status();
        }
    }
}

async fn said(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{:?} ({}):\n{said}", command.as_std().get_program(), output.status);
    Ok(said)
}

/// What a shell would read out of a file of variables that bash has written with `%q`.
fn variables(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Ok(text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), unquoted(value))).collect())
}

fn unquoted(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text.chars());
    while let Some(c) = rest.next() {
        plain.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    plain
}

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// A program of the workspace: it lies two folders above this test's own.
fn binary(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let binary = own.parent().and_then(Path::parent).map(|folder| folder.join(name)).filter(|binary| binary.is_file());
    binary.with_context(|| format!("there is no `{name}` beside the tests: build it with `cargo build --workspace --bins`"))
}
