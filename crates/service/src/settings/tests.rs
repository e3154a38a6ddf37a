use std::collections::BTreeMap;

use foundation::Mode;
use serde::Deserialize;

use super::{Environment, Refused, Settings, SettingsError};

const SERVICE: &str = "[identity]\nlink_hours = 24\nsigning_key = \"development:not-a-secret\"\ndemo_accounts = false\n";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    link_hours: u32,
    signing_key: String,
    #[allow(dead_code, reason = "validation reads it by its name")]
    demo_accounts: bool,
    #[serde(default)]
    limits: Limits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    per_hour: u32,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Unwritten {
    names: BTreeMap<String, String>,
}

fn load(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load_from(&[SERVICE], Environment::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))))
}

fn sentence(result: Result<impl Sized, SettingsError>) -> String {
    result.err().expect("it should have been refused").to_string()
}

#[test]
fn defaults_are_enough_for_development() {
    let settings = load(&[]).unwrap();
    assert_eq!(
        (settings.mode, settings.listen.as_str(), settings.cache.address.as_str()),
        (Mode::Development, "127.0.0.1:8443", "memory:")
    );
    assert_eq!(settings.section::<Identity>("identity").unwrap().link_hours, 24);
    assert_eq!(settings.section::<Unwritten>("learning").unwrap(), Unwritten::default());
    assert_eq!(settings.database_address("identity"), "sqlite://data/identity.sqlite");
    assert_eq!(settings.objects_address(), "file:data/objects");
    settings.validate_for_mode().unwrap();
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kolsai.toml");
    std::fs::write(&file, "url = \"https://school.kz/\"\n[identity]\nlink_hours = 2\nsigning_key = \"from-the-file\"\n").unwrap();
    let settings = load(&[
        ("KOLSAI_CONFIG", file.to_str().unwrap()),
        ("KOLSAI__IDENTITY__LINK_HOURS", "3"),
        ("KOLSAI_LISTEN", "127.0.0.1:1"),
        ("KOLSAI__LISTEN", "127.0.0.1:2"),
        ("KOLSAI_DATA", "/srv/12"),
        ("KOLSAI__DATABASE__ADDRESSES__PAYMENT", "postgres://elsewhere/ledger"),
        ("KOLSAI__DATABASE__BASE", "postgres://u@h/x?sslmode=verify-full"),
    ])
    .unwrap();
    let identity: Identity = settings.section("identity").unwrap();
    assert_eq!((identity.link_hours, identity.signing_key.as_str()), (3, "from-the-file"));
    assert_eq!(
        (settings.url.as_str(), settings.listen.as_str(), settings.data.to_str()),
        ("https://school.kz", "127.0.0.1:2", Some("/srv/12"))
    );
    assert_eq!(settings.database_address("payment"), "postgres://elsewhere/ledger");
    assert_eq!(settings.database_address("learning"), "postgres://u@h/kolsai_learning?sslmode=verify-full");
}

#[test]
fn an_unknown_key_is_named_in_a_sentence() {
    assert_eq!(
        sentence(load(&[("KOLSAI__COLOUR__SKY", "blue")])),
        "KOLSAI__COLOUR is not a setting: there is no section `colour`; correct or remove it"
    );
    let text = sentence(load(&[("KOLSAI__CACHE__ADRESS", "memory:")]));
    assert_eq!(text, "KOLSAI__CACHE__ADRESS is not a setting: `cache` knows address; correct or remove it");
    let settings = load(&[("KOLSAI__IDENTITY__LINK_HOUR", "3")]).unwrap();
    let text = sentence(settings.section::<Identity>("identity"));
    assert!(text.starts_with("KOLSAI__IDENTITY__LINK_HOUR is not a setting: `identity` knows link_hours,"), "{text}");
    let settings = load(&[("KOLSAI__IDENTITY__LIMITS__PER_DAY", "3")]).unwrap();
    let text = sentence(settings.section::<Identity>("identity"));
    assert_eq!(text, "KOLSAI__IDENTITY__LIMITS__PER_DAY is not a setting: `identity.limits` knows per_hour; correct or remove it");
    let settings = load(&[("KOLSAI__IDENTITY__LIMITS__PER_HOUR", "3")]).unwrap();
    assert_eq!(settings.section::<Identity>("identity").unwrap().limits.per_hour, 3);
}

#[test]
fn other_names_of_ours_and_of_orchestrators_are_let_alone() {
    load(&[("KOLSAI_CORPUS", "/x"), ("KOLSAI_IDENTITY_SERVICE_HOST", "10.0.0.1"), ("KOLSAI_PORT", "tcp://10.0.0.1:1"), ("PATH", "/bin")])
        .unwrap();
}

#[test]
fn a_wrong_value_is_named_but_not_shown() {
    for (name, value) in [("KOLSAI__DATABASE__ADDRESSES", "many-secrets"), ("KOLSAI__TELEMETRY__LOG_FORMAT", "many-secrets")] {
        let text = sentence(load(&[(name, value)]));
        assert!(text.contains(name) && !text.contains("many-secrets"), "{text}");
    }
    let settings = load(&[("KOLSAI__IDENTITY__LINK_HOURS", "many-secrets")]).unwrap();
    let text = sentence(settings.section::<Identity>("identity"));
    assert!(text.contains("KOLSAI__IDENTITY__LINK_HOURS") && !text.contains("many-secrets"), "{text}");
    assert!(sentence(load(&[("KOLSAI_MODE", "testing")])).contains("KOLSAI__MODE"));
    assert!(sentence(load(&[("KOLSAI_CONFIG", "/nowhere/at.all")])).contains("KOLSAI_CONFIG"));
}

#[test]
fn production_refuses_everything_at_once() {
    let settings = load(&[
        ("KOLSAI_MODE", "production"),
        ("KOLSAI_FAILPOINT", "x"),
        ("KOLSAI_FAILPOINT_TRACE", "passed"),
        ("KOLSAI__CLOCK_AHEAD", "180"),
        ("KOLSAI__IDENTITY__DEMO_ACCOUNTS", "true"),
        ("KOLSAI_MAIL", "file:mail"),
    ])
    .unwrap();
    let Err(SettingsError::Refused { refused, .. }) = settings.validate_for_mode() else { panic!("production took the defaults") };
    let named = |setting: &str| setting.to_owned();
    for expected in [
        Refused::EmbeddedEngine { setting: named("KOLSAI__DATABASE__BASE") },
        Refused::EmbeddedEngine { setting: named("KOLSAI__BUS__ADDRESS") },
        Refused::EmbeddedEngine { setting: named("KOLSAI__CACHE__ADDRESS") },
        Refused::EmbeddedEngine { setting: named("KOLSAI__OBJECTS__ADDRESS") },
        Refused::StorageLocation { setting: named("KOLSAI__STORAGE_LOCATION__DATABASE") },
        Refused::StorageLocation { setting: named("KOLSAI__STORAGE_LOCATION__OBJECTS") },
        Refused::StorageLocation { setting: named("KOLSAI__STORAGE_LOCATION__BACKUP") },
        Refused::StorageLocation { setting: named("KOLSAI__STORAGE_LOCATION__LOG") },
        Refused::StorageLocation { setting: named("KOLSAI__STORAGE_LOCATION__TRACE") },
        Refused::DevelopmentKey { setting: named("KOLSAI__IDENTITY__SIGNING_KEY") },
        Refused::Demonstration { setting: named("KOLSAI__IDENTITY__DEMO_ACCOUNTS") },
        Refused::ConsoleMail { setting: named("KOLSAI_MAIL") },
        Refused::Failpoint,
        Refused::MovedClock,
    ] {
        assert!(refused.contains(&expected), "{expected:?} is missing among {refused:?}");
    }
    assert_eq!(refused.len(), 14);
}

const PRODUCTION: &[(&str, &str)] = &[
    ("KOLSAI_MODE", "production"),
    ("KOLSAI_LISTEN", "0.0.0.0:8443"),
    ("KOLSAI__DATABASE__BASE", "postgres://u:p@db.kz/?sslmode=verify-full"),
    ("KOLSAI__BUS__ADDRESS", "tls://bus.kz:4222"),
    ("KOLSAI__CACHE__ADDRESS", "rediss://cache.kz:6380"),
    ("KOLSAI__OBJECTS__ADDRESS", "s3+https://k:s@objects.kz/school"),
    ("KOLSAI__TELEMETRY__OTLP_ENDPOINT", "https://traces.kz:4317"),
    ("KOLSAI__IDENTITY__SIGNING_KEY", "made-for-this-school"),
    ("KOLSAI__STORAGE_LOCATION__DATABASE", "KZ"),
    ("KOLSAI__STORAGE_LOCATION__OBJECTS", "KZ"),
    ("KOLSAI__STORAGE_LOCATION__BACKUP", "KZ"),
    ("KOLSAI__STORAGE_LOCATION__LOG", "KZ"),
    ("KOLSAI__STORAGE_LOCATION__TRACE", "KZ"),
];

#[test]
fn production_refuses_what_is_not_verified_tls() {
    load(PRODUCTION).unwrap().validate_for_mode().unwrap();
    for (name, plaintext) in [
        ("KOLSAI__DATABASE__BASE", "postgres://u:p@db.kz/?sslmode=require"),
        ("KOLSAI__DATABASE__ADDRESSES__PAYMENT", "postgres://u:p@db.kz/ledger"),
        ("KOLSAI__BUS__ADDRESS", "nats://bus.kz:4222"),
        ("KOLSAI__CACHE__ADDRESS", "redis://cache.kz:6379"),
        ("KOLSAI__OBJECTS__ADDRESS", "s3+http://k:s@objects.kz/school"),
        ("KOLSAI__TELEMETRY__OTLP_ENDPOINT", "http://traces.kz:4317"),
        ("KOLSAI__PEERS__ADDRESSES__IDENTITY", "http://identity:7000"),
    ] {
        let pairs: Vec<_> = PRODUCTION.iter().copied().filter(|(other, _)| *other != name).chain([(name, plaintext)]).collect();
        let Err(SettingsError::Refused { refused, .. }) = load(&pairs).unwrap().validate_for_mode() else { panic!("{name} was taken") };
        assert!(matches!(&refused[..], [Refused::Plaintext { setting, .. }] if setting == name), "{name}: {refused:?}");
    }
    let abroad: Vec<_> = PRODUCTION.iter().copied().chain([("KOLSAI__STORAGE_LOCATION__BACKUP", "DE")]).collect();
    assert!(load(&abroad).unwrap().validate_for_mode().is_err());
}

#[test]
fn development_listens_on_loopback_only() {
    assert!(load(&[("KOLSAI_LISTEN", "0.0.0.0:8443")]).unwrap().validate_for_mode().is_err());
    load(&[("KOLSAI_LISTEN", "[::1]:8443")]).unwrap().validate_for_mode().unwrap();
}
