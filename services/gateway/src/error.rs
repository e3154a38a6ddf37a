//! Why the gateway does not start, or stopped.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::json::TemplateError;

/// The gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("setting `{field}`: {message}")]
    Config { field: &'static str, message: &'static str },
    #[error("cannot listen on {address}: {source}; choose another `gateway.listen` or stop who listens there")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("production shows no sandbox partner's page: set KOLSAI__PAYMENT__SANDBOX to false")]
    SandboxInProduction,
    #[error("production generates no certificate: set `gateway.tls.certificate` and `gateway.tls.key`")]
    NoCertificate,
    #[error("`gateway.tls.certificate` and `gateway.tls.key` come together; one of them is missing")]
    HalfACertificate,
    #[error("cannot read {path} as PEM: {cause}")]
    Pem { path: PathBuf, cause: rustls_pki_types::pem::Error },
    #[error(
        "cannot keep the development certificate at {path}: {source}; set `gateway.certificate_folder` to a folder that can be written"
    )]
    CertificateFolder { path: PathBuf, source: io::Error },
    #[error("cannot make the development certificate: {0}")]
    Generate(#[from] rcgen::Error),
    #[error("certificate and key do not serve for TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the route `{template}` of {method} is not a path template: {source}")]
    Template { method: String, template: String, source: TemplateError },
    #[error("the route `{template}` of {method} cannot be served: {message}")]
    Route { method: String, template: String, message: &'static str },
    #[error("the public part of the contract does not stand on its own: {0}")]
    Reflection(String),
}

/// The gateway stopped though nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the listener failed: {0}")]
    Listener(io::Error),
}
