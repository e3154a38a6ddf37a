//! A key in Vault's transit engine (or OpenBao's): keys go there to be wrapped, the key-encryption key never comes here.

use std::path::PathBuf;

use base64::{Engine, prelude::BASE64_STANDARD};
use contract::{Class, Purpose};
use egress::{Answer, Call, Partner};
use foundation::uuid::Uuid;
use http::{HeaderName, HeaderValue, StatusCode};
use personal_data::Error;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{Key, Wrapped, Wrapping, bound, does_not_open};

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
/// Keys in one call.
const BATCH: usize = 250;

pub(super) struct Vault {
    http: Partner,
    mount: String,
    key: String,
    /// Read for each call: a token is renewed by whoever put it there.
    token: PathBuf,
}

#[derive(Serialize)]
struct Ask {
    batch_input: Vec<Input>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Plaintext(String),
    Ciphertext(String),
}

impl Drop for Input {
    fn drop(&mut self) {
        match self {
            Self::Plaintext(text) | Self::Ciphertext(text) => text.zeroize(),
        }
    }
}

#[derive(Deserialize)]
struct Said<T> {
    data: T,
}

#[derive(Deserialize)]
struct Results {
    batch_results: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    plaintext: String,
    #[serde(default)]
    ciphertext: String,
}

#[derive(Deserialize)]
struct About {
    latest_version: u64,
}

impl Vault {
    pub fn new(http: Partner, mount: &str, key: &str, token: PathBuf) -> Self {
        Self { http, mount: mount.to_owned(), key: key.to_owned(), token }
    }

    fn name(&self) -> String {
        format!("vault:{}/{}:", self.mount, self.key)
    }

    async fn ask(&self, what: &str, inputs: Vec<Input>) -> Result<Vec<Output>, Error> {
        let count = inputs.len();
        let body = serde_json::to_vec(&Ask { batch_input: inputs }).map_err(|_| Error::KeyringAway)?;
        let answer = self.send(&format!("/v1/{}/{what}/{}", self.mount, self.key), Some(body)).await?;
        // Where some of a batch do not open, the rest is answered with status 400.
        let said: Said<Results> = answer.json().map_err(|_| refused(&answer))?;
        if said.data.batch_results.len() == count { Ok(said.data.batch_results) } else { Err(Error::KeyringAway) }
    }

    async fn send(&self, path: &str, body: Option<Vec<u8>>) -> Result<Answer, Error> {
        let token = std::fs::read_to_string(&self.token).map(Zeroizing::new).map_err(|error| {
            tracing::error!(%error, "the token of the key service cannot be read; see KOLSAI__PRIVACY__KEY_SERVICE_TOKEN_FILE");
            Error::KeyringAway
        })?;
        let mut token = HeaderValue::from_str(token.trim()).map_err(|_| Error::KeyringAway)?;
        token.set_sensitive(true);
        let headers = [(TOKEN, token)];
        let (id, purpose, classes) = (Uuid::new_v4(), Purpose::Security, [Class::Key].as_slice());
        let call = Call { id, path, purpose, classes, subject: None, headers: &headers };
        let answer = match body {
            Some(body) => self.http.post(call, body.into()).await,
            None => self.http.get(call).await,
        };
        answer.map_err(|error| {
            tracing::warn!(%error, "the key service does not answer");
            Error::KeyringAway
        })
    }
}

fn refused(answer: &Answer) -> Error {
    tracing::error!(status = answer.status.as_u16(), "the key service refused: see its token, mount and key");
    Error::KeyringAway
}

#[async_trait::async_trait]
impl Wrapping for Vault {
    async fn current(&self) -> Result<String, Error> {
        let answer = self.send(&format!("/v1/{}/keys/{}", self.mount, self.key), None).await?;
        if answer.status != StatusCode::OK {
            return Err(refused(&answer));
        }
        let said: Said<About> = answer.json().map_err(|_| refused(&answer))?;
        Ok(format!("{}v{}", self.name(), said.data.latest_version))
    }

    fn opens(&self, by: &str) -> bool {
        by.starts_with(&self.name())
    }

    async fn wrap(&self, keys: &[(Uuid, Key)]) -> Result<Vec<Wrapped>, Error> {
        let mut wrapped = Vec::with_capacity(keys.len());
        for part in keys.chunks(BATCH) {
            let inputs = part.iter().map(|(whose, key)| Input::Plaintext(BASE64_STANDARD.encode(bound::bind(*whose, key))));
            for output in self.ask("encrypt", inputs.collect()).await? {
                // `vault:v3:…` says which version wrapped it.
                let version = output.ciphertext.split(':').nth(1).ok_or(Error::KeyringAway)?;
                let by = format!("{}{version}", self.name());
                wrapped.push(Wrapped { bytes: output.ciphertext.into_bytes(), by });
            }
        }
        Ok(wrapped)
    }

    async fn unwrap(&self, wrapped: &[(Uuid, Vec<u8>)]) -> Result<Vec<Result<Key, Error>>, Error> {
        let mut keys = Vec::with_capacity(wrapped.len());
        for part in wrapped.chunks(BATCH) {
            let inputs = part.iter().map(|(_, bytes)| Input::Ciphertext(String::from_utf8_lossy(bytes).into_owned()));
            for ((whose, _), output) in part.iter().zip(self.ask("decrypt", inputs.collect()).await?) {
                let said = Zeroizing::new(output.plaintext);
                let plain = BASE64_STANDARD.decode(said.as_bytes()).map(Zeroizing::new).map_err(|_| does_not_open());
                keys.push(plain.and_then(|plain| bound::open(*whose, &plain)));
            }
        }
        Ok(keys)
    }
}
