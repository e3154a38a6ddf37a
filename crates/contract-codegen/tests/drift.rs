//! What is checked in is what the proto files say.

use kolsai_contract_codegen::{Difference, Layout, differences, generate, write};

#[test]
fn the_generated_contract_is_up_to_date() {
    let layout = Layout::of_workspace();
    let drifted = differences(&layout, &generate(&layout).unwrap()).unwrap();
    assert!(drifted.is_empty(), "{}", drifted.iter().map(|found| format!("{found}\n")).collect::<String>());
}

#[test]
fn generating_twice_gives_the_same_bytes() {
    let layout = Layout::of_workspace();
    assert!(generate(&layout).unwrap().files == generate(&layout).unwrap().files);
}

#[test]
fn every_kind_of_drift_is_named_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout { generated: folder.path().join("generated"), ..Layout::of_workspace() };
    let output = generate(&layout).unwrap();
    write(&layout, &output).unwrap();
    assert_eq!(differences(&layout, &output).unwrap(), []);

    std::fs::remove_file(layout.generated.join("events.rs")).unwrap();
    std::fs::write(layout.generated.join("debug.rs"), "// edited by hand").unwrap();
    std::fs::write(layout.generated.join("kolsai.gone.v1.rs"), "").unwrap();
    let found = differences(&layout, &output).unwrap();
    let expected = [
        Difference::Changed("debug.rs".into()),
        Difference::Missing("events.rs".into()),
        Difference::Unexpected("kolsai.gone.v1.rs".into()),
    ];
    assert_eq!(found, expected);

    assert_eq!(write(&layout, &output).unwrap(), 3);
    assert_eq!(differences(&layout, &output).unwrap(), []);
}
