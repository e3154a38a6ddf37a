//! A hand on the bus: what a network, a disk and a stranger may do to events. It has a user of its own, the operator's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use async_nats::{
    ConnectOptions, HeaderMap,
    jetstream::{
        self,
        consumer::Info,
        stream::{Info as StreamInfo, Stream},
    },
};
use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{plan::Random, platform::Platform};

const STREAM: &str = "kolsai";
const MESSAGE_ID: &str = "Nats-Msg-Id";
/// Nobody hears this.
const FILLER: &str = "kolsai.events.filler.Nothing";
/// How many events are sent once more at a time.
const COPIES: usize = 40;
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// Who reacts to what, as the bus has it.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// As the durable consumer is called.
    pub consumer: String,
    /// As the inbox knows it.
    pub name: String,
    /// The last word of the kinds it hears.
    pub event: String,
    pub waiting: u64,
}

pub struct Bus {
    client: async_nats::Client,
    context: jetstream::Context,
    /// Identifiers of what was sent in poisoned, and how many reactions hear it.
    pub poisoned: Mutex<BTreeMap<Uuid, usize>>,
    /// Identifiers of events that were sent once more.
    pub copied: Mutex<BTreeSet<String>>,
}

impl Bus {
    pub async fn connect(platform: &Platform) -> Result<Self> {
        let address = platform.told("operator", "KOLSAI__BUS__ADDRESS")?;
        let authority = platform.told("operator", "KOLSAI__BUS__AUTHORITY")?;
        let (user, server) = address.trim_start_matches("tls://").split_once('@').context("an address with a user")?;
        let (user, password) = user.split_once(':').context("a user with a password")?;
        let options = ConnectOptions::new()
            .user_and_password(user.to_owned(), password.to_owned())
            .add_root_certificates(authority.into())
            .require_tls(true)
            .custom_inbox_prefix(format!("_INBOX_{user}"))
            .retry_on_initial_connect();
        let client = options.connect(format!("tls://{server}")).await?;
        let context = jetstream::new(client.clone());
        Ok(Self { client, context, poisoned: Mutex::default(), copied: Mutex::default() })
    }

    async fn stream(&self) -> Result<Stream> {
        Ok(self.context.get_stream(STREAM).await?)
    }

    pub async fn info(&self) -> Result<StreamInfo> {
        Ok(self.stream().await?.cached_info().clone())
    }

    async fn consumers(&self) -> Result<Vec<Info>> {
        let mut infos: Vec<_> = self.stream().await?.consumers().try_collect().await?;
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(infos)
    }

    pub async fn reactions(&self) -> Result<Vec<Reaction>> {
        let infos = self.consumers().await?;
        let reaction = |info: Info| Reaction {
            event: info.config.filter_subject.rsplit('.').next().unwrap_or_default().to_owned(),
            name: info.name.replace('_', "."),
            waiting: info.num_pending + info.num_ack_pending as u64,
            consumer: info.name,
        };
        Ok(infos.into_iter().map(reaction).collect())
    }

    /// A reaction hears nothing until it is resumed, and what was chosen says which.
    pub async fn pause(&self, choice: u64, until: Duration) -> Result<String> {
        let reactions = self.reactions().await?;
        ensure!(!reactions.is_empty(), "nobody hears anything");
        let consumer = reactions[Random(choice).below(reactions.len())].consumer.clone();
        // The server lifts it by itself, should we not come to it.
        let ask = json!({ "pause_until": rfc3339(until + Duration::from_secs(60)) });
        self.ask(&format!("CONSUMER.PAUSE.{STREAM}.{consumer}"), &ask).await?;
        Ok(consumer)
    }

    pub async fn resume(&self, consumer: &str) -> Result<()> {
        self.ask(&format!("CONSUMER.PAUSE.{STREAM}.{consumer}"), &json!({})).await.map(drop)
    }

    /// What waits for the consumer comes in the opposite order: copies, the last first, and then the originals go.
    pub async fn reorder(&self, consumer: &str) -> Result<usize> {
        let info = self.consumers().await?.into_iter().find(|info| info.name == consumer).context("the consumer is there")?;
        let stream = self.stream().await?;
        let (mut waiting, mut from) = (Vec::new(), info.delivered.stream_sequence + 1);
        while waiting.len() < COPIES {
            let Ok(message) = stream.get_first_raw_message_by_subject(&info.config.filter_subject, from).await else { break };
            from = message.sequence + 1;
            waiting.push(message);
        }
        for message in waiting.iter().rev() {
            self.send_copy(message.subject.to_string(), message.headers.clone(), message.payload.clone()).await?;
        }
        for message in &waiting {
            stream.delete_message(message.sequence).await?;
        }
        Ok(waiting.len())
    }

    /// Some events of all that the stream still has, in any order, once more.
    pub async fn duplicate(&self, choice: u64) -> Result<usize> {
        let (stream, mut random, mut sent) = (self.stream().await?, Random(choice), 0);
        let state = stream.cached_info().state.clone();
        let span = usize::try_from(state.last_sequence.saturating_sub(state.first_sequence)).unwrap_or_default() + 1;
        for nth in 0..COPIES {
            // Half of them of just now.
            let within = if nth % 2 == 0 { span } else { span.min(60) };
            let back = random.below(within) as u64;
            let Ok(message) = stream.get_raw_message(state.last_sequence.saturating_sub(back)).await else { continue };
            if message.subject.as_str() == FILLER {
                continue;
            }
            self.send_copy(message.subject.to_string(), message.headers.clone(), message.payload.clone()).await?;
            sent += 1;
        }
        Ok(sent)
    }

    /// The same event under another message id: for the bus it is another message.
    async fn send_copy(&self, subject: String, mut headers: HeaderMap, payload: Bytes) -> Result<()> {
        if let Some(id) = headers.get("ce-id") {
            self.copied.lock().unwrap_or_else(PoisonError::into_inner).insert(id.as_str().to_owned());
        }
        headers.insert(MESSAGE_ID, Uuid::new_v4().to_string().as_str());
        self.context.publish_with_headers(subject, headers, payload).await?.await?;
        Ok(())
    }

    /// Nothing more goes in: neither a large message nor the smallest.
    pub async fn fill(&self) -> Result<u64> {
        let mut size = 60 * 1024;
        while size > 0 {
            let sent = async { self.context.publish(FILLER, vec![0_u8; size].into()).await?.await.map_err(anyhow::Error::from) };
            match sent.await {
                Ok(_) => {}
                Err(error) if format!("{error:#}").contains("maximum bytes") => size /= 8,
                Err(error) => return Err(error),
            }
        }
        Ok(self.info().await?.state.bytes)
    }

    pub async fn free(&self) -> Result<()> {
        self.stream().await?.purge().filter(FILLER).await?;
        Ok(())
    }

    /// Messages that are no events: cut short, of an unknown version, from somebody who does not announce this.
    pub async fn poison(&self, choice: u64) -> Result<usize> {
        let (reactions, mut random) = (self.reactions().await?, Random(choice));
        ensure!(!reactions.is_empty(), "nobody hears anything");
        for wrong in 0..3 {
            let event = reactions[random.below(reactions.len())].event.clone();
            let hear = reactions.iter().filter(|reaction| reaction.event == event).count();
            let kind = kind_of(&event)?;
            let source = kind.split('.').nth(1).map_or("identity", |owner| if owner == "holder" { "learning" } else { owner }).to_owned();
            let (id, mut headers) = (Uuid::now_v7(), HeaderMap::new());
            let (kind, said, length) = match wrong {
                0 => (kind, source.clone(), 4096),
                1 => (kind.replace(".v1.", ".v99."), source.clone(), 2),
                _ => (kind, "stranger".to_owned(), 2),
            };
            for (name, value) in [
                (MESSAGE_ID, Uuid::new_v4().to_string()),
                ("ce-id", id.to_string()),
                ("ce-source", said),
                ("ce-type", kind),
                ("ce-specversion", "1.0".into()),
                ("ce-time", rfc3339(Duration::ZERO)),
                ("ce-length", length.to_string()),
            ] {
                headers.insert(name, value.as_str());
            }
            self.poisoned.lock().unwrap_or_else(PoisonError::into_inner).insert(id, hear);
            let subject = format!("kolsai.events.{source}.{event}");
            self.context.publish_with_headers(subject, headers, Bytes::from_static(&[8, 1])).await?.await?;
        }
        Ok(3)
    }

    /// Waits until the server answers.
    pub async fn is_back(&self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while let Err(error) = self.stream().await {
            if Instant::now() > end {
                return Err(error.context("the bus does not come back"));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn ask(&self, what: &str, payload: &Value) -> Result<Value> {
        let answer = self.client.request(format!("$JS.API.{what}"), payload.to_string().into()).await?;
        let answer: Value = serde_json::from_slice(&answer.payload)?;
        if answer["error"].is_object() { bail!("{what}: {}", answer["error"]) } else { Ok(answer) }
    }
}

/// The full name of an event, by its last word.
fn kind_of(event: &str) -> Result<String> {
    let found = contract::Contract::get().events().iter().find(|rule| rule.full_name.rsplit('.').next() == Some(event));
    Ok(found.with_context(|| format!("the contract has no event {event}"))?.full_name.clone())
}

/// So long from now, by this machine's clock.
#[allow(clippy::disallowed_methods, reason = "somebody outside has a clock of their own")]
fn rfc3339(ahead: Duration) -> String {
    prost_types::Timestamp::from(std::time::SystemTime::now() + ahead).to_string()
}
