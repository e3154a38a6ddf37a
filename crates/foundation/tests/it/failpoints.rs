//! The armed point ends the process, at its passing and no other. Each case is this test again, in a process of its own.

use std::process::{Command, Output};

use foundation::failpoint;

const ARM: &str = "KOLSAI_FAILPOINT_TEST";

/// Passes the same points three times, saying so before each.
#[test]
fn child() {
    let Ok(name) = std::env::var(ARM) else { return };
    failpoint::arm(&name);
    failpoint::arm("learning.give:1");
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
