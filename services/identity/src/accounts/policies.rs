//! Whether a consent was given to the text that is published now.

use contract::{
    Purpose,
    privacy::v1::{GetPolicyRequest, Policy, policies_client::PoliciesClient},
};
use foundation::Transport;

use super::{
    Error, Invalid,
    rules::{Consent, Language},
};

/// The published policy, as privacy answers it.
#[derive(Clone)]
pub struct Policies {
    client: PoliciesClient<Transport>,
}

impl Policies {
    pub fn new(privacy: Transport) -> Self {
        Self { client: PoliciesClient::new(privacy) }
    }

    /// Refuses consents to any other text, each language asked for once.
    pub async fn check(&self, consents: &[Consent]) -> Result<(), Error> {
        for language in [Language::Ru, Language::Kk, Language::En] {
            if !consents.iter().any(|consent| consent.language == language) {
                continue;
            }
            let current = self.current(language).await?;
            let is_current = |consent: &Consent| {
                consent.text_version == current.version && hash_of(&current, consent.purpose) == Some(consent.text_hash.as_str())
            };
            if !consents.iter().filter(|consent| consent.language == language).all(is_current) {
                return Err(Invalid::StaleConsentText.into());
            }
        }
        Ok(())
    }

    pub async fn current(&self, language: Language) -> Result<Policy, Error> {
        let ask = GetPolicyRequest { language: language.code().to_owned() };
        match self.client.clone().get_policy(ask).await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => {
                tracing::warn!(code = ?status.code(), reason = foundation::reason_of(&status), "privacy does not give its policy");
                Err(Error::PolicyAway)
            }
        }
    }
}

/// The hash of what is published for this purpose; none where registration asks for no consent.
fn hash_of(policy: &Policy, purpose: Purpose) -> Option<&str> {
    match purpose {
        Purpose::Account => Some(&policy.registration_consent_hash),
        Purpose::Newsletter => Some(&policy.newsletter_consent_hash),
        _ => None,
    }
}
