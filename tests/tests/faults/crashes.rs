//! The crashes: each on a folder of its own, against what an undisturbed walk leaves.

use std::io::Write;

use anyhow::{Result, anyhow, bail};
use futures::{StreamExt, stream};

use super::{
    choice::{self, Choice, Crash},
    evidence::Evidence,
    list::List,
    process::School,
    walk::{Walked, walk},
};

/// A school is two processors' work.
const AT_ONCE: usize = 2;

/// What a walk that nothing disturbs passes and leaves.
struct Undisturbed {
    passed: Vec<String>,
    walked: Walked,
    after: Evidence,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_a_failpoint_loses_nothing_and_doubles_nothing() {
    let undisturbed = undisturbed().await.unwrap_or_else(|error| panic!("the undisturbed walk: {error:#}"));
    let mut wrong = unlisted(&undisturbed.passed);
    let all = choice::all(&undisturbed.passed, undisturbed.walked.passed_at_start);
    let choice = Choice::of_environment();
    say(&format!("{} of an undisturbed walk that passes {} failpoints", choice.told(all.len()), undisturbed.passed.len()));
    let mut crashed = stream::iter(choice.of(&all)).map(|crash| run(crash, &undisturbed)).buffer_unordered(AT_ONCE);
    while let Some((crash, ended)) = crashed.next().await {
        match ended {
            Ok(()) => say(&format!("ok    {}", crash.armed())),
            Err(error) => {
                say(&format!("WRONG {}", crash.armed()));
                wrong.push(format!("{}: {error:#}", crash.armed()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Seen while it runs: some of it takes long.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "faults: {line}");
}

async fn undisturbed() -> Result<Undisturbed> {
    let school = School::start(None).await?;
    let walked = walk(&school).await.map_err(|error| anyhow!("{error:#}\n{}", school.said()))?;
    let passed = school.passed();
    let stopped = school.stop().await?;
    let wrong = [&walked.wrong[..], &walked.remains[..]].concat();
    if !wrong.is_empty() {
        bail!("even without a crash: {}", wrong.join("; "));
    }
    Ok(Undisturbed { passed, after: Evidence::of(&stopped.data(), &walked.people).await?, walked })
}

/// Where `tests/faults.toml` and the walk do not say the same.
fn unlisted(passed: &[String]) -> Vec<String> {
    let walked = List::read().walked();
    let mut wrong: Vec<_> =
        walked.iter().filter(|name| !passed.contains(name)).map(|name| format!("the walk does not pass `{name}`")).collect();
    let mut others: Vec<_> = passed.iter().filter(|name| !walked.contains(name)).collect();
    others.sort();
    others.dedup();
    wrong.extend(others.iter().map(|name| format!("the walk passes `{name}`: list it so in tests/faults.toml")));
    wrong
}

async fn run(crash: Crash, undisturbed: &Undisturbed) -> (Crash, Result<()>) {
    let ended = try_run(&crash, undisturbed).await;
    (crash, ended)
}

async fn try_run(crash: &Crash, undisturbed: &Undisturbed) -> Result<()> {
    let school = School::start(Some(&crash.armed())).await?;
    let walked = walk(&school).await.map_err(|error| anyhow!("{error:#}\n{}", school.said()))?;
    let died = school.has_died() && school.passed().iter().filter(|name| **name == crash.name).count() >= crash.passing;
    if !died {
        bail!("this point was not reached in that passing");
    }
    let stopped = school.stop().await?;
    let after = Evidence::of(&stopped.data(), &walked.people).await?;
    let mut wrong = walked.wrong;
    wrong.extend(walked.remains);
    wrong.extend(walked.before.unlike(&undisturbed.walked.before).into_iter().map(|what| format!("before the erasure: {what}")));
    wrong.extend(after.unlike(&undisturbed.after).into_iter().map(|what| format!("after the erasure: {what}")));
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n  ")) }
}
