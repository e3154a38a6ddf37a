//! Several replicas, and what becomes of calls when one goes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use foundation::reason_of;
use tokio::{net::TcpListener, sync::Notify, time::Instant};
use tonic::{Code, Status};

use super::stage::{Stage, call, call_within, counting, methods};
use crate::peers::{Listening, bind};

#[tokio::test]
async fn replicas_share_the_work_and_one_that_dies_is_not_missed() {
    let stage = Stage::of(&["learning", "privacy"]);
    let well = || counting(|_, _| async { Status::new(Code::Ok, "") });
    let ((first, of_first), (second, of_second)) = (well(), well());
    let (one, two) = (stage.listen("learning", first).await, stage.listen("learning", second).await);
    let peers = stage.peers("learning", &[one.address(), two.address()]);
    for _ in 0..20 {
        assert_eq!(call(&peers, "privacy", "learning", &methods().1).await.code(), Code::Ok);
    }
    let (served, other) = (of_first.load(Ordering::SeqCst), of_second.load(Ordering::SeqCst));
    assert!(served >= 8 && other >= 8, "{served} and {other}");
    drop(one);
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..20 {
        assert_eq!(call(&peers, "privacy", "learning", &methods().1).await.code(), Code::Ok);
    }
    assert_eq!(of_second.load(Ordering::SeqCst), other + 20);
}

#[tokio::test]
async fn a_replica_that_says_nothing_costs_no_call() {
    let stage = Stage::of(&["learning", "privacy"]);
    let (inner, _) = counting(|_, _| async { Status::new(Code::Ok, "") });
    let door = stage.listen("learning", inner).await;
    // Takes connections and never shakes hands.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peers = stage.peers("learning", &[mute.local_addr().unwrap(), door.address()]);
    let begun = Instant::now();
    for _ in 0..6 {
        assert_eq!(call(&peers, "privacy", "learning", &methods().1).await.code(), Code::Ok);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "it rests once it has been waited for: {:?}", begun.elapsed());
}

#[tokio::test]
async fn only_what_may_be_done_twice_is_repeated() {
    let stage = Stage::of(&["learning", "privacy"]);
    let (repeatable, once) = methods();
    // The connection breaks under the first call.
    let breaks = |times: usize| {
        counting(move |number, _| async move {
            assert!(number >= times, "this connection breaks");
            Status::new(Code::Ok, "")
        })
    };
    let run = async |path: &str, times: usize| {
        let (inner, calls) = breaks(times);
        let door = stage.listen("learning", inner).await;
        let status = call(&stage.peers("learning", &[door.address()]), "privacy", "learning", path).await;
        (status.code(), reason_of(&status), calls.load(Ordering::SeqCst))
    };
    assert_eq!(run(&repeatable, 1).await, (Code::Ok, None, 2));
    assert_eq!(run(&repeatable, 2).await, (Code::Unavailable, Some("PEER_LOST".into()), 2));
    assert_eq!(run(&once, 1).await, (Code::Unavailable, Some("PEER_LOST".into()), 1));
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_over() {
    let stage = Stage::of(&["learning", "privacy"]);
    let (inner, calls) = counting(|_, _| async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Status::new(Code::Ok, "")
    });
    let door = stage.listen("learning", inner).await;
    let peers = stage.peers("learning", &[door.address()]);
    let begun = Instant::now();
    let status = call_within(&peers, "privacy", "learning", &methods().0, Duration::from_millis(300)).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(calls.load(Ordering::SeqCst), 1, "what took too long is not repeated");
}

#[tokio::test]
async fn a_stopping_service_finishes_its_calls_and_sends_others_elsewhere() {
    let stage = Stage::of(&["learning", "privacy"]);
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, waits) = (begun.clone(), end.clone());
    let (slow, of_slow) = counting(move |_, _| {
        let (says, waits) = (says.clone(), waits.clone());
        async move {
            says.notify_one();
            waits.notified().await;
            Status::new(Code::Ok, "slow")
        }
    });
    let (quick, of_quick) = counting(|_, _| async { Status::new(Code::Ok, "quick") });
    let stopping = stage.listen("learning", slow).await;
    let peers = stage.peers("learning", &[stopping.address()]);
    let (path, own) = (methods().1, peers.clone());
    let under_way = tokio::spawn(async move { call(&own, "privacy", "learning", &path).await });
    begun.notified().await;
    let finished = tokio::spawn(async move { stopping.finish(Duration::from_secs(10)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let staying = stage.listen("learning", quick).await;
    let both = stage.peers("learning", &[staying.address()]);
    assert_eq!(call(&both, "privacy", "learning", &methods().1).await.message(), "quick");
    // The one that stops takes no further call, on no connection.
    assert_eq!(reason_of(&call(&peers, "privacy", "learning", &methods().1).await).as_deref(), Some("PEER_UNREACHABLE"));
    assert_eq!((of_slow.load(Ordering::SeqCst), of_quick.load(Ordering::SeqCst)), (1, 1));
    end.notify_one();
    assert_eq!(under_way.await.unwrap().message(), "slow");
    tokio::time::timeout(Duration::from_secs(5), finished).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_costs_no_call() {
    let stage = Stage::of(&["learning", "privacy"]);
    let replica = || {
        let (inner, _) = counting(|_, _| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Status::new(Code::Ok, "")
        });
        inner
    };
    let (mut old, staying) = (stage.listen("learning", replica()).await, stage.listen("learning", replica()).await);
    let peers = stage.peers("learning", &[old.address(), staying.address()]);
    let (path, over) = (methods().1, tokio_util::sync::CancellationToken::new());
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (peers, path, over) = (peers.clone(), path.clone(), over.clone());
            tokio::spawn(async move {
                let mut done = 0_u32;
                while !over.is_cancelled() {
                    let status = call(&peers, "privacy", "learning", &path).await;
                    assert_eq!(status.code(), Code::Ok, "after {done} calls: {status:?}");
                    done += 1;
                }
                done
            })
        })
        .collect();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let address = old.address();
        old.finish(Duration::from_secs(5)).await;
        drop(old);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let again = bind("learning", &address.to_string()).await.unwrap();
        old = Listening::start("learning", again, stage.certificates.of("learning").unwrap(), replica()).unwrap();
    }
    over.cancel();
    for caller in callers {
        assert!(caller.await.unwrap() > 20);
    }
}
