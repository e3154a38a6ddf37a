//! Mail: written to a folder in development, handed to a relay in production.

mod folder;
mod message;
mod sink;
mod stores;

use contract::{Class, Purpose};
use foundation::{PersonId, failpoint};
use http::Uri;
use uuid::Uuid;

use crate::{Egress, Error, MAIL_RELAY};
pub(crate) use sink::Sink;
pub use sink::{MailSink, MailSinkError};
pub use stores::MAIL_FILES;

/// A mail to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Stable: a repeat has the same `Message-ID`, and in a folder replaces itself.
    pub id: Uuid,
    /// The person's address.
    pub to: String,
    pub to_name: Option<String>,
    /// `Name <address>`, or an address alone.
    pub from: String,
    pub subject: String,
    /// Plain text, UTF-8.
    pub text: String,
    /// The one-click link of a newsletter (RFC 8058).
    pub unsubscribe: Option<Uri>,
    pub purpose: Purpose,
    /// What subject and text hold beside the person's address and name, e.g. [`Class::Secret`] for a link.
    pub classes: Vec<Class>,
    /// Whom it goes to, when they are known to the school.
    pub person: Option<PersonId>,
}

/// Nothing of a mail but its id and purpose is ever printed.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRef {
    pub id: Uuid,
    /// With its angle brackets.
    pub message_id: String,
}

impl Egress {
    /// Sends a mail to the declared mail relay. Sending it again with the same id is harmless.
    pub async fn mail(&self, mail: Mail) -> Result<MailRef, Error> {
        if mail.unsubscribe.is_some() != (mail.purpose == Purpose::Newsletter) {
            return Err(Error::Unsubscribe);
        }
        let (message, message_id) = message::written(&mail, self.clock().now(), self.shared.sink.is_folder())?;
        let mut classes = mail.classes.clone();
        classes.push(Class::Email);
        if mail.to_name.is_some() {
            classes.push(Class::Name);
        }
        let relay = self.recipient(MAIL_RELAY.name)?;
        self.pass(mail.id, relay, mail.purpose, &classes, mail.person).await?;
        failpoint::at("egress", "mail.before");
        self.shared.sink.send(mail.id, message, relay.name).await?;
        failpoint::at("egress", "mail.after");
        Ok(MailRef { id: mail.id, message_id })
    }

    /// Removes mails from the folder, for erasure; says how many were there. A relay keeps nothing for us: 0.
    pub async fn forget_mail(&self, ids: &[Uuid]) -> Result<u64, Error> {
        match &self.shared.sink {
            Sink::Folder(folder) => folder.forget(ids).await.map_err(Error::Folder),
            Sink::Smtp(_) => Ok(0),
        }
    }

    /// The mail as it lies in the folder (RFC 5322, 8 bit); None when there is none.
    pub async fn read_mail(&self, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
        match &self.shared.sink {
            Sink::Folder(folder) => folder.read(id).await.map_err(Error::Folder),
            Sink::Smtp(_) => Err(Error::NotAFolder),
        }
    }
}
