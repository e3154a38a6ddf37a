//! A nats-server of a test's own, that it may kill, and a line to it that it may cut.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Ends with the test.
pub struct Server {
    program: String,
    folder: tempfile::TempDir,
    port: u16,
    more: Vec<String>,
    running: Option<Child>,
}

impl Server {
    /// None, and a word about it, when there is no program.
    pub async fn start(more: &[&str]) -> Option<Self> {
        let program = super::named(super::SERVER)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let more = more.iter().map(|word| (*word).to_owned()).collect();
        let mut server = Self { program, folder: tempfile::tempdir().unwrap(), port, more, running: None };
        server.comes_back().await;
        Some(server)
    }

    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Starts it again, on what it has stored.
    pub async fn comes_back(&mut self) {
        let (store, port) = (self.store(), self.port.to_string());
        let mut command = Command::new(&self.program);
        command.args(["--addr", "127.0.0.1", "--port", &port, "--jetstream", "--store_dir"]).arg(store).args(&self.more);
        self.running = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let answers = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), answers).await.expect("nats-server starts");
    }

    /// As `kill -9` does.
    pub fn is_killed(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_killed();
    }
}

/// A line to a server, that can be cut.
pub struct Line {
    address: SocketAddr,
    cut: watch::Sender<u32>,
}

impl Line {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (cut, cuts)) = (listener.local_addr().unwrap(), watch::channel(0));
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut there) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut here, &mut there) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { address, cut }
    }

    pub fn address(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends every connection; new ones are let through.
    pub fn is_cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }
}
