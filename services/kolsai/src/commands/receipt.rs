//! `kolsai receipt`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Receipt {
    /// Checks the signature of a receipt as `GET /v1/receipts/{token}` answered it.
    Verify {
        /// The answer, saved as JSON with `document` and `signature`.
        file: PathBuf,
        /// The public key as `GET /v1/receipt-key` answers it, in base64.
        #[arg(long)]
        key: String,
    },
}

#[derive(serde::Deserialize)]
struct Answer {
    document: String,
    signature: String,
    /// What became of locked items since.
    #[serde(default)]
    notes: Vec<Note>,
}

#[derive(serde::Deserialize)]
struct Note {
    document: String,
    signature: String,
}

impl Receipt {
    pub fn run(self) -> anyhow::Result<()> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let Self::Verify { file, key } = self;
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let answer: Answer = serde_json::from_str(&text).context("the file is not a receipt as it was answered")?;
        let key = BASE64_STANDARD.decode(key).context("--key is not base64")?;
        privacy::verify(&answer.document, &answer.signature, &key)?;
        say!("the receipt is genuine");
        for (number, note) in answer.notes.iter().enumerate() {
            privacy::verify(&note.document, &note.signature, &key).with_context(|| format!("note {} of the receipt", number + 1))?;
            say!("note {} of the receipt is genuine", number + 1);
        }
        Ok(())
    }
}
