//! What a published consent says, item by item. One that lacks an item of the law is none, and is not published.

use contract::Purpose;
use sha2::{Digest, Sha256};

/// The eight things that a consent names (94-V art. 8), in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Operator,
    FullName,
    Term,
    ThirdParties,
    CrossBorder,
    Publication,
    DataList,
    Other,
}

impl Item {
    pub const ALL: [Self; 8] =
        [Self::Operator, Self::FullName, Self::Term, Self::ThirdParties, Self::CrossBorder, Self::Publication, Self::DataList, Self::Other];

    /// As the field is called that is missing.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator_bin",
            Self::FullName => "full_name",
            Self::Term => "term",
            Self::ThirdParties => "third_parties",
            Self::CrossBorder => "cross_border",
            Self::Publication => "publication",
            Self::DataList => "data_list",
            Self::Other => "other",
        }
    }
}

/// A consent that lacks something that the law demands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the consent for {purpose} in `{language}` lacks `{}`, one of the eight things that 94-V art. 8 demands", item.name())]
pub struct Lacks {
    pub purpose: &'static str,
    pub language: String,
    pub item: Item,
}

/// Who asks for the consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub name: String,
    /// Twelve digits.
    pub bin: String,
}

/// A published consent, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub purpose: Purpose,
    pub language: String,
    pub version: String,
    pub hash: String,
    pub text: String,
    pub operator: Operator,
    /// What the items say, in the order of [`Item::ALL`].
    said: [String; 8],
}

impl Text {
    /// Reads the numbered items of a text: `1. **Operator.** …`. `{full_name}` stands for the person's name.
    pub fn read(purpose: Purpose, language: &str, version: &str, text: &str, operator: Operator) -> Result<Self, Lacks> {
        let lacks = |item| Lacks { purpose: purpose.as_str_name(), language: language.to_owned(), item };
        let mut said: [String; 8] = Default::default();
        for line in text.lines() {
            let Some((number, rest)) = line.split_once(". **") else { continue };
            let place = number.trim().parse::<usize>().ok().and_then(|number| said.get_mut(number.checked_sub(1)?));
            let (Some(place), Some((_, words))) = (place, rest.split_once("**")) else { continue };
            *place = words.trim().to_owned();
        }
        if let Some(at) = said.iter().position(String::is_empty) {
            return Err(lacks(Item::ALL[at]));
        }
        let named = !operator.name.trim().is_empty() && said[0].contains(&operator.name) && said[0].contains(&operator.bin);
        if !named || operator.bin.len() != 12 || !operator.bin.bytes().all(|b| b.is_ascii_digit()) {
            return Err(lacks(Item::Operator));
        }
        if !said[1].contains("{full_name}") {
            return Err(lacks(Item::FullName));
        }
        Ok(Self {
            purpose,
            language: language.to_owned(),
            version: version.to_owned(),
            hash: hex::encode(Sha256::digest(text)),
            text: text.to_owned(),
            operator,
            said,
        })
    }

    pub fn says(&self, item: Item) -> &str {
        Item::ALL.iter().position(|known| *known == item).map_or("", |at| self.said[at].as_str())
    }

    /// Whether somebody who agreed to the older text has agreed to this one too: nothing that the law names is different.
    pub fn covers_no_more_than(&self, older: &super::rows::consent::Model) -> bool {
        let same = |item, said: &str| self.says(item) == said;
        self.operator.name == older.operator_name
            && self.operator.bin == older.operator_bin
            && same(Item::Term, &older.term)
            && same(Item::ThirdParties, &older.third_parties)
            && same(Item::CrossBorder, &older.cross_border)
            && same(Item::Publication, &older.publication)
            && same(Item::DataList, &older.data_list)
            && same(Item::Other, &older.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator() -> Operator {
        Operator { name: "The School".into(), bin: "123456789012".into() }
    }

    fn text() -> String {
        let said = ["The School, BIN 123456789012.", "Mine: {full_name}.", "A year.", "Nobody.", "No.", "No.", "Names.", "Nothing."];
        said.iter().enumerate().map(|(at, said)| format!("{}. **Item.** {said}\n", at + 1)).collect()
    }

    #[test]
    fn a_whole_consent_is_read_item_by_item() {
        let read = Text::read(Purpose::Account, "en", "1", &text(), operator()).unwrap();
        assert_eq!((read.says(Item::Term), read.says(Item::Other)), ("A year.", "Nothing."));
        assert_eq!(read.hash, hex::encode(Sha256::digest(text())));
    }

    #[test]
    fn a_consent_that_lacks_an_item_is_refused_by_its_name() {
        for (at, item) in Item::ALL.into_iter().enumerate() {
            let missing = format!("{}. **", at + 1);
            let without: String = text().lines().filter(|line| !line.starts_with(&missing)).map(|line| format!("{line}\n")).collect();
            let lacks = Text::read(Purpose::Account, "en", "1", &without, operator()).unwrap_err();
            assert_eq!(lacks.item, item);
            assert!(lacks.to_string().contains(item.name()), "{lacks}");
        }
        for bin in ["", "12345678901", "1234567890123", "12345678901x"] {
            let text = text().replace("123456789012", bin);
            let lacks = Text::read(Purpose::Account, "en", "1", &text, Operator { bin: bin.into(), ..operator() }).unwrap_err();
            assert_eq!(lacks.item, Item::Operator, "{bin}");
        }
        let nameless = text().replace("{full_name}", "somebody's");
        assert_eq!(Text::read(Purpose::Account, "en", "1", &nameless, operator()).unwrap_err().item, Item::FullName);
    }
}
