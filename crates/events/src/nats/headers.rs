//! An event as a message: CloudEvents' names in the headers (binary mode), the protobuf encoding as the payload.

use async_nats::HeaderMap;
use foundation::{Timestamp, uuid::Uuid};
use sha2::{Digest, Sha256};

use super::{stream::LARGEST, subject};
use crate::{
    Envelope,
    parked::{CUT_SHORT, FORGED},
};

const MESSAGE_ID: &str = "Nats-Msg-Id";
const ID: &str = "ce-id";
const SOURCE: &str = "ce-source";
const TYPE: &str = "ce-type";
const SPEC: &str = "ce-specversion";
const TIME: &str = "ce-time";
/// Ours: the payload's length in bytes, so that one that was cut short is known by it.
const LENGTH: &str = "ce-length";
const CONTENT: &str = "content-type";
const TRACE: &str = "traceparent";

const SPEC_VERSION: &str = "1.0";
/// The longest name that is kept of a message that is not understood.
const LONGEST_NAME: usize = 120;

pub(crate) fn of(envelope: &Envelope) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let id = envelope.id.to_string();
    headers.insert(MESSAGE_ID, id.as_str());
    headers.insert(ID, id.as_str());
    headers.insert(SOURCE, envelope.source.as_str());
    headers.insert(TYPE, envelope.kind.as_str());
    headers.insert(SPEC, SPEC_VERSION);
    headers.insert(TIME, envelope.at.to_string().as_str());
    headers.insert(LENGTH, envelope.payload.len().to_string().as_str());
    headers.insert(CONTENT, "application/protobuf");
    // The span that publishes, where tracing runs: the reaction hangs below it.
    let trace = foundation::trace::current_traceparent().or_else(|| envelope.traceparent.clone());
    if let Some(trace) = trace {
        headers.insert(TRACE, trace.as_str());
    }
    headers
}

/// A message as it came.
pub(crate) struct Arrived<'m> {
    pub(crate) subject: &'m str,
    pub(crate) headers: Option<&'m HeaderMap>,
    pub(crate) payload: &'m [u8],
    /// Its place in the stream: what it is known by when it says no identifier.
    pub(crate) stream: &'m str,
    pub(crate) sequence: u64,
    /// When the stream took it.
    pub(crate) at: Timestamp,
}

/// The event, or as much of it as can be set aside, with why it must be.
pub(crate) fn read(name: &str, kind: &str, arrived: &Arrived<'_>) -> (Envelope, Option<&'static str>) {
    let header = |name: &str| arrived.headers.and_then(|headers| headers.get(name)).map(|value| value.as_str());
    let id = header(ID).and_then(|text| Uuid::parse_str(text).ok());
    let at = header(TIME).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let envelope = Envelope {
        id: id.unwrap_or_else(|| id_by_place(arrived.stream, arrived.sequence)),
        // The word of the server, which knows who publishes, before that of the message.
        source: shown(subject::source(name, arrived.subject).unwrap_or_default()),
        kind: shown(header(TYPE).unwrap_or_default()),
        payload: arrived.payload.to_vec(),
        traceparent: header(TRACE).filter(|text| foundation::trace::parse(text).is_some()).map(str::to_owned),
        at: at.map_or(arrived.at, |at| Timestamp::from_micros(at.as_microsecond())),
    };
    let length = header(LENGTH).map(|text| text.parse() == Ok(arrived.payload.len()));
    let forged = !envelope.is_from_its_announcer() || header(SOURCE) != Some(envelope.source.as_str());
    let wrong = [
        (header(SPEC) != Some(SPEC_VERSION), "it is not a CloudEvent of version 1.0"),
        (id.is_none(), "its identifier cannot be read"),
        (envelope.kind != kind, "its kind or version is not known here"),
        (at.is_none(), "its time cannot be read"),
        (length == Some(false), CUT_SHORT),
        (arrived.payload.len() > LARGEST as usize, "it is too large for an event"),
        (forged, FORGED),
    ];
    (envelope, wrong.into_iter().find(|(is_so, _)| *is_so).map(|(_, why)| why))
}

/// The same message has the same identifier whenever it is read.
fn id_by_place(stream: &str, sequence: u64) -> Uuid {
    let digest = Sha256::new().chain_update(stream).chain_update(sequence.to_be_bytes()).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}

/// A stranger's text, short and without surprises.
fn shown(text: &str) -> String {
    text.chars().take(LONGEST_NAME).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use contract::{Event, identity::v1::LinkIssued};

    use super::*;

    fn event() -> Envelope {
        Envelope {
            id: Uuid::now_v7(),
            source: "identity".into(),
            kind: LinkIssued::TYPE.into(),
            payload: vec![10, 1, 97],
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
            at: Timestamp::from_micros(1_766_000_000_123_456),
        }
    }

    fn read_with(headers: Option<&HeaderMap>, subject: &str, payload: &[u8]) -> (Envelope, Option<&'static str>) {
        let arrived = Arrived { subject, headers, payload, stream: "kolsai", sequence: 7, at: Timestamp::from_micros(5) };
        read("kolsai", LinkIssued::TYPE, &arrived)
    }

    const SUBJECT: &str = "kolsai.events.identity.LinkIssued";

    #[test]
    fn what_is_sent_is_what_arrives() {
        let event = event();
        assert_eq!(read_with(Some(&of(&event)), SUBJECT, &event.payload), (event.clone(), None));
        let without_trace = Envelope { traceparent: None, ..event };
        assert_eq!(read_with(Some(&of(&without_trace)), SUBJECT, &without_trace.payload), (without_trace.clone(), None));
    }

    #[test]
    fn what_is_not_an_event_says_why_and_keeps_what_came() {
        let (event, headers) = (event(), of(&event()));
        let with = |name: &str, value: &str| {
            let mut headers = headers.clone();
            headers.insert(name, value);
            headers
        };
        let large = vec![0; LARGEST as usize + 1];
        let mut unmeasured = HeaderMap::new();
        for (name, values) in headers.iter().filter(|(name, _)| AsRef::<str>::as_ref(*name) != LENGTH) {
            unmeasured.insert(name.clone(), values[0].clone());
        }
        for (headers, subject, payload, expected) in [
            (None, SUBJECT, &event.payload, "it is not a CloudEvent of version 1.0"),
            (Some(with(SPEC, "2.0")), SUBJECT, &event.payload, "it is not a CloudEvent of version 1.0"),
            (Some(with(ID, "seven")), SUBJECT, &event.payload, "its identifier cannot be read"),
            (Some(with(TYPE, "kolsai.identity.v2.LinkIssued")), SUBJECT, &event.payload, "its kind or version is not known here"),
            (Some(with(TIME, "yesterday")), SUBJECT, &event.payload, "its time cannot be read"),
            (Some(headers.clone()), SUBJECT, &event.payload[..2].to_vec(), CUT_SHORT),
            (Some(unmeasured), SUBJECT, &large, "it is too large for an event"),
            (Some(with(SOURCE, "mallory")), SUBJECT, &event.payload, FORGED),
            (Some(headers.clone()), "kolsai.events.mallory.LinkIssued", &event.payload, FORGED),
        ] {
            let (kept, why) = read_with(headers.as_ref(), subject, payload);
            assert_eq!((why, &kept.payload), (Some(expected), payload));
        }
        let (nameless, _) = read_with(None, SUBJECT, &[]);
        assert_eq!(nameless.id, read_with(None, SUBJECT, &[1]).0.id, "known by its place");
        assert_eq!(shown("a\u{202e}b\n"), "a?b?");
    }
}
