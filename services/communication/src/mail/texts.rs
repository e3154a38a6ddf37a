//! The texts of the school's mails, and how they are filled.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Notice;
use crate::language::Language;

const FILES: [(Language, &str); 3] = [
    (Language::Ru, include_str!("../../templates/ru.toml")),
    (Language::Kk, include_str!("../../templates/kk.toml")),
    (Language::En, include_str!("../../templates/en.toml")),
];

const NEWSLETTER: &str = "newsletter";
const NEWSLETTER_FACTS: &[&str] = &["school", "first_name", "link", "unsubscribe"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    subject: String,
    text: String,
}

/// What is wrong with a text.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    #[error("templates/{language}.toml cannot be read")]
    Unreadable {
        language: &'static str,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("templates/{language}.toml has no `{template}`")]
    Missing { language: &'static str, template: &'static str },
    #[error("templates/{language}.toml, `{template}`: `{{{fact}}}` is not among what it is filled with")]
    UnknownFact { language: &'static str, template: &'static str, fact: String },
}

/// Subject and text, filled.
#[derive(Clone, PartialEq, Eq)]
pub struct Filled {
    pub subject: String,
    pub text: String,
}

/// Every text in every language, checked once.
pub struct Texts {
    school: String,
    templates: BTreeMap<Language, BTreeMap<String, Template>>,
}

/// A fact by name; its value goes in as it is.
pub type Fact<'a> = (&'static str, &'a str);

impl Texts {
    /// Reads all texts: each is there in each language and asks for nothing that it will not get.
    pub fn try_new(school: &str) -> Result<Self, TextsError> {
        let mut templates = BTreeMap::new();
        for (language, file) in FILES {
            let tag = language.tag();
            let read: BTreeMap<String, Template> =
                toml::from_str(file).map_err(|source| TextsError::Unreadable { language: tag, source: Box::new(source) })?;
            let notices = Notice::ALL.into_iter().map(|notice| (notice.template(), notice.facts()));
            for (template, facts) in notices.chain([(NEWSLETTER, NEWSLETTER_FACTS)]) {
                let found = read.get(template).ok_or(TextsError::Missing { language: tag, template })?;
                if let Some(fact) = asked_for(&found.subject).chain(asked_for(&found.text)).find(|fact| !facts.contains(fact)) {
                    return Err(TextsError::UnknownFact { language: tag, template, fact: fact.to_owned() });
                }
            }
            templates.insert(language, read);
        }
        Ok(Self { school: school.to_owned(), templates })
    }

    pub fn notice(&self, notice: Notice, language: Language, facts: &[Fact<'_>]) -> Filled {
        self.filled(notice.template(), language, facts)
    }

    /// A newsletter cannot be written without its way out.
    pub fn newsletter(&self, language: Language, unsubscribe: &str, facts: &[Fact<'_>]) -> Filled {
        let facts: Vec<_> = facts.iter().copied().chain([("unsubscribe", unsubscribe)]).collect();
        self.filled(NEWSLETTER, language, &facts)
    }

    fn filled(&self, template: &str, language: Language, facts: &[Fact<'_>]) -> Filled {
        let facts: Vec<_> = facts.iter().copied().chain([("school", self.school.as_str())]).collect();
        let template = self.templates.get(&language).and_then(|all| all.get(template));
        // Every template was seen in every language when these texts were read.
        let (subject, text) = template.map_or(("", ""), |template| (&template.subject, &template.text));
        Filled { subject: fill(subject, &facts), text: fill(text, &facts) }
    }
}

/// The names in braces.
fn asked_for(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// Fills in one pass, so that braces in a value stay what they are.
fn fill(template: &str, facts: &[Fact<'_>]) -> String {
    let mut parts = template.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) => {
                filled.push_str(facts.iter().find(|(fact, _)| *fact == name).map_or("", |(_, value)| value));
                filled.push_str(rest);
            }
            None => filled.push_str(part),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_every_language() {
        let texts = Texts::try_new("Kolsai").unwrap();
        for language in Language::ALL {
            for notice in Notice::ALL {
                let facts: Vec<_> = notice.facts().iter().filter(|fact| **fact != "school").map(|fact| (*fact, "VALUE")).collect();
                let filled = texts.notice(notice, language, &facts);
                assert!(!filled.subject.is_empty() && !filled.subject.contains('\n'), "{notice:?} {language:?}");
                assert!(!filled.text.contains(['{', '}']), "{notice:?} {language:?}");
                for fact in notice.facts().iter().filter(|fact| **fact != "school") {
                    assert!(filled.text.contains("VALUE"), "{notice:?} {language:?} does not use {fact}");
                }
            }
            assert!(texts.newsletter(language, "WAY-OUT", &[("first_name", "A"), ("link", "L")]).text.contains("WAY-OUT"));
        }
    }

    #[test]
    fn a_value_is_not_a_template() {
        assert_eq!(fill("Hello, {name}!", &[("name", "{link}"), ("link", "secret")]), "Hello, {link}!");
        assert_eq!(fill("{gone} and {open", &[]), " and open");
    }
}
