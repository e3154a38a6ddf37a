//! One connection to the server, made anew whenever it is lost. Nobody waits for it: without a connection a call fails at once, and
//! with a silent one after [`CALL`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::fit;
use crate::CacheError;

/// How long a call may take. Whoever asks has a person waiting, and something else to do when the cache is away.
const CALL: Duration = Duration::from_millis(50);

/// How long a connection may take: names, TCP, TLS and the password.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a start waits for a server that does not answer.
const START: Duration = Duration::from_secs(3);

/// Between two looks at an idle connection, and how long a look may take.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_TAKES: Duration = Duration::from_millis(500);

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

type Connection = Option<MultiplexedConnection>;

pub(super) struct Link {
    connection: watch::Receiver<Connection>,
    doubt: Arc<Notify>,
    /// How many connections there were.
    made: Arc<AtomicU64>,
    probe: Cmd,
    keeper: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Link {
    /// Connects, and keeps connected. A server that answers and will not do is an error; one that does not answer is waited for.
    /// `alive` is the key that is written to see whether the server takes writes.
    pub(super) async fn open(client: Client, alive: String) -> Result<Self, CacheError> {
        let first = first(&client).await?;
        if first.is_none() {
            tracing::error!(alarm = "CACHE_AWAY", "no cache answers at KOLSAI__CACHE__ADDRESS; starting without it");
        }
        let mut probe = redis::cmd("SET");
        probe.arg(alive).arg("1").arg("PX").arg(1000);
        let (publish, connection) = watch::channel(first);
        let (doubt, made) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(1)));
        let keeper = tokio::spawn(keep(client, publish, doubt.clone(), made.clone(), probe.clone()));
        Ok(Self { connection, doubt, made, probe, keeper })
    }

    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::SeqCst)
    }

    /// The command that shows whether the server takes writes.
    pub(super) fn probe(&self) -> Cmd {
        self.probe.clone()
    }

    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        let Some(mut connection) = self.connection.borrow().clone() else { return Err(CacheError::Away) };
        match timeout(CALL, command.query_async(&mut connection)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.code() == Some("OOM") => Err(CacheError::OutOfMemory),
            Ok(Err(error)) => {
                // The code alone: the rest may name keys.
                tracing::debug!(code = error.code(), kind = error.category(), "the cache refused a command");
                self.doubt.notify_one();
                Err(CacheError::Away)
            }
            Err(_) => {
                self.doubt.notify_one();
                Err(CacheError::Away)
            }
        }
    }
}

/// The first connection; none when no server answers within [`START`].
async fn first(client: &Client) -> Result<Connection, CacheError> {
    let begun = Instant::now();
    loop {
        match connect(client).await {
            Ok(connection) => return Ok(Some(connection)),
            Err(CacheError::Away) if begun.elapsed() >= START => return Ok(None),
            Err(CacheError::Away) => sleep(PAUSE * 2).await,
            Err(error) => return Err(error),
        }
    }
}

/// Watches over the connection and makes the next one, for as long as the cache is used.
async fn keep(client: Client, publish: watch::Sender<Connection>, doubt: Arc<Notify>, made: Arc<AtomicU64>, probe: Cmd) {
    let mut pause = PAUSE;
    loop {
        let connected = publish.borrow().clone();
        if let Some(connection) = connected {
            until_lost(connection, &doubt, &probe).await;
            publish.send_replace(None);
            tracing::warn!(alarm = "CACHE_AWAY", "the connection to the cache is lost");
        }
        match connect(&client).await {
            Ok(connection) => {
                // Before anybody can use it: whoever sees the old number has not seen this connection.
                made.fetch_add(1, Ordering::SeqCst);
                publish.send_replace(Some(connection));
                pause = PAUSE;
                tracing::info!("the cache answers again");
                continue;
            }
            Err(CacheError::Away) => {}
            Err(error) => tracing::error!(alarm = "CACHE_AWAY", %error, "the cache at KOLSAI__CACHE__ADDRESS cannot be used"),
        }
        // Not all processes at the same moment.
        sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Ends when the server no longer answers over this connection, or no longer takes writes: after a failover it is the wrong one.
async fn until_lost(mut connection: MultiplexedConnection, doubt: &Notify, probe: &Cmd) {
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            () = doubt.notified() => {}
        }
        match timeout(LOOK_TAKES, probe.query_async::<()>(&mut connection)).await {
            Ok(Ok(())) => {}
            // It answers: that it loads, or is full, ends by itself.
            Ok(Err(error)) if error.code().is_some_and(|code| code != "READONLY") => sleep(PAUSE).await,
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// A connection to a server that does what the cache promises.
async fn connect(client: &Client) -> Result<MultiplexedConnection, CacheError> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(CONNECT));
    let connecting = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let info: String = redis::cmd("INFO").query_async(&mut connection).await?;
        Ok::<_, RedisError>((connection, info))
    };
    match timeout(CONNECT, connecting).await {
        Ok(Ok((connection, info))) => fit::of(&info).map(|()| connection),
        Ok(Err(error)) => Err(fit::of_error(&error)),
        Err(_) => Err(CacheError::Away),
    }
}
