//! Where mail goes.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use foundation::Mode;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Deserialize;
use uuid::Uuid;

use super::folder::Folder;
use crate::{Error, loopback::is_loopback};

/// For one command of the conversation with a relay.
const RELAY_TIMEOUT: Duration = Duration::from_secs(20);

/// The address that mail goes to, as settings give it: `folder:<path>`, or `smtps://<user>:<password>@<host>[:port]`,
/// or `smtp://…?tls=required` (STARTTLS). Plain `smtp://` is for a relay on loopback in development.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MailSink {
    Folder(PathBuf),
    Smtp(String),
}

/// What is wrong with the address that mail goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailSinkError {
    #[error("mail goes to `folder:<path>`, `smtps://…` or `smtp://…?tls=required`")]
    Unknown,
    #[error("a folder for mail is refused in production; set an `smtps://` relay")]
    FolderInProduction,
    #[error("the way to the mail relay is not encrypted; use `smtps://` or `?tls=required` (plain only on loopback in development)")]
    Plaintext,
    #[error("the mail relay's address is no URL of a relay")]
    Relay,
}

impl FromStr for MailSink {
    type Err = MailSinkError;

    fn from_str(text: &str) -> Result<Self, MailSinkError> {
        match text.split_once(':') {
            Some(("folder", path)) if !path.is_empty() => Ok(Self::Folder(path.into())),
            Some(("smtp" | "smtps", _)) => Ok(Self::Smtp(text.to_owned())),
            _ => Err(MailSinkError::Unknown),
        }
    }
}

impl TryFrom<String> for MailSink {
    type Error = MailSinkError;

    fn try_from(text: String) -> Result<Self, MailSinkError> {
        text.parse()
    }
}

/// The relay's password stays out of logs.
impl fmt::Debug for MailSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Smtp(_) => f.write_str("Smtp(<withheld>)"),
        }
    }
}

/// The sink, opened.
pub(crate) enum Sink {
    Folder(Folder),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
}

impl Sink {
    pub(crate) fn open(sink: &MailSink, mode: Mode) -> Result<Self, Error> {
        match sink {
            MailSink::Folder(_) if mode == Mode::Production => Err(MailSinkError::FolderInProduction.into()),
            MailSink::Folder(path) => Folder::open(path).map(Self::Folder).map_err(Error::Folder),
            MailSink::Smtp(url) => relay(url, mode).map(|relay| Self::Smtp(Box::new(relay))).map_err(Error::Sink),
        }
    }

    pub(crate) fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }

    pub(crate) async fn send(&self, id: Uuid, message: Message, recipient: &'static str) -> Result<(), Error> {
        match self {
            Self::Folder(folder) => folder.write(id, &message.formatted()).await.map_err(Error::Folder),
            Self::Smtp(relay) => relay.send(message).await.map(|_| ()).map_err(|error| failed(&error, recipient)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the way out")]
fn relay(url: &str, mode: Mode) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailSinkError> {
    let parsed: http::Uri = url.parse().map_err(|_| MailSinkError::Relay)?;
    let host = parsed.host().ok_or(MailSinkError::Relay)?;
    let required = parsed.query().is_some_and(|query| query.split('&').any(|pair| pair == "tls=required"));
    let encrypted = parsed.scheme_str() == Some("smtps") || required;
    if !encrypted && (mode == Mode::Production || !is_loopback(host)) {
        return Err(MailSinkError::Plaintext);
    }
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| MailSinkError::Relay)?;
    Ok(builder.timeout(Some(RELAY_TIMEOUT)).build())
}

/// A relay's own words may hold the person's address: only its code is kept.
fn failed(error: &lettre::transport::smtp::Error, recipient: &'static str) -> Error {
    let status = error.status().map(u16::from);
    match status {
        Some(status) if error.is_permanent() => Error::Rejected { recipient, status },
        Some(status) => Error::NotReached { recipient, cause: format!("the relay put it off with status {status}").into() },
        // The connection broke or timed out: at the end of the conversation the relay may have taken the mail.
        None => Error::NotAnswered { recipient, cause: kind(error).into() },
    }
}

fn kind(error: &lettre::transport::smtp::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "the relay's answer timed out",
        error if error.is_tls() => "no TLS with the relay",
        _ => "the connection to the relay failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!("folder:/data/mail".parse(), Ok(MailSink::Folder("/data/mail".into())));
        for bad in ["", "folder:", "console:", "/data/mail", "http://relay"] {
            assert_eq!(bad.parse::<MailSink>(), Err(MailSinkError::Unknown), "{bad}");
        }
        let relay: MailSink = "smtps://school:s3cret@relay.example.kz".parse().unwrap();
        assert!(!format!("{relay:?}").contains("s3cret"));
    }

    #[tokio::test]
    async fn modes_refuse_what_they_refuse() {
        let open = |text: &str, mode| match Sink::open(&text.parse().unwrap(), mode) {
            Ok(_) => None,
            Err(Error::Sink(error)) => Some(error),
            Err(other) => panic!("{other}"),
        };
        let folder = tempfile::tempdir().unwrap();
        let address = format!("folder:{}", folder.path().display());
        assert_eq!(open(&address, Mode::Development), None);
        assert_eq!(open(&address, Mode::Production), Some(MailSinkError::FolderInProduction));
        assert_eq!(open("smtp://localhost:2525", Mode::Development), None);
        assert_eq!(open("smtp://localhost:2525", Mode::Production), Some(MailSinkError::Plaintext));
        assert_eq!(open("smtp://relay.example.kz", Mode::Development), Some(MailSinkError::Plaintext));
        assert_eq!(open("smtp://relay.example.kz?tls=opportunistic", Mode::Production), Some(MailSinkError::Plaintext));
        assert_eq!(open("smtp://u:p@relay.example.kz:587?tls=required", Mode::Production), None);
        assert_eq!(open("smtps://u:p@relay.example.kz", Mode::Production), None);
    }
}
