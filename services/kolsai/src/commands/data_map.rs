//! `kolsai data-map`.

use clap::{Args, ValueEnum};
use kolsai::{
    DEFAULTS,
    data_map::{self, Controller, Language},
};
use service::Settings;

#[derive(Args)]
pub struct DataMap {
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Of the list and the record.
    #[arg(long, value_enum, default_value = "ru")]
    language: Tongue,
    /// Where the person responsible for processing is reached: for the record.
    #[arg(long, default_value = "privacy@kolsai.example")]
    contact: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One line per table and store.
    Table,
    /// The approved list of personal data (94-V art. 25).
    List,
    /// The record of processing (GDPR art. 30, 94-V).
    Record,
    /// Fides datasets, YAML.
    Fides,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tongue {
    Ru,
    Kk,
    En,
}

impl DataMap {
    pub fn run(self) -> anyhow::Result<()> {
        let language = match self.language {
            Tongue::Ru => Language::Ru,
            Tongue::Kk => Language::Kk,
            Tongue::En => Language::En,
        };
        let text = match self.format {
            Format::Table => data_map::as_table(),
            Format::List => data_map::as_list(&controller(self.contact)?, language)?,
            Format::Record => data_map::as_record(&controller(self.contact)?, language)?,
            Format::Fides => data_map::as_fides(),
        };
        say!("{}", text.trim_end());
        Ok(())
    }
}

/// As the consents name the operator.
fn controller(contact: String) -> anyhow::Result<Controller> {
    let privacy: privacy::Config = Settings::load(DEFAULTS)?.section("privacy")?;
    Ok(Controller { name: privacy.operator_name, bin: privacy.operator_bin, contact })
}
