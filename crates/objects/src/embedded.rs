//! The folder engine's server: S3 on a loopback port of this process, with credentials made at each start.
//!
//! It speaks plain HTTP and is never reached from outside but through the gateway's TLS listener, which passes
//! `<public base>/…` on to it with the host it signs for. Presigned URLs end with the process that signed them.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use crate::{
    Error, S3Settings,
    folder::{BUCKET, Folder},
};

/// How long a client may take to agree on TLS.
const HANDSHAKE: std::time::Duration = std::time::Duration::from_secs(10);

/// The folders that this process serves. Everybody who opens a folder shares its one server.
static OPEN: Mutex<Option<HashMap<PathBuf, Weak<Embedded>>>> = Mutex::new(None);

/// A running server; it ends when the last holder lets go.
pub(crate) struct Embedded {
    pub(crate) address: SocketAddr,
    pub(crate) settings: S3Settings,
    _running: DropGuard,
    // Held, not read: another process that opens the folder fails on it.
    _lock: File,
}

impl Embedded {
    /// Opens the folder, making it when it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Arc<Self>, Error> {
        std::fs::create_dir_all(folder).map_err(Error::Folder)?;
        let root = folder.canonicalize().map_err(Error::Folder)?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        if let Some(running) = open.get(&root).and_then(Weak::upgrade) {
            return Ok(running);
        }
        let started = Arc::new(Self::start(&root)?);
        open.insert(root, Arc::downgrade(&started));
        Ok(started)
    }

    fn start(root: &Path) -> Result<Self, Error> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::Folder)?;
        let address = listener.local_addr().map_err(Error::Folder)?;
        let settings = S3Settings {
            endpoint: format!("http://{address}"),
            region: "us-east-1".into(),
            bucket: BUCKET.into(),
            access_key: hex::encode(rand::random::<[u8; 10]>()),
            secret_key: hex::encode(rand::random::<[u8; 32]>()),
            authority: None,
            public: None,
        };
        Self::serve(root, listener, settings, None)
    }

    /// The same server for other processes, with credentials that they know.
    pub(crate) fn with_tls(root: &Path, listen: SocketAddr, settings: S3Settings, tls: TlsAcceptor) -> Result<Self, Error> {
        std::fs::create_dir_all(root).map_err(Error::Folder)?;
        let listener = std::net::TcpListener::bind(listen).map_err(Error::Folder)?;
        Self::serve(&root.canonicalize().map_err(Error::Folder)?, listener, settings, Some(tls))
    }

    fn serve(root: &Path, listener: std::net::TcpListener, settings: S3Settings, tls: Option<TlsAcceptor>) -> Result<Self, Error> {
        let lock = lock(root)?;
        let folder = Folder::open(root).map_err(Error::Folder)?;
        listener.set_nonblocking(true).map_err(Error::Folder)?;
        let address = listener.local_addr().map_err(Error::Folder)?;
        let mut service = S3ServiceBuilder::new(folder);
        service.set_auth(SimpleAuth::from_single(settings.access_key.clone(), settings.secret_key.clone()));
        let running = CancellationToken::new();
        let listener = TcpListener::from_std(listener).map_err(Error::Folder)?;
        tokio::spawn(running.clone().run_until_cancelled_owned(accept(listener, service.build(), tls, running.clone())));
        Ok(Self { address, settings, _running: running.drop_guard(), _lock: lock })
    }
}

fn lock(root: &Path) -> Result<File, Error> {
    let file = File::options().create(true).truncate(false).write(true).open(root.join(".lock")).map_err(Error::Folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::FolderInUse),
        Err(TryLockError::Error(error)) => Err(Error::Folder(error)),
    }
}

async fn accept(listener: TcpListener, service: S3Service, tls: Option<TlsAcceptor>, running: CancellationToken) {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    server.http2().timer(TokioTimer::new());
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Out of file handles, or a peer that left: neither ends the server.
                tracing::warn!(error = %error, "a connection to the folder of objects was not accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        // Otherwise the end of each answer waits for the client's delayed acknowledgement: 40 ms.
        let _ = socket.set_nodelay(true);
        let (server, service, tls, running) = (server.clone(), service.clone(), tls.clone(), running.clone());
        let connection = async move {
            let Some(tls) = tls else { return server.serve_connection(TokioIo::new(socket), service).await };
            match tokio::time::timeout(HANDSHAKE, tls.accept(socket)).await {
                Ok(Ok(socket)) => server.serve_connection(TokioIo::new(socket), service).await,
                // Who cannot agree on TLS in time is nobody we talk to.
                Ok(Err(_)) | Err(_) => Ok(()),
            }
        };
        // s3s writes whole requests into spans, signatures included: here nobody listens.
        let quiet = async move { running.run_until_cancelled(connection).await }.with_subscriber(NoSubscriber::new());
        tokio::spawn(quiet);
    }
}
