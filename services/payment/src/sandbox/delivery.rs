//! Notifications on their way to the merchant: as they should be, and in every way in which they should not.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use foundation::{BoxError, Timestamp};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnectorBuilder};
use hyper_util::{client::legacy, rt::TokioExecutor};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};

use super::{Shared, store::Payment};
use crate::{
    Secret,
    partner::{
        protocol::{Notification, Status},
        signature::{PARTNER_HEADER, sign},
    },
};

/// What is under way when the sandbox ends may take this long.
pub(super) const LAST_CHANCE: Duration = Duration::from_secs(2);
/// A late notification comes by itself after this.
const LATE: Duration = Duration::from_secs(3);
/// Until the merchant has answered.
const PATIENCE: Duration = Duration::from_secs(15);
/// Tries of a notification that the merchant could not take.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// One delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Delivery {
    Genuine,
    /// After a while, or when `held` is asked for.
    Late,
    /// What was held back, now.
    Held,
    Double,
    /// The newer word first, then the older one.
    Reordered,
    /// Signed with another key.
    Forged,
    /// Signed ten minutes ago.
    Stale,
    OtherAmount,
    OtherCurrency,
    OtherMerchant,
    /// Genuine, with a test card's number in it.
    CardNumber,
}

/// What a delivery met: the merchant's status, none when the merchant was not reached or nothing was sent yet.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sent {
    deliver: Delivery,
    status: Option<u16>,
}

/// One notification, ready to be posted.
struct Post {
    body: Vec<u8>,
    key: Secret,
    signed_at: Timestamp,
}

/// Delivers in the background what is planned for the payment, again and again until it is taken.
pub(super) fn announce(shared: &Arc<Shared>, payment: &Payment) {
    let (shared, payment) = (shared.clone(), payment.clone());
    shared.clone().deliveries.spawn(async move { deliver(&shared, &payment, true).await });
}

/// Delivers what is planned, one after the other.
pub(super) async fn deliver(shared: &Arc<Shared>, payment: &Payment, again: bool) -> Vec<Sent> {
    let mut sent = Vec::new();
    for delivery in &payment.plan {
        if *delivery == Delivery::Late {
            hold(shared, payment);
            sent.push(Sent { deliver: *delivery, status: None });
            continue;
        }
        for post in posts(shared, payment, *delivery) {
            let status = send(shared, &payment.order.notify_url, &post, again).await;
            sent.push(Sent { deliver: *delivery, status: status.map(|status| status.as_u16()) });
        }
    }
    sent
}

fn hold(shared: &Arc<Shared>, payment: &Payment) {
    shared.change(|payments| {
        if let Some(payment) = payments.find_mut(payment.id) {
            let notification = payment.notification();
            payment.held.push(notification);
        }
    });
    let (shared, payment) = (shared.clone(), payment.clone());
    shared.clone().deliveries.spawn(async move {
        tokio::time::sleep(LATE).await;
        for post in posts(&shared, &payment, Delivery::Held) {
            send(&shared, &payment.order.notify_url, &post, true).await;
        }
    });
}

fn posts(shared: &Shared, payment: &Payment, delivery: Delivery) -> Vec<Post> {
    let word = payment.notification();
    let with = |status| Notification { payment: crate::partner::protocol::Report { status, ..word.payment.clone() }, ..word.clone() };
    let changed = |change: fn(&mut crate::partner::protocol::Report)| {
        let mut word = word.clone();
        change(&mut word.payment);
        word
    };
    let now = shared.config.clock.now();
    let signed = |word: &Notification| Post {
        body: serde_json::to_vec(word).unwrap_or_default(),
        key: shared.config.notification_key.clone(),
        signed_at: now,
    };
    match delivery {
        Delivery::Genuine => vec![signed(&word)],
        Delivery::Late => Vec::new(),
        Delivery::Held => {
            let take = |payment: &mut Payment| std::mem::take(&mut payment.held);
            let held = shared.change(|payments| payments.find_mut(payment.id).map(take)).unwrap_or_default();
            held.iter().map(signed).collect()
        }
        Delivery::Double => vec![signed(&word), signed(&word)],
        Delivery::Reordered => vec![signed(&word), signed(&with(Status::Pending))],
        Delivery::Forged => vec![Post { key: "a key that nobody has agreed on with anybody".into(), ..signed(&with(Status::Paid)) }],
        Delivery::Stale => vec![Post { signed_at: now.minus(Duration::from_secs(600)), ..signed(&word) }],
        Delivery::OtherAmount => vec![signed(&changed(|report| report.amount -= 100))],
        Delivery::OtherCurrency => vec![signed(&changed(|report| report.currency = "USD".into()))],
        Delivery::OtherMerchant => vec![signed(&changed(|report| report.merchant.push_str("-other")))],
        Delivery::CardNumber => {
            let mut json = serde_json::to_value(&word).unwrap_or_default();
            json["card"] = "4242 4242 4242 4242".into();
            vec![Post { body: json.to_string().into_bytes(), ..signed(&word) }]
        }
    }
}

/// Posts it; when the merchant is away or cannot take it, again after a while.
async fn send(shared: &Shared, url: &str, post: &Post, again: bool) -> Option<StatusCode> {
    let mut pause = FIRST_PAUSE;
    let mut status = None;
    for _ in 0..if again { TRIES } else { 1 } {
        match tokio::time::timeout(PATIENCE, try_send(shared, url, post)).await {
            Ok(Ok(answered)) => status = Some(answered),
            Ok(Err(error)) => tracing::debug!(%error, "the merchant was not reached"),
            Err(_) => tracing::debug!("the merchant did not answer"),
        }
        if status.is_some_and(|status| !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS) || !again {
            break;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    status
}

async fn try_send(shared: &Shared, url: &str, post: &Post) -> Result<StatusCode, BoxError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = match &shared.config.trusted_ca {
        None => tls.with_native_roots()?,
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file)? {
                roots.add(certificate?)?;
            }
            tls.with_root_certificates(roots)
        }
    };
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth()).https_or_http().enable_http1().build();
    #[expect(clippy::disallowed_methods, reason = "the sandbox stands for somebody outside: what it sends is not the school's")]
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    let client: legacy::Client<_, Full<Bytes>> = builder.pool_max_idle_per_host(0).build(connector);
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(PARTNER_HEADER, sign(&post.key, post.signed_at, &[&post.body]))
        .body(Full::new(Bytes::from(post.body.clone())))?;
    let (head, body) = client.request(request).await?.into_parts();
    // Read to the end, so that the merchant is not cut off.
    Limited::new(body, 64 * 1024).collect().await?;
    Ok(head.status)
}
