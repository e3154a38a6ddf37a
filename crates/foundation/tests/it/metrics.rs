//! Alert rules, runbooks and the dashboard speak of what there is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use foundation::metrics::{alarms, all};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Words of a text that are spelled as names of metrics are; label names among them do no harm, for they are looked for apart.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.contains('_')).collect()
}

fn names() -> BTreeSet<String> {
    all::ALL.iter().flat_map(|measure| measure.named().in_scrape()).collect()
}

fn labels() -> BTreeSet<String> {
    all::ALL.iter().flat_map(|measure| measure.named().labels).map(foundation::metrics::names::plain).collect()
}

fn is_a_metric(word: &str) -> bool {
    ["kolsai_", "rpc_", "http_", "db_", "process_"].iter().any(|prefix| word.starts_with(prefix))
}

#[test]
fn every_measure_is_declared_once() {
    let all: Vec<_> = all::ALL.iter().map(|measure| measure.named()).collect();
    let names: BTreeSet<_> = all.iter().map(|named| named.name).collect();
    assert_eq!(names.len(), all.len());
    for named in all {
        assert!(!named.says.is_empty(), "{}", named.name);
    }
}

#[test]
fn alerts_and_dashboard_name_metrics_that_exist() {
    let (names, labels) = (names(), labels());
    for path in ["deploy/alerts/kolsai.yaml", "deploy/alerts/kolsai.test.yaml", "deploy/grafana/kolsai.json"] {
        let text = read(path);
        let unknown: Vec<_> =
            words(&text).into_iter().filter(|word| is_a_metric(word) && !names.contains(*word) && !labels.contains(*word)).collect();
        assert!(unknown.is_empty(), "{path} names what is not measured: {unknown:?}");
    }
    let dashboard = read("deploy/grafana/kolsai.json");
    serde_json::from_str::<serde_json::Value>(&dashboard).expect("the dashboard is JSON");
    let shown = words(&dashboard);
    let hidden: Vec<_> = all::ALL
        .iter()
        .map(|measure| measure.named())
        .filter(|named| !named.in_scrape().iter().any(|name| shown.contains(name.as_str())))
        .map(|named| named.name)
        .collect();
    assert!(hidden.is_empty(), "the dashboard does not show {hidden:?}");
}

#[test]
fn every_alert_has_its_runbook_and_its_cases() {
    let (rules, cases) = (read("deploy/alerts/kolsai.yaml"), read("deploy/alerts/kolsai.test.yaml"));
    let alerts: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in &alerts {
        let page = format!("deploy/runbooks/{alert}.md");
        assert!(rules.contains(&format!("runbook: {page}")), "{alert} does not name {page}");
        let text = read(&page);
        for part in ["# ", "## What it means", "## What to look at", "## What to do", "## What not to do"] {
            assert!(text.contains(part), "{page} lacks `{part}`");
        }
        let named = format!("alertname: {alert}\n");
        let (silent, firing): (Vec<_>, Vec<_>) =
            cases.split("- eval_time:").skip(1).filter(|case| case.contains(&named)).partition(|case| case.contains("exp_alerts: []"));
        assert!(!silent.is_empty() && !firing.is_empty(), "{alert} has {} silent and {} firing cases", silent.len(), firing.len());
    }
    for entry in fs::read_dir(root().join("deploy/runbooks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let alert = name.trim_end_matches(".md");
        assert!(alert == "README" || alerts.contains(alert), "{name} is nobody's runbook");
    }
}

#[test]
fn every_alarm_in_the_code_is_known_and_explained() {
    let mut found = BTreeSet::new();
    let own = root().join("crates/foundation/src/metrics");
    for folder in ["crates", "services"] {
        sources(&root().join(folder), &mut |path, text| {
            if path.starts_with(&own) {
                return;
            }
            // `alarm = "X"` in a log line; a constant or an arm that becomes one says so in its line.
            for rest in text.split("alarm = \"").skip(1) {
                let word = rest.split('"').next().unwrap_or_default();
                assert!(!word.is_empty(), "{}", path.display());
                found.insert(word.to_owned());
            }
        });
    }
    let known: BTreeSet<String> = alarms::KNOWN.iter().map(|alarm| (*alarm).to_owned()).collect();
    let unknown: Vec<_> = found.difference(&known).collect();
    assert!(unknown.is_empty(), "foundation::metrics::alarms does not know {unknown:?}");
    let explained = ["KolsaiPrivacyAlarm", "KolsaiMoneyAlarm", "KolsaiSecurityAlarm", "KolsaiAlarm"]
        .map(|alert| read(&format!("deploy/runbooks/{alert}.md")))
        .concat();
    let silent: Vec<_> = known.iter().filter(|alarm| !explained.contains(&format!("`{alarm}`"))).collect();
    assert!(silent.is_empty(), "no runbook explains {silent:?}");
}

fn sources(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "tests" | "target" | "generated") {
                sources(&path, look);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
