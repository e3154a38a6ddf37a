//! The names of transactions and failpoints, as they stand in the sources. Read as tokens, so that macros are read too.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A name or an expression, and the file that it stands in, from the root of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub what: String,
    pub file: String,
}

/// Everything that was found, tests left aside.
#[derive(Default)]
pub struct Sources {
    /// Texts that are the name of a transaction, or look like one.
    pub names: Vec<Found>,
    /// `failpoint::at("scope", "point")`, as `scope.point`.
    pub points: Vec<Found>,
    /// Transactions that are begun under a name which is not written there.
    pub through: Vec<Found>,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in the repository").to_owned()
}

impl Sources {
    pub fn read() -> Self {
        let (root, mut sources, mut owners) = (root(), Self::default(), Vec::from(["keyring", "holder", "access-log"].map(str::to_owned)));
        let mut folders = Vec::new();
        for part in ["crates", "services"] {
            for entry in std::fs::read_dir(root.join(part)).expect("the sources").flatten() {
                owners.push(entry.file_name().to_string_lossy().into_owned());
                folders.push(entry.path().join("src"));
            }
        }
        for file in folders.iter().flat_map(|folder| rust_files(folder)) {
            let shown = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
            let text = std::fs::read_to_string(&file).expect("a source file");
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{shown} does not read as Rust: {error}"));
            sources.walk(&tokens.into_iter().collect::<Vec<_>>(), &shown, &owners);
        }
        sources
    }

    fn walk(&mut self, tokens: &[TokenTree], file: &str, owners: &[String]) {
        let mut at = 0;
        while at < tokens.len() {
            if let Some(after) = after_attribute(tokens, at) {
                at = after;
                continue;
            }
            let arguments = match tokens.get(at + 1) {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                    Some(group.stream().into_iter().collect::<Vec<_>>())
                }
                _ => None,
            };
            match (&tokens[at], arguments) {
                (TokenTree::Ident(name), Some(arguments)) if is_begin(name, tokens, at) => {
                    self.begun(&arguments, file);
                    self.walk(arguments.get(1..).unwrap_or_default(), file, owners);
                    at += 1;
                }
                (TokenTree::Ident(name), Some(arguments)) if name == "at" && is_failpoint(tokens, at) => {
                    self.passed(&arguments, file);
                    at += 1;
                }
                (TokenTree::Group(group), _) => self.walk(&group.stream().into_iter().collect::<Vec<_>>(), file, owners),
                (TokenTree::Literal(literal), _) => {
                    if let Some(text) = text(literal).filter(|text| is_name(text, owners)) {
                        self.names.push(Found { what: text, file: file.to_owned() });
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn begun(&mut self, arguments: &[TokenTree], file: &str) {
        let found = |what: String| Found { what, file: file.to_owned() };
        match arguments.first() {
            Some(TokenTree::Literal(literal)) => self.names.extend(text(literal).map(found)),
            // Without arguments it is sea-orm's own.
            None => {}
            Some(_) => self.through.push(found(first_of(arguments))),
        }
    }

    fn passed(&mut self, arguments: &[TokenTree], file: &str) {
        let texts: Vec<_> = arguments.iter().filter_map(|token| if let TokenTree::Literal(it) = token { text(it) } else { None }).collect();
        match texts.as_slice() {
            [scope, point] => self.points.push(Found { what: format!("{scope}.{point}"), file: file.to_owned() }),
            _ => self.through.push(Found { what: first_of(arguments), file: file.to_owned() }),
        }
    }
}

/// Tests bring their own transactions.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "generated" {
                files.extend(rust_files(&path));
            }
        } else if path.extension().is_some_and(|end| end == "rs") && !(name == "tests" || name == "testing" || name.ends_with("_tests")) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The end of an attribute that begins here; of the whole item, when it is there in tests only.
fn after_attribute(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let TokenTree::Punct(hash) = &tokens[at] else { return None };
    let bang = matches!(tokens.get(at + 1), Some(TokenTree::Punct(bang)) if bang.as_char() == '!');
    let place = at + 1 + usize::from(bang);
    let Some(TokenTree::Group(group)) = tokens.get(place).filter(|_| hash.as_char() == '#') else { return None };
    if group.delimiter() != Delimiter::Bracket {
        return None;
    }
    if group.stream().to_string().replace(' ', "") != "cfg(test)" {
        return Some(place + 1);
    }
    let end = tokens[place + 1..].iter().position(|token| match token {
        TokenTree::Group(body) => body.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        _ => false,
    });
    Some(end.map_or(tokens.len(), |end| place + 2 + end))
}

fn is_begin(name: &proc_macro2::Ident, tokens: &[TokenTree], at: usize) -> bool {
    let called = at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(dot) if dot.as_char() == '.');
    called && (name == "begin" || name == "begin_for")
}

fn is_failpoint(tokens: &[TokenTree], at: usize) -> bool {
    at > 2 && matches!(&tokens[at - 3], TokenTree::Ident(module) if module == "failpoint")
}

fn text(literal: &proc_macro2::Literal) -> Option<String> {
    literal.to_string().strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

fn first_of(arguments: &[TokenTree]) -> String {
    let first = arguments.iter().take_while(|token| !matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','));
    first.map(ToString::to_string).collect::<String>()
}

/// `owner.verb-noun`.
fn is_name(text: &str, owners: &[String]) -> bool {
    let Some((owner, rest)) = text.split_once('.') else { return false };
    let fit = |c: char| c.is_ascii_lowercase() || c == '-';
    owners.iter().any(|known| known == owner) && rest.len() > 1 && rest.chars().all(fit) && rest.contains(|c| c != '-')
}
