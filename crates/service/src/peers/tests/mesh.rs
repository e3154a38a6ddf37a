//! Who gets through to whom, by certificate.

use std::{sync::atomic::Ordering, time::Duration};

use foundation::reason_of;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::TlsConnector;
use tonic::{Code, Status};

use super::stage::{DOMAIN, Stage, call, counting, methods, telling};
use crate::peers::{Certificates, CertificatesError, authority::LIFE};

/// Longer than the files are left alone.
const READ_AGAIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn two_services_know_each_other_by_their_certificates() {
    let stage = Stage::of(&["learning", "keyring", "privacy"]);
    let (inner, _) = telling();
    let door = stage.listen("learning", inner).await;
    let peers = stage.peers("learning", &[door.address()]);
    // Two services of one process are two identities.
    for name in ["keyring", "privacy"] {
        let status = call(&peers, name, "learning", &methods().0).await;
        assert_eq!((status.code(), status.message()), (Code::Ok, format!("{name} House").as_str()));
    }
}

#[tokio::test]
async fn nobody_with_another_authority_gets_through() {
    let (stage, other) = (Stage::of(&["learning", "privacy"]), Stage::of(&["learning", "privacy"]));
    let (inner, calls) = telling();
    let door = stage.listen("learning", inner).await;
    let status = call(&other.peers("learning", &[door.address()]), "privacy", "learning", &methods().0).await;
    assert_eq!((status.code(), reason_of(&status).as_deref()), (Code::Unavailable, Some("PEER_UNREACHABLE")));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_service_that_is_not_the_one_that_was_meant_is_told_nothing() {
    let stage = Stage::of(&["learning", "payment", "privacy"]);
    let (inner, calls) = telling();
    let door = stage.listen_as("learning", "payment", inner).await;
    let status = call(&stage.peers("learning", &[door.address()]), "privacy", "learning", &methods().0).await;
    assert_eq!(reason_of(&status).as_deref(), Some("PEER_UNREACHABLE"));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn nobody_without_a_certificate_gets_through() {
    let stage = Stage::of(&["learning"]);
    let (inner, calls) = telling();
    let door = stage.listen("learning", inner).await;
    let authority = crate::peers::certificates::authority_in(&stage.folder.path().join("ca.crt")).unwrap();
    let mut config = ClientConfig::builder_with_provider(crate::peers::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(authority)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(door.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    // With TLS 1.3 the client has shaken hands before the server looks: it learns when it reads.
    let ended = match TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await {
        Err(_) => true,
        Ok(mut stream) => loop {
            match stream.read(&mut [0; 512]).await {
                Ok(0) | Err(_) => break true,
                Ok(_) => {}
            }
        },
    };
    assert!(ended && calls.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn a_certificate_of_another_trust_domain_is_none() {
    let stage = Stage::of(&["learning"]);
    let elsewhere = Certificates::new(stage.folder.path(), "elsewhere").of("learning").err().unwrap();
    assert!(matches!(&elsewhere, CertificatesError::Unusable { why, .. } if why.contains("spiffe://elsewhere/")), "{elsewhere}");
    let missing = stage.certificates.of("payment").err().unwrap();
    assert!(missing.to_string().starts_with("KOLSAI__PEERS__CERTIFICATES"), "{missing}");
}

#[tokio::test]
async fn an_expired_certificate_ends_it_and_a_renewed_one_is_taken_up() {
    let stage = Stage::of(&["learning", "privacy"]);
    stage.authority.issue("privacy", Duration::from_secs(3)).unwrap();
    let (inner, calls) = telling();
    let door = stage.listen("learning", inner).await;
    // Read while it is good, as by a process that has run for long.
    let peers = stage.peers("learning", &[door.address()]);
    peers.identity("privacy").unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let status = call(&peers, "privacy", "learning", &methods().0).await;
    assert_eq!((status.code(), calls.load(Ordering::SeqCst)), (Code::Unavailable, 0));
    let fresh = Certificates::new(stage.folder.path(), DOMAIN).of("privacy").err().unwrap();
    assert!(matches!(&fresh, CertificatesError::Unusable { service, .. } if service == "privacy"), "{fresh}");

    stage.authority.issue("privacy", LIFE).unwrap();
    tokio::time::sleep(READ_AGAIN).await;
    let status = call(&peers, "privacy", "learning", &methods().0).await;
    assert_eq!((status.code(), status.message()), (Code::Ok, "privacy House"));
}

// Not kept yet: when both sides renew at the same moment, calls under way on a connection that is just being made can end as PEER_LOST.
#[ignore = "a call can be lost when both sides renew their certificates at the same moment"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_renewed_under_load_without_a_failed_call() {
    let stage = Stage::of(&["learning", "privacy"]);
    let (inner, _) = counting(|_, _| async { Status::new(Code::Ok, "") });
    let door = stage.listen("learning", inner).await;
    let peers = stage.peers("learning", &[door.address()]);
    let path = methods().1;
    let (first, folder) = (stage.certificates.of("learning").unwrap().current().generation, stage.folder.path().join("learning"));
    let until = tokio::time::Instant::now() + READ_AGAIN * 2;
    let calls = (0..8).map(|_| {
        let (peers, path) = (peers.clone(), path.clone());
        tokio::spawn(async move {
            let mut done = 0_u32;
            while tokio::time::Instant::now() < until {
                let status = call(&peers, "privacy", "learning", &path).await;
                assert_eq!(status.code(), Code::Ok, "after {done} calls: {status:?}");
                done += 1;
            }
            done
        })
    });
    let calls = futures::future::join_all(calls.collect::<Vec<_>>());
    // Half of one: the former stays in use.
    let whole = std::fs::read(folder.join("tls.crt")).unwrap();
    std::fs::write(folder.join("tls.crt"), &whole[..whole.len() / 2]).unwrap();
    tokio::time::sleep(READ_AGAIN).await;
    assert_eq!(stage.certificates.of("learning").unwrap().current().generation, first);
    stage.authority.issue("learning", LIFE).unwrap();
    stage.authority.issue("privacy", LIFE).unwrap();
    assert!(calls.await.into_iter().map(|done| done.unwrap()).sum::<u32>() > 100);
    assert!(stage.certificates.of("learning").unwrap().current().generation > first);
}
