//! Which failpoints a run crashes at.

use std::time::{SystemTime, UNIX_EPOCH};

/// Of everything, in a run of `make test`.
const SAMPLE: usize = 12;

/// A failpoint, and at its how-manieth passing the process dies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crash {
    pub name: String,
    pub passing: usize,
}

impl Crash {
    pub fn armed(&self) -> String {
        format!("{}:{}", self.name, self.passing)
    }
}

/// How the environment chooses.
pub enum Choice {
    All,
    Sample {
        seed: usize,
    },
    /// By name; `privacy.*` is every crash whose name begins so.
    These(Vec<String>),
}

impl Choice {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what to run")]
    pub fn of_environment() -> Self {
        match std::env::var("KOLSAI_FAULTS").as_deref() {
            Ok("all") => Self::All,
            Ok(text) if text.starts_with("seed:") => {
                Self::Sample { seed: text["seed:".len()..].parse().expect("KOLSAI_FAULTS=seed:<number>") }
            }
            Ok(names) if !names.is_empty() => Self::These(names.split(',').map(str::to_owned).collect()),
            // Another sample every day, the same all day long.
            _ => {
                let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / (24 * 3600));
                Self::Sample { seed: usize::try_from(days).unwrap_or_default() }
            }
        }
    }

    /// In words, with what repeats it.
    pub fn told(&self, all: usize) -> String {
        match self {
            Self::All => format!("all {all} crashes"),
            Self::Sample { seed } => format!("a sample of {all} crashes (KOLSAI_FAULTS=seed:{seed})"),
            Self::These(these) => format!("{} of {all} crashes", these.join(", ")),
        }
    }

    pub fn of(self, all: &[Crash]) -> Vec<Crash> {
        match self {
            Self::All => all.to_vec(),
            Self::These(these) => these.iter().flat_map(|text| named(text, all)).collect(),
            Self::Sample { seed } => {
                let step = (all.len() / SAMPLE).max(1);
                all.iter().skip(seed % step).step_by(step).take(SAMPLE).cloned().collect()
            }
        }
    }
}

fn named(text: &str, all: &[Crash]) -> Vec<Crash> {
    if let Some(start) = text.strip_suffix('*') {
        return all.iter().filter(|crash| crash.name.starts_with(start)).cloned().collect();
    }
    let (name, passing) = text.split_once(':').unwrap_or((text, "1"));
    vec![Crash { name: name.to_owned(), passing: passing.parse().expect("KOLSAI_FAULTS=<name>:<passing>") }]
}

/// Every crash that is worth a run: each point at its first passing while the school starts, and where the walk passes it; where it
/// passes it often, in two places.
pub fn all(passed: &[String], at_start: usize) -> Vec<Crash> {
    let count = |of: &[String], name: &str| of.iter().filter(|passed| *passed == name).count();
    let mut names = passed.to_vec();
    names.sort();
    names.dedup();
    let mut all = Vec::new();
    for name in names {
        let (start, whole) = (count(&passed[..at_start], &name), count(passed, &name));
        let walked = whole - start;
        let within = match walked {
            0 => vec![],
            1 | 2 => vec![0],
            _ => vec![walked / 3, walked * 2 / 3],
        };
        let first = (start > 0).then_some(1);
        all.extend(
            first.into_iter().chain(within.into_iter().map(|at| start + 1 + at)).map(|passing| Crash { name: name.clone(), passing }),
        );
    }
    all
}
