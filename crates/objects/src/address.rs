//! Where the objects are: a folder, or an S3 somewhere.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::AddressError;

/// The region that most S3-compatible stores answer to.
const USUAL_REGION: &str = "us-east-1";

/// The address of the object store, as settings give it:
/// `file:<folder>`, or `s3+https://<key>:<secret>@<host>[:port]/<bucket>[?region=<region>&authority=<file>&public=<url>]`.
/// Key, secret and options are percent-encoded. `s3+http` is for a store on loopback in development.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ObjectsAddress {
    Folder(PathBuf),
    S3(S3Settings),
}

/// Any S3.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// `https://host[:port]`, without a path.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: String,
    /// PEM file of the authority that signed the store's certificate; none for those of this machine.
    pub authority: Option<PathBuf>,
    /// `https://host[:port]`: where people reach the store, when that is not the endpoint.
    pub public: Option<String>,
}

impl S3Settings {
    /// Whether the way to it is encrypted.
    pub fn is_tls(&self) -> bool {
        self.endpoint.starts_with("https://")
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.endpoint.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// The secret stays out of logs.
impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl FromStr for ObjectsAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(folder) = text.strip_prefix("file:") {
            let folder = folder.strip_prefix("//").unwrap_or(folder);
            return if folder.is_empty() { Err(AddressError::NoFolder) } else { Ok(Self::Folder(folder.into())) };
        }
        let scheme = match text.split_once("://") {
            Some(("s3+https", _)) => "https",
            Some(("s3+http", _)) => "http",
            _ => return Err(AddressError::UnknownScheme),
        };
        parse_s3(scheme, text).map(Self::S3)
    }
}

fn parse_s3(scheme: &str, text: &str) -> Result<S3Settings, AddressError> {
    let rest = text.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let (credentials, place) = rest.rsplit_once('@').ok_or(AddressError::NoCredentials)?;
    let (access_key, secret_key) = credentials.split_once(':').ok_or(AddressError::NoCredentials)?;
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let (host, bucket) = place.split_once('/').ok_or(AddressError::NoBucket)?;
    let bucket = bucket.trim_end_matches('/');
    if bucket.is_empty() || bucket.contains('/') {
        return Err(AddressError::NoBucket);
    }
    let (mut region, mut authority, mut public) = (USUAL_REGION.to_owned(), None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("region", value)) if !value.is_empty() => region = decoded(value)?,
            Some(("authority", value)) if !value.is_empty() => authority = Some(decoded(value)?.into()),
            Some(("public", value)) if !value.is_empty() => public = Some(host_of(&decoded(value)?)?),
            _ => return Err(AddressError::UnknownOption),
        }
    }
    let endpoint = format!("{scheme}://{host}");
    if host.is_empty() || endpoint.parse::<http::Uri>().is_err() {
        return Err(AddressError::NoHost);
    }
    let (access_key, secret_key) = (decoded(access_key)?, decoded(secret_key)?);
    if access_key.is_empty() || secret_key.is_empty() {
        return Err(AddressError::NoCredentials);
    }
    Ok(S3Settings { endpoint, region, bucket: bucket.to_owned(), access_key, secret_key, authority, public })
}

/// A scheme and a host: a store signs for these.
fn host_of(text: &str) -> Result<String, AddressError> {
    let plain = text.trim_end_matches('/');
    let url = plain.parse::<http::Uri>().map_err(|_| AddressError::NoPublicHost)?;
    let bare = url.host().is_some() && matches!(url.scheme_str(), Some("https" | "http")) && url.path() == "/" && url.query().is_none();
    if bare { Ok(plain.to_owned()) } else { Err(AddressError::NoPublicHost) }
}

fn decoded(text: &str) -> Result<String, AddressError> {
    percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| AddressError::NotText)
}

impl TryFrom<String> for ObjectsAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder() {
        assert_eq!("file:/data/objects".parse(), Ok(ObjectsAddress::Folder("/data/objects".into())));
        assert_eq!("file:///data/objects".parse(), Ok(ObjectsAddress::Folder("/data/objects".into())));
        assert_eq!("file:data".parse(), Ok(ObjectsAddress::Folder("data".into())));
        assert_eq!("file:".parse::<ObjectsAddress>(), Err(AddressError::NoFolder));
    }

    #[test]
    fn any_s3() {
        let address: ObjectsAddress = "s3+https://AK:s%2Fe%3Ac@s3.example.kz:9000/photos?region=kz-ala".parse().unwrap();
        let ObjectsAddress::S3(settings) = &address else { panic!("not an S3") };
        assert_eq!(settings.endpoint, "https://s3.example.kz:9000");
        assert_eq!((settings.bucket.as_str(), settings.region.as_str()), ("photos", "kz-ala"));
        assert_eq!((settings.access_key.as_str(), settings.secret_key.as_str()), ("AK", "s/e:c"));
        assert!(settings.is_tls() && !settings.is_loopback());
        assert!(!format!("{address:?}").contains("s/e:c"), "the secret is not printed");
    }

    #[test]
    fn the_rest_of_what_must_be_known_of_a_store() {
        let text = "s3+https://a:b@s3.internal/photos?authority=%2Fetc%2Fs3%2Fca.crt&public=https%3A%2F%2Ffiles.example.kz%2F";
        let Ok(ObjectsAddress::S3(settings)) = text.parse() else { panic!("not an S3") };
        assert_eq!(settings.authority, Some("/etc/s3/ca.crt".into()));
        assert_eq!(settings.public.as_deref(), Some("https://files.example.kz"));
    }

    #[test]
    fn loopback_is_known() {
        for host in ["localhost:9000", "127.0.0.1:9000", "[::1]:9000"] {
            let Ok(ObjectsAddress::S3(settings)) = format!("s3+http://a:b@{host}/photos").parse() else { panic!("{host}") };
            assert!(settings.is_loopback(), "{host}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, error) in [
            ("memory:", AddressError::UnknownScheme),
            ("https://a:b@host/bucket", AddressError::UnknownScheme),
            ("s3+https://host/bucket", AddressError::NoCredentials),
            ("s3+https://key@host/bucket", AddressError::NoCredentials),
            ("s3+https://a:@host/bucket", AddressError::NoCredentials),
            ("s3+https://a:b@host", AddressError::NoBucket),
            ("s3+https://a:b@host/one/two", AddressError::NoBucket),
            ("s3+https://a:b@/bucket", AddressError::NoHost),
            ("s3+https://a:b@host/bucket?zone=1", AddressError::UnknownOption),
            ("s3+https://a:b@host/bucket?public=files.example.kz", AddressError::NoPublicHost),
            ("s3+https://a:b@host/bucket?public=https%3A%2F%2Ffiles.example.kz%2Fschool", AddressError::NoPublicHost),
        ] {
            assert_eq!(text.parse::<ObjectsAddress>(), Err(error), "{text}");
        }
    }
}
