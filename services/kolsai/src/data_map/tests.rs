use std::path::Path;

use super::{words::Words, *};

const LANGUAGES: [Language; 3] = [Language::Ru, Language::Kk, Language::En];

fn controller() -> Controller {
    Controller { name: "School".into(), bin: "123456789012".into(), contact: "privacy@school.example".into() }
}

#[test]
fn every_service_is_in_the_map_and_within_the_contract() {
    let all = holds();
    for declared in contract::Contract::get().holders() {
        let holds = all.iter().find(|holds| holds.service() == declared.service);
        assert_eq!(holds.map(Holds::undeclared), Some(Vec::new()), "{}", declared.service);
    }
}

#[test]
fn every_word_of_the_map_has_its_name_in_every_language() {
    let all = holds();
    for language in LANGUAGES {
        let words = Words::of(language).unwrap();
        for (service, map) in personal(&all) {
            let category = map.category().unwrap();
            assert_ne!(words.category(category), category.as_str_name(), "{language:?} {service}");
            assert_ne!(words.people(category), category.as_str_name(), "{language:?} {service}");
            for purpose in map.purposes() {
                assert_ne!(words.purpose(*purpose), purpose.as_str_name(), "{language:?}");
            }
            for word in map.columns.iter().flat_map(|column| column.word.split(' ')) {
                assert!(words.knows_kind(word), "{language:?}: `{word}` of {service}.{}", map.table);
            }
        }
        for recipient in egress::RECIPIENTS {
            assert_ne!(words.recipient(recipient.name), recipient.name, "{language:?}");
        }
        assert!(words.measures.len() >= 5);
    }
}

#[test]
fn the_list_and_the_record_say_everything_that_the_law_asks_for() {
    let english = as_list(&controller(), Language::En).unwrap();
    for part in
        ["123456789012", "## Learning", "e-mail address", "3 years after the relation ends", "locked, kept by law", "consent, 94-V art. 7"]
    {
        assert!(english.contains(part), "{part}\n{english}");
    }
    for language in LANGUAGES {
        let (words, record) = (Words::of(language).unwrap(), as_record(&controller(), language).unwrap());
        for heading in
            ["controller", "contact", "measures", "bases", "people", "categories", "data", "recipients", "transfers", "terms", "places"]
        {
            assert!(record.contains(words.heading(heading)), "{language:?} {heading}");
        }
        assert!(record.contains("GDPR art. 6") && record.contains(words.recipient("payment-partner")), "{record}");
        assert!(!record.contains("{span}") && !record.contains("{n}"), "{record}");
    }
}

#[test]
fn the_table_has_every_table_and_every_store() {
    let text = as_table();
    for holds in holds() {
        let names = holds.maps().into_iter().map(|map| map.table).chain(holds.stores().iter().map(|store| store.store));
        for name in names {
            assert!(text.lines().any(|line| line.starts_with(holds.service()) && line.contains(name)), "{name}");
        }
    }
    for kind in ["objects", "cache", "mail files", "temporary files", "events set aside"] {
        assert!(text.contains(kind), "{kind}");
    }
}

/// `deploy/fideslang` makes the environment; without it this says so and shows nothing.
#[test]
#[allow(clippy::print_stdout, reason = "a test that was skipped says so")]
#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where things are built")]
fn fideslang_loads_the_datasets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let python = target.join("fideslang/bin/python");
    if !python.is_file() {
        println!("SKIPPED: no fideslang here; `deploy/fideslang` installs it into {}", target.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("datasets.yaml");
    std::fs::write(&file, as_fides()).unwrap();
    let checked = std::process::Command::new(python).arg(root.join("deploy/check_fides.py")).arg(&file).output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success(), "{out}\n{errors}");
    assert!(out.contains(&format!("{} datasets", holds().len())), "{out}");
}
