//! What is wrong with a course, and where.

use std::{fmt, ops::Range};

/// One thing to correct in a file of a course.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("course/{file}:{line}: {what}")]
pub struct Problem {
    /// Its path under `course/`.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    pub what: String,
}

/// Everything that is wrong, one sentence a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the courses cannot be taught as they are written")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// One file under reading, and what was found in it.
pub(super) struct Sheet<'a> {
    pub path: String,
    pub text: &'a str,
    pub problems: Vec<Problem>,
}

impl<'a> Sheet<'a> {
    pub fn new(path: impl Into<String>, text: &'a str) -> Self {
        Self { path: path.into(), text, problems: Vec::new() }
    }

    /// Notes a problem at these bytes of the file.
    pub fn wrong(&mut self, at: Range<usize>, what: impl Into<String>) {
        let before = self.text.as_bytes().iter().take(at.start);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        self.problems.push(Problem { file: self.path.clone(), line, what: what.into() });
    }

    /// The whole file as TOML, or a problem where it is not as its kind demands.
    pub fn toml<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        self.toml_part(0..self.text.len())
    }

    /// The same of a part of the file.
    pub fn toml_part<T: serde::de::DeserializeOwned>(&mut self, part: Range<usize>) -> Option<T> {
        match toml::from_str(&self.text[part.clone()]) {
            Ok(value) => Some(value),
            Err(error) => {
                let at = part.start + error.span().map_or(0, |span| span.start);
                self.wrong(at..at, error.message().to_owned());
                None
            }
        }
    }
}
