use proptest::prelude::*;

use super::*;

fn ask() -> pb::RegisterRequest {
    pb::RegisterRequest {
        first_name: "  Айгүл ".into(),
        last_name: "Серікова".into(),
        email: " Aigul@Example.KZ".into(),
        phone: "+7 (701) 123-45-67".into(),
        age_bracket: AgeBracket::Adult.into(),
        password: "quiet ridge above the lake".into(),
        language: "kk".into(),
        consents: vec![given(Purpose::Account)],
        idempotency_key: "1".into(),
    }
}

fn given(purpose: Purpose) -> pb::ConsentGiven {
    pb::ConsentGiven { purpose: purpose.into(), text_version: "1".into(), text_hash: "00".into(), language: "kk".into() }
}

#[test]
fn a_registration_is_read_in_its_one_spelling() {
    let read = Registration::read(ask()).ok().unwrap();
    assert_eq!((read.first_name.as_str(), read.email.as_str()), ("Айгүл", "aigul@example.kz"));
    assert_eq!(read.phone.as_deref(), Some("+77011234567"));
    assert!(read.known().contains(&"aigul".to_owned()));
}

#[test]
fn the_phone_is_optional_and_the_rest_is_not() {
    assert!(Registration::read(pb::RegisterRequest { phone: String::new(), ..ask() }).is_ok());
    let refused = |ask: pb::RegisterRequest| Registration::read(ask).err();
    assert_eq!(refused(pb::RegisterRequest { first_name: "  ".into(), ..ask() }), Some(Invalid::Name { field: "first_name" }));
    assert_eq!(refused(pb::RegisterRequest { last_name: "x".repeat(101), ..ask() }), Some(Invalid::Name { field: "last_name" }));
    assert_eq!(refused(pb::RegisterRequest { first_name: "a\r\nBcc: b".into(), ..ask() }), Some(Invalid::Name { field: "first_name" }));
    assert_eq!(refused(pb::RegisterRequest { language: "de".into(), ..ask() }), Some(Invalid::Language { field: "language" }));
    assert_eq!(refused(pb::RegisterRequest { password: "short".into(), ..ask() }), Some(Invalid::PasswordLength { field: "password" }));
    assert_eq!(refused(pb::RegisterRequest { password: "x".repeat(513), ..ask() }), Some(Invalid::PasswordLength { field: "password" }));
    assert_eq!(refused(pb::RegisterRequest { age_bracket: 0, ..ask() }), Some(Invalid::AgeBracket));
}

#[test]
fn a_child_is_registered_by_a_parent() {
    let refused = |bracket: AgeBracket| Registration::read(pb::RegisterRequest { age_bracket: bracket.into(), ..ask() }).err();
    assert_eq!(refused(AgeBracket::Under14), Some(Invalid::ParentMustRegister));
    assert_eq!(refused(AgeBracket::From14To17), Some(Invalid::ParentMustConsent));
    assert_eq!(refused(AgeBracket::Adult), None);
}

#[test]
fn registration_needs_its_own_consent_once() {
    let refused = |consents| Registration::read(pb::RegisterRequest { consents, ..ask() }).err();
    assert_eq!(refused(vec![]), Some(Invalid::ConsentMissing));
    assert_eq!(refused(vec![given(Purpose::Newsletter)]), Some(Invalid::ConsentMissing));
    assert_eq!(refused(vec![given(Purpose::Account), given(Purpose::Account)]), Some(Invalid::ConsentTwice));
    for other in [Purpose::Unspecified, Purpose::Education, Purpose::Publication] {
        assert_eq!(refused(vec![given(Purpose::Account), given(other)]), Some(Invalid::UnexpectedConsent), "{other:?}");
        assert_eq!(refused(vec![given(other)]), Some(Invalid::UnexpectedConsent), "{other:?}");
    }
    assert_eq!(refused(vec![given(Purpose::Account), given(Purpose::Newsletter)]), None);
}

#[test]
fn a_name_carries_no_link() {
    let refused = |first_name: &str| Registration::read(pb::RegisterRequest { first_name: first_name.into(), ..ask() }).err();
    for text in ["https://evil.example", "You won at evil.kz", "Aigul1", ""] {
        assert_eq!(refused(text), Some(Invalid::Name { field: "first_name" }), "{text}");
    }
    assert_eq!(refused("Anne-Marie D’Arcy Jr."), None);
}

#[test]
fn an_address_is_read_in_lower_case_and_shown_to_nobody() {
    assert_eq!(Email::parse("A@b").err(), Some(Invalid::Email));
    assert_eq!(format!("{:?}", Email::parse("a@b.kz")), "Ok(<e-mail>)");
}

#[test]
fn a_phone_may_be_left_out() {
    assert_eq!(phone(" ", "phone"), Ok(None));
    assert_eq!(phone("+77011234567", "phone"), Ok(Some("+77011234567".into())));
    assert_eq!(phone("87011234567", "phone"), Err(Invalid::Phone { field: "phone" }));
}

#[test]
fn a_mask_changes_what_it_names_and_no_more() {
    let profile = pb::Profile { first_name: " Ольга ".into(), last_name: String::new(), ..Default::default() };
    let mask = |paths: &[&str]| Changes::read(&profile, &paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
    let changes = mask(&["first_name", "phone"]).ok().unwrap();
    assert_eq!((changes.first_name.as_deref(), changes.phone), (Some("Ольга"), Some(None)));
    assert!(changes.last_name.is_none() && changes.language.is_none());
    assert_eq!(mask(&[]).err(), Some(Invalid::MaskMissing));
    assert_eq!(mask(&["email"]).err(), Some(Invalid::EmailNeedsConfirmation));
    assert_eq!(mask(&["age_bracket"]).err(), Some(Invalid::MaskUnknown));
    assert_eq!(mask(&["last_name"]).err(), Some(Invalid::Name { field: "profile.last_name" }));
}

proptest! {
    #[test]
    fn an_address_that_is_taken_is_taken_again_as_it_was(text in "\\PC{0,40}@\\PC{0,40}") {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(Email::parse(email.as_str()).ok(), Some(email.clone()));
            prop_assert!(email.as_str().is_ascii() && !email.as_str().contains(char::is_whitespace));
        }
    }
}
