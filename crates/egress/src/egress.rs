//! The gate: declared, registered, then sent.

use std::sync::Arc;

use contract::{Class, Purpose};
use foundation::{Clock, Mode, PersonId};
use uuid::Uuid;

use crate::{Config, Error, Recipient, Transfer, TransferRegister, mail::Sink, partner};

/// The way out. Clones share it.
#[derive(Clone)]
pub struct Egress {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    register: Arc<dyn TransferRegister>,
    clock: Clock,
    recipients: &'static [&'static Recipient],
    pub(crate) mode: Mode,
    pub(crate) sink: Sink,
    pub(crate) client: partner::Client,
}

impl Egress {
    /// Refuses what the mode refuses: in production a folder for mail, and any way out without verified TLS.
    pub fn try_new(config: Config, register: Arc<dyn TransferRegister>, clock: Clock) -> Result<Self, Error> {
        let sink = Sink::open(&config.mail, config.mode)?;
        let client = partner::client(config.trusted_ca.as_deref())?;
        let shared = Shared { register, clock, recipients: config.recipients, mode: config.mode, sink, client };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The declared recipient of this name.
    pub fn recipient(&self, name: &str) -> Result<&'static Recipient, Error> {
        let found = self.shared.recipients.iter().find(|recipient| recipient.name == name);
        found.copied().ok_or_else(|| Error::UnknownRecipient(name.to_owned()))
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Passes the gate: what is not declared goes no further, what is goes into the register first.
    pub(crate) async fn pass(
        &self,
        id: Uuid,
        recipient: &'static Recipient,
        purpose: Purpose,
        classes: &[Class],
        subject: Option<PersonId>,
    ) -> Result<(), Error> {
        let mut classes = classes.to_vec();
        classes.sort();
        classes.dedup();
        if !recipient.may_get(purpose, &classes) {
            tracing::error!(recipient = recipient.name, ?purpose, ?classes, "an undeclared transfer was stopped");
            return Err(Error::Undeclared { recipient: recipient.name, purpose, classes });
        }
        let (recipient, country) = (recipient.name, recipient.country);
        let transfer = Transfer { id, recipient, country, purpose, classes, subject, at: self.shared.clock.now() };
        Ok(self.shared.register.record(transfer).await?)
    }
}
