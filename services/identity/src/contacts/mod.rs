//! Where a mail to a person goes, for the service that mails.

pub mod rpc;

use contract::{Purpose, identity::v1 as pb};
use foundation::{PersonId, Refusal};
use service::Caller;

use crate::{
    accounts::Accounts,
    links::{
        self,
        rows::{LinkId, link},
    },
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such account")]
    NoSuchAccount,
    #[error("the person has no such link")]
    NoSuchLink,
    #[error(transparent)]
    Link(#[from] links::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchAccount => Self::not_found("NO_SUCH_ACCOUNT", "there is no such account: nothing is to be mailed"),
            Error::NoSuchLink => Self::not_found("NO_SUCH_LINK", "the link is gone: nothing is to be mailed"),
            Error::Link(error) => error.into(),
            Error::Refused(refusal) => refusal,
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

/// The use cases of contacts.
#[derive(Clone)]
pub struct Contacts {
    accounts: Accounts,
}

impl Contacts {
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    /// Address, first name and language; with a link, also what its mail carries.
    pub async fn resolve(&self, caller: &Caller, ask: &pb::ResolveForMailRequest) -> Result<pb::MailContact, Error> {
        let person = PersonId::parse_field(&ask.person_id, "person_id")?;
        caller.acts_on(person).await?;
        let link = self.link(person, &ask.link_id).await?;
        // A link is part of keeping the account: it reaches a restricted person, who may still sign in. A notice does not.
        let purpose = match ask.purpose() {
            _ if link.is_some() => Purpose::Account,
            // How their own request stands reaches a restricted person too.
            Purpose::Rights => Purpose::Rights,
            _ => Purpose::ServiceNotice,
        };
        let account = self.accounts.get(person).await?.ok_or(Error::NoSuchAccount)?;
        let opened = self.accounts.open(&account, purpose).await?;
        let link_token = match &link {
            Some(link) => self.accounts.links().token(link).await?.unwrap_or_default(),
            None => String::new(),
        };
        Ok(pb::MailContact {
            email: opened.email,
            first_name: opened.first_name,
            language: opened.language.code().to_owned(),
            link_token,
            confirmed: account.confirmed_at.is_some(),
        })
    }

    /// What a person is called now.
    pub async fn names(&self, caller: &Caller, ask: &pb::ResolveNamesRequest) -> Result<pb::Names, Error> {
        let person = PersonId::parse_field(&ask.person_id, "person_id")?;
        caller.acts_on(person).await?;
        let account = self.accounts.get(person).await?.ok_or(Error::NoSuchAccount)?;
        let opened = self.accounts.open(&account, Purpose::Rights).await?;
        Ok(pb::Names { first_name: opened.first_name, last_name: opened.last_name })
    }

    async fn link(&self, person: PersonId, id: &str) -> Result<Option<link::Model>, Error> {
        if id.is_empty() {
            return Ok(None);
        }
        let found = self.accounts.links().find(LinkId::parse_field(id, "link_id")?).await?;
        found.filter(|link| link.person == person).map(Some).ok_or(Error::NoSuchLink)
    }
}
