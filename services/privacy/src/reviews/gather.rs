//! What a review is made of, read from the logs that privacy holds: by when records came, so that none comes too late to be seen.

use contract::{
    Purpose,
    privacy::v1::{review_item::Rule, review_summary::Kind},
};
use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Db, Error, access_log::is_granted, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};

use super::{
    periods::Period,
    rules::{self, Found, Seen},
};
use crate::{
    accesses::rows::{chain_end, service_access},
    exceptions::rows::access_exception,
    receipts::SigningKey,
};

/// As an entry names the roles of staff.
const STAFF: [&str; 5] = ["instructor", "support", "analyst", "privacy_officer", "administrator"];
const PAGE: u64 = 2_000;

/// The first time from `from` on at which there is something to look at.
pub async fn first_after(db: &Db, from: Timestamp) -> Result<Option<Timestamp>, Error> {
    let entry = of_staff().filter(service_access::Column::TakenAt.gte(from)).order_by_asc(service_access::Column::TakenAt).one(db).await?;
    let exception = query::across::<access_exception::Entity>(Purpose::Rights)
        .filter(access_exception::Column::RecordedAt.gte(from))
        .order_by_asc(access_exception::Column::RecordedAt)
        .one(db)
        .await?;
    Ok([entry.map(|row| row.taken_at), exception.map(|row| row.recorded_at)].into_iter().flatten().min())
}

/// What is to be looked at in a period, and the seed by which a sample was drawn.
pub async fn items(db: &Db, signing: &SigningKey, kind: Kind, period: Period) -> Result<(Vec<Found>, String), Error> {
    let entries = entries(db, period).await?;
    let seed = seed(db, signing, kind, period).await?;
    let found = match kind {
        Kind::Monthly => rules::sample(&entries, &seed),
        _ => {
            let exceptions = query::across::<access_exception::Entity>(Purpose::Rights)
                .filter(access_exception::Column::RecordedAt.gte(period.from))
                .filter(access_exception::Column::RecordedAt.lt(period.to));
            let exceptions = exceptions.all(db).await?.into_iter();
            let each = exceptions.map(|row| Found { rule: Rule::Exception.into(), about: row.id.0, found: 1 });
            rules::find(&entries).into_iter().chain(each).collect()
        }
    };
    Ok((rules::distinct(found), seed))
}

async fn entries(db: &Db, period: Period) -> Result<Vec<Seen>, Error> {
    use service_access::Column::{Id, TakenAt};
    let (mut entries, mut last): (Vec<Seen>, Option<(Timestamp, Uuid)>) = (Vec::new(), None);
    loop {
        let mut select = of_staff().filter(TakenAt.gte(period.from)).filter(TakenAt.lt(period.to));
        if let Some((taken_at, id)) = last {
            let same = Condition::all().add(TakenAt.eq(taken_at)).add(Id.gt(id));
            select = select.filter(Condition::any().add(TakenAt.gt(taken_at)).add(same));
        }
        let page = select.order_by_asc(TakenAt).order_by_asc(Id).limit(PAGE).all(db).await?;
        let full = page.len() as u64 == PAGE;
        last = page.last().map(|row| (row.taken_at, row.id));
        for row in page {
            let had_tie = row.decision == "NO_TIE" && was_let_in(db, &row).await?;
            entries.push(Seen {
                id: row.id,
                service: row.service,
                sequence: row.sequence,
                at: row.at,
                actor: row.actor_handle,
                subject: row.subject_handle,
                decision: row.decision,
                had_tie,
            });
        }
        if !full {
            // The rules read them as they happened.
            entries.sort_by_key(|entry| (entry.at, entry.id));
            return Ok(entries);
        }
    }
}

/// Whether the same member of staff was let in to the same person before.
async fn was_let_in(db: &Db, refused: &service_access::Model) -> Result<bool, Error> {
    if refused.subject_handle.is_empty() {
        return Ok(false);
    }
    let before = query::anonymous::<service_access::Entity>()
        .filter(service_access::Column::SubjectHandle.eq(refused.subject_handle.as_str()))
        .filter(service_access::Column::ActorHandle.eq(refused.actor_handle.as_str()))
        .filter(service_access::Column::Service.eq(refused.service.as_str()))
        .filter(service_access::Column::At.lt(refused.at));
    // Decisions are few words, however many entries say them.
    let said = before.select_only().column(service_access::Column::Decision).distinct().into_tuple::<String>().all(db).await?;
    Ok(said.iter().any(|decision| is_granted(decision)))
}

fn of_staff() -> sea_orm::Select<service_access::Entity> {
    query::anonymous::<service_access::Entity>().filter(service_access::Column::ActorRole.is_in(STAFF))
}

/// A signature over the period and where each chain stood at its end: fixed by the logs, and known to nobody without the key.
async fn seed(db: &Db, signing: &SigningKey, kind: Kind, period: Period) -> Result<String, Error> {
    let mut said = format!("kolsai-review/1|{}|{}|{}", kind.as_str_name(), period.from, period.to);
    let chains = query::anonymous::<chain_end::Entity>().order_by_asc(chain_end::Column::Service).all(db).await?;
    for chain in chains {
        let last = query::anonymous::<service_access::Entity>()
            .filter(service_access::Column::Service.eq(chain.service.as_str()))
            .filter(service_access::Column::TakenAt.lt(period.to))
            .order_by_desc(service_access::Column::Sequence);
        if let Some(last) = last.one(db).await? {
            said.push_str(&format!("|{}:{}:{}", chain.service, last.sequence, hex::encode(last.hash)));
        }
    }
    Ok(signing.sign(said.as_bytes()))
}

/// The entries of these ids.
pub async fn of_ids(db: &Db, ids: Vec<Uuid>) -> Result<Vec<service_access::Model>, Error> {
    Ok(query::anonymous::<service_access::Entity>().filter(service_access::Column::Id.is_in(ids)).all(db).await?)
}
