//! Figures of the whole school, one line each: name, value, unit, what it is compared with. Nothing here is a timed test.
//!
//! `bench <kolsai binary>` starts schools of its own in fresh folders and stops them by the process it kept.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use testkit::Client;

/// Calls in one measurement.
const CALLS: u32 = 300;

struct Running {
    child: Child,
    port: u16,
    ready_after: Duration,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first, so that it drains; killed if that did not work.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time; and the program's argument")]
fn start(binary: &str, data: &Path) -> anyhow::Result<Running> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let begun = std::time::Instant::now();
    let mut child = Command::new(binary)
        .arg("run")
        .env("KOLSAI_DATA", data)
        .env("KOLSAI_LISTEN", format!("127.0.0.1:{port}"))
        .env("KOLSAI_URL", format!("https://localhost:{port}"))
        // Measured is the work, not the limit of one address.
        .env("KOLSAI__GATEWAY__LIMITS", "{ per_address_per_second = 100000, burst = 100000 }")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{binary} does not start"))?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    loop {
        match lines.next() {
            Some(Ok(line)) if line.starts_with("ready:") => break,
            Some(Ok(_)) => {}
            _ => bail!("{binary} ended before it was ready"),
        }
    }
    let ready_after = begun.elapsed();
    // Whatever else it prints is read and dropped, so that it never waits for us.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(Running { child, port, ready_after })
}

#[allow(clippy::print_stdout, reason = "this program prints figures")]
fn figure(name: &str, value: f64, unit: &str, compared: &str) {
    println!("{name:<44} {value:>10.2} {unit:<8} {compared}");
}

fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib / 1024.0)
}

/// The median of `CALLS` answers in milliseconds.
#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time")]
async fn median_ms(client: &Client, path: &str) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = std::time::Instant::now();
        let answer = client.get(path, None).await?;
        if !answer.status.is_success() {
            bail!("{path}: {}", answer.status);
        }
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    #[allow(clippy::disallowed_methods, reason = "the program's argument")]
    let binary = std::env::args().nth(1).context("usage: bench <kolsai binary>")?;
    let folder = tempfile::tempdir()?;
    let first = start(&binary, folder.path())?;
    figure(
        "first start, empty folder, until ready",
        first.ready_after.as_secs_f64(),
        "s",
        "no limit; makes keys, schemas and demo accounts",
    );
    drop(first);
    let second = start(&binary, folder.path())?;
    figure("second start, seeded folder, until ready", second.ready_after.as_secs_f64(), "s", "limit 1 s");
    // A quiet school: what it holds once its start is over.
    tokio::time::sleep(Duration::from_secs(5)).await;
    figure("idle memory, all services in one process", resident_mib(second.child.id())?, "MiB", "limit 80 MiB resident");
    let base = format!("https://localhost:{}", second.port);
    let client = Client::try_new(&base, &folder.path().join("certificates/dev-ca.pem"))?;
    let health = median_ms(&client, "/healthz").await?;
    let keys = median_ms(&client, "/v1/signing-keys").await?;
    figure("GET /healthz over TLS, median", health, "ms", "the floor: TLS and HTTP alone, same run");
    figure("GET /v1/signing-keys over TLS, median", keys, "ms", &format!("{:.2} × the floor: transcoding, stack and rule", keys / health));
    Ok(())
}
