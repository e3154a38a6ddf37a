//! What the settings may not say.

use foundation::Mode;
use kolsai_backup::{Backups, Config, ConfigError};

use crate::house::House;

fn refused(change: impl FnOnce(&mut House)) -> ConfigError {
    let mut house = House::new();
    change(&mut house);
    house.config.validate(&house.around).expect_err("these settings are refused")
}

#[test]
fn each_wrong_setting_has_its_sentence() {
    assert_eq!(refused(|house| house.config.ledger = None), ConfigError::LedgerNotApart);
    assert_eq!(refused(|house| house.config.ledger = house.config.address.clone()), ConfigError::LedgerNotApart);
    assert_eq!(refused(|house| house.config.keyring_recipients = house.config.recipients.clone()), ConfigError::SameRecipient);
    assert_eq!(refused(|house| house.config.keyring_keep_days = 15), ConfigError::KeyringKept);
    assert_eq!(refused(|house| house.config.keep_days = 0), ConfigError::Kept);
    assert_eq!(refused(|house| house.config.every_hours = Some(0)), ConfigError::Every);
    assert!(matches!(refused(|house| house.config.recipients.clear()), ConfigError::NoRecipients { .. }));
    assert!(matches!(refused(|house| house.config.recipients = vec!["age1nobody".into()]), ConfigError::Recipient { number: 1, .. }));
    let inside = |house: &mut House| house.config.address = Some(format!("file:{}/backups", house.around.data.display()));
    assert!(matches!(refused(inside), ConfigError::InDataFolder { .. }));
    let same = |house: &mut House| {
        house.around.objects = "s3+https://AK:secret@s3.example.kz/photos".into();
        house.config.address = Some("s3+https://AK:secret@s3.example.kz/backups".into());
    };
    let error = refused(same);
    assert!(matches!(error, ConfigError::SameCredentials { .. }) && !error.to_string().contains("secret"), "{error}");
}

#[test]
fn production_has_backups_on_another_store_and_the_keyring_apart() {
    assert_eq!(
        refused(|house| {
            house.around.mode = Mode::Production;
            house.config = Config::default();
        }),
        ConfigError::NoneInProduction
    );
    let production = |house: &mut House| {
        house.around.mode = Mode::Production;
        house.config.address = Some("s3+https://B:x@b.example.kz/backups".into());
        house.config.ledger = Some("s3+https://L:x@l.example.kz/ledger".into());
    };
    assert_eq!(refused(production), ConfigError::KeyringNotApart);
    let mut house = House::new();
    production(&mut house);
    house.config.keyring_address = Some("s3+https://K:x@k.example.kz/keyring".into());
    assert_eq!(house.config.validate(&house.around), Ok(()));
    house.config.address = Some(format!("file:{}", house.root.path().display()));
    assert!(matches!(Backups::open(&house.config, &house.around.data, Mode::Production), Err(ConfigError::Store { .. })));
}

#[test]
fn a_restore_elsewhere_needs_the_key_of_the_catalogue() {
    let mut house = House::new();
    house.config.signing_key_file = Some(house.root.path().join("none.seed"));
    assert!(matches!(Backups::for_restore(&house.config, &house.around), Err(ConfigError::NoCatalogueKey)));
    house.config.catalogue_key = Some("AAAA".into());
    assert!(matches!(Backups::for_restore(&house.config, &house.around), Err(ConfigError::CatalogueKey)));
}
