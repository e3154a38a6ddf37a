//! The contact form: people without an account ask too.

use std::time::Duration;

use cache::Cache;
use contract::{Purpose, communication::v1::Topic};
use foundation::PersonId;
use hmac::{Hmac, KeyInit, Mac};
use personal_data::{Db, Idempotency, category::Communication, keys::Keys};
use service::{Caller, Engines};
use sha2::Sha256;

use super::{
    Error, open_in_tx, opened,
    rows::{TicketId, ticket},
    rules,
};
use crate::{NAME, language::Language};

/// Messages with the same address that are taken within the window: each sends a mail to it.
const MOST: u64 = 5;
const WINDOW: Duration = Duration::from_secs(3600);

/// What somebody wrote into the form.
pub struct Letter {
    pub email: String,
    pub name: String,
    pub language: Language,
    pub topic: Topic,
    pub text: String,
}

/// Each sender is a person of their own, with a key of their own and tied to no account: the address is sealed under it,
/// and who has the key can restrict and erase it all. Two letters of one sender are two people, for the school does not
/// look for who they are.
#[derive(Clone)]
pub struct ContactForm {
    db: Db,
    keys: Keys,
    cache: Cache,
}

impl ContactForm {
    pub fn new(db: &Db, engines: &Engines) -> Self {
        Self { db: db.clone(), keys: engines.keys(NAME), cache: engines.cache() }
    }

    pub async fn write(&self, by: &Caller, letter: &Letter, claim: &Idempotency) -> Result<TicketId, Error> {
        let (email, name) = (rules::email(&letter.email)?, rules::name(&letter.name)?);
        let (topic, text) = (rules::topic(letter.topic)?, rules::text(&letter.text)?);
        if let Some(first) = self.made_before(claim).await? {
            // What is answered is the identifier that the same sender was given before, and nobody's data.
            by.acts_on_nobody();
            return Ok(first);
        }
        self.count(&email).await?;

        // A crash after this leaves the key of a person of whom nothing is known.
        let person = PersonId::new_v4();
        self.keys.create(person).await?;
        by.acts_on(person).await?;
        let key = self.keys.of::<Communication>(person, Purpose::Support).await?;

        let tx = self.db.begin_for("communication.contact", person, Purpose::Support).await?;
        let mut row = opened(person, topic, tx.clock().now());
        row.language = letter.language as i32;
        row.email = ticket::Model::seal_email(&key, row.id, &email);
        row.name = name.and_then(|name| ticket::Model::seal_name(&key, row.id, name));
        if let Some(first) = tx.first_made(claim, row.id).await? {
            return Ok(TicketId(first));
        }
        let row = open_in_tx(&tx, row, &key, text).await?;
        tx.commit().await?;
        Ok(row.id)
    }

    /// Asked before a person is made; the transaction is rolled back, and claims nothing.
    async fn made_before(&self, claim: &Idempotency) -> Result<Option<TicketId>, Error> {
        let tx = self.db.begin("communication.contact-again").await?;
        Ok(tx.first_made(claim, TicketId::new_v4()).await?.map(TicketId))
    }

    /// Counted under a keyed hash: the cache never sees an address. While the cache is away no letter is taken: each makes a person and
    /// mails to an address that nobody has proved.
    async fn count(&self, email: &str) -> Result<(), Error> {
        let index_key = self.keys.index_key().await?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(index_key).map_err(|_| personal_data::Error::KeyringAway)?;
        mac.update(b"kolsai communication contact limit v1");
        mac.update(email.to_lowercase().as_bytes());
        let tag: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let counted = self.cache.incr(&format!("communication:contact:{tag}"), WINDOW).await?;
        if counted > MOST { Err(Error::TooMany(WINDOW)) } else { Ok(()) }
    }
}
