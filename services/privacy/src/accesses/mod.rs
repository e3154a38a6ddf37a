//! What every service's access log recorded: chains checked, ends signed, and shown to the person.

pub mod rows;
pub mod rpc;

use contract::{
    keyring::v1::{ListHandlesRequest, keyring_client::KeyringClient},
    privacy::v1 as pb,
};
use foundation::{PersonId, Refusal, Transport};
use personal_data::{Db, Error, Tx, access_log, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};

use crate::{receipts::SigningKey, requests};
use rows::{chain_end, service_access};

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

#[derive(Clone)]
pub struct Accesses {
    pub db: Db,
    pub keyring: KeyringClient<Transport>,
    pub signing: SigningKey,
}

impl Accesses {
    /// Takes a service's next entries. A gap, a fork or an altered entry is an alarm and is not taken. `held` is a place
    /// that was handed over before: its entry must come along as it was, or the service's log was cut short or rewritten.
    pub async fn append(&self, service: &str, held: i64, entries: Vec<pb::AccessEntry>) -> Result<i64, Refusal> {
        if held > 0 && !entries.iter().any(|entry| entry.sequence == held) {
            return Err(broken(service, held));
        }
        let tx = self.db.begin("privacy.append-accesses").await?;
        let id = rows::chain_id(service);
        let end = query::anonymous::<chain_end::Entity>().filter(chain_end::Column::Id.eq(id)).one(&tx).await.map_err(Error::from)?;
        let (mut sequence, mut hash) = end.as_ref().map_or((0, Vec::new()), |end| (end.sequence, end.hash.clone()));
        let before = sequence;
        for entry in entries {
            let entry = access_log::Model::from(entry);
            if access_log::hash(&entry) != entry.hash {
                return Err(broken(service, entry.sequence));
            }
            if entry.sequence <= before {
                if kept_hash(&tx, service, entry.sequence).await?.as_ref() != Some(&entry.hash) {
                    return Err(broken(service, entry.sequence));
                }
                continue;
            }
            if entry.sequence != sequence + 1 || entry.previous_hash != hash {
                return Err(broken(service, entry.sequence));
            }
            (sequence, hash) = (entry.sequence, entry.hash.clone());
            tx.insert::<service_access::Entity>(rows::copy_of(service, entry)).await?;
        }
        if sequence > before {
            let at = tx.clock().now();
            let signature = self.signing.sign(format!("{service}|{sequence}|{}|{at}", hex::encode(&hash)).as_bytes());
            match end {
                Some(mut end) => {
                    (end.sequence, end.hash, end.signature, end.at) = (sequence, hash, signature, at);
                    tx.update::<chain_end::Entity>(&mut end).await?;
                }
                None => {
                    let end = chain_end::Model { id, service: service.to_owned(), sequence, hash, signature, at, version: 0 };
                    tx.insert::<chain_end::Entity>(end).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(sequence)
    }

    /// Who read what of a person, newest first.
    pub async fn of(&self, person: PersonId, page_token: &str, page_size: u32) -> Result<pb::ListMyAccessesResponse, Refusal> {
        let ask = ListHandlesRequest { person_id: person.to_string() };
        let answer = self.keyring.clone().list_handles(ask).await.map_err(|_| Refusal::from(Error::KeyringAway))?;
        let handles = answer.into_inner().handles;
        let size = if page_size == 0 { PAGE } else { page_size.min(LARGEST_PAGE) };
        let mut select = query::anonymous::<service_access::Entity>()
            .filter(service_access::Column::SubjectHandle.is_in(handles.clone()))
            .order_by_desc(service_access::Column::At)
            .order_by_desc(service_access::Column::Id);
        if !page_token.is_empty() {
            let (at, id) = requests::read_token(page_token)
                .ok_or_else(|| Refusal::invalid("INVALID_PAGE_TOKEN", "page_token", "send the token as the page before gave it"))?;
            let same = Condition::all().add(service_access::Column::At.eq(at)).add(service_access::Column::Id.lt(id));
            select = select.filter(Condition::any().add(service_access::Column::At.lt(at)).add(same));
        }
        let mut rows = select.limit(u64::from(size) + 1).all(&self.db).await.map_err(Error::from)?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.at.micros(), row.id.simple())).unwrap_or_default();
        Ok(pb::ListMyAccessesResponse { accesses: rows.into_iter().map(|row| shown(row, &handles)).collect(), next_page_token: next })
    }
}

/// The hash of an entry as it was handed over first.
async fn kept_hash(tx: &Tx, service: &str, sequence: i64) -> Result<Option<Vec<u8>>, Error> {
    let select = query::anonymous::<service_access::Entity>()
        .filter(service_access::Column::Service.eq(service))
        .filter(service_access::Column::Sequence.eq(sequence));
    Ok(select.one(tx).await?.map(|row| row.hash))
}

fn broken(service: &str, sequence: i64) -> Refusal {
    let alarm = "CHAIN_BROKEN";
    tracing::error!(alarm, service, sequence, "the access log of a service is broken, forked or has a gap");
    Refusal::precondition(alarm, "the access log is not what was handed over before, or does not continue it")
}

fn shown(row: service_access::Model, own: &[String]) -> pb::Access {
    let who = if own.contains(&row.actor_handle) { "you".to_owned() } else { row.actor_role.clone() };
    pb::Access {
        at: Some(row.at.to_proto()),
        who,
        service: row.service,
        method: row.method,
        categories: row.categories.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
        purpose: row.purpose,
        refused: row.decision != "granted",
    }
}
