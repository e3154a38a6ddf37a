//! Who read what of a person: entries of the services' logs, and the keys that the keyring lent to services.

use contract::{
    Category,
    keyring::v1::{self as keyring, Grant, ListGrantsRequest, ListHandlesRequest},
    privacy::v1 as pb,
};
use foundation::{PersonId, Refusal, Timestamp, uuid::Uuid};
use personal_data::{
    Error,
    access_log::{exception_of, is_granted},
    query,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};

use super::{Accesses, rows::service_access};
use crate::requests;

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
/// What a service does with a key is its own entry; that it got one is the keyring's.
const LEASE: &str = "kolsai.keyring.v1.Keyring.Lease";

/// One line of the list, with its place in it.
type Line = (Timestamp, Uuid, pb::Access);

impl Accesses {
    /// Who read what of a person, newest first.
    pub async fn of(&self, person: PersonId, page_token: &str, page_size: u32) -> Result<pb::ListMyAccessesResponse, Refusal> {
        let size = if page_size == 0 { PAGE } else { page_size.min(LARGEST_PAGE) };
        let after = match page_token {
            "" => None,
            token => Some(
                requests::read_token(token)
                    .ok_or_else(|| Refusal::invalid("INVALID_PAGE_TOKEN", "page_token", "send the token as the page before gave it"))?,
            ),
        };
        // One more of each than a page holds: then what is left out here comes on the next page.
        let mut lines = self.entries(person, after, size + 1).await?;
        lines.extend(self.grants(person, after, size + 1).await?);
        lines.sort_by_key(|line| std::cmp::Reverse((line.0, line.1)));
        let more = lines.len() > size as usize;
        lines.truncate(size as usize);
        let next = lines.last().filter(|_| more).map(|(at, id, _)| format!("{}.{}", at.micros(), id.simple())).unwrap_or_default();
        Ok(pb::ListMyAccessesResponse { accesses: lines.into_iter().map(|(_, _, shown)| shown).collect(), next_page_token: next })
    }

    async fn entries(&self, person: PersonId, after: Option<(Timestamp, Uuid)>, limit: u32) -> Result<Vec<Line>, Error> {
        let ask = ListHandlesRequest { person_id: person.to_string() };
        let answer = self.keyring.clone().list_handles(ask).await.map_err(|_| Error::KeyringAway)?;
        let handles = answer.into_inner().handles;
        let mut select = query::anonymous::<service_access::Entity>()
            .filter(service_access::Column::SubjectHandle.is_in(handles.clone()))
            .order_by_desc(service_access::Column::At)
            .order_by_desc(service_access::Column::Id);
        if let Some((at, id)) = after {
            let same = Condition::all().add(service_access::Column::At.eq(at)).add(service_access::Column::Id.lt(id));
            select = select.filter(Condition::any().add(service_access::Column::At.lt(at)).add(same));
        }
        let rows = select.limit(u64::from(limit)).all(&self.db).await?;
        Ok(rows.into_iter().map(|row| (row.at, row.id, shown(row, &handles))).collect())
    }

    async fn grants(&self, person: PersonId, after: Option<(Timestamp, Uuid)>, limit: u32) -> Result<Vec<Line>, Error> {
        let (before, before_id) = after.map_or((None, String::new()), |(at, id)| (Some(at.to_proto()), id.to_string()));
        let ask = ListGrantsRequest { person_id: person.to_string(), before, before_id, limit };
        let answer = self.keyring.clone().list_grants(ask).await.map_err(|_| Error::KeyringAway)?;
        let line = |grant: Grant| Some((Timestamp::from_proto(grant.hour.as_ref()?), grant.grant_id.parse().ok()?, lent(&grant)));
        Ok(answer.into_inner().grants.into_iter().filter_map(line).collect())
    }
}

fn lent(grant: &keyring::Grant) -> pb::Access {
    pb::Access {
        at: grant.hour,
        who: format!("service:{}", grant.service),
        service: "keyring".to_owned(),
        method: LEASE.to_owned(),
        categories: vec![Category::try_from(grant.category).unwrap_or_default().as_str_name().to_owned()],
        purpose: grant.purpose,
        ..Default::default()
    }
}

fn shown(row: service_access::Model, own: &[String]) -> pb::Access {
    let who = if own.contains(&row.actor_handle) { "you".to_owned() } else { row.actor_role.clone() };
    let refused = !is_granted(&row.decision);
    pb::Access {
        at: Some(row.at.to_proto()),
        who,
        service: row.service,
        method: row.method,
        categories: row.categories.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
        purpose: row.purpose,
        refused,
        exception: exception_of(&row.decision).unwrap_or_default().to_owned(),
        reason: if refused { row.decision } else { String::new() },
    }
}
