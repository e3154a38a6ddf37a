//! Key files of the installation: without them nothing that is restored opens, and no receipt is checked against the key it was
//! signed with. They go with the keyring, never with the data.

use std::{
    fs::OpenOptions,
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::{Error, unpack};

/// Folders below the data folder in which installations keep keys, beside the folder itself.
const FOLDERS: [&str; 4] = ["", "keyring", "privacy", "backup"];
const ENDS: [&str; 2] = ["key", "seed"];

/// The key files that there are, relative to the data folder, in order. Certificates are made anew and are not among them.
pub(crate) fn list(data: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let entries = match std::fs::read_dir(data.join(folder)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            other => other.map_err(|source| Error::File { path: data.join(folder), source })?,
        };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
            let is_key = path.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDS.contains(&end));
            found.extend(path.strip_prefix(data).ok().filter(|_| is_key).map(Path::to_owned));
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn write(data: &Path, part: &str, output: &mut dyn Write) -> Result<(), Error> {
    let mut tar = tar::Builder::new(output);
    for name in list(data)? {
        let path = data.join(&name);
        let bytes = zeroize::Zeroizing::new(std::fs::read(&path).map_err(|source| Error::File { path, source })?);
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, &name, bytes.as_slice()).map_err(super::writing(part))?;
    }
    tar.finish().map_err(super::writing(part))
}

/// Puts key files back; none may be there already.
pub(crate) fn restore(data: &Path, part: &str, content: &mut dyn Read) -> Result<(), Error> {
    let mut tar = tar::Archive::new(content);
    for entry in tar.entries().map_err(super::writing(part))? {
        let mut entry = entry.map_err(super::writing(part))?;
        let name = entry.path().map_err(super::writing(part))?.into_owned();
        let folder = name.parent().and_then(Path::to_str).unwrap_or_default();
        if !FOLDERS.contains(&folder) || name.file_name().is_none() {
            return Err(Error::Damaged { part: part.to_owned(), why: "it holds something that is no key file".into() });
        }
        let path = data.join(&name);
        let failed = |source| Error::File { path: path.clone(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data.join(folder)).map_err(failed)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        std::io::copy(&mut entry, &mut file).map_err(failed)?;
        file.sync_all().map_err(failed)?;
    }
    unpack::look(tar.into_inner())
}
