//! Path templates as `google.api.http` writes them: `/v1/{name=shelves/*}/books/{id}:cancel`.

use std::fmt;

use percent_encoding::percent_decode_str;

/// One part of a path between slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `*`: exactly one segment.
    One,
    /// `**`: all that is left, perhaps nothing.
    Rest,
}

/// A request field bound to the segments `from..to`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    field: String,
    from: usize,
    to: usize,
}

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    variables: Vec<Variable>,
    verb: Option<String>,
}

/// Why a text is no template: what was expected at which byte.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: expected {expected}")]
pub struct TemplateError {
    pub at: usize,
    pub expected: &'static str,
}

/// A value that a path gave to a request field (`profile.language`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    pub field: String,
    pub value: String,
}

impl Template {
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parser = Parser { text, at: 0, template: Self { segments: Vec::new(), variables: Vec::new(), verb: None } };
        parser.template()?;
        Ok(parser.template)
    }

    /// What the path gives to each variable, when it fits. A single segment is decoded wholly; in a longer value an
    /// encoded slash stays encoded, so that it is not taken for a boundary (RFC 6570, reserved expansion).
    pub fn captures(&self, path: &str) -> Option<Vec<Capture>> {
        let path = path.strip_prefix('/')?;
        let path = match &self.verb {
            Some(verb) => path.strip_suffix(verb.as_str())?.strip_suffix(':')?,
            None => path,
        };
        let parts: Vec<&str> = path.split('/').collect();
        for (index, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Rest => {
                    if parts.get(index..).is_some_and(|rest| rest.iter().any(|part| part.is_empty())) {
                        return None;
                    }
                }
                Segment::One => parts.get(index).filter(|part| !part.is_empty()).map(drop)?,
                Segment::Literal(literal) => {
                    if decode(parts.get(index)?)? != *literal {
                        return None;
                    }
                }
            }
        }
        let open_ended = self.segments.last() == Some(&Segment::Rest);
        if !open_ended && parts.len() != self.segments.len() {
            return None;
        }
        self.variables.iter().map(|variable| self.capture(variable, &parts)).collect()
    }

    fn capture(&self, variable: &Variable, parts: &[&str]) -> Option<Capture> {
        let pattern = self.segments.get(variable.from..variable.to)?;
        let ends = if pattern.last() == Some(&Segment::Rest) { parts.len().max(variable.from) } else { variable.to };
        let parts = parts.get(variable.from..ends).unwrap_or_default();
        let value = match (pattern, parts) {
            ([Segment::One | Segment::Literal(_)], [part]) => decode(part)?,
            _ => parts.iter().map(|part| Some(decode(part)?.replace('/', "%2F"))).collect::<Option<Vec<_>>>()?.join("/"),
        };
        Some(Capture { field: variable.field.clone(), value })
    }

    /// The fields that the path binds.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.field.as_str())
    }

    /// The last literal of the path: what a file answered here is called.
    pub fn last_literal(&self) -> Option<&str> {
        self.segments.iter().rev().find_map(|segment| match segment {
            Segment::Literal(literal) => Some(literal.as_str()),
            Segment::One | Segment::Rest => None,
        })
    }

    /// Sorts the more particular template first: a custom verb before none, a literal before `*` before `**`.
    pub fn rank(&self) -> (bool, Vec<u8>) {
        let of = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::One => 1,
            Segment::Rest => 2,
        };
        (self.verb.is_none(), self.segments.iter().map(of).collect())
    }
}

fn decode(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned())
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut index = 0;
        while index < self.segments.len() {
            match self.variables.iter().find(|variable| variable.from == index) {
                Some(variable) => {
                    let pattern: Vec<String> = self.segments[index..variable.to].iter().map(Segment::to_string).collect();
                    match pattern.join("/") {
                        pattern if pattern == "*" => write!(f, "/{{{}}}", variable.field)?,
                        pattern => write!(f, "/{{{}={pattern}}}", variable.field)?,
                    }
                    index = variable.to;
                }
                None => {
                    write!(f, "/{}", self.segments[index])?;
                    index += 1;
                }
            }
        }
        self.verb.iter().try_for_each(|verb| write!(f, ":{verb}"))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Literal(literal) => literal,
            Self::One => "*",
            Self::Rest => "**",
        })
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    template: Template,
}

impl Parser<'_> {
    fn template(&mut self) -> Result<(), TemplateError> {
        self.expect('/', "`/`")?;
        self.segments(true)?;
        if self.take(':') {
            self.template.verb = Some(self.literal("a verb")?);
        }
        if self.at == self.text.len() { Ok(()) } else { self.wanted("the end, `/` or `:`") }
    }

    fn segments(&mut self, variables: bool) -> Result<(), TemplateError> {
        loop {
            if self.template.segments.last() == Some(&Segment::Rest) {
                return self.wanted("nothing after `**` but a verb");
            }
            if variables && self.take('{') {
                self.variable()?;
            } else if self.take('*') {
                let segment = if self.take('*') { Segment::Rest } else { Segment::One };
                self.template.segments.push(segment);
            } else {
                let literal = self.literal("a segment")?;
                self.template.segments.push(Segment::Literal(literal));
            }
            if !self.take('/') {
                return Ok(());
            }
        }
    }

    fn variable(&mut self) -> Result<(), TemplateError> {
        let start = self.at;
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        self.at += self.text[start..].find(|c| !name(c)).unwrap_or(self.text.len() - start);
        let field = self.text[start..self.at].to_owned();
        if field.split('.').any(|part| part.is_empty() || part.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(TemplateError { at: start, expected: "the name of a field" });
        }
        let from = self.template.segments.len();
        if self.take('=') {
            self.segments(false)?
        } else {
            self.template.segments.push(Segment::One)
        }
        let to = self.template.segments.len();
        self.template.variables.push(Variable { field, from, to });
        self.expect('}', "`}`")
    }

    fn literal(&mut self, expected: &'static str) -> Result<String, TemplateError> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_graphic() || "{}*:/=%?#".contains(c)).unwrap_or(rest.len());
        if length == 0 {
            return self.wanted(expected);
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn take(&mut self, wanted: char) -> bool {
        let taken = self.text[self.at..].starts_with(wanted);
        self.at += if taken { wanted.len_utf8() } else { 0 };
        taken
    }

    fn expect(&mut self, wanted: char, expected: &'static str) -> Result<(), TemplateError> {
        if self.take(wanted) { Ok(()) } else { self.wanted(expected) }
    }

    fn wanted<T>(&self, expected: &'static str) -> Result<T, TemplateError> {
        Err(TemplateError { at: self.at, expected })
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
