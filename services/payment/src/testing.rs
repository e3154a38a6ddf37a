//! A bench for tests: payment's own database, the real sandbox, and a keyring that is away.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use egress::{Config as WayOut, Egress, MailSink, PAYMENT_PARTNER};
use foundation::{BoxError, Clock, Mode, PersonId, Transport, uuid::Uuid};
use personal_data::{Db, Idempotency, keys::Keys};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Migrations,
    config::tests::config,
    orders::Orders,
    partner::Partner,
    sandbox::{self, Sandbox},
    strays::{Strays, register::Register},
};

pub(crate) const SUM: i64 = 4_500_000;

pub(crate) struct Bench {
    pub db: Db,
    pub clock: Clock,
    pub orders: Orders,
    pub strays: Strays,
    pub partner: Partner,
    pub sandbox: Sandbox,
    _folder: TempDir,
}

/// SQLite always, PostgreSQL where `KOLSAI_TEST_POSTGRES` holds a base address.
pub(crate) async fn benches() -> Vec<Bench> {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", folder.path().join("payment.sqlite").display());
    let mut benches = vec![bench(&file, folder).await];
    match postgres().await {
        Some(address) => benches.push(bench(&address, tempfile::tempdir().unwrap()).await),
        None => eprintln!("KOLSAI_TEST_POSTGRES is not set: on SQLite only"),
    }
    benches
}

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where PostgreSQL is")]
async fn postgres() -> Option<String> {
    let base = std::env::var("KOLSAI_TEST_POSTGRES").ok()?;
    let name = format!("payment_{}", Uuid::new_v4().simple());
    let admin = sea_orm::Database::connect(format!("{base}/postgres")).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&admin, &format!("CREATE DATABASE {name}")).await.unwrap();
    Some(format!("{base}/{name}"))
}

async fn bench(address: &str, folder: TempDir) -> Bench {
    let clock = Clock::system(Mode::Development);
    let db = Db::open::<Migrations>(address, "payment", clock.clone()).await.unwrap();
    let sandbox = sandbox(&clock).await;
    let way = WayOut::new(Mode::Development, MailSink::Folder(folder.path().join("mail")));
    let egress = Egress::try_new(way, Arc::new(Register::new(db.clone())), clock.clone()).unwrap();
    let partner = Partner {
        http: egress.http(PAYMENT_PARTNER.name, &sandbox.url()).unwrap(),
        merchant: config().merchant,
        merchant_key: config().merchant_key,
        clock: clock.clone(),
        notify_url: "http://127.0.0.1:9/".into(),
        return_url: "https://localhost:8443/v1/orders/".into(),
        plain_http: true,
    };
    let keys = Keys::new("payment", away(), clock.clone());
    let orders = Orders::new(db.clone(), keys, away(), partner.clone(), Duration::from_secs(24 * 3600));
    let strays = Strays::new(db.clone(), partner.clone());
    Bench { db, clock, orders, strays, partner, sandbox, _folder: folder }
}

pub(crate) async fn sandbox(clock: &Clock) -> Sandbox {
    sandbox::serve(sandbox_config(clock)).await.unwrap()
}

pub(crate) fn sandbox_config(clock: &Clock) -> sandbox::Config {
    let config = config();
    sandbox::Config {
        listen: config.sandbox_listen,
        url: None,
        merchant: config.merchant,
        merchant_key: config.merchant_key,
        notification_key: config.notification_key,
        trusted_ca: None,
        clock: clock.clone(),
        mode: Mode::Development,
    }
}

/// A peer that is not there.
fn away() -> Transport {
    let answer = |_: http::Request<tonic::body::Body>| async { Err::<http::Response<tonic::body::Body>, BoxError>("away".into()) };
    foundation::transport(tower::service_fn(answer))
}

pub(crate) fn claim(person: PersonId, key: &str, body: &str) -> Idempotency {
    Idempotency::new(Some(person), "/kolsai.payment.v1.Orders/CreateOrder", key, body.as_bytes())
}

/// One HTTP/1.1 exchange, written by hand.
pub(crate) async fn http(address: SocketAddr, line: &str, kind: &str, body: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Moves a payment at the sandbox: `{"deliver": […], "outcome": "paid"}`.
pub(crate) async fn control(sandbox: &Sandbox, id: impl std::fmt::Display, ask: serde_json::Value) -> serde_json::Value {
    let (status, body) = http(sandbox.address, &format!("POST /control/{id}"), "application/json", &ask.to_string()).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}
