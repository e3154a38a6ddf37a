//! Where to complain, out of dated data.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

const DATA: &str = include_str!("authorities.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    authority: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(deserialize_with = "date")]
    from: Date,
    source: String,
    address: String,
    name: BTreeMap<String, String>,
    way: BTreeMap<String, String>,
}

fn date<'de, D: Deserializer<'de>>(text: D) -> Result<Date, D::Error> {
    String::deserialize(text)?.parse().map_err(D::Error::custom)
}

/// An authority in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    pub name: String,
    pub address: String,
    pub way: String,
    /// As of when, and from where it is known.
    pub as_of: String,
    pub source: String,
}

/// Every authority that is known on a day.
pub fn known(language: &str, day: Date) -> Result<Vec<Authority>, toml::de::Error> {
    let data: Data = toml::from_str(DATA)?;
    let of = |texts: &BTreeMap<String, String>| texts.get(language).cloned().unwrap_or_default();
    let known = data.authority.iter().filter(|entry| entry.from <= day).map(|entry| Authority {
        name: of(&entry.name),
        address: entry.address.clone(),
        way: of(&entry.way),
        as_of: entry.from.to_string(),
        source: entry.source.clone(),
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_authority_is_named_in_three_languages_with_its_address_and_source() {
        for language in ["ru", "kk", "en"] {
            let known = known(language, "2026-11-22".parse().unwrap()).unwrap();
            assert_eq!(known.len(), 4);
            for authority in known {
                assert!(authority.address.starts_with("https://"), "{authority:?}");
                assert!(
                    [&authority.name, &authority.way, &authority.source, &authority.as_of].iter().all(|text| !text.is_empty()),
                    "{authority:?}"
                );
            }
        }
    }
}
