//! The stream is as the code declares it, or the process does not start.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use events::{AnyBus, BusConfig, BusError, nats::MAX_AGE};

use super::{a_stranger, a_stream_at, on_the_server, server::Server};

async fn refused(config: &BusConfig) -> String {
    match AnyBus::open(config.clone()).await {
        Ok(_) => panic!("{} was taken", config.address),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn the_stream_is_made_once_and_found_again() {
    let Some(config) = on_the_server() else { return };
    // Two processes that start at once.
    let (one, other) = tokio::join!(AnyBus::open(config.clone()), AnyBus::open(config.clone()));
    assert!(one.is_ok() && other.is_ok());
    let there = a_stranger(&config).await.get_stream(&config.name).await.unwrap().cached_info().config.clone();
    assert_eq!((there.storage, there.retention, there.discard), (StorageType::File, RetentionPolicy::Limits, DiscardPolicy::New));
    assert_eq!((there.max_age, there.max_bytes, there.subjects), (MAX_AGE, config.max_bytes, vec![format!("{}.events.>", config.name)]));
    assert!(there.duplicate_window >= Duration::from_secs(120));
    AnyBus::open(config).await.unwrap();
}

#[tokio::test]
async fn a_stream_with_other_limits_is_refused_and_stays_as_it_is() {
    let Some(config) = on_the_server() else { return };
    AnyBus::open(config.clone()).await.unwrap();
    for (other, setting) in [
        (BusConfig { max_bytes: config.max_bytes * 2, ..config.clone() }, "KOLSAI__BUS__MAX_MEGABYTES"),
        (BusConfig { max_age: Duration::from_secs(3600), ..config.clone() }, "KOLSAI__BUS__MAX_AGE_HOURS"),
    ] {
        let said = refused(&other).await;
        assert!(said.contains(&config.name) && said.contains(setting) && said.lines().count() == 1, "{said}");
    }
    let there = a_stranger(&config).await.get_stream(&config.name).await.unwrap().cached_info().config.clone();
    assert_eq!((there.max_bytes, there.max_age), (config.max_bytes, MAX_AGE));

    // Somebody else's under our name.
    let foreign = BusConfig { name: format!("{}-foreign", config.name), ..config };
    let theirs = Config { name: foreign.name.clone(), subjects: vec![format!("{}.other", foreign.name)], ..Default::default() };
    a_stranger(&foreign).await.create_stream(theirs).await.unwrap();
    assert!(refused(&foreign).await.contains("other limits"));
}

#[tokio::test]
async fn a_stream_of_an_older_version_is_brought_up_to_date() {
    let Some(config) = on_the_server() else { return };
    AnyBus::open(config.clone()).await.unwrap();
    let context = a_stranger(&config).await;
    let there = async || context.get_stream(&config.name).await.unwrap().cached_info().config.clone();
    let ours = there().await;
    let older =
        Config { description: Some("events of kolsai, layout 0".into()), duplicate_window: Duration::from_secs(60), ..ours.clone() };
    context.update_stream(older).await.unwrap();
    AnyBus::open(config.clone()).await.unwrap();
    let now = there().await;
    assert_eq!((now.description, now.duplicate_window), (ours.description, ours.duplicate_window));
}

#[tokio::test]
async fn a_wrong_password_and_a_server_that_is_not_there_are_refused_in_one_sentence() {
    let Some(server) = Server::start(&["--user", "learning", "--pass", "right-one"]).await else { return };
    let at = |user: &str| a_stream_at(server.address().replace("nats://", &format!("nats://{user}@")));
    AnyBus::open(at("learning:right-one")).await.unwrap();
    for user in ["learning:wrong-one", "mallory:right-one"] {
        let said = refused(&at(user)).await;
        assert!(said.contains("KOLSAI__BUS__ADDRESS") && !said.contains("-one") && said.lines().count() == 1, "{said}");
    }
    let port = server.port();
    drop(server);
    let said = refused(&a_stream_at(format!("nats://learning:right-one@127.0.0.1:{port}"))).await;
    assert!(said.starts_with("the bus at KOLSAI__BUS__ADDRESS does not answer") && !said.contains("right-one"), "{said}");
}

#[tokio::test]
async fn a_server_whose_certificate_does_not_verify_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let authority = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        (certificate.pem(), rcgen::Issuer::new(parameters, key))
    };
    let ((ours, issuer), (others, _)) = (authority(), authority());
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    for (name, text) in [("ca", ours), ("other-ca", others), ("crt", server.pem()), ("key", key.serialize_pem())] {
        std::fs::write(file(name), text).unwrap();
    }
    let (crt, key) = (file("crt").display().to_string(), file("key").display().to_string());
    let Some(server) = Server::start(&["--tls", "--tlscert", &crt, "--tlskey", &key]).await else { return };
    let at = |host: &str, authority: &str| BusConfig {
        authority: Some(file(authority)),
        ..a_stream_at(format!("tls://{host}:{}", server.port()))
    };
    AnyBus::open(at("localhost", "ca")).await.unwrap();
    for (host, authority) in [("localhost", "other-ca"), ("127.0.0.1", "ca")] {
        let said = refused(&at(host, authority)).await;
        assert!(said.contains("KOLSAI__BUS__AUTHORITY"), "{host} {authority}: {said}");
    }
    let said = refused(&at("localhost", "not-there")).await;
    assert!(said.starts_with("KOLSAI__BUS__AUTHORITY names a file"), "{said}");
}

#[tokio::test]
async fn limits_out_of_bounds_are_refused_before_anybody_is_asked() {
    let longer = BusConfig { max_age: MAX_AGE * 2, ..BusConfig::new("nats://127.0.0.1:1") };
    assert!(matches!(AnyBus::open(longer).await, Err(BusError::Limits { setting: "MAX_AGE_HOURS", .. })));
    assert!(matches!(AnyBus::open(BusConfig::new("kafka://b")).await, Err(BusError::Scheme)));
    assert!(!AnyBus::open(BusConfig::new("memory:")).await.unwrap().has_consumers());
}
