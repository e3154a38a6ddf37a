//! Presigned uploads pass to the embedded object store, and nothing else does.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use foundation::Mode;
use futures::{StreamExt, stream};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use kolsai_gateway::Config;
use objects::{ObjectKey, Objects, ObjectsAddress, Prefix, PresignedPut, Upload};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::school::{Ask, Behind, School, Told};

struct Store {
    school: School,
    objects: Objects,
    folder: TempDir,
}

fn open(folder: &Path, public_base: String) -> Objects {
    let address = ObjectsAddress::Folder(folder.to_owned());
    Objects::open(objects::Config { address, public_base: Some(public_base), mode: Mode::Development }).unwrap()
}

impl Store {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The folder's server is shared by both; the gateway's port is known only once it listens.
        let early = open(folder.path(), "https://localhost/objects".into());
        let school = School::before(Behind { objects: early.proxy_target(), ..Behind::default() }, change).await;
        let objects = open(folder.path(), school.url("/objects"));
        Self { school, objects, folder }
    }

    async fn signed(&self, key: &ObjectKey, length: u64) -> PresignedPut {
        self.signed_for(key, length, Duration::from_secs(60)).await
    }

    async fn signed_for(&self, key: &ObjectKey, length: u64, good_for: Duration) -> PresignedPut {
        self.objects.presigned_put(key, Upload { length, content_type: "image/jpeg", good_for }).await.unwrap()
    }

    fn ask(&self, method: Method, url: &str) -> Ask<'_> {
        self.school.ask(method, url.strip_prefix(&self.school.url("")).expect("the gateway's own address"))
    }

    /// The upload as a client sends it that does what it was told.
    fn put(&self, put: &PresignedPut) -> Ask<'_> {
        put.headers.iter().fold(self.ask(Method::PUT, &put.url), |ask, (name, value)| ask.header(name, value))
    }

    /// An upload whose bytes come with pauses between them; `None` breaks it off.
    async fn put_slowly(&self, put: &PresignedPut, parts: Vec<Option<&'static [u8]>>, pause: Duration) -> Option<Response<Incoming>> {
        let parts = stream::iter(parts).then(move |part| async move {
            sleep(pause).await;
            part.map(|part| Frame::data(Bytes::from_static(part))).ok_or_else(|| std::io::Error::other("broken off"))
        });
        let mut request = Request::put(&put.url);
        for (name, value) in &put.headers {
            request = request.header(name, value);
        }
        let request = request.body(StreamBody::new(Box::pin(parts))).unwrap();
        self.school.client(true).request(request).await.ok()
    }

    /// What lies in the store's folder, but its lock.
    fn files(&self) -> Vec<String> {
        fn within(folder: &Path) -> Vec<String> {
            let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
            entries
                .flat_map(|entry| {
                    if entry.file_type().unwrap().is_dir() { within(&entry.path()) } else { vec![entry.file_name().into_string().unwrap()] }
                })
                .filter(|name| name != ".lock")
                .collect()
        }
        within(self.folder.path())
    }
}

fn refusal(told: &Told) -> (u16, String) {
    (told.status.as_u16(), told.reason())
}

#[tokio::test]
async fn an_upload_arrives() {
    let store = Store::open().await;
    // More than any call may carry.
    let photograph = Bytes::from((0..3_000_000_u32).map(|at| (at % 251) as u8).collect::<Vec<_>>());
    for http2 in [true, false] {
        let key = ObjectKey::new(Prefix::Incoming);
        let put = store.signed(&key, photograph.len() as u64).await;
        // Neither of these is signed, so neither reaches the store.
        let ask = store.put(&put).signed_in().header("x-amz-copy-source", "/kolsai/originals/1").body(photograph.clone());
        let told = if http2 { ask.send().await } else { ask.over_http1().send().await };
        assert_eq!((told.status, told.body.len()), (StatusCode::OK, 0), "{:?}", told.body);
        assert!(!told.header("etag").is_empty());
        assert_eq!(told.header("x-trace-id").len(), 32);
        assert_eq!(told.header("cache-control"), "no-store");
        assert!(!told.headers.contains_key("server") && !told.headers.contains_key("x-amz-request-id"));
        assert!(store.objects.get(&key).await.unwrap() == photograph);
    }
}

#[tokio::test]
async fn an_upload_that_was_not_signed_like_this_is_refused() {
    let store = Store::open().await;
    let (key, other) = (ObjectKey::new(Prefix::Incoming), ObjectKey::new(Prefix::Incoming));
    let put = store.signed(&key, 5).await;
    let elsewhere = |from: &str, to: &str| {
        assert!(put.url.contains(from), "{from} in {}", put.url);
        PresignedPut { url: put.url.replace(from, to), headers: put.headers.clone() }
    };
    let saying = |name: &str, value: &str| PresignedPut {
        url: put.url.clone(),
        headers: put.headers.iter().map(|(n, v)| (n.clone(), if n == name { value.to_owned() } else { v.clone() })).collect(),
    };
    let forged = [
        ("another signature", elsewhere("X-Amz-Signature=", "X-Amz-Signature=0"), &b"photo"[..]),
        ("another key", elsewhere(key.as_str(), other.as_str()), b"photo"),
        ("another room", elsewhere("/incoming/", "/originals/"), b"photo"),
        ("another bucket", elsewhere("/kolsai/", "/other/"), b"photo"),
        ("a longer time", elsewhere("X-Amz-Expires=60", "X-Amz-Expires=86400"), b"photo"),
        ("fewer signed headers", elsewhere("content-length%3B", ""), b"photo"),
        ("another account", elsewhere("X-Amz-Credential=", "X-Amz-Credential=0"), b"photo"),
        ("another length", saying("content-length", "6"), b"photos"),
        ("another type", saying("content-type", "text/html"), b"photo"),
    ];
    for (what, put, body) in forged {
        let told = store.put(&put).body(body).send().await;
        assert_eq!(refusal(&told), (403, "UPLOAD_NOT_SIGNED".to_owned()), "{what}");
        assert!(!String::from_utf8_lossy(&told.body).contains("kolsai/"), "{what}");
    }
    assert_eq!(store.files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_large_upload_is_refused_before_it_is_taken() {
    let store = Store::open().await;
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.signed(&key, 8_000_000).await;
    let forged = PresignedPut { url: put.url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), headers: put.headers };
    // The first byte would come after a minute: the refusal does not wait for it.
    let answer = store.put_slowly(&forged, vec![Some(b"photo")], Duration::from_secs(60));
    let answer = tokio::time::timeout(Duration::from_secs(3), answer).await.expect("an answer at once").unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("UPLOAD_NOT_SIGNED"));
}

#[tokio::test]
async fn nothing_is_read_listed_or_deleted_here() {
    let store = Store::open().await;
    let key = ObjectKey::new(Prefix::Incoming);
    store.objects.put(&key, Bytes::from_static(b"photo")).await.unwrap();
    let put = store.signed(&key, 5).await;
    let bare = put.url.split('?').next().unwrap();
    let bucket = store.school.url("/objects/kolsai?list-type=2");
    for (method, url) in [
        (Method::GET, put.url.as_str()),
        (Method::DELETE, &put.url),
        (Method::POST, &put.url),
        (Method::OPTIONS, &put.url),
        (Method::GET, bare),
        (Method::DELETE, bare),
        (Method::PUT, bare),
        (Method::PUT, &format!("{bare}?X-Amz-Signature=")),
        (Method::GET, &bucket),
        (Method::GET, &store.school.url("/objects/")),
        (Method::PUT, &store.school.url("/objects?X-Amz-Signature=0")),
    ] {
        let told = store.ask(method.clone(), url).send().await;
        assert_eq!(refusal(&told), (404, "NO_SUCH_ROUTE".to_owned()), "{method} {url}");
    }
    let told = store.ask(Method::HEAD, &put.url).send().await;
    assert_eq!((told.status, told.header("etag")), (StatusCode::NOT_FOUND, ""));
    assert_eq!(store.objects.get(&key).await.unwrap(), "photo");
}

#[tokio::test]
async fn an_upload_after_its_time_is_refused() {
    let store = Store::open().await;
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.signed_for(&key, 5, Duration::from_secs(1)).await;
    sleep(Duration::from_millis(2_100)).await;
    let told = store.put(&put).body(&b"photo"[..]).send().await;
    assert_eq!(refusal(&told), (403, "UPLOAD_EXPIRED".to_owned()));
    assert_eq!(store.objects.head(&key).await.unwrap(), None);
}

#[tokio::test]
async fn an_upload_has_a_length_and_a_bound() {
    let store = Store::with(|config| config.uploads.max_bytes = 10).await;
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.signed(&key, 11).await;
    for ask in [store.put(&put), store.put(&put).over_http1()] {
        assert_eq!(refusal(&ask.body(&b"photographs"[..]).send().await), (413, "UPLOAD_TOO_LARGE".to_owned()));
    }
    let put = store.signed(&key, 10).await;
    let nameless = PresignedPut { headers: vec![("content-type".into(), "image/jpeg".into())], ..put.clone() };
    let answer = store.put_slowly(&nameless, vec![Some(b"photograph")], Duration::ZERO).await.unwrap();
    assert_eq!(answer.status(), StatusCode::LENGTH_REQUIRED);
    assert_eq!(store.files(), Vec::<String>::new());
    assert_eq!(store.put(&put).body(&b"photograph"[..]).send().await.status, StatusCode::OK);
    assert_eq!(store.objects.head(&key).await.unwrap().unwrap().size, 10);
}

#[tokio::test]
async fn an_upload_that_breaks_off_or_takes_too_long_leaves_nothing() {
    let store = Store::with(|config| config.uploads.deadline_seconds = 1).await;
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.signed(&key, 10).await;
    let late = store.put_slowly(&put, vec![Some(b"photo"), Some(b"graph")], Duration::from_millis(900)).await.unwrap();
    assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT);
    store.put_slowly(&put, vec![Some(b"photo"), None], Duration::from_millis(50)).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(store.objects.head(&key).await.unwrap(), None);
    assert_eq!(store.files(), Vec::<String>::new());
}

#[tokio::test]
async fn uploads_are_limited_apart_from_calls() {
    let store = Store::with(|config| config.uploads.max_concurrent = 1).await;
    let (slow, other) = (ObjectKey::new(Prefix::Incoming), ObjectKey::new(Prefix::Incoming));
    let (slow_put, put) = (store.signed(&slow, 5).await, store.signed(&other, 5).await);
    let (first, second) = tokio::join!(store.put_slowly(&slow_put, vec![Some(b"photo")], Duration::from_secs(1)), async {
        sleep(Duration::from_millis(400)).await;
        assert_eq!(store.school.get("/v1/signing-keys").send().await.status, StatusCode::OK);
        store.put(&put).body(&b"photo"[..]).send().await
    });
    assert_eq!((refusal(&second), second.header("retry-after")), ((503, "BUSY".to_owned()), "1"));
    assert_eq!(first.unwrap().status(), StatusCode::OK);
    assert_eq!(store.put(&put).body(&b"photo"[..]).send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_upload_costs_its_address_more_than_a_call() {
    let store = Store::with(|config| (config.limits.per_address_per_second, config.limits.burst) = (1, 20)).await;
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.signed(&key, 5).await;
    for _ in 0..2 {
        assert_eq!(store.put(&put).body(&b"photo"[..]).send().await.status, StatusCode::OK);
    }
    let told = store.put(&put).body(&b"photo"[..]).send().await;
    assert_eq!(refusal(&told), (429, "TOO_MANY_CALLS".to_owned()));
    assert!(!told.header("retry-after").is_empty());
}

#[tokio::test]
async fn pages_of_allowed_origins_may_upload() {
    let store = Store::with(|config| config.allowed_origins = vec!["https://school.kz".into()]).await;
    let key = ObjectKey::new(Prefix::Incoming);
    let put = store.signed(&key, 5).await;
    let preflight = store.ask(Method::OPTIONS, &put.url).header("access-control-request-method", "PUT");
    let told = preflight.header("origin", "https://school.kz").send().await;
    assert_eq!((told.status, told.header("access-control-allow-methods")), (StatusCode::NO_CONTENT, "PUT"));
    let told = store.put(&put).header("origin", "https://school.kz").body(&b"photo"[..]).send().await;
    assert_eq!((told.status, told.header("access-control-allow-origin")), (StatusCode::OK, "https://school.kz"));
}

#[tokio::test]
async fn without_a_store_behind_there_is_no_such_route() {
    let store = Store::open().await;
    let put = store.signed(&ObjectKey::new(Prefix::Incoming), 5).await;
    let alone = School::open().await;
    let path = put.url.strip_prefix(&store.school.url("")).unwrap();
    let told = alone.ask(Method::PUT, path).body(&b"photo"[..]).send().await;
    assert_eq!(refusal(&told), (404, "NO_SUCH_ROUTE".to_owned()));
}

#[tokio::test]
async fn a_store_that_is_away_is_not_the_callers_fault() {
    let store = Store::open().await;
    let put = store.signed(&ObjectKey::new(Prefix::Incoming), 5).await;
    let nobody = School::before(Behind { objects: Some(([127, 0, 0, 1], 1).into()), ..Behind::default() }, |_| {}).await;
    let path = put.url.strip_prefix(&store.school.url("")).unwrap();
    let told = nobody.ask(Method::PUT, path).body(&b"photo"[..]).send().await;
    assert_eq!((refusal(&told), told.header("retry-after")), ((503, "OBJECTS_UNAVAILABLE".to_owned()), "1"));
}
