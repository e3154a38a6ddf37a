//! The armed point ends the process, at its passing and no other. Each case is this test again, in a process of its own.

use std::process::{Command, Output};

use foundation::failpoint;

const ARM: &str = "KOLSAI_FAILPOINT_TEST";
const TRACE: &str = "KOLSAI_FAILPOINT_TRACE_TEST";

/// Passes the same points three times, saying so before each.
#[test]
fn child() {
    let Ok(name) = std::env::var(ARM) else { return };
    failpoint::arm(&name);
    failpoint::arm("learning.give:1");
    if let Ok(path) = std::env::var(TRACE) {
        failpoint::trace(std::fs::File::create(path).unwrap());
    }
    for passing in 1..=3 {
        eprintln!("passing {passing}");
        failpoint::at("learning.give", "before-commit");
        failpoint::at("learning.give-feedback", "before-commit");
        failpoint::at("learning.give-feedback", "after-commit");
    }
    eprintln!("the end");
}

fn run(armed: &str) -> (Output, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", "failpoints::child", "--nocapture"]).env(ARM, armed).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn the_armed_point_ends_the_process_at_its_passing() {
    for (armed, last) in [("learning.give-feedback.before-commit", 1), ("learning.give-feedback.after-commit:3", 3)] {
        let (output, said) = run(armed);
        assert!(!output.status.success(), "{armed}");
        assert!(said.contains(&format!("passing {last}")) && !said.contains(&format!("passing {}", last + 1)), "{said}");
        assert!(!said.contains("the end"), "{said}");
    }
}

#[test]
fn other_points_are_passed() {
    for armed in ["learning.give-feedback", "before-commit", "learning.give-feedback.before-commit:4", "other.before-commit"] {
        let (output, said) = run(armed);
        assert!(output.status.success() && said.contains("the end"), "{armed}: {said}");
    }
}

#[test]
fn the_last_point_of_a_trace_is_the_one_that_ended_the_process() {
    let path = std::env::temp_dir().join(format!("kolsai-failpoints-{}", std::process::id()));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "failpoints::child", "--nocapture"]).env(ARM, "learning.give-feedback.before-commit:2").env(TRACE, &path);
    assert!(!command.output().unwrap().status.success());
    let passed = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let round = ["learning.give.before-commit", "learning.give-feedback.before-commit", "learning.give-feedback.after-commit"];
    assert_eq!(passed.lines().collect::<Vec<_>>(), [&round[..], &round[..2]].concat());
}
