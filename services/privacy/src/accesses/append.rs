//! A service's next entries, taken only where they continue what was taken before.

use std::{collections::HashMap, time::Duration};

use contract::privacy::v1 as pb;
use foundation::{Refusal, Timestamp, uuid::Uuid};
use personal_data::{Error, Tx, access_log, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::{
    Accesses,
    rows::{self, chain_end, checkpoint, service_access},
};

/// Between two ends that are kept beside the last one: a rewritten copy has to agree with each of them.
const CHECKPOINT: Duration = Duration::from_secs(3600);

/// What an end's signature is over.
pub fn signed_text(service: &str, sequence: i64, hash: &[u8], at: Timestamp) -> String {
    format!("{service}|{sequence}|{}|{at}", hex::encode(hash))
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
        let kept = kept(&tx, service, entries.iter().map(|entry| entry.sequence).filter(|place| *place <= before).collect()).await?;
        for entry in entries {
            let entry = access_log::Model::from(entry);
            if access_log::hash(&entry) != entry.hash {
                return Err(broken(service, entry.sequence));
            }
            if entry.sequence <= before {
                if kept.get(&entry.sequence) != Some(&entry.hash) {
                    return Err(broken(service, entry.sequence));
                }
                continue;
            }
            if entry.sequence != sequence + 1 || entry.previous_hash != hash {
                return Err(broken(service, entry.sequence));
            }
            (sequence, hash) = (entry.sequence, entry.hash.clone());
            tx.insert::<service_access::Entity>(rows::copy_of(service, entry, tx.clock().now())).await?;
        }
        if sequence > before {
            let at = tx.clock().now();
            let signature = self.signing.sign(signed_text(service, sequence, &hash, at).as_bytes());
            let end_now = chain_end::Model { id, service: service.to_owned(), sequence, hash, signature, at, version: 0 };
            keep_in_tx(&tx, &end_now).await?;
            match end {
                Some(end) => tx.update::<chain_end::Entity>(&mut chain_end::Model { version: end.version, ..end_now }).await?,
                None => tx.insert::<chain_end::Entity>(end_now).await?,
            }
        }
        tx.commit().await?;
        Ok(sequence)
    }
}

/// Keeps an end for good, one an hour.
async fn keep_in_tx(tx: &Tx, end: &chain_end::Model) -> Result<(), Error> {
    let last = query::anonymous::<checkpoint::Entity>()
        .filter(checkpoint::Column::Service.eq(end.service.as_str()))
        .order_by_desc(checkpoint::Column::Sequence);
    if last.one(tx).await?.is_some_and(|last| last.at.plus(CHECKPOINT) > end.at) {
        return Ok(());
    }
    let (service, sequence, at) = (end.service.clone(), end.sequence, end.at);
    let row = checkpoint::Model { id: Uuid::now_v7(), service, sequence, hash: end.hash.clone(), signature: end.signature.clone(), at };
    tx.insert::<checkpoint::Entity>(row).await
}

/// The hashes of entries as they were handed over first.
async fn kept(tx: &Tx, service: &str, places: Vec<i64>) -> Result<HashMap<i64, Vec<u8>>, Error> {
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let select = query::anonymous::<service_access::Entity>()
        .filter(service_access::Column::Service.eq(service))
        .filter(service_access::Column::Sequence.is_in(places));
    Ok(select.all(tx).await?.into_iter().map(|row| (row.sequence, row.hash)).collect())
}

fn broken(service: &str, sequence: i64) -> Refusal {
    let alarm = "CHAIN_BROKEN";
    tracing::error!(alarm, service, sequence, "the access log of a service is broken, forked or has a gap");
    Refusal::precondition(alarm, "the access log is not what was handed over before, or does not continue it")
}
