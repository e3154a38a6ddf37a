//! The mails of a person as files, for their copy and their erasure.

use async_trait::async_trait;
use egress::Egress;
use foundation::{PersonId, uuid::Uuid};
use futures::{StreamExt, stream};
use personal_data::{
    Error,
    holder::{HeldFile, HeldObjects},
};

/// What the column `file` names. Only development keeps mails; a relay keeps nothing for us.
pub struct Mailbox {
    egress: Egress,
}

impl Mailbox {
    pub fn new(egress: Egress) -> Self {
        Self { egress }
    }
}

#[async_trait]
impl HeldObjects for Mailbox {
    async fn open(&self, _: PersonId, key: &str) -> Result<Option<HeldFile>, Error> {
        match self.egress.read_mail(id_of(key)?).await {
            // A mail is small, and whole.
            Ok(mail) => Ok(mail.map(|mail| HeldFile { name: format!("mail/{key}.eml"), parts: stream::once(async { Ok(mail) }).boxed() })),
            Err(egress::Error::NotAFolder) => Ok(None),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }

    async fn remove(&self, key: &str) -> Result<(), Error> {
        self.egress.forget_mail(&[id_of(key)?]).await.map(|_| ()).map_err(|error| Error::Internal(error.to_string()))
    }
}

fn id_of(key: &str) -> Result<Uuid, Error> {
    key.parse().map_err(|_| Error::Internal("the key of a mail is not an identifier".into()))
}
