//! The one stream of the house, declared by the code. What is there with other limits is refused, never changed in silence.

use std::time::Duration;

use async_nats::jetstream::{
    ErrorCode,
    context::{CreateStreamErrorKind, GetStreamErrorKind},
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};

use super::{BusConfig, BusError, NatsBus, subject};

/// No event stays longer on the bus: it names a person by an identifier.
pub const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// A publication that is repeated within this time is stored once; the inbox remembers for longer.
const DUPLICATES: Duration = Duration::from_secs(600);
/// The largest event, its names included: events hold identifiers.
pub(super) const LARGEST: i32 = 64 * 1024;

/// Counted up when what the code itself chooses changes: subjects, the window of duplicates, the largest event.
const LAYOUT: u32 = 1;
const DESCRIPTION: &str = "events of kolsai, layout ";

/// What a setting may say.
pub(super) fn check_bounds(config: &BusConfig) -> Result<(), BusError> {
    let refuse = |setting, bounds: &str| Err(BusError::Limits { setting, bounds: bounds.into() });
    let name_is_plain = config.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    match config {
        _ if config.name.is_empty() || !name_is_plain => refuse("NAME", "letters, digits, `-` and `_`"),
        _ if config.max_age > MAX_AGE || config.max_age < DUPLICATES => refuse("MAX_AGE_HOURS", "from 1 to 168: no event stays longer"),
        _ if config.replicas == 0 || config.replicas > 5 => refuse("REPLICAS", "from 1 to 5"),
        _ if config.max_bytes < i64::from(LARGEST) => refuse("MAX_MEGABYTES", "at least 1"),
        _ => Ok(()),
    }
}

pub(super) fn wanted(config: &BusConfig) -> Config {
    Config {
        name: config.name.clone(),
        description: Some(format!("{DESCRIPTION}{LAYOUT}")),
        subjects: vec![subject::all(&config.name)],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        // Full is full: what nobody has read is not thrown away for what is new.
        discard: DiscardPolicy::New,
        max_bytes: config.max_bytes,
        max_messages: -1,
        max_consumers: -1,
        max_age: config.max_age,
        max_message_size: LARGEST,
        duplicate_window: DUPLICATES,
        num_replicas: config.replicas,
        ..Default::default()
    }
}

/// What to do about a stream that is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Same,
    /// Declared by an older version, and what differs is the code's own choice.
    Older,
    /// In words.
    Other(Vec<String>),
}

/// Compares a stream with what this process declares.
pub(super) fn compare(there: &Config, wanted: &Config) -> Found {
    let hours = |age: Duration| age.as_secs() / 3600;
    let mut differ = Vec::new();
    let mut say = |differs: bool, text: String| {
        if differs {
            differ.push(text);
        }
    };
    say(there.max_bytes != wanted.max_bytes, {
        format!("it holds at most {} bytes, KOLSAI__BUS__MAX_MEGABYTES says {}", there.max_bytes, wanted.max_bytes)
    });
    say(there.max_age != wanted.max_age, {
        format!("it keeps events for {} hours, KOLSAI__BUS__MAX_AGE_HOURS says {}", hours(there.max_age), hours(wanted.max_age))
    });
    say(there.num_replicas != wanted.num_replicas, {
        format!("it has {} replicas, KOLSAI__BUS__REPLICAS says {}", there.num_replicas, wanted.num_replicas)
    });
    say(there.storage != wanted.storage, "it is not kept in files".into());
    say(there.retention != wanted.retention, "it forgets what is taken".into());
    say(there.discard != wanted.discard, "it throws away the oldest when it is full".into());
    say(there.max_messages > 0 || there.max_messages_per_subject > 0, "it counts messages".into());
    let own = there.subjects != wanted.subjects
        || there.duplicate_window != wanted.duplicate_window
        || there.max_message_size != wanted.max_message_size;
    match layout(there) {
        _ if !differ.is_empty() => Found::Other(differ),
        _ if !own => Found::Same,
        Some(older) if older < LAYOUT => Found::Older,
        // A newer version has been here: it knows more, and its stream takes what we publish.
        Some(newer) if newer > LAYOUT => Found::Same,
        _ => Found::Other(vec!["its subjects, its window of duplicates or its largest message are not ours".into()]),
    }
}

fn layout(there: &Config) -> Option<u32> {
    there.description.as_deref()?.strip_prefix(DESCRIPTION)?.parse().ok()
}

impl NatsBus {
    /// Makes the stream, or checks the one that is there. Two processes may do it at once.
    pub(super) async fn declare(&self) -> Result<(), BusError> {
        let (wanted, context) = (wanted(&self.0.config), &self.0.context);
        let there = match context.get_stream(&wanted.name).await {
            Ok(stream) => stream.cached_info().config.clone(),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    match context.create_stream(wanted.clone()).await {
                        Ok(stream) => stream.cached_info().config.clone(),
                        Err(error) => return Err(refused(&error.kind(), &error)),
                    }
                }
                _ => return Err(BusError::JetStream(error.to_string())),
            },
        };
        match compare(&there, &wanted) {
            Found::Same => Ok(()),
            Found::Older => {
                tracing::info!(stream = wanted.name, layout = LAYOUT, "the stream of an older version is brought up to date");
                context.update_stream(wanted).await.map(drop).map_err(|error| BusError::JetStream(error.to_string()))
            }
            Found::Other(differences) => Err(BusError::OtherLimits { stream: wanted.name, differences }),
        }
    }
}

fn refused(kind: &CreateStreamErrorKind, error: &dyn std::error::Error) -> BusError {
    match kind {
        CreateStreamErrorKind::JetStream(said)
            if [ErrorCode::INSUFFICIENT_RESOURCES, ErrorCode::STORAGE_RESOURCES_EXCEEDED].contains(&said.error_code()) =>
        {
            BusError::Limits { setting: "MAX_MEGABYTES", bounds: "the server's own store is smaller; give it more, or say less".into() }
        }
        _ => BusError::JetStream(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_with_other_limits_is_other_and_an_older_one_is_older() {
        let wanted = wanted(&BusConfig::new("memory:"));
        assert_eq!(compare(&wanted, &wanted), Found::Same);
        let Found::Other(said) = compare(&Config { max_bytes: 7, max_age: Duration::from_secs(7200), ..wanted.clone() }, &wanted) else {
            panic!("other limits were taken")
        };
        assert!(said[0].contains("KOLSAI__BUS__MAX_MEGABYTES") && said[1].contains("keeps events for 2 hours"), "{said:?}");
        let described = |layout: u32, window| Config {
            description: Some(format!("{DESCRIPTION}{layout}")),
            duplicate_window: Duration::from_secs(window),
            ..wanted.clone()
        };
        assert_eq!(compare(&described(0, 1), &wanted), Found::Older);
        assert_eq!(compare(&described(LAYOUT + 1, 1), &wanted), Found::Same);
        assert!(matches!(compare(&described(LAYOUT, 1), &wanted), Found::Other(_)));
        let foreign = Config { description: None, subjects: vec!["other.>".into()], ..wanted.clone() };
        assert!(matches!(compare(&foreign, &wanted), Found::Other(_)));
    }

    #[test]
    fn settings_out_of_bounds_are_refused_by_name() {
        let fine = BusConfig::new("memory:");
        assert!(check_bounds(&fine).is_ok());
        for (config, setting) in [
            (BusConfig { max_age: MAX_AGE + Duration::from_secs(1), ..fine.clone() }, "MAX_AGE_HOURS"),
            (BusConfig { replicas: 0, ..fine.clone() }, "REPLICAS"),
            (BusConfig { max_bytes: 1, ..fine.clone() }, "MAX_MEGABYTES"),
            (BusConfig { name: "a.b".into(), ..fine.clone() }, "NAME"),
        ] {
            let refused = check_bounds(&config).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("KOLSAI__BUS__{setting} ")), "{refused}");
        }
    }
}
