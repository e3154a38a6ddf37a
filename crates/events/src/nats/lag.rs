//! How far behind the reactions are.

use foundation::Timestamp;
use futures::TryStreamExt;

use super::{BusError, NatsBus};

/// What waits for one reaction. Counts and times: nothing about anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// As the durable consumer is called: the reaction, with `_` for its dot.
    pub consumer: String,
    /// Not given to anybody yet.
    pub waiting: u64,
    /// Given, and neither acknowledged nor given back.
    pub in_hand: u64,
    /// Of those in hand, given more than once.
    pub again: u64,
    /// When the stream took the oldest that is not acknowledged.
    pub oldest: Option<Timestamp>,
}

impl Lag {
    pub fn events(&self) -> u64 {
        self.waiting + self.in_hand
    }
}

impl NatsBus {
    /// Every consumer of the stream, those of other teams too, in the order of their names.
    pub async fn lag(&self) -> Result<Vec<Lag>, BusError> {
        let failed = |error: &dyn std::fmt::Display| BusError::JetStream(error.to_string());
        let stream = self.0.context.get_stream_no_info(&self.0.config.name).await.map_err(|error| failed(&error))?;
        let infos: Vec<_> = stream.consumers().try_collect().await.map_err(|error| failed(&error))?;
        let mut lags = Vec::with_capacity(infos.len());
        for info in infos {
            let behind = info.num_pending > 0 || info.num_ack_pending > 0;
            let first = stream.get_first_raw_message_by_subject(&info.config.filter_subject, info.ack_floor.stream_sequence + 1);
            // It may be taken in this moment: then nothing is oldest.
            let oldest = if behind { first.await.ok() } else { None };
            lags.push(Lag {
                consumer: info.name,
                waiting: info.num_pending,
                in_hand: info.num_ack_pending as u64,
                again: info.num_redelivered as u64,
                oldest: oldest
                    .map(|message| Timestamp::from_micros(i64::try_from(message.time.unix_timestamp_nanos() / 1_000).unwrap_or_default())),
            });
        }
        lags.sort_by(|a, b| a.consumer.cmp(&b.consumer));
        Ok(lags)
    }
}
