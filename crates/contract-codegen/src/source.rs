use std::collections::BTreeMap;

use tonic_prost_build::Config;

use crate::{Error, compile::Compiled, options};

/// Messages, clients and servers: file name to source, one file per package.
pub(crate) fn packages(compiled: &Compiled) -> Result<BTreeMap<String, String>, Error> {
    let folder = tempfile::tempdir().map_err(Error::io(std::path::Path::new("temporary folder")))?;
    let mut config = Config::new();
    // The proto name of every type: what ties Rust to the descriptors, here and at run time.
    config.enable_type_names();
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        // Channels are opened by the service crate, with identities; a generated `connect` would go around it.
        .build_transport(false)
        .out_dir(folder.path())
        .skip_debug(options::redacted(&compiled.pool))
        .compile_fds_with_config(compiled.set.clone(), config)
        .map_err(Error::io(folder.path()))?;
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder.path()).map_err(Error::io(folder.path()))? {
        let path = entry.map_err(Error::io(folder.path()))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        files.insert(name, std::fs::read_to_string(&path).map_err(Error::io(&path))?);
    }
    Ok(files)
}
