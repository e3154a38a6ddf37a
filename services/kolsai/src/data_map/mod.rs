//! The data map of the whole school, out of the code of its services: as a table, as the approved list of personal data, as a record of
//! processing, and as Fides datasets. Nothing has to run for it.

mod fides;
mod list;
mod record;
mod table;
#[cfg(test)]
mod tests;
mod words;

use personal_data::{Holds, map::TableMap};

pub use words::Language;
use words::Words;

/// Who answers for the data, as a record of processing must name them.
#[derive(Clone, Debug)]
pub struct Controller {
    pub name: String,
    /// Business identification number.
    pub bin: String,
    /// Where the person responsible for processing is reached.
    pub contact: String,
}

/// Words of a language that cannot be read: a fault of the program, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error("the words in `{language}` cannot be read")]
pub struct WordsError {
    language: &'static str,
    #[source]
    source: toml::de::Error,
}

/// What every service of the school holds.
pub fn holds() -> Vec<Holds> {
    vec![
        identity::holds(),
        learning::holds(),
        payment::holds(),
        communication::holds(),
        analytics::holds(),
        privacy::holds(),
        privacy::keyring::holds(),
    ]
}

/// Every table and store, one line each.
pub fn as_table() -> String {
    table::print(&holds())
}

/// The list of personal data that the operator approves (94-V art. 25): what is necessary and enough, and why.
pub fn as_list(controller: &Controller, language: Language) -> Result<String, WordsError> {
    Ok(list::print(&holds(), controller, &Words::of(language)?))
}

/// The record of processing (GDPR art. 30; 94-V art. 20 to 25).
pub fn as_record(controller: &Controller, language: Language) -> Result<String, WordsError> {
    Ok(record::print(&holds(), controller, &Words::of(language)?))
}

/// A Fides dataset per service, YAML.
pub fn as_fides() -> String {
    fides::print(&holds())
}

/// Tables that hold somebody's data, with their service.
fn personal(holds: &[Holds]) -> Vec<(&'static str, &'static TableMap)> {
    let all = holds.iter().flat_map(|holds| holds.maps().into_iter().map(|map| (holds.service(), map)));
    all.filter(|(_, map)| map.category().is_some()).collect()
}
