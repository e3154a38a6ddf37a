//! P16: what leaves goes to a declared recipient for a declared purpose, and stands in the register.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use contract::{Class, Purpose};
use foundation::{Clock, Mode};
use serde_json::Value;
use testkit::{Copy, Folder, Person, School, school};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Rows of every register that has something of this person.
fn transfers(copy: &Copy) -> Vec<Value> {
    ["communication", "payment"].iter().flat_map(|service| copy.rows(service, "transfer")).collect()
}

/// What a row says: recipient, purpose, classes.
fn said(row: &Value) -> (&str, Purpose, Vec<Class>) {
    let purpose = Purpose::try_from(i32::try_from(row["purpose"].as_i64().unwrap()).unwrap()).unwrap();
    let classes = row["classes"].as_str().unwrap().split(',').filter(|name| !name.is_empty());
    (row["recipient"].as_str().unwrap(), purpose, classes.map(|name| Class::from_str_name(name).unwrap()).collect())
}

fn is_declared(row: &Value) -> bool {
    let (recipient, purpose, classes) = said(row);
    let declared = egress::RECIPIENTS.iter().find(|declared| declared.name == recipient);
    declared.is_some_and(|declared| declared.may_get(purpose, &classes) && row["country"] == declared.country)
}

#[tokio::test]
async fn p16_registered_is_every_mail() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    school.mail.find(&learner.email, "the mail about the course", |mail| mail.contains("Subject: Your course is open").then_some(())).await;
    let rows = transfers(&school.copy(&learner).await);
    let registered: BTreeSet<_> =
        rows.iter().filter(|row| row["recipient"] == "mail-relay").map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    // The register has an entry for each mail that left, under the mail's own identifier.
    let mails = school.mail.to(&learner.email);
    assert!(mails.len() >= 3);
    for mail in mails {
        let line = mail.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:")).unwrap();
        let id = line.split_once('<').unwrap().1.split_once('@').unwrap().0;
        assert!(registered.contains(id), "{id} is not among {registered:?}");
    }
}

#[tokio::test]
async fn p16_declared_is_every_recipient_purpose_and_class() {
    let (school, learner) = (school(), school().learner().await);
    let course = school.course().await;
    school.enrols(&learner, &course).await;
    school.mail.find(&learner.email, "the mail about the course", |mail| mail.contains("Subject: Your course is open").then_some(())).await;
    let rows = transfers(&school.copy(&learner).await);
    let purposes: BTreeSet<_> = rows.iter().map(|row| (row["recipient"].as_str().unwrap(), said(row).1.as_str_name())).collect();
    for expected in [("mail-relay", "ACCOUNT"), ("mail-relay", "SERVICE_NOTICE"), ("payment-partner", "PAYMENT")] {
        assert!(purposes.contains(&expected), "{expected:?} in {purposes:?}");
    }
    for row in &rows {
        assert!(is_declared(row), "{row}");
    }
}

/// All bytes that the school sent to the partner.
type Traffic = Arc<Mutex<Vec<u8>>>;

/// Stands before the partner and writes down what passes.
async fn recorder(partner: SocketAddr) -> (SocketAddr, Traffic) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, traffic) = (listener.local_addr().unwrap(), Traffic::default());
    let seen = traffic.clone();
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let Ok(to) = TcpStream::connect(partner).await else { continue };
            let ((mut from, mut back), (mut answers, mut to)) = (from.into_split(), to.into_split());
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut part = [0; 4096];
                while let Ok(read @ 1..) = from.read(&mut part).await {
                    seen.lock().unwrap().extend_from_slice(&part[..read]);
                    if to.write_all(&part[..read]).await.is_err() {
                        break;
                    }
                }
            });
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
        }
    });
    (address, traffic)
}

/// A school whose partner is reached through a recorder.
fn watched(runtime: &tokio::runtime::Runtime) -> (School, payment::sandbox::Sandbox, Traffic) {
    let folder = Folder::fresh();
    let defaults: Value = toml::from_str(payment::DEFAULTS).unwrap();
    let text = |name: &str| defaults["payment"][name].as_str().unwrap().to_owned();
    let config = payment::sandbox::Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        url: None,
        merchant: text("merchant"),
        merchant_key: text("merchant_key").as_str().into(),
        notification_key: text("notification_key").as_str().into(),
        trusted_ca: Some(folder.path().join("certificates/dev-ca.pem")),
        clock: Clock::system(Mode::Development),
        mode: Mode::Development,
    };
    let (sandbox, address, traffic) = runtime.block_on(async {
        let sandbox = payment::sandbox::serve(config).await.unwrap();
        let (address, traffic) = recorder(sandbox.address).await;
        (sandbox, address, traffic)
    });
    let partner = format!("http://{address}");
    (School::start_in(folder, &[("KOLSAI__PAYMENT__PARTNER_ADDRESS", &partner)]), sandbox, traffic)
}

#[test]
fn p16_registered_is_every_call_to_the_partner_and_declared_what_it_carries() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (school, _sandbox, traffic) = watched(&runtime);
    runtime.block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        let paid = school.enrols(&learner, &course).await;
        let order = paid["orderId"].as_str().unwrap();
        let admin = school.staff("ADMINISTRATOR").await;
        let ask = serde_json::json!({ "reason": "WITHDRAWN", "idempotencyKey": testkit::key() });
        school.client.post(&format!("/v1/orders/{order}:refund"), Some(&admin.access_token), ask).await.unwrap().ok();
        school.order_is(&learner, order, "REFUNDED").await;

        let sent = String::from_utf8_lossy(&traffic.lock().unwrap()).into_owned();
        assert!(sent.contains(order) && sent.contains(&course.price_minor), "the control: the recorder has seen the order and its sum");
        let calls = sent.matches(" HTTP/1.1\r\n").count();
        let keys: BTreeSet<_> =
            sent.lines().filter_map(|line| line.to_ascii_lowercase().strip_prefix("idempotency-key: ").map(str::to_owned)).collect();
        assert!(calls >= 2 && keys.len() >= 2, "an order and a refund: {calls} calls, {keys:?}");

        let rows: Vec<_> =
            transfers(&school.copy(&learner).await).into_iter().filter(|row| row["recipient"] == "payment-partner").collect();
        let registered: BTreeSet<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(keys, registered, "each call stands in the register, and nothing else");
        assert!(rows.iter().all(is_declared), "{rows:?}");
        carries_nothing_of(&sent, &learner);
    });
}

/// The partner's declared class is PAYMENT: nobody's name, address or identifier goes there.
fn carries_nothing_of(sent: &str, learner: &Person) {
    for personal in [&learner.id, &learner.first_name, &learner.last_name, &learner.email, &learner.phone] {
        assert!(!sent.contains(personal.as_str()), "{personal} went to the partner");
    }
}
