use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use contract::identity::v1::{
    ListSigningKeysRequest, ListSigningKeysResponse, signing_keys_client::SigningKeysClient, signing_keys_server,
};
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, service::Routes};

use foundation::Mode;

use super::{CancellationToken, Drain, Host, HostError, NotReady, Question, Readiness, health, probe, verify, workers};
use crate::{
    Engines, Peers, Service, Settings,
    peers::{
        Listening,
        authority::{DevelopmentAuthority, LIFE},
        bind,
    },
    settings::Environment,
    stack::{StackParts, around},
};

struct Keys;

#[tonic::async_trait]
impl signing_keys_server::SigningKeys for Keys {
    async fn list_signing_keys(&self, _: Request<ListSigningKeysRequest>) -> Result<Response<ListSigningKeysResponse>, Status> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(Response::new(ListSigningKeysResponse::default()))
    }
}

fn keys() -> signing_keys_server::SigningKeysServer<Keys> {
    signing_keys_server::SigningKeysServer::new(Keys)
}

async fn engines(folder: &tempfile::TempDir) -> Engines {
    let data = ("KOLSAI_DATA".to_owned(), folder.path().join("data").to_str().unwrap().to_owned());
    Engines::open(Settings::load_from(&[], Environment::of([data])).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_process_serves_what_the_contract_says_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let engines = engines(&folder).await;
    let refused = |services| Host::new(engines.clone(), services).err().unwrap();
    let missing = refused(vec![Service::named("identity").serves(keys())]);
    assert!(
        matches!(&missing, HostError::NotServed { service: "identity", missing } if missing.starts_with("kolsai.identity.v1.")),
        "{missing}"
    );
    let other = refused(vec![Service::named("learning").serves(keys())]);
    assert!(
        matches!(&other, HostError::NotItsOwn { service: "learning", served } if served == "kolsai.identity.v1.SigningKeys"),
        "{other}"
    );
}

#[tokio::test]
async fn a_process_runs_what_its_settings_were_checked_for() {
    let folder = tempfile::tempdir().unwrap();
    let other = verify::services(&engines(&folder).await, &[]).unwrap_err();
    assert!(matches!(&other, HostError::OtherPart { chosen, .. } if chosen == "all"), "{other}");
}

#[tokio::test]
async fn a_worker_that_panics_or_fails_is_started_anew_and_shows() {
    let (tasks, stop, starts) = (TaskTracker::new(), CancellationToken::new(), Arc::new(AtomicU32::new(0)));
    let counted = starts.clone();
    let service = Service::named("learning").works("pipeline", move |until| {
        let starts = counted.clone();
        async move {
            match starts.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("the first time"),
                1 => Err("the second time".into()),
                _ => {
                    until.cancelled().await;
                    Ok(())
                }
            }
        }
    });
    let started = workers::spawn(&tasks, "learning", service.workers[0].clone(), stop.clone());
    tasks.close();
    let readiness = Readiness::new(vec![], vec![], vec![started]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(readiness.ready().await, Err(vec![NotReady::Worker { service: "learning", worker: "pipeline" }]));
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!((readiness.ready().await, starts.load(Ordering::SeqCst)), (Ok(()), 3));
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), tasks.wait()).await.unwrap();
    readiness.stopping();
    assert_eq!(readiness.ready().await, Err(vec![NotReady::Stopping]));
}

#[tokio::test]
async fn a_stopping_process_finishes_its_calls_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (engines, peers, drain) = (engines(&folder).await, Peers::in_process(), Drain::default());
    let parts = StackParts {
        service: "identity",
        clock: engines.clock(),
        verifier: engines.verifier("identity"),
        recorder: None,
        ties: None,
        exceptions: None,
        states: None,
    };
    peers.register("identity", drain.around(around(Routes::new(keys()), parts))).unwrap();
    let mut client = SigningKeysClient::new(peers.transport("gateway", "identity"));
    let mut second = client.clone();
    let call = tokio::spawn(async move { client.list_signing_keys(ListSigningKeysRequest {}).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    drain.finish(Duration::from_secs(5)).await;
    assert!(call.is_finished() && call.await.unwrap().is_ok());
    let refused = second.list_signing_keys(ListSigningKeysRequest {}).await.unwrap_err();
    assert_eq!(foundation::reason_of(&refused).as_deref(), Some("STOPPING"));
}

#[tokio::test]
async fn a_probe_asks_over_mutual_tls_and_hears_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = folder.path().join("certificates");
    let authority = DevelopmentAuthority::open(&certificates, "kolsai", foundation::Clock::system(Mode::Development).now()).unwrap();
    authority.issue("identity", LIFE).unwrap();
    let listener = bind("identity", "127.0.0.1:0").await.unwrap();
    let pairs = [
        ("KOLSAI_DATA", folder.path().join("data").display().to_string()),
        ("KOLSAI__PEERS__CERTIFICATES", certificates.display().to_string()),
        ("KOLSAI__PEERS__LISTEN__IDENTITY", listener.local_addr().unwrap().to_string()),
    ];
    let settings = Settings::load_from(&[], Environment::of(pairs.map(|(name, value)| (name.to_owned(), value)))).unwrap();
    let engines = Engines::open(settings.clone()).await.unwrap();
    let (slot, within) = (health::Slot::default(), Duration::from_secs(3));
    let parts = StackParts {
        service: "identity",
        clock: engines.clock(),
        verifier: engines.verifier("identity"),
        recorder: None,
        ties: None,
        exceptions: None,
        states: None,
    };
    let ask = async |question| probe(&settings, "identity", question, within).await.map_err(|error| error.to_string());
    let silent = ask(Question::Live).await.unwrap_err();
    assert!(silent.starts_with("`identity` does not answer:"), "{silent}");

    let local = around(Routes::new(slot.server()), parts);
    let _door = Listening::start("identity", listener, engines.peers().identity("identity").unwrap(), local).unwrap();
    assert_eq!(ask(Question::Live).await, Ok(()));
    assert_eq!(ask(Question::Startup).await, Err("`identity` is not ready: the process is starting".into()));
    let readiness = Readiness::new(vec![], vec![], vec![]);
    slot.fill(readiness.clone());
    assert_eq!((ask(Question::Startup).await, ask(Question::Ready).await), (Ok(()), Ok(())));
    readiness.stopping();
    assert_eq!(ask(Question::Ready).await, Err("`identity` is not ready: the process is stopping".into()));
    assert_eq!(ask(Question::Live).await, Ok(()));
    let nowhere = probe(&settings, "payment", Question::Live, within).await.unwrap_err();
    assert!(nowhere.to_string().starts_with("KOLSAI__PEERS__LISTEN__PAYMENT"), "{nowhere}");
}
