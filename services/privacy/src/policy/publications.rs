//! The consents to publication: one text for each audience, published beside the policy.

use std::collections::BTreeMap;

use contract::{
    Purpose,
    learning::v1::audiences::Audience,
    privacy::v1::{self as pb, publication_consents_server::PublicationConsents as Api},
};
use foundation::Refusal;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};

use crate::{
    Config, InitError,
    consents::text::{Lacks, Operator, Text},
};

const FILES: [(&str, &str); 3] = [
    ("ru", include_str!("../../policy/publication/ru.toml")),
    ("kk", include_str!("../../policy/publication/kk.toml")),
    ("en", include_str!("../../policy/publication/en.toml")),
];
/// What an empty language means.
const DEFAULT: &str = "ru";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    public: Titled,
    course: Titled,
    certificate_page: Titled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Titled {
    title: String,
    text: String,
}

/// Every text in every language, read once. Clones share nothing that changes.
#[derive(Clone)]
pub struct Publications {
    texts: BTreeMap<(i32, &'static str), pb::PublicationConsent>,
    operator: Operator,
}

impl Publications {
    pub fn try_new(config: &Config) -> Result<Self, InitError> {
        let mut texts = BTreeMap::new();
        for (language, file) in FILES {
            let file = file.replace("{operator_name}", &config.operator_name).replace("{operator_bin}", &config.operator_bin);
            let File { version, public, course, certificate_page } =
                toml::from_str(&file).map_err(|source| InitError::Policy { language, source })?;
            let audiences = [(Audience::Public, public), (Audience::Course, course), (Audience::CertificatePage, certificate_page)];
            for (audience, Titled { title, text }) in audiences {
                let text = format!("# {title}\n\n{text}");
                let text_hash = hex::encode(Sha256::digest(&text));
                let published = pb::PublicationConsent { text_version: version.clone(), text_hash, language: language.to_owned(), text };
                texts.insert((audience.into(), language), published);
            }
        }
        let operator = Operator { name: config.operator_name.clone(), bin: config.operator_bin.clone() };
        Ok(Self { texts, operator })
    }

    /// Each read item by item, for the ledger; one that lacks an item is an error that names it.
    pub fn consents(&self) -> Result<Vec<Text>, Lacks> {
        let read = |text: &pb::PublicationConsent| {
            Text::read(Purpose::Publication, &text.language, &text.text_version, &text.text, self.operator.clone())
        };
        self.texts.values().map(read).collect()
    }

    fn get(&self, audience: Audience, language: &str) -> Result<pb::PublicationConsent, Refusal> {
        let language = if language.is_empty() { DEFAULT } else { language };
        if audience == Audience::Unspecified {
            return Err(Refusal::invalid("NO_SUCH_AUDIENCE", "audience", "ask for PUBLIC, COURSE or CERTIFICATE_PAGE"));
        }
        let found = self.texts.iter().find(|((of, tag), _)| *of == audience as i32 && *tag == language);
        let unknown = || Refusal::invalid("UNKNOWN_LANGUAGE", "language", "consents are published in `ru`, `kk` and `en`");
        found.map(|(_, text)| text.clone()).ok_or_else(unknown)
    }
}

#[tonic::async_trait]
impl Api for Publications {
    async fn get_publication_consent(
        &self,
        request: Request<pb::GetPublicationConsentRequest>,
    ) -> Result<Response<pb::PublicationConsent>, Status> {
        let ask = request.get_ref();
        Ok(Response::new(self.get(ask.audience(), &ask.language)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_consent_names_the_eight_things_and_none_is_another() {
        let texts = Publications::try_new(&Config::default()).unwrap();
        let read = texts.consents().unwrap();
        let mut hashes: Vec<_> = read.iter().map(|text| text.hash.clone()).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!((read.len(), hashes.len()), (9, 9));
        assert_eq!(texts.get(Audience::Unspecified, "en").unwrap_err().reason, "NO_SUCH_AUDIENCE");
        assert_eq!(texts.get(Audience::Public, "de").unwrap_err().reason, "UNKNOWN_LANGUAGE");
        assert_eq!(texts.get(Audience::Public, "").unwrap().language, "ru");
    }
}
