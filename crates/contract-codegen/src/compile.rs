use std::path::{Path, PathBuf};

use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use crate::Error;

/// The compiled contract in the three forms that are needed of it.
pub(crate) struct Compiled {
    /// The descriptor set with imports, comments and custom options.
    pub bytes: Vec<u8>,
    /// The same, for reading custom options.
    pub pool: DescriptorPool,
    /// The same without custom options, as the Rust generator wants it.
    pub set: FileDescriptorSet,
}

/// Compiles every `.proto` under `proto`, in the order of their names, so that the bytes are always the same.
pub(crate) fn compile(proto: &Path) -> Result<Compiled, Error> {
    let mut files = Vec::new();
    collect(proto, &mut files)?;
    files.sort();
    let mut compiler = protox::Compiler::new([proto])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let bytes = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(bytes.as_slice())?;
    let set = FileDescriptorSet::decode(bytes.as_slice())?;
    Ok(Compiled { bytes, pool, set })
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            into.push(path);
        }
    }
    Ok(())
}
