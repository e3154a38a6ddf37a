//! The store over its folder engine: a real S3 server on loopback, spoken to by the real client and by hand.

mod bucket;
mod sandbox;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use foundation::{Clock, Mode};
use futures::TryStreamExt;
use kolsai_objects::{
    Config, Error, ObjectKey, Objects, ObjectsAddress, Prefix, PresignedPut, Upload,
    sealed::{CHUNK, DataKey, SealedError},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PUBLIC: &str = "https://localhost:8443/objects";
const KEY: DataKey = [3; 32];
const CONTEXT: &[u8] = b"learning|submission|original|row|person";

struct Store {
    objects: Objects,
    folder: TempDir,
}

fn config(folder: &std::path::Path) -> Config {
    Config { address: ObjectsAddress::Folder(folder.to_owned()), public_base: Some(PUBLIC.into()), mode: Mode::Development }
}

fn store() -> Store {
    let folder = tempfile::tempdir().unwrap();
    Store { objects: Objects::open(config(folder.path())).unwrap(), folder }
}

/// Every file under the folder but the lock, by name.
fn files(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if entry.file_name() != ".lock" {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

/// One request as the gateway passes it on: the public base stripped, the host rewritten.
async fn through_gateway(target: SocketAddr, method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> (u16, String) {
    let path = url.strip_prefix(PUBLIC).expect("a public URL");
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {target}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    let mut socket = TcpStream::connect(target).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    // The server may refuse and hang up before it has read the body.
    let _ = socket.write_all(body).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}

impl Store {
    async fn presigned(&self, key: &ObjectKey, length: u64, good_for: Duration) -> PresignedPut {
        self.objects.presigned_put(key, Upload { length, content_type: "image/jpeg", good_for }).await.unwrap()
    }

    async fn send(&self, put: &PresignedPut, body: &[u8]) -> (u16, String) {
        through_gateway(self.objects.proxy_target().unwrap(), "PUT", &put.url, &put.headers, body).await
    }
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_object_is_put_read_listed_and_deleted() {
    let Store { objects, folder } = store();
    let key = ObjectKey::new(Prefix::Originals);
    assert_eq!(objects.head(&key).await.unwrap(), None);
    assert!(matches!(objects.get(&key).await, Err(Error::NoSuchObject)));

    objects.put(&key, Bytes::from_static(b"first")).await.unwrap();
    objects.put(&key, Bytes::from_static(b"light and line")).await.unwrap();
    assert_eq!(objects.get(&key).await.unwrap(), "light and line");
    assert_eq!(objects.head(&key).await.unwrap().unwrap().size, 14);
    assert_eq!(objects.list(Prefix::Originals).await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(objects.list(Prefix::Incoming).await.unwrap(), []);

    objects.delete(&key).await.unwrap();
    objects.delete(&key).await.unwrap();
    assert_eq!(objects.head(&key).await.unwrap(), None);
    assert_eq!(files(folder.path()), Vec::<String>::new(), "nothing is left of a deleted object, checksums included");
}

#[tokio::test]
async fn ranges_are_exact() {
    let Store { objects, folder: _folder } = store();
    let key = ObjectKey::new(Prefix::Renditions);
    objects.put(&key, Bytes::from_static(b"0123456789")).await.unwrap();
    assert_eq!(objects.get_range(&key, 0..1).await.unwrap(), "0");
    assert_eq!(objects.get_range(&key, 3..7).await.unwrap(), "3456");
    assert_eq!(objects.get_range(&key, 9..10).await.unwrap(), "9");
    assert_eq!(objects.get_range(&key, 4..4).await.unwrap(), "");
    for outside in [8..11, 10..11, 100..200] {
        assert!(matches!(objects.get_range(&key, outside).await, Err(Error::Range)));
    }
    let missing = ObjectKey::new(Prefix::Renditions);
    assert!(matches!(objects.get_range(&missing, 0..1).await, Err(Error::NoSuchObject)));
}

#[tokio::test]
async fn many_objects_are_listed_over_pages() {
    let Store { objects, folder } = store();
    let room = folder.path().join("kolsai/incoming");
    std::fs::create_dir_all(&room).unwrap();
    let mut keys: Vec<_> = (0..1_203).map(|_| ObjectKey::new(Prefix::Incoming)).collect();
    for key in &keys {
        std::fs::write(folder.path().join("kolsai").join(key.as_str()), b"x").unwrap();
    }
    keys.sort();
    assert_eq!(objects.list(Prefix::Incoming).await.unwrap(), keys);
}

#[tokio::test]
async fn a_presigned_upload_arrives_through_the_gateway() {
    let store = store();
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.presigned(&key, 5, MINUTE).await;
    assert!(put.url.starts_with("https://localhost:8443/objects/kolsai/incoming/"), "{}", put.url);
    assert!(!format!("{put:?}").contains("Signature"));
    let (status, answer) = store.send(&put, b"photo").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(store.objects.get(&key).await.unwrap(), "photo");
}

#[tokio::test]
async fn a_tampered_upload_is_refused() {
    let store = store();
    let (key, other) = (ObjectKey::new(Prefix::Incoming), ObjectKey::new(Prefix::Incoming));
    let put = store.presigned(&key, 5, MINUTE).await;
    let changed = |name: &str, value: &str| {
        let headers = put.headers.iter().map(|(n, v)| (n.clone(), if n == name { value.into() } else { v.clone() })).collect();
        PresignedPut { url: put.url.clone(), headers }
    };
    let elsewhere = |from: &str, to: &str| {
        assert!(put.url.contains(from), "{from} in {}", put.url);
        PresignedPut { url: put.url.replace(from, to), headers: put.headers.clone() }
    };
    let forged = [
        ("another length", changed("content-length", "6"), &b"photos"[..]),
        ("another type", changed("content-type", "text/html"), b"photo"),
        ("another key", elsewhere(key.as_str(), other.as_str()), b"photo"),
        ("another room", elsewhere("/incoming/", "/originals/"), b"photo"),
        ("a longer time", elsewhere("X-Amz-Expires=60", "X-Amz-Expires=86400"), b"photo"),
        ("another signature", elsewhere("X-Amz-Signature=", "X-Amz-Signature=0"), b"photo"),
        (
            "no type",
            PresignedPut {
                url: put.url.clone(),
                headers: changed("-", "").headers.into_iter().filter(|(n, _)| n != "content-type").collect(),
            },
            b"photo",
        ),
    ];
    for (what, put, body) in forged {
        let (status, answer) = store.send(&put, body).await;
        assert!((400..500).contains(&status), "{what}: {answer}");
    }
    let target = store.objects.proxy_target().unwrap();
    for method in ["GET", "DELETE"] {
        let (status, _) = through_gateway(target, method, &put.url, &[], b"").await;
        assert!((400..500).contains(&status), "{method} with a URL signed for PUT");
    }
    assert_eq!(files(store.folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let store = store();
    let key = ObjectKey::new(Prefix::Originals);
    store.objects.put(&key, Bytes::from_static(b"sealed")).await.unwrap();
    let target = store.objects.proxy_target().unwrap();
    for (method, path) in [
        ("GET", format!("/kolsai/{key}")),
        ("DELETE", format!("/kolsai/{key}")),
        ("GET", "/kolsai?list-type=2".into()),
        ("GET", "/".into()),
    ] {
        let (status, answer) = through_gateway(target, method, &format!("{PUBLIC}{path}"), &[], b"").await;
        assert_eq!(status, 403, "{method} {path}: {answer}");
    }
    assert_eq!(store.objects.get(&key).await.unwrap(), "sealed");
}

#[tokio::test]
async fn an_expired_upload_is_refused() {
    let store = store();
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.presigned(&key, 5, Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (status, answer) = store.send(&put, b"photo").await;
    assert_eq!(status, 403, "{answer}");
    assert_eq!(store.objects.head(&key).await.unwrap(), None);
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing() {
    let store = store();
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.presigned(&key, 1_000, MINUTE).await;
    let target = store.objects.proxy_target().unwrap();
    let path = put.url.strip_prefix(PUBLIC).unwrap();
    let headers: String = put.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut socket = TcpStream::connect(target).await.unwrap();
    socket.write_all(format!("PUT {path} HTTP/1.1\r\nhost: {target}\r\n{headers}\r\nonly this much").as_bytes()).await.unwrap();
    drop(socket);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(store.objects.head(&key).await.unwrap(), None);
    assert_eq!(files(store.folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn only_short_uploads_into_incoming_are_signed() {
    let Store { objects, folder: _folder } = store();
    let upload = Upload { length: 1, content_type: "image/jpeg", good_for: MINUTE };
    let incoming = ObjectKey::new(Prefix::Incoming);
    for (key, upload) in [
        (ObjectKey::new(Prefix::Originals), upload),
        (ObjectKey::new(Prefix::Renditions), upload),
        (incoming.clone(), Upload { length: 0, ..upload }),
        (incoming.clone(), Upload { good_for: Duration::from_secs(24 * 60 * 60 + 1), ..upload }),
    ] {
        assert!(matches!(objects.presigned_put(&key, upload).await, Err(Error::Upload(_))));
    }
}

#[tokio::test]
async fn the_sweep_takes_what_is_old_and_incoming() {
    let Store { objects, folder: _folder } = store();
    let clock = Clock::system(Mode::Development);
    let (sent, kept) = (ObjectKey::new(Prefix::Incoming), ObjectKey::new(Prefix::Originals));
    for key in [&sent, &kept] {
        objects.put(key, Bytes::from_static(b"bytes")).await.unwrap();
    }
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(objects.sweep_incoming(clock.now().minus(day)).await.unwrap(), 0);
    clock.advance(day + MINUTE);
    assert_eq!(objects.sweep_incoming(clock.now().minus(day)).await.unwrap(), 1);
    assert_eq!(objects.head(&sent).await.unwrap(), None);
    assert!(objects.head(&kept).await.unwrap().is_some());
}

#[tokio::test]
async fn a_sealed_object_is_read_by_range_and_as_a_stream() {
    let Store { objects, folder } = store();
    let key = ObjectKey::new(Prefix::Originals);
    let photograph: Vec<u8> = (0..40 * CHUNK + 123).map(|at| (at % 251) as u8).collect();
    objects.put_sealed(&key, &KEY, CONTEXT, &photograph).await.unwrap();

    let sealed = objects.open_sealed(&key, &KEY, CONTEXT).await.unwrap();
    assert_eq!(sealed.len(), photograph.len() as u64);
    let range = 3 * CHUNK as u64 - 5..3 * CHUNK as u64 + 5;
    assert_eq!(sealed.read(range.clone()).await.unwrap(), photograph[range.start as usize..range.end as usize]);
    let from = 1_000_u64;
    let streamed: Vec<Bytes> = sealed.stream(from..photograph.len() as u64).try_collect().await.unwrap();
    assert!(streamed.concat() == photograph[from as usize..]);

    let stored = std::fs::read(folder.path().join("kolsai").join(key.as_str())).unwrap();
    assert!(!stored.windows(64).any(|window| window == &photograph[..64]), "what lies on the disk is sealed");
}

#[tokio::test]
async fn a_sealed_object_that_was_cut_or_moved_does_not_open() {
    let Store { objects, folder } = store();
    let (key, empty) = (ObjectKey::new(Prefix::Originals), ObjectKey::new(Prefix::Originals));
    objects.put_sealed(&key, &KEY, CONTEXT, &vec![9; 3 * CHUNK]).await.unwrap();
    objects.put_sealed(&empty, &KEY, CONTEXT, b"").await.unwrap();
    assert_eq!(objects.open_sealed(&empty, &KEY, CONTEXT).await.unwrap().read(0..0).await.unwrap(), "");

    let does_not_open = |result: Result<_, Error>| matches!(result, Err(Error::Sealed(SealedError::DoesNotOpen)));
    assert!(does_not_open(objects.open_sealed(&key, &[4; 32], CONTEXT).await.map(|_| ())));
    assert!(does_not_open(objects.open_sealed(&key, &KEY, b"somebody else").await.map(|_| ())));
    let file = std::fs::File::options().write(true).open(folder.path().join("kolsai").join(key.as_str())).unwrap();
    file.set_len(20 + 2 * (CHUNK as u64 + 16)).unwrap();
    assert!(does_not_open(objects.open_sealed(&key, &KEY, CONTEXT).await.map(|_| ())));
}

#[tokio::test]
async fn a_folder_has_one_server_and_outlives_it() {
    let folder = tempfile::tempdir().unwrap();
    let key = ObjectKey::new(Prefix::Originals);
    let one = Objects::open(config(folder.path())).unwrap();
    let other = Objects::open(config(folder.path())).unwrap();
    assert_eq!(one.proxy_target(), other.proxy_target());
    one.put(&key, Bytes::from_static(b"kept")).await.unwrap();
    drop((one, other));
    let again = Objects::open(config(folder.path())).unwrap();
    assert_eq!(again.get(&key).await.unwrap(), "kept");
}

#[tokio::test]
async fn a_folder_in_use_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let held = std::fs::File::create(folder.path().join(".lock")).unwrap();
    held.lock().unwrap();
    assert!(matches!(Objects::open(config(folder.path())), Err(Error::FolderInUse)));
}

#[tokio::test]
async fn concurrent_puts_do_not_mix() {
    let Store { objects, folder: _folder } = store();
    let keys: Vec<_> = (0..32_u8).map(|number| (ObjectKey::new(Prefix::Originals), vec![number; 50_000])).collect();
    futures::future::try_join_all(keys.iter().map(|(key, bytes)| objects.put(key, bytes.clone().into()))).await.unwrap();
    for (key, bytes) in &keys {
        assert!(objects.get(key).await.unwrap() == *bytes);
    }
}

#[tokio::test]
async fn production_refuses_a_folder_and_plaintext() {
    let folder = tempfile::tempdir().unwrap();
    let open = |address: &str, mode| Objects::open(Config { address: address.parse().unwrap(), public_base: None, mode }).map(|_| ());
    let file = format!("file:{}", folder.path().display());
    assert!(matches!(open(&file, Mode::Production), Err(Error::FolderInProduction)));
    assert!(matches!(open("s3+http://a:b@127.0.0.1:9000/photos", Mode::Production), Err(Error::Plaintext)));
    assert!(matches!(open("s3+http://a:b@s3.example.kz/photos", Mode::Development), Err(Error::Plaintext)));
    assert!(open("s3+https://a:b@s3.example.kz/photos", Mode::Production).is_ok());
    let base = Config { address: file.parse().unwrap(), public_base: Some("objects".into()), mode: Mode::Development };
    assert!(matches!(Objects::open(base), Err(Error::PublicBase)));
}

#[tokio::test]
async fn a_store_that_is_not_there_is_unreachable() {
    let address = "s3+http://a:b@127.0.0.1:1/photos".parse().unwrap();
    let objects = Objects::open(Config { address, public_base: None, mode: Mode::Development }).unwrap();
    let refused = objects.get(&ObjectKey::new(Prefix::Originals)).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { operation: "get", .. }), "{refused:?}");
    assert_eq!(foundation::Refusal::from(refused).reason, "OBJECTS_UNAVAILABLE");
}

/// Every line that the S3 server would log, at its most talkative.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_server_logs_no_request() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter("s3s=trace,s3s_fs=trace")
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::NEW)
        .with_writer(move || writer.clone())
        .init();
    let store = store();
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.presigned(&key, 5, MINUTE).await;
    assert_eq!(store.send(&put, b"photo").await.0, 200);
    assert_eq!(store.objects.get(&key).await.unwrap(), "photo");
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.is_empty(), "{logged}");
}
