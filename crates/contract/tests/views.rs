//! What the typed views read from the descriptors, on the real contract and on a small one.

mod common;

use std::time::Duration;

use kolsai_contract::{
    Category, Class, Contract, Event, Idempotent, Purpose, Role, Tie, Touches, Who, identity::v1 as identity, keyring::v1 as keyring,
    purpose_terms, to_dynamic,
};

#[test]
fn the_real_contract_has_no_finding() {
    if let Err(findings) = Contract::get().verify() {
        panic!("{}", findings.iter().map(|finding| format!("{finding}\n")).collect::<String>());
    }
}

#[test]
fn a_method_says_who_why_and_about_whom() {
    let register = Contract::get().method("/kolsai.identity.v1.Accounts/Register").unwrap();
    assert_eq!((register.who, register.purpose, register.person), (Who::Anyone, Purpose::Account, Touches::Resolved));
    assert_eq!((register.cost, register.idempotent, register.process.as_deref()), (10, Idempotent::ByKey, Some("identity")));
    assert_eq!(
        (register.http[0].verb.as_str(), register.http[0].template.as_str(), register.http[0].body.as_deref()),
        ("POST", "/v1/accounts", Some("*"))
    );
    assert!(register.classes.contains(&Class::Email) && register.classes.contains(&Class::Secret));
    assert!(register.doc.starts_with("Opens an account."));
    assert!(register.is_public() && !register.needs_session());

    let lease = Contract::get().method("/kolsai.keyring.v1.Keyring/Lease").unwrap();
    assert_eq!((lease.process.as_deref(), lease.is_public(), lease.cost), (Some("privacy"), false, 1));
    assert!(lease.callers.contains(&"learning".to_owned()));
    assert_eq!(Contract::get().method("/kolsai.holder.v1.Holder/Export").unwrap().process, None);
    assert!(Contract::get().method("/kolsai.holder.v1.Holder/Nothing").is_none());
}

#[test]
fn every_part_of_a_rule_is_read() {
    let pool = common::method(
        r#"option (google.api.http) = { put: "/v1/a/{person_id}" body: "thing" response_body: "thing" additional_bindings: { custom: { kind: "HEAD" path: "/v1/b" } } };
           option (rule) = { who: STAFF roles: [SUPPORT, ADMINISTRATOR] purpose: SUPPORT person: FIELD person_field: "person_id" tie: HAS_TICKET fresh: 600 idempotent: NATURAL };"#,
        "message Ask { string person_id = 1 [(data) = PERSON_ID]; Thing thing = 2; } message Answer { Thing thing = 1; } message Thing { bytes photograph = 1 [(data) = FILE]; }",
    );
    let contract = Contract::of(&pool);
    let method = contract.method("/kolsai.case.v1.Things/Do").unwrap();
    assert_eq!(method.roles, [Role::Support, Role::Administrator]);
    assert_eq!((method.tie, method.fresh, method.process.as_deref()), (Some(Tie::HasTicket), Some(Duration::from_secs(600)), Some("case")));
    assert_eq!(method.classes.iter().copied().collect::<Vec<_>>(), [Class::PersonId, Class::File]);
    assert_eq!((method.http[0].body.as_deref(), method.http[0].response_body.as_deref()), (Some("thing"), Some("thing")));
    assert_eq!((method.http[1].verb.as_str(), method.http[1].template.as_str(), method.http[1].body.as_deref()), ("HEAD", "/v1/b", None));
    assert!(method.needs_session());
}

#[test]
fn the_person_is_found_in_the_request() {
    let witness = Contract::get().method("/kolsai.keyring.v1.Keyring/Witness").unwrap();
    let request = |person: &str| to_dynamic(&keyring::WitnessRequest { person_id: person.into(), before: None }).unwrap();
    assert_eq!(witness.person_in(&request("p-1")), Some("p-1".into()));
    assert_eq!(witness.person_in(&request("")), None);
    let profile = Contract::get().method("/kolsai.identity.v1.Accounts/GetProfile").unwrap();
    assert_eq!(profile.person_in(&to_dynamic(&identity::GetProfileRequest {}).unwrap()), None);
}

#[test]
fn an_event_names_its_person_and_its_order() {
    let event = identity::LinkIssued { person_id: "p-1".into(), link_id: "l-1".into(), version: 3, ..Default::default() };
    assert_eq!((event.person(), event.aggregate(), event.version()), (Some("p-1"), Some("l-1"), 3));
    assert_eq!(identity::LinkIssued::default().person(), None);
    let rule = Contract::get().event(identity::LinkIssued::TYPE).unwrap();
    assert_eq!(
        (rule.person.as_deref(), rule.version_of.as_deref(), rule.process.as_deref()),
        (Some("person_id"), Some("link_id"), Some("identity"))
    );
    assert!(Contract::get().events().iter().any(|event| event.full_name == "kolsai.holder.v1.ErasureReported" && event.process.is_none()));
}

#[test]
fn nothing_is_held_or_opened_that_nobody_declared() {
    let contract = Contract::get();
    assert!(contract.may("identity", Category::Credentials, Purpose::Security));
    assert!(!contract.may("identity", Category::Credentials, Purpose::Newsletter));
    assert!(!contract.may("identity", Category::LockedPayment, Purpose::LegalRetention));
    assert!(!contract.may("gateway", Category::Account, Purpose::Account));
    assert!(contract.holders().iter().any(|holder| holder.service == "communication"));
}

#[test]
fn every_purpose_says_what_it_rests_on() {
    for purpose in (1..).map_while(|number| Purpose::try_from(number).ok()) {
        let terms = purpose_terms(purpose);
        assert!(!terms.basis_kz.is_empty() && !terms.basis_eu.is_empty(), "{purpose:?}");
    }
    assert!(purpose_terms(Purpose::Newsletter).needs_consent && !purpose_terms(Purpose::Newsletter).survives_withdrawal);
    assert!(purpose_terms(Purpose::Rights).survives_restriction && !purpose_terms(Purpose::Education).survives_restriction);
    assert!(purpose_terms(Purpose::Unspecified).needs_consent && !purpose_terms(Purpose::Unspecified).survives_restriction);
}

#[test]
fn a_package_belongs_to_its_service() {
    let contract = Contract::get();
    let services = ["kolsai.learning.v1", "kolsai.keyring.v1", "kolsai.holder.v1", "kolsai.contract.v1", "google.api"]
        .map(|package| contract.service_of_package(package));
    assert_eq!(services, [Some("learning"), Some("privacy"), None, None, None]);
}
