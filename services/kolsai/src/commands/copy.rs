//! `kolsai copy`.

use std::{fs::File, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Copy {
    /// Checks a copy as `GET /v1/me/copy` answered it: the signature of its manifest, and every file by its digest.
    Verify {
        file: PathBuf,
        /// The public key as `GET /v1/receipt-key` answers it, in base64. Without it the archive is only shown to agree with itself.
        #[arg(long)]
        key: Option<String>,
    },
}

impl Copy {
    pub fn run(self) -> anyhow::Result<()> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let Self::Verify { file, key } = self;
        let key = key.map(|key| BASE64_STANDARD.decode(key)).transpose().context("--key is not base64")?;
        if key.as_ref().is_some_and(|key| key.len() != 32) {
            bail!("--key is not 32 bytes of Ed25519");
        }
        let archive = File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let copy = privacy::verify_copy(archive, key.as_deref())?;
        say!("{} files of {}, signed with the key {}: nothing was changed, left out or added", copy.files, copy.made_at, copy.key_id);
        if !copy.key_given {
            say!("the key is the archive's own: compare {} with `keyId` of GET /v1/receipt-key, or give --key", copy.key_id);
        }
        Ok(())
    }
}
