use std::collections::BTreeMap;

use foundation::Mode;
use serde::Deserialize;

use super::{Environment, Part, Refused, Settings, SettingsError};

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
fn the_role_that_migrates_has_addresses_of_its_own() {
    let settings = load(&[
        ("KOLSAI__DATABASE__BASE", "postgres://u@h/x?sslmode=verify-full"),
        ("KOLSAI__DATABASE__MIGRATION_BASE", "postgres://owner@h/x?sslmode=verify-full"),
        ("KOLSAI__DATABASE__MIGRATION_ADDRESSES__PAYMENT", "postgres://owner@elsewhere/ledger"),
        ("KOLSAI__DATABASE__POOL", "7"),
        ("KOLSAI__DATABASE__STATEMENT_TIMEOUT", "5"),
        ("KOLSAI__DATABASE__MIGRATE", "false"),
        ("KOLSAI__DATABASE__SCHEMA_WAIT", "3"),
    ])
    .unwrap();
    let named = |setting: &str, address: &str| (setting.to_owned(), address.to_owned());
    let base = named("KOLSAI__DATABASE__MIGRATION_BASE", "postgres://owner@h/kolsai_learning?sslmode=verify-full");
    assert_eq!(settings.migration_of("learning"), base);
    let own = named("KOLSAI__DATABASE__MIGRATION_ADDRESSES__PAYMENT", "postgres://owner@elsewhere/ledger");
    assert_eq!(settings.migration_of("payment"), own);
    assert_eq!(load(&[]).unwrap().migration_of("payment").1, "sqlite://data/payment.sqlite");
    let options = settings.database.options(Mode::Production);
    assert_eq!((options.pool.get(), options.statement.as_secs(), options.mode), (7, 5, Mode::Production));
    assert_eq!(options.schema, personal_data::SchemaBy::Command { within: std::time::Duration::from_secs(3) });
    let text = sentence(load(&[("KOLSAI__DATABASE__POOL", "0")]));
    assert!(text.contains("KOLSAI__DATABASE__POOL"), "{text}");
}

#[test]
fn what_must_be_known_of_the_object_store_travels_with_its_address() {
    let settings = load(&[
        ("KOLSAI__OBJECTS__ADDRESS", "s3+https://k:s@store.kz/school?region=kz"),
        ("KOLSAI__OBJECTS__AUTHORITY", "/etc/s3/ca.crt"),
        ("KOLSAI__OBJECTS__PUBLIC_ADDRESS", "https://files.school.kz"),
    ])
    .unwrap();
    let Ok(objects::ObjectsAddress::S3(s3)) = settings.objects_address().parse() else { panic!("no S3") };
    assert_eq!(
        (s3.region.as_str(), s3.authority, s3.public.as_deref()),
        ("kz", Some("/etc/s3/ca.crt".into()), Some("https://files.school.kz"))
    );
}

#[test]
fn an_unknown_key_is_named_in_a_sentence() {
    assert_eq!(
        sentence(load(&[("KOLSAI__COLOUR__SKY", "blue")])),
        "KOLSAI__COLOUR is not a setting: there is no section `colour`; correct or remove it"
    );
    let text = sentence(load(&[("KOLSAI__CACHE__ADRESS", "memory:")]));
    assert_eq!(text, "KOLSAI__CACHE__ADRESS is not a setting: `cache` knows address, authority, prefix; correct or remove it");
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

/// What a process of identity alone is told.
const APART: &[(&str, &str)] = &[
    ("KOLSAI__DATABASE__ADDRESSES__IDENTITY", "postgres://u:p@db.kz/identity?sslmode=verify-full"),
    ("KOLSAI__BUS__ADDRESS", "tls://bus.kz:4222"),
    ("KOLSAI__CACHE__ADDRESS", "rediss://cache.kz:6380"),
    ("KOLSAI__PEERS__CERTIFICATES", "/etc/kolsai/peers"),
    ("KOLSAI__PEERS__LISTEN__IDENTITY", "127.0.0.1:7101"),
    ("KOLSAI__PEERS__ADDRESSES__LEARNING", "https://learning:7102"),
    ("KOLSAI__PEERS__ADDRESSES__PAYMENT", "https://payment:7103, https://127.0.0.2:7103"),
    ("KOLSAI__PEERS__ADDRESSES__COMMUNICATION", "https://communication:7104"),
    ("KOLSAI__PEERS__ADDRESSES__ANALYTICS", "https://analytics:7105"),
    ("KOLSAI__PEERS__ADDRESSES__PRIVACY", "https://privacy:7106"),
    ("KOLSAI__PEERS__ADDRESSES__KEYRING", "https://keyring:7107"),
];

fn apart(pairs: &[(&str, &str)], service: &str) -> Vec<Refused> {
    let settings = load(pairs).unwrap().for_part(Part::of([service]).unwrap());
    match settings.validate_for_mode() {
        Err(SettingsError::Refused { refused, .. }) => refused,
        _ => Vec::new(),
    }
}

#[test]
fn a_part_of_the_school_refuses_engines_of_one_process() {
    assert_eq!(apart(APART, "identity"), []);
    let refused = apart(&[], "identity");
    let named = |setting: &str| setting.to_owned();
    for expected in [
        Refused::InProcess { setting: named("KOLSAI__CACHE__ADDRESS") },
        Refused::InProcess { setting: named("KOLSAI__BUS__ADDRESS") },
        Refused::InProcess { setting: named("KOLSAI__DATABASE__ADDRESSES__IDENTITY") },
        Refused::NoPeer { setting: named("KOLSAI__PEERS__ADDRESSES__KEYRING") },
        Refused::NoListener { setting: named("KOLSAI__PEERS__LISTEN__IDENTITY") },
        Refused::NoCertificates,
    ] {
        assert!(refused.contains(&expected), "{expected:?} is missing among {refused:?}");
    }
    assert_eq!(refused.len(), 11, "{refused:?}");
    // Objects are learning's, and the gateway has neither them nor a bus nor a database.
    assert!(apart(APART, "learning").contains(&Refused::InProcess { setting: named("KOLSAI__OBJECTS__ADDRESS") }));
    let gateway: Vec<_> = APART.iter().copied().chain([("KOLSAI__PEERS__ADDRESSES__IDENTITY", "https://identity:7101")]).collect();
    let gateway: Vec<_> = gateway.into_iter().filter(|(name, _)| !name.contains("DATABASE") && !name.contains("BUS")).collect();
    assert_eq!(apart(&gateway, "gateway"), []);
}

#[test]
fn peers_are_named_by_services_and_listened_to_on_loopback_in_development() {
    let further = |pair| apart(&APART.iter().copied().chain([pair]).collect::<Vec<_>>(), "identity");
    let unknown = further(("KOLSAI__PEERS__ADDRESSES__LERNING", "https://learning:7102"));
    assert_eq!(unknown, [Refused::NoService { setting: "KOLSAI__PEERS__ADDRESSES__LERNING".into() }]);
    let open = further(("KOLSAI__PEERS__LISTEN__IDENTITY", "0.0.0.0:7101"));
    assert_eq!(open, [Refused::NotLoopback { setting: "KOLSAI__PEERS__LISTEN__IDENTITY".into() }]);
}

#[test]
fn production_looks_at_what_a_process_uses() {
    let own =
        |name: &&(&str, &str)| !["DATABASE__BASE", "OBJECTS__ADDRESS", "IDENTITY__SIGNING_KEY"].iter().any(|other| name.0.ends_with(other));
    let pairs: Vec<_> = PRODUCTION.iter().filter(own).chain(APART).copied().collect();
    assert_eq!(apart(&pairs, "identity"), [Refused::DevelopmentKey { setting: "KOLSAI__IDENTITY__SIGNING_KEY".into() }]);
    // Another service's section is nothing to it.
    let pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| !name.contains("LISTEN__IDENTITY")).collect();
    let payment = [
        ("KOLSAI__PEERS__LISTEN__PAYMENT", "0.0.0.0:7103"),
        ("KOLSAI__PEERS__ADDRESSES__IDENTITY", "https://identity:7101"),
        ("KOLSAI__DATABASE__ADDRESSES__PAYMENT", "postgres://u:p@db.kz/payment?sslmode=verify-full"),
    ];
    let pairs: Vec<_> = pairs.into_iter().chain(payment).collect();
    assert_eq!(apart(&pairs, "payment"), []);
}
