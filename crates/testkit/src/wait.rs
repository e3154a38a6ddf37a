//! Waiting for a condition, never for a time.

use std::time::Duration;

/// Asks until the answer is there, for at most 30 seconds. `what` says in the failure what was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(30), asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited 30 seconds in vain for {what}"),
    }
}
