//! A key in a key-management service that speaks as AWS KMS does: `Encrypt` and `Decrypt`, signed by Signature Version 4.

use std::{path::PathBuf, time::Duration};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use contract::{Class, Purpose};
use egress::{Answer, Call, Partner};
use foundation::{Clock, uuid::Uuid};
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderName, HeaderValue, header};
use personal_data::Error;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Key, Wrapped, Wrapping, bound, does_not_open};

/// Calls under way at once: this service takes one key in each.
const AT_ONCE: usize = 16;
const JSON: &str = "application/x-amz-json-1.1";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

pub(super) struct AwsKms {
    http: Partner,
    base: String,
    region: String,
    key: String,
    credentials: Credentials,
    clock: Clock,
}

/// The access key's id, and a file with its secret.
pub(super) struct Credentials {
    pub id: String,
    pub secret: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    #[serde(default)]
    ciphertext_blob: String,
    #[serde(default)]
    plaintext: String,
    #[serde(default, rename = "__type")]
    refused: String,
}

impl AwsKms {
    pub fn new(http: Partner, base: &str, region: &str, key: &str, credentials: Credentials, clock: Clock) -> Self {
        Self { http, base: base.to_owned(), region: region.to_owned(), key: key.to_owned(), credentials, clock }
    }

    fn name(&self) -> String {
        format!("aws-kms:{}/{}", self.region, self.key)
    }

    /// `field` holds base64. Bound to this use as well, so that nothing else that the key wraps can be put here.
    async fn ask(&self, target: &'static str, field: &str, value: &str) -> Result<Said, Error> {
        let ask = serde_json::json!({ "KeyId": self.key, field: value, "EncryptionContext": { "use": "kolsai keyring" } });
        let body = serde_json::to_vec(&ask).map_err(|_| Error::KeyringAway)?;
        let headers = self.signed(target, &body)?;
        let (id, purpose, classes) = (Uuid::new_v4(), Purpose::Security, [Class::Key].as_slice());
        let call = Call { id, path: "/", purpose, classes, subject: None, headers: &headers };
        let answer = self.http.post(call, body.into()).await.map_err(|error| {
            tracing::warn!(%error, "the key service does not answer");
            Error::KeyringAway
        })?;
        let said: Said = answer.json().map_err(|_| refused(&answer, ""))?;
        if answer.status.is_success() {
            return Ok(said);
        }
        let reason = said.refused.rsplit('#').next().unwrap_or_default();
        match reason {
            "InvalidCiphertextException" | "IncorrectKeyException" => Err(does_not_open()),
            reason => Err(refused(&answer, reason)),
        }
    }

    fn signed(&self, target: &'static str, body: &[u8]) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        let secret = std::fs::read_to_string(&self.credentials.secret).map(Zeroizing::new).map_err(|error| {
            tracing::error!(%error, "the secret of the key service cannot be read; see KOLSAI__PRIVACY__KEY_SERVICE_TOKEN_FILE");
            Error::KeyringAway
        })?;
        let identity = aws_credential_types::Credentials::new(&self.credentials.id, secret.trim(), None, None, "settings").into();
        let micros = u64::try_from(self.clock.now().micros()).unwrap_or_default();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("kms")
            .time(std::time::UNIX_EPOCH + Duration::from_micros(micros))
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| Error::KeyringAway)?
            .into();
        let said = [("content-type", JSON), ("x-amz-target", target)];
        let request = SignableRequest::new("POST", format!("{}/", self.base), said.into_iter(), SignableBody::Bytes(body));
        let (instructions, _) = sign(request.map_err(|_| Error::KeyringAway)?, &params).map_err(|_| Error::KeyringAway)?.into_parts();
        let mut headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(JSON)), (TARGET, HeaderValue::from_static(target))];
        for (name, value) in instructions.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::KeyringAway)?;
            headers.push((name, HeaderValue::from_str(value).map_err(|_| Error::KeyringAway)?));
        }
        Ok(headers)
    }

    async fn wrap_one(&self, whose: Uuid, key: &Key) -> Result<Wrapped, Error> {
        let plain = Zeroizing::new(BASE64_STANDARD.encode(bound::bind(whose, key)));
        let said = self.ask("TrentService.Encrypt", "Plaintext", &plain).await?;
        let bytes = BASE64_STANDARD.decode(said.ciphertext_blob).map_err(|_| Error::KeyringAway)?;
        Ok(Wrapped { bytes, by: self.name() })
    }

    /// The outer error is that nobody answered.
    async fn unwrap_one(&self, whose: Uuid, wrapped: &[u8]) -> Result<Result<Key, Error>, Error> {
        match self.ask("TrentService.Decrypt", "CiphertextBlob", &BASE64_STANDARD.encode(wrapped)).await {
            Ok(said) => {
                let said = Zeroizing::new(said.plaintext);
                let plain = BASE64_STANDARD.decode(said.as_bytes()).map(Zeroizing::new).map_err(|_| does_not_open());
                Ok(plain.and_then(|plain| bound::open(whose, &plain)))
            }
            Err(error @ Error::DoesNotOpen { .. }) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }
}

fn refused(answer: &Answer, reason: &str) -> Error {
    tracing::error!(status = answer.status.as_u16(), reason, "the key service refused: see its region, key and access key");
    Error::KeyringAway
}

#[async_trait::async_trait]
impl Wrapping for AwsKms {
    /// The service turns its own key over without a word; another key is another name.
    async fn current(&self) -> Result<String, Error> {
        Ok(self.name())
    }

    fn opens(&self, by: &str) -> bool {
        by == self.name()
    }

    async fn wrap(&self, keys: &[(Uuid, Key)]) -> Result<Vec<Wrapped>, Error> {
        let calls: Vec<_> = keys.iter().map(|(whose, key)| self.wrap_one(*whose, key)).collect();
        stream::iter(calls).buffered(AT_ONCE).try_collect().await
    }

    async fn unwrap(&self, wrapped: &[(Uuid, Vec<u8>)]) -> Result<Vec<Result<Key, Error>>, Error> {
        let calls: Vec<_> = wrapped.iter().map(|(whose, bytes)| self.unwrap_one(*whose, bytes)).collect();
        stream::iter(calls).buffered(AT_ONCE).try_collect().await
    }
}
