//! Same key and same body: the first answer. Same key and another body: an error.

use foundation::{PersonId, Timestamp, uuid::Uuid};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, entity::prelude::*};
use sha2::{Digest, Sha256};

use crate::{Db, Error, PersonalData, Tx, schema};

/// Keys of people who are signed in; they go with the person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "idempotency")]
#[personal(
    none = "hashes of keys and bodies under which a call was answered; both keyed by the caller",
    keep(after = created, at = at, days = 1)
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(plain = "SHA-256 of the body, keyed by caller and method")]
    pub body: Vec<u8>,
    /// What the first call made; the answer is read again from it.
    #[personal(link)]
    pub made: Uuid,
    #[personal(time)]
    pub at: Timestamp,
}

pub(crate) fn table() -> schema::Table {
    schema::table("idempotency", "id").bytes("body").id("made").time("at").index(&["at"])
}

/// The claim of one call: who calls what, under which key, with which body.
#[derive(Clone, Debug)]
pub struct Idempotency {
    id: Uuid,
    body: Vec<u8>,
}

impl Idempotency {
    /// `caller` is the person or service; without one, keys are shared by everybody who may call.
    pub fn new(caller: Option<PersonId>, method: &str, key: &str, body: &[u8]) -> Self {
        let caller = caller.map_or([0; 16], |person| *person.0.as_bytes());
        let scope = Sha256::new().chain_update(caller).chain_update((method.len() as u64).to_be_bytes()).chain_update(method);
        let digest = scope.clone().chain_update(b"key").chain_update(key).finalize();
        let body = scope.chain_update(key).chain_update(b"body").chain_update(body).finalize().to_vec();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self { id: Uuid::from_bytes(id), body }
    }
}

impl Tx {
    /// Claims the key for `making`. Answers what the first call made, if there was one.
    pub async fn first_made(&self, claim: &Idempotency, making: impl Into<Uuid>) -> Result<Option<Uuid>, Error> {
        let row = Model { id: claim.id, body: claim.body.clone(), made: making.into(), at: self.clock().now() };
        if self.insert_once::<Entity>(row).await? {
            return Ok(None);
        }
        made(self, claim).await?.ok_or(Error::Changed("idempotency")).map(Some)
    }
}

impl Db {
    /// What the first call under this claim made, if there was one. Only looks: whoever then makes something claims the key with
    /// [`Tx::first_made`].
    pub async fn made_before(&self, claim: &Idempotency) -> Result<Option<Uuid>, Error> {
        made(self, claim).await
    }
}

async fn made(db: &impl ConnectionTrait, claim: &Idempotency) -> Result<Option<Uuid>, Error> {
    match crate::query::anonymous::<Entity>().filter(Column::Id.eq(claim.id)).one(db).await? {
        Some(first) if first.body == claim.body => Ok(Some(first.made)),
        Some(_) => Err(Error::KeyReused),
        None => Ok(None),
    }
}

/// Drops keys older than `before`.
#[allow(clippy::disallowed_methods, reason = "the table of keys itself")]
pub async fn expire(db: &Db, before: Timestamp) -> Result<u64, Error> {
    Ok(Entity::delete_many().filter(Column::At.lt(before)).exec(db).await?.rows_affected)
}
