//! The sandbox partner as a process of its own: its payments outlive it, and its page is under the school's TLS.

use foundation::{Clock, Mode};
use payment::sandbox;
use serde_json::Value;
use testkit::{Folder, School, partner};

fn config(folder: &Folder, listen: &str) -> sandbox::Config {
    let defaults: Value = toml::from_str(payment::DEFAULTS).unwrap();
    let text = |name: &str| defaults["payment"][name].as_str().unwrap().to_owned();
    sandbox::Config {
        listen: listen.parse().unwrap(),
        url: Some(sandbox::page_base("https://school.example")),
        merchant: text("merchant"),
        merchant_key: text("merchant_key").as_str().into(),
        notification_key: text("notification_key").as_str().into(),
        trusted_ca: Some(folder.path().join("certificates/dev-ca.pem")),
        clock: Clock::system(Mode::Development),
        mode: Mode::Development,
    }
}

#[test]
fn its_payments_outlive_it_and_its_page_is_shown_by_the_gateway() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = Folder::fresh();
    let file = sandbox::file_in(folder.path());
    let first = config(&folder, "127.0.0.1:0");
    let running = runtime.block_on(sandbox::serve_kept(first.clone(), file.clone())).unwrap();
    let address = running.address;
    let school = School::start_in(folder, &[("KOLSAI__PAYMENT__PARTNER_ADDRESS", &format!("http://{address}"))]);
    runtime.block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        let order = school.orders(&learner, &course).await;
        let page = order["paymentUrl"].as_str().unwrap();
        let path = page.strip_prefix("https://school.example").expect("the page is under the school's address").to_owned();
        running.stop().await;
        drop(running);
        // Another process on the same address and file knows the payment.
        let again = sandbox::serve_kept(sandbox::Config { listen: address, ..first }, file).await.unwrap();
        let shown = school.client.get(&path, None).await.unwrap();
        assert!(shown.status.is_success() && String::from_utf8_lossy(&shown.body).contains("form"), "{}", shown.status);
        let page = format!("{}{path}", school.client.base());
        partner::pay(&school, &page, partner::TEST_CARD, "paid").await.ok_bytes();
        school.order_is(&learner, order["orderId"].as_str().unwrap(), "PAID").await;
        again.stop().await;
    });
}
