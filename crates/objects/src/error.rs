//! What can go wrong with objects. No message holds a key, a name or a secret.

use foundation::{BoxError, Refusal};

use crate::sealed::SealedError;

/// What is wrong with the store's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the object store's address begins with `file:`, `s3+https://` or, on loopback in development, `s3+http://`")]
    UnknownScheme,
    #[error("the object store's address `file:` names no folder")]
    NoFolder,
    #[error("the object store's address lacks `<key>:<secret>@` before its host")]
    NoCredentials,
    #[error("the object store's address has no valid host")]
    NoHost,
    #[error("the object store's address ends with exactly one bucket: `…@host/<bucket>`")]
    NoBucket,
    #[error("the object store's address knows the options `region`, `authority` and `public`")]
    UnknownOption,
    #[error("the host where people reach the object store is `https://host[:port]`, without a path")]
    NoPublicHost,
    #[error("the object store's address is percent-encoded, but not as UTF-8")]
    NotText,
}

/// Why an operation on objects failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("a folder of objects is refused in production; set an `s3+https://` address")]
    FolderInProduction,
    #[error("the way to the object store is not encrypted; use `s3+https://` (plain `s3+http://` only on loopback in development)")]
    Plaintext,
    #[error("the objects' public base is an absolute URL, in production `https://…`")]
    PublicBase,
    #[error("the folder of objects cannot be opened; see that it exists and is writable")]
    Folder(#[source] std::io::Error),
    #[error("the folder of objects is in use by another process")]
    FolderInUse,
    #[error("the bucket keeps versions, so what is deleted would stay; use a bucket that never had versioning")]
    Versioned,
    #[error("the bucket locks its versions, so erased objects would stay; use one without object lock")]
    Locked,
    #[error("versions of a deleted object are still there; see whether the store holds them for somebody")]
    NotForgotten,
    #[error("there is no such bucket; make it, or correct the end of the address")]
    NoSuchBucket,
    #[error("the store does not let us {operation} ({code}); correct key and secret, or what they are allowed in this bucket")]
    NotPermitted { operation: &'static str, code: String },
    #[error(
        "the store's certificate does not verify; name the PEM file of its authority (KOLSAI__OBJECTS__AUTHORITY), and check the host's name and the certificate's term"
    )]
    Certificate,
    #[error("{} holds no certificate that can be read; correct KOLSAI__OBJECTS__AUTHORITY", .0.display())]
    Authority(std::path::PathBuf),
    #[error("the sandbox of the object store: {0}")]
    Sandbox(&'static str),
    #[error("there is no such object")]
    NoSuchObject,
    #[error("what was written does not read back as it was written")]
    NotKept,
    #[error("the range lies outside the object")]
    Range,
    #[error("a file of a vault is named with lowercase letters, digits, `-`, `_`, `.` and slashes")]
    VaultName,
    #[error("an upload is for `incoming/`, of at least one byte, and within a day; {0} is not")]
    Upload(&'static str),
    #[error("the object store refused {operation}: {code}")]
    Refused { operation: &'static str, code: String },
    #[error("the object store did not answer {operation}; try again")]
    Unreachable {
        operation: &'static str,
        #[source]
        cause: BoxError,
    },
    #[error(transparent)]
    Sealed(#[from] SealedError),
}

impl Error {
    /// Whether the same may succeed later, without anybody setting anything right.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchObject => Self::not_found("NO_SUCH_OBJECT", "there is no such object"),
            Error::Range => Self::invalid("RANGE_NOT_SATISFIABLE", "range", "the range lies outside the object"),
            Error::Unreachable { operation, ref cause } => {
                tracing::warn!(operation, cause = %cause, "the object store did not answer");
                Self::unavailable("OBJECTS_UNAVAILABLE", "files cannot be reached at the moment; try again")
            }
            other => Self::internal(&other),
        }
    }
}
