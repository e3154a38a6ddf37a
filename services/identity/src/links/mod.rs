//! Links that are mailed: single-purpose, single-use, short-lived. The token is a code over the row, so a copy of the
//! database opens nothing.

pub mod rows;
pub mod rules;

use contract::{Purpose, identity::v1 as pb};
use foundation::{PersonId, Refusal};
use personal_data::{Db, Tx, query};
use subtle::ConstantTimeEq;

use self::{
    rows::{LinkId, link},
    rules::{Ended, Kind},
};
use crate::secrets::{Secrets, Use};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the link is forged, of another kind, or gone")]
    Invalid,
    #[error("the link has expired")]
    Expired,
    #[error("the link was used")]
    Used,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Ended> for Error {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Used => Self::Used,
            Ended::Expired => Self::Expired,
        }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid => Self::invalid("LINK_INVALID", "token", "this link is not valid; ask for a new one"),
            Error::Expired => Self::precondition("LINK_EXPIRED", "this link has expired; ask for a new one").at_field("token"),
            Error::Used => Self::precondition("LINK_USED", "this link was used before; ask for a new one").at_field("token"),
            Error::Data(error) => error.into(),
        }
    }
}

#[derive(Clone)]
pub struct Links {
    db: Db,
    secrets: Secrets,
}

impl Links {
    pub fn new(db: Db, secrets: Secrets) -> Self {
        Self { db, secrets }
    }

    /// The token that belongs in the mail; none for a mail without a link.
    pub async fn token(&self, link: &link::Model) -> Result<Option<String>, Error> {
        if link.kind == Kind::AlreadyRegistered as i32 {
            return Ok(None);
        }
        rules::holds(link, self.db.clock().now())?;
        Ok(Some(rules::encode(link.id, &self.code(link).await?)))
    }

    /// The link behind a token, if the token is ours, of this kind, and still holds.
    pub async fn open(&self, token: &str, kind: Kind) -> Result<link::Model, Error> {
        let (id, code) = rules::decode(token).ok_or(Error::Invalid)?;
        let link = self.find(id).await?.filter(|link| link.kind == kind as i32).ok_or(Error::Invalid)?;
        if !bool::from(self.code(&link).await?.ct_eq(&code)) {
            return Err(Error::Invalid);
        }
        rules::holds(&link, self.db.clock().now())?;
        Ok(link)
    }

    pub async fn find(&self, id: LinkId) -> Result<Option<link::Model>, Error> {
        Ok(query::by_key::<link::Entity>(id, Purpose::Account).one(&self.db).await?)
    }

    async fn code(&self, link: &link::Model) -> Result<[u8; 32], Error> {
        let (kind, expiry) = (link.kind.to_be_bytes(), link.expires_at.micros().to_be_bytes());
        Ok(self.secrets.code(Use::Link, &[link.id.0.as_bytes(), &kind, &expiry]).await?)
    }
}

/// Writes the link and announces that its mail is due.
pub async fn issue_in_tx(tx: &Tx, person: PersonId, kind: Kind, id: LinkId) -> Result<(), Error> {
    let now = tx.clock().now();
    let expires_at = now.plus(kind.ttl());
    let row = link::Model { id, person, kind: kind as i32, issued_at: now, expires_at, used_at: None, version: 1 };
    let version = row.version;
    tx.insert::<link::Entity>(row).await?;
    let (person_id, link_id) = (person.to_string(), id.to_string());
    events::announce_in_tx(tx, pb::LinkIssued { person_id, link_id, kind: kind.announced().into(), version }).await?;
    Ok(())
}

/// Uses the link up: of two who try at once, one is too late.
pub async fn use_in_tx(tx: &Tx, mut link: link::Model) -> Result<(), Error> {
    link.used_at = Some(tx.clock().now());
    match tx.update::<link::Entity>(&mut link).await {
        Err(personal_data::Error::Changed(_)) => Err(Error::Used),
        other => Ok(other?),
    }
}

/// Uses up every other link of this kind that the person still has.
pub async fn use_all_in_tx(tx: &Tx, person: PersonId, kind: Kind) -> Result<(), Error> {
    for mut link in query::of::<link::Entity>(person, Purpose::Account).all(tx).await? {
        if link.kind == kind as i32 && link.used_at.is_none() {
            link.used_at = Some(tx.clock().now());
            tx.update::<link::Entity>(&mut link).await?;
        }
    }
    Ok(())
}
