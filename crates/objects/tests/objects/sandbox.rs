//! The sandbox: S3 over TLS with an authority of its own, strict on signatures; and stores that do not do as they say.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use foundation::Mode;
use futures::future::BoxFuture;
use kolsai_objects::{Config, Error, ObjectKey, Objects, Prefix, PresignedPut, Sandbox, SandboxConfig, Upload};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::MINUTE;

struct Running {
    sandbox: Sandbox,
    folder: TempDir,
}

fn authority(folder: &TempDir, name: &str) -> (PathBuf, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let file = folder.path().join(name);
    std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
    (file, Issuer::new(params, key))
}

fn start() -> Running {
    let folder = tempfile::tempdir().unwrap();
    let (_, issuer) = authority(&folder, "ca.crt");
    authority(&folder, "other.crt");
    std::fs::write(folder.path().join("nothing.crt"), "no certificate").unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let (certificate, secret) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    std::fs::write(&certificate, server.pem()).unwrap();
    std::fs::write(&secret, key.serialize_pem()).unwrap();
    let config = SandboxConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        folder: folder.path().join("objects"),
        address: "s3+https://school:s%2Fecret@localhost/kolsai".parse().unwrap(),
        certificate,
        key: secret,
    };
    Running { sandbox: Sandbox::start(config).unwrap(), folder }
}

impl Running {
    /// Port 9 stands for the one where it listens, `~` for the folder of certificates.
    fn open(&self, address: &str) -> Result<Objects, Error> {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        let address = address.replace(":9", &format!(":{}", self.sandbox.address().port())).replace('~', &folder);
        Objects::open(Config { address: address.parse()?, public_base: None, mode: Mode::Production })
    }

    /// One request as somebody's client sends it.
    async fn put(&self, put: &PresignedPut, host: &str, body: &[u8]) -> u16 {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.folder.path().join("ca.crt")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
        let socket = TcpStream::connect(self.sandbox.address()).await.unwrap();
        let mut socket = tls.connect(ServerName::try_from("localhost").unwrap(), socket).await.unwrap();
        let path = put.url.splitn(4, '/').nth(3).unwrap();
        let mut request = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for (name, value) in &put.headers {
            request += &format!("{name}: {value}\r\n");
        }
        socket.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
        socket.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

const RIGHT: &str = "s3+https://school:s%2Fecret@localhost:9/kolsai?authority=~%2Fca.crt";

#[tokio::test]
async fn over_tls_with_an_authority_of_its_own() {
    let running = start();
    let objects = running.open(RIGHT).unwrap();
    objects.verify().await.unwrap();
    let key = ObjectKey::new(Prefix::Originals);
    objects.put(&key, Bytes::from_static(b"light")).await.unwrap();
    assert_eq!(objects.get(&key).await.unwrap(), "light");
    objects.delete(&key).await.unwrap();
    assert_eq!(objects.head(&key).await.unwrap(), None);
}

#[tokio::test]
async fn what_somebody_has_to_set_right_is_refused_in_a_sentence() {
    let running = start();
    let says = |expected: fn(&Error) -> bool, address: &'static str| (expected, address);
    for (expected, address) in [
        says(|e| matches!(e, Error::Certificate), "s3+https://school:s%2Fecret@localhost:9/kolsai?authority=~%2Fother.crt"),
        says(|e| matches!(e, Error::NotPermitted { .. }), "s3+https://school:wrong@localhost:9/kolsai?authority=~%2Fca.crt"),
        says(|e| matches!(e, Error::NotPermitted { .. }), "s3+https://nobody:s%2Fecret@localhost:9/kolsai?authority=~%2Fca.crt"),
        says(|e| matches!(e, Error::NoSuchBucket), "s3+https://school:s%2Fecret@localhost:9/other?authority=~%2Fca.crt"),
    ] {
        let error = running.open(address).unwrap().verify().await.unwrap_err();
        let text = error.to_string();
        assert!(expected(&error) && !error.is_passing(), "{address}: {error:?}");
        assert!(!text.contains("s/ecret") && !text.contains("wrong") && !text.contains('\n'), "{text}");
    }
    for file in ["nothing.crt", "nowhere.crt"] {
        let opened = running.open(&format!("s3+https://a:b@localhost:9/kolsai?authority=~%2F{file}"));
        assert!(matches!(opened.err(), Some(Error::Authority(_))), "{file}");
    }
    let plain = running.open("s3+https://a:b@localhost:9/kolsai?public=http%3A%2F%2Ffiles.example.kz");
    assert!(matches!(plain.err(), Some(Error::PublicBase)), "people come over TLS too");
}

#[tokio::test]
async fn an_upload_is_signed_for_the_host_where_people_reach_the_store() {
    let running = start();
    let port = running.sandbox.address().port();
    let address = format!("s3+https://school:s%2Fecret@127.0.0.1:9/kolsai?authority=~%2Fca.crt&public=https%3A%2F%2Flocalhost%3A{port}");
    let objects = running.open(&address).unwrap();
    let key = ObjectKey::new(Prefix::Incoming);
    let upload = Upload { length: 5, content_type: "image/jpeg", good_for: MINUTE };
    let put = objects.presigned_put(&key, upload).await.unwrap();
    assert!(put.url.starts_with(&format!("https://localhost:{port}/kolsai/incoming/")), "{}", put.url);
    assert_eq!(running.put(&put, &format!("127.0.0.1:{port}"), b"photo").await, 403, "signed for another host");
    assert_eq!(running.put(&put, &format!("localhost:{port}"), b"photo").await, 200);
    assert_eq!(objects.get(&key).await.unwrap(), "photo");
}

#[tokio::test]
async fn the_sandbox_serves_this_machine_and_one_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let config = |listen: &str, address: &str| SandboxConfig {
        listen: listen.parse().unwrap(),
        folder: folder.path().to_owned(),
        address: address.parse().unwrap(),
        certificate: folder.path().join("none"),
        key: folder.path().join("none"),
    };
    for (listen, address) in [
        ("0.0.0.0:0", "s3+https://a:b@localhost/kolsai"),
        ("127.0.0.1:0", "s3+https://a:b@localhost/photos"),
        ("127.0.0.1:0", "file:/srv/objects"),
        ("127.0.0.1:0", "s3+https://a:b@localhost/kolsai"),
    ] {
        assert!(matches!(Sandbox::start(config(listen, address)), Err(Error::Sandbox(_))), "{listen} {address}");
    }
}

/// A store that answers by method and path, each on a connection of its own: status, further headers, body.
async fn store_that(answers: fn(&str) -> (u16, &'static str, &'static str)) -> Objects {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("s3+http://a:b@{}/photos", listener.local_addr().unwrap()).parse().unwrap();
    let serve = move |mut socket: TcpStream| -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match socket.read_buf(&mut head).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let (status, headers, body) = answers(head.lines().next().unwrap_or_default());
            let length = if headers.contains("content-length") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
            let answer = format!("HTTP/1.1 {status} X\r\n{length}{headers}connection: close\r\n\r\n{body}");
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
            // What is still on its way is read, so that the answer is not lost with the connection.
            let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
        })
    };
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    Objects::open(Config { address, public_base: None, mode: Mode::Development }).unwrap()
}

#[tokio::test]
async fn what_a_store_did_not_keep_as_it_was_written_is_not_kept() {
    let key = ObjectKey::new(Prefix::Originals);
    let other_sum = store_that(|request| match request.split(' ').next() {
        Some("PUT") => (200, "x-amz-checksum-sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n", ""),
        _ => (200, "content-length: 5\r\n", ""),
    });
    let too_short = store_that(|request| match request.split(' ').next() {
        Some("PUT") => (200, "", ""),
        _ => (200, "content-length: 4\r\n", ""),
    });
    for store in [other_sum.await, too_short.await] {
        assert!(matches!(store.put(&key, Bytes::from_static(b"light")).await, Err(Error::NotKept)));
    }
}

#[tokio::test]
async fn a_bucket_that_may_only_be_read_is_refused() {
    const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let store = store_that(|request| match request.split(' ').next() {
        Some("PUT") => (403, "", DENIED),
        _ => (200, "", "<VersioningConfiguration></VersioningConfiguration>"),
    });
    let error = store.await.verify().await.unwrap_err();
    assert!(matches!(&error, Error::NotPermitted { operation: "put", code } if code == "AccessDenied"), "{error:?}");
}
