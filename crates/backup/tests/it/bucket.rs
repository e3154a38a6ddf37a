//! The same on S3: a real client against a server over a folder, large files in parts.

use std::net::Ipv4Addr;

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use objects::{ObjectsAddress, Vault};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::house::House;

/// Serves a folder with these buckets; answers where.
async fn server(folder: &std::path::Path, buckets: &[&str]) -> u16 {
    for bucket in buckets {
        std::fs::create_dir_all(folder.join(bucket)).unwrap();
    }
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single("other", "credentials"));
    let service = service.build();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_catalogue_and_ledger_in_buckets() {
    let mut house = House::new();
    let port = server(&house.root.path().join("s3"), &["backups", "keyring", "ledger"]).await;
    let address = |bucket: &str| Some(format!("s3+http://other:credentials@127.0.0.1:{port}/{bucket}"));
    (house.config.address, house.config.keyring_address, house.config.ledger) = (address("backups"), address("keyring"), address("ledger"));
    house.furnish().await;
    let person = foundation::PersonId::new_v4();
    house.backups().note_erased(person, house.around.clock.now()).await.unwrap();
    house.take().await;
    assert_eq!(house.backups().ledger().unwrap().erased().await.unwrap(), [person]);
    house.restore(&house.empty(), &house.ask()).await.unwrap();
    house.advance(31);
    kolsai_backup::prune(&house.backups(), house.around.clock.now()).await.unwrap();
    assert!(house.backups().all().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let port = server(&folder.path().join("s3"), &["backups"]).await;
    let bucket = format!("s3+http://other:credentials@127.0.0.1:{port}/backups").parse::<ObjectsAddress>().unwrap();
    let plain = ObjectsAddress::Folder(folder.path().join("plain"));
    for address in [bucket, plain] {
        let vault = Vault::open(&address, foundation::Mode::Development).unwrap();
        // Larger than two parts of an upload.
        let piece: Vec<u8> = (0..1_000_003_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut writer = vault.writer("data/large.age").await.unwrap();
        for _ in 0..40 {
            writer.write(piece.clone().into()).await.unwrap();
        }
        assert!(vault.get("data/large.age").await.unwrap().is_none() && vault.list("").await.unwrap().is_empty());
        writer.finish().await.unwrap();
        let whole = vault.get("data/large.age").await.unwrap().unwrap();
        assert_eq!((whole.len(), &whole[39 * piece.len()..]), (40 * piece.len(), piece.as_slice()));

        let mut given_up = vault.writer("data/other.age").await.unwrap();
        given_up.write(vec![1; 20_000_000].into()).await.unwrap();
        given_up.abort().await;
        let names: Vec<_> = vault.list("data/").await.unwrap().into_iter().map(|file| (file.name, file.size)).collect();
        assert_eq!(names, [("data/large.age".to_owned(), whole.len() as u64)]);
        vault.delete("data/large.age").await.unwrap();
        vault.delete("data/large.age").await.unwrap();
        assert!(vault.get("data/large.age").await.unwrap().is_none());
        for climbing in ["../x", "/x", "a//b", "A", "", ".x"] {
            assert!(vault.get(climbing).await.is_err(), "{climbing}");
        }
    }
}
