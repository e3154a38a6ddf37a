//! Writes every chain that privacy holds, with its signed checkpoints, as JSON Lines.

use std::{collections::VecDeque, io::Write};

use foundation::Timestamp;
use personal_data::{Db, access_log, query};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    AuditError,
    file::Line,
    verify::{Checkpoint, Finding},
};
use crate::accesses::rows::{chain_end, checkpoint, service_access};

const PAGE: u64 = 1_000;

/// Writes chain after chain; answers how many records it wrote.
pub async fn export(privacy: &Db, at: Timestamp, out: &mut (impl Write + Send)) -> Result<u64, AuditError> {
    write(out, &Line::head(at))?;
    let mut written = 0;
    for end in ends(privacy).await? {
        let mut signed = checkpoints(privacy, &end).await?;
        let mut place = 0;
        while place < end.sequence {
            // What was handed over since belongs to the next export: this one ends where it is signed.
            let page = kept(privacy, &end.service, place, end.sequence).await?;
            let Some(last) = page.last() else { break };
            place = last.sequence;
            for entry in page {
                let sequence = entry.sequence;
                write(out, &Line::entry(&end.service, &entry))?;
                written += 1;
                while let Some(point) = signed.pop_front_if(|point| point.sequence <= sequence) {
                    write(out, &Line::checkpoint(&point))?;
                }
            }
        }
        for point in signed {
            write(out, &Line::checkpoint(&point))?;
        }
    }
    write(out, &Line::End { records: written })?;
    out.flush()?;
    Ok(written)
}

/// Where each chain ends. One of which something is left but its end is a finding: whoever took the end away hides the rest.
pub(super) async fn ends(privacy: &Db) -> Result<Vec<chain_end::Model>, AuditError> {
    let ends = query::anonymous::<chain_end::Entity>().order_by_asc(chain_end::Column::Service).all(privacy).await.map_err(of_db)?;
    let left = query::anonymous::<checkpoint::Entity>().select_only().column(checkpoint::Column::Service).distinct();
    let mut left: Vec<String> = left.into_tuple().all(privacy).await.map_err(of_db)?;
    let records = query::anonymous::<service_access::Entity>().select_only().column(service_access::Column::Service).distinct();
    left.extend(records.into_tuple::<String>().all(privacy).await.map_err(of_db)?);
    match left.into_iter().find(|service| !ends.iter().any(|end| end.service == *service)) {
        Some(service) => Err(Finding::Unsigned { service, sequence: 0 }.into()),
        None => Ok(ends),
    }
}

/// The checkpoints of a chain and its end, in their order.
pub(super) async fn checkpoints(privacy: &Db, end: &chain_end::Model) -> Result<VecDeque<Checkpoint>, AuditError> {
    let kept = query::anonymous::<checkpoint::Entity>()
        .filter(checkpoint::Column::Service.eq(end.service.as_str()))
        .filter(checkpoint::Column::Sequence.lt(end.sequence))
        .order_by_asc(checkpoint::Column::Sequence);
    let kept = kept.all(privacy).await.map_err(of_db)?.into_iter();
    let kept =
        kept.map(|row| Checkpoint { service: row.service, sequence: row.sequence, hash: row.hash, at: row.at, signature: row.signature });
    let last = Checkpoint {
        service: end.service.clone(),
        sequence: end.sequence,
        hash: end.hash.clone(),
        at: end.at,
        signature: end.signature.clone(),
    };
    Ok(kept.chain([last]).collect())
}

/// Records that privacy holds of a service, after one place and up to another.
pub(super) async fn kept(privacy: &Db, service: &str, after: i64, to: i64) -> Result<Vec<access_log::Model>, AuditError> {
    let rows = query::anonymous::<service_access::Entity>()
        .filter(service_access::Column::Service.eq(service))
        .filter(service_access::Column::Sequence.gt(after))
        .filter(service_access::Column::Sequence.lte(to))
        .order_by_asc(service_access::Column::Sequence)
        .limit(PAGE);
    Ok(rows.all(privacy).await.map_err(of_db)?.into_iter().map(entry_of).collect())
}

fn entry_of(row: service_access::Model) -> access_log::Model {
    access_log::Model {
        sequence: row.sequence,
        at: row.at,
        actor_handle: row.actor_handle,
        actor_role: row.actor_role,
        subject_handle: row.subject_handle,
        method: row.method,
        categories: row.categories,
        purpose: row.purpose,
        decision: row.decision,
        previous_hash: row.previous_hash,
        hash: row.hash,
    }
}

fn write(out: &mut impl Write, line: &Line) -> Result<(), AuditError> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

fn of_db(error: sea_orm::DbErr) -> AuditError {
    AuditError::Database(error.into())
}
