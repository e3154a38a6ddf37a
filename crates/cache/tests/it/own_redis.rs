//! A Redis of a test's own: on loopback, on a free port, with a password, keeping nothing. It is stopped by its process id.

#![allow(dead_code, reason = "shared by the tests of several crates")]

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Once,
    thread::sleep,
    time::Duration,
};

use tempfile::TempDir;

/// The server's program.
const PROGRAM: &str = "KOLSAI_TEST_REDIS_SERVER";

pub const PASSWORD: &str = "of-this-test";

pub struct Redis {
    program: String,
    port: u16,
    child: Option<Child>,
    options: Vec<String>,
    authority: Option<PathBuf>,
    folder: TempDir,
}

impl Redis {
    /// None, and a word about it, when no program was named.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// With further options of the server.
    pub fn start_with(options: &[&str]) -> Option<Self> {
        let mut redis = Self::prepared()?;
        redis.options = ["--port", &redis.port.to_string()].iter().chain(options).map(|option| (*option).to_owned()).collect();
        redis.begin();
        Some(redis)
    }

    /// Speaks TLS alone. `certify` writes `ca.pem`, `server.pem` and `server.key` into a folder.
    pub fn start_tls(certify: impl FnOnce(&Path)) -> Option<Self> {
        let mut redis = Self::prepared()?;
        certify(redis.folder.path());
        let file = |name: &str| redis.folder.path().join(name).display().to_string();
        let (port, authority, certificate, key) = (redis.port.to_string(), file("ca.pem"), file("server.pem"), file("server.key"));
        let options = ["--port", "0", "--tls-port", &port, "--tls-ca-cert-file", &authority, "--tls-auth-clients", "no"];
        let certificate = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
        redis.options = options.iter().chain(&certificate).map(|option| (*option).to_owned()).collect();
        redis.authority = Some(redis.folder.path().join("ca.pem"));
        redis.begin();
        Some(redis)
    }

    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment where the program is")]
    fn prepared() -> Option<Self> {
        static SAID: Once = Once::new();
        let Ok(program) = std::env::var(PROGRAM) else {
            // Past the capture of the test harness: this must be seen.
            SAID.call_once(|| drop(writeln!(std::io::stderr(), "{PROGRAM} is not set: no Redis is killed, emptied or misconfigured here")));
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Self { program, port, child: None, options: Vec::new(), authority: None, folder: tempfile::tempdir().unwrap() })
    }

    pub fn begin(&mut self) {
        let mut server = Command::new(&self.program);
        server.args(["--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", "", "--appendonly", "no"]);
        server.args(["--dir", &self.folder.path().display().to_string()]).args(&self.options);
        self.child = Some(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the Redis of this test does not listen");
    }

    /// Ends it as a power cut does. What it held is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// It neither answers nor hangs up, until it is woken.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn wake(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    pub fn address(&self) -> String {
        self.address_with(PASSWORD)
    }

    pub fn address_with(&self, password: &str) -> String {
        let scheme = if self.authority.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://:{password}@127.0.0.1:{}", self.port)
    }

    /// Says something to it in plain text, past every client, and answers what it said first.
    pub fn say(&self, command: &str) -> String {
        use std::io::Read;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(format!("AUTH {PASSWORD}\r\n").as_bytes()).unwrap();
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..read], b"+OK\r\n");
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let read = stream.read(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
