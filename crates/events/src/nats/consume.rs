//! Taking events off the stream: a durable pull consumer for each reaction, shared by the replicas of its service.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_nats::jetstream::{
    AckKind, Message,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, ReplayPolicy, pull},
};
use foundation::{BoxError, Timestamp, failpoint, metrics::all::CONSUMER_LAG};
use futures::{FutureExt, StreamExt};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    NatsBus,
    headers::{self, Arrived},
    subject,
};
use crate::{Outcome, Reactor, giving};

/// For each event in hand, how many wait in this process for their turn. Few, so that none waits for as long as it may be silent.
const AHEAD: usize = 2;
/// How long the server keeps a question for more before it is asked again.
const ASK: Duration = Duration::from_secs(30);
/// How often the server says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often it is measured what waits.
const MEASURE: Duration = Duration::from_secs(10);
/// Before the bus is tried again.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl NatsBus {
    /// Takes events for the reactions of one service, until cancelled: then what is in hand is finished and the rest is given back. A
    /// bus that is away is waited for.
    pub async fn react(&self, service: &'static str, until: CancellationToken) {
        let (mut names, mut working) = (HashSet::new(), JoinSet::new());
        for reactor in self.reactors().into_iter().filter(|reactor| reactor.service() == service) {
            if !names.insert(reactor.name()) {
                tracing::error!(service, reaction = reactor.name(), alarm = "SAME_NAME", "two reactions share a name; one is left out");
                continue;
            }
            working.spawn(self.clone().work(reactor, until.clone()));
        }
        let measuring = self.clone().measure(service, names.into_iter().collect());
        // Ends with the reactions.
        let mut measured = JoinSet::new();
        measured.spawn(measuring);
        while let Some(ended) = working.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        until.cancelled().await;
    }

    /// What waits for each reaction, in numbers, for as long as it is asked.
    async fn measure(self, service: &'static str, reactions: Vec<&'static str>) {
        loop {
            tokio::time::sleep(MEASURE).await;
            let Ok(stream) = self.0.context.get_stream_no_info(&self.0.config.name).await else { continue };
            for reaction in &reactions {
                if let Ok(info) = stream.consumer_info(subject::consumer(reaction)).await {
                    CONSUMER_LAG.count(info.num_pending + info.num_ack_pending as u64, [service.into(), (*reaction).into()]);
                }
            }
        }
    }

    async fn work(self, reactor: Arc<dyn Reactor>, until: CancellationToken) {
        let mut pause = PAUSE;
        while !until.is_cancelled() {
            match self.take(&reactor, &until, &mut pause).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(reaction = reactor.name(), %error, "the bus gives no events; it is asked again"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = until.cancelled() => return,
            }
            // A bus that lost its disk has a stream again before anybody asks it.
            if let Err(error) = self.declare().await {
                tracing::warn!(%error, "the stream cannot be declared");
            }
        }
    }

    async fn take(&self, reactor: &Arc<dyn Reactor>, until: &CancellationToken, pause: &mut Duration) -> Result<(), BoxError> {
        // Order is promised to nobody.
        let at_once = self.0.config.at_once.max(1);
        let consumer: PullConsumer =
            self.0.context.create_consumer_on_stream(self.consumer_of(reactor.as_ref()), &self.0.config.name).await?;
        let messages = consumer.stream().max_messages_per_batch(at_once * AHEAD).expires(ASK).heartbeat(HEARTBEAT).messages();
        let (mut messages, mut working, mut failed) = (messages.await?, JoinSet::new(), None);
        loop {
            tokio::select! {
                biased;
                () = until.cancelled() => break,
                _ = working.join_next(), if !working.is_empty() => {}
                next = messages.next(), if working.len() < at_once => match next {
                    Some(Ok(message)) => {
                        *pause = PAUSE;
                        working.spawn(self.clone().handle(reactor.clone(), message));
                    }
                    Some(Err(error)) => {
                        failed = Some(error);
                        break;
                    }
                    None => break,
                },
            }
        }
        let mut unread = Vec::new();
        while let Some(Some(Ok(message))) = messages.next().now_or_never() {
            unread.push(message);
        }
        // First nothing more is asked for: else it would come back here.
        drop(messages);
        for message in unread {
            acknowledge(&message, AckKind::Nak(None)).await;
        }
        while working.join_next().await.is_some() {}
        match failed {
            Some(error) => Err(error.into()),
            None if until.is_cancelled() => Ok(()),
            None => Err("the server ended the stream of events".into()),
        }
    }

    fn consumer_of(&self, reactor: &dyn Reactor) -> pull::Config {
        pull::Config {
            durable_name: Some(subject::consumer(reactor.name())),
            filter_subject: subject::filter(&self.0.config.name, reactor.kind()),
            // A reaction that is new hears what the stream still has: whoever announces may have started before.
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.0.config.ack_wait,
            // It is we who give up, where it can be seen.
            max_deliver: -1,
            max_ack_pending: 1024,
            replay_policy: ReplayPolicy::Instant,
            ..Default::default()
        }
    }

    /// One message to its end: acknowledged once its effect is committed, or given back for later.
    async fn handle(self, reactor: Arc<dyn Reactor>, message: Message) {
        let mut giving = std::pin::pin!(self.give(reactor.as_ref(), &message));
        let given = loop {
            tokio::select! {
                given = &mut giving => break given,
                // Long work is not lost work.
                () = tokio::time::sleep(self.0.config.ack_wait / 3) => acknowledge(&message, AckKind::Progress).await,
            }
        };
        failpoint::at("events.ack", "before");
        match given {
            Ok(_) => acknowledge(&message, AckKind::Ack).await,
            Err(giving::NotYet { reason, wait }) => {
                tracing::info!(reaction = reactor.name(), reason, "an event comes again");
                acknowledge(&message, AckKind::Nak(Some(wait))).await;
            }
        }
        failpoint::at("events.ack", "after");
    }

    async fn give(&self, reactor: &dyn Reactor, message: &Message) -> Result<Outcome, giving::NotYet> {
        let config = &self.0.config;
        // What is not a delivery of our stream cannot come here; if it does, it is set aside like any other.
        let (sequence, delivered, nanos) =
            message.info().map_or((0, 1, 0), |info| (info.stream_sequence, info.delivered, info.published.unix_timestamp_nanos()));
        let arrived = Arrived {
            subject: &message.subject,
            headers: message.headers.as_ref(),
            payload: &message.payload,
            stream: &config.name,
            sequence,
            at: Timestamp::from_micros(i64::try_from(nanos / 1_000).unwrap_or_default()),
        };
        let attempts = (delivered - 1).max(0);
        match headers::read(&config.name, reactor.kind(), &arrived) {
            (envelope, None) => giving::give(reactor, &envelope, attempts).await,
            (envelope, Some(reason)) => {
                tracing::error!(reaction = reactor.name(), event = %envelope.id, reason, "a message is no event that this reaction knows and is set aside");
                giving::set_aside(reactor, &envelope, reason, attempts).await
            }
        }
    }
}

/// An acknowledgement that does not arrive has the event come again, and the inbox drops it.
async fn acknowledge(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, "an acknowledgement could not be sent");
    }
}
