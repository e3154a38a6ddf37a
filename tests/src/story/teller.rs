//! Says each step on one line, and what broke.

use std::{fmt::Display, process::ExitCode};

use tokio::time::Instant;

use super::{Broken, Outside, broken::whole};

/// Characters of a step in words.
const WORDS: usize = 96;

/// Tells the story of one school.
pub struct Teller {
    outside: Outside,
    /// Where a trace can be looked at; `{id}` stands for its id.
    traces: Option<String>,
    steps: u32,
    began: Instant,
}

impl Teller {
    pub fn new(outside: Outside, traces: Option<String>) -> Self {
        Self { outside, traces, steps: 0, began: Instant::now() }
    }

    /// A link to the trace where there is a viewer, else its id.
    fn shown(&self, trace: &str) -> String {
        match &self.traces {
            Some(viewer) if viewer.contains("{id}") && !trace.is_empty() => viewer.replace("{id}", trace),
            _ => trace.to_owned(),
        }
    }

    #[allow(clippy::print_stdout, reason = "the story is this program's answer")]
    pub fn begins(&self, url: &str, photograph: &str) {
        println!("The story of the school at {url}; the photograph is {photograph}.\n");
    }

    /// Does a step and says it. The trace is that of its last call; a step that only waits has the trace of the call that it
    /// waits upon.
    #[allow(clippy::print_stdout, reason = "the story is this program's answer")]
    pub async fn step<T>(&mut self, words: impl Display, work: impl AsyncFnOnce(&Outside) -> Result<T, Broken>) -> Result<T, Broken> {
        let began = Instant::now();
        let done = work(&self.outside).await;
        let (took, last) = (began.elapsed().as_millis(), self.outside.last());
        match &done {
            Ok(_) => {
                self.steps += 1;
                println!("✓ {words:<WORDS$} {took:>6} ms  {}", self.shown(&last.trace_id));
            }
            Err(broken) => {
                let trace = broken.trace_id().unwrap_or(last.trace_id);
                println!("✗ {words:<WORDS$} {took:>6} ms  {}\n\n{broken}", self.shown(&trace));
                if let Some(answer) = last.answer.filter(|_| !broken.shows_answer()) {
                    println!("\nThe last answer before that:\n{}", whole(&answer));
                }
                if trace.is_empty() {
                    println!("\nThere is no trace id: nothing answered.")
                } else {
                    println!("\nThe trace id is {trace}.")
                }
            }
        }
        done
    }

    #[allow(clippy::print_stdout, reason = "the story is this program's answer")]
    pub fn ends(&self, told: Result<(), Broken>) -> ExitCode {
        let seconds = self.began.elapsed().as_secs_f64();
        match told {
            Ok(()) => {
                println!("\nThe story holds: {} steps in {seconds:.1} s.", self.steps);
                ExitCode::SUCCESS
            }
            Err(_) => {
                println!("\nThe story broke after {} steps and {seconds:.1} s.", self.steps);
                ExitCode::FAILURE
            }
        }
    }

    #[allow(clippy::print_stdout, reason = "the story is this program's answer")]
    pub fn cannot_begin(broken: &Broken) -> ExitCode {
        println!("✗ the story cannot begin: {broken}");
        ExitCode::FAILURE
    }
}
