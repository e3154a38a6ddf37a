//! The published policy: texts out of files, tables out of the code.

pub mod publications;
pub mod rpc;

use std::collections::BTreeMap;

use contract::{Contract, Purpose, holder::v1 as holder, privacy::v1 as pb, purpose_terms};
use foundation::{Refusal, Transport, sabotage};
use holder::holder_client::HolderClient;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::{
    Config, InitError,
    consents::text::{Lacks, Operator, Text as ConsentText},
};

const TEXTS: [(&str, &str); 3] = [
    ("ru", include_str!("../../policy/ru.toml")),
    ("kk", include_str!("../../policy/kk.toml")),
    ("en", include_str!("../../policy/en.toml")),
];
/// What an empty language means.
const DEFAULT: &str = "ru";

#[derive(Deserialize)]
struct Text {
    version: String,
    title: String,
    preamble: String,
    clause: Vec<Clause>,
    consent: Titled,
    consent_newsletter: Titled,
}

#[derive(Deserialize)]
struct Clause {
    promise: String,
    title: String,
    text: String,
}

#[derive(Deserialize)]
struct Titled {
    title: String,
    text: String,
}

/// Every language's policy, read once.
pub struct Policies {
    texts: BTreeMap<&'static str, pb::Policy>,
    held: OnceCell<Vec<pb::policy::HeldData>>,
    holder: Box<dyn Fn(&str) -> Transport + Send + Sync>,
}

impl Policies {
    /// `holder` leads to a service by its name.
    pub fn try_new(config: &Config, holder: impl Fn(&str) -> Transport + Send + Sync + 'static) -> Result<Self, InitError> {
        let mut texts = BTreeMap::new();
        for (language, file) in TEXTS {
            let file = file.replace("{operator_name}", &config.operator_name).replace("{operator_bin}", &config.operator_bin);
            let text: Text = toml::from_str(&file).map_err(|source| InitError::Policy { language, source })?;
            texts.insert(language, publish(language, text));
        }
        Ok(Self { texts, held: OnceCell::new(), holder: Box::new(holder) })
    }

    /// What consents are asked to, each read item by item; one that lacks an item is an error that names it.
    pub fn consents(&self, config: &Config) -> Result<Vec<ConsentText>, Lacks> {
        let operator = || Operator { name: config.operator_name.clone(), bin: config.operator_bin.clone() };
        let mut texts = Vec::new();
        for policy in self.texts.values() {
            for (purpose, text) in [(Purpose::Account, &policy.registration_consent), (Purpose::Newsletter, &policy.newsletter_consent)] {
                texts.push(ConsentText::read(purpose, &policy.language, &policy.version, text, operator())?);
            }
        }
        Ok(texts)
    }

    pub async fn get(&self, language: &str) -> Result<pb::Policy, Refusal> {
        let language = if language.is_empty() { DEFAULT } else { language };
        let policy = self
            .texts
            .get(language)
            .ok_or_else(|| Refusal::invalid("UNKNOWN_LANGUAGE", "language", "the policy is published in `ru`, `kk` and `en`"))?;
        let held = self.held.get_or_try_init(|| self.gather()).await?;
        Ok(pb::Policy { held: held.clone(), ..policy.clone() })
    }

    /// What every holder's code declares.
    async fn gather(&self) -> Result<Vec<pb::policy::HeldData>, Refusal> {
        let mut held = Vec::new();
        for declared in Contract::get().holders() {
            let mut client = HolderClient::new((self.holder)(&declared.service));
            let map = client.describe_map(holder::DescribeMapRequest {}).await.map_err(|status| {
                tracing::warn!(holder = declared.service, code = ?status.code(), "a holder does not describe its map");
                Refusal::unavailable("HOLDER_UNAVAILABLE", "a part of the platform does not answer; try again")
            })?;
            let map = map.into_inner();
            held.extend(map.tables.into_iter().filter(|table| table.none.is_empty()).map(|table| row(&map.service, table)));
            held.extend(map.stores.into_iter().filter(|store| store.none.is_empty()).map(|store| beside(&map.service, store)));
        }
        Ok(held)
    }
}

fn publish(language: &str, text: Text) -> pb::Policy {
    let mut markdown = format!("# {}\n\n{}\n", text.title, text.preamble);
    for clause in &text.clause {
        markdown.push_str(&format!("\n## {} · {}\n\n{}\n", clause.promise, clause.title, clause.text));
    }
    let clauses = text.clause.into_iter().map(|c| pb::policy::Clause { promise: c.promise, title: c.title, text: c.text });
    let consent = |titled: Titled| format!("# {}\n\n{}", titled.title, titled.text);
    let (registration_consent, newsletter_consent) = (consent(text.consent), consent(text.consent_newsletter));
    pb::Policy {
        language: language.to_owned(),
        version: text.version,
        hash: sha256(&markdown),
        text: markdown,
        clauses: clauses.collect(),
        held: Vec::new(),
        registration_consent_hash: sha256(&registration_consent),
        newsletter_consent_hash: sha256(&newsletter_consent),
        registration_consent,
        newsletter_consent,
    }
}

/// Of a text exactly as it is returned, in hex.
fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn row(service: &str, table: holder::data_map::Table) -> pb::policy::HeldData {
    pb::policy::HeldData {
        service: service.to_owned(),
        kind: "table".to_owned(),
        bases: bases(&table.purposes),
        columns: table.columns.into_iter().map(|column| format!("{} ({})", column.name, column.word)).collect(),
        table: table.name,
        category: table.category,
        purposes: table.purposes,
        keep: if sabotage::breaks("P01") { String::new() } else { table.keep },
        on_erase: table.on_erase,
    }
}

/// Objects, cache keys and files are published like tables.
fn beside(service: &str, store: holder::data_map::Store) -> pb::policy::HeldData {
    pb::policy::HeldData {
        service: service.to_owned(),
        kind: store.kind,
        bases: bases(&store.purposes),
        columns: vec![store.holds],
        table: store.name,
        category: store.category,
        purposes: store.purposes,
        keep: store.keep,
        on_erase: store.on_erase,
    }
}

fn bases(purposes: &[String]) -> Vec<String> {
    let known = purposes.iter().filter_map(|name| Purpose::from_str_name(name));
    known
        .map(|purpose| {
            let terms = purpose_terms(purpose);
            format!("{}: {}; {}", purpose.as_str_name(), terms.basis_kz, terms.basis_eu)
        })
        .collect()
}
