use std::path::PathBuf;

/// Why the contract could not be generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is not understood.
    #[error("usage: kolsai-contract-codegen [--check]")]
    Usage,
    /// A proto file does not compile; the message names file, line and column.
    #[error("the contract does not compile: {0:?}")]
    Proto(#[from] protox::Error),
    /// The compiled descriptors cannot be read back.
    #[error("the descriptors cannot be read back: {0}")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// The compiled descriptor set cannot be decoded.
    #[error("the descriptor set cannot be decoded: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A generated file is not the Rust that this program knows how to read.
    #[error("{file}: generated code cannot be parsed: {source}")]
    Rust { file: String, source: syn::Error },
    /// A message has no generated type.
    #[error("{0}: no Rust type was generated for this message")]
    NoType(String),
    /// An event option names a field that cannot serve.
    #[error("{event}: `{field}` must be a singular {expected} field of the event: add it, or correct the event option")]
    EventField { event: String, field: String, expected: &'static str },
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}
