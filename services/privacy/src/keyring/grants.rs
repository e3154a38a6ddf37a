//! What was lent of whose keys: noted before a key leaves, told to the person, and the second witness of an erasure.

use std::collections::HashMap;

use contract::{Category, Purpose, keyring::v1 as pb};
use foundation::{PersonId, Refusal, Timestamp, uuid::Uuid};
use personal_data::{Error, query};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};

use super::{
    Keyring,
    rows::{handle, key_grant},
};

const MOST: u32 = 1_000;

impl Keyring {
    /// Grants of one person's keys in every service, newest first.
    pub async fn grants_of(&self, person: PersonId, ask: &pb::ListGrantsRequest) -> Result<Vec<pb::Grant>, Refusal> {
        let handles = query::anonymous::<handle::Entity>().filter(handle::Column::Person.eq(person.0)).all(&self.db).await;
        let services: HashMap<Uuid, String> = handles.map_err(Error::from)?.into_iter().map(|row| (row.handle, row.service)).collect();
        let mut select = query::anonymous::<key_grant::Entity>()
            .filter(key_grant::Column::Handle.is_in(services.keys().copied()))
            .order_by_desc(key_grant::Column::Hour)
            .order_by_desc(key_grant::Column::Id);
        if let Some(before) = &ask.before {
            let at = Timestamp::from_proto(before);
            let id: Uuid = ask.before_id.parse().map_err(|_| Refusal::invalid("INVALID_ID", "before_id", "this is no grant"))?;
            let same = Condition::all().add(key_grant::Column::Hour.eq(at)).add(key_grant::Column::Id.lt(id));
            select = select.filter(Condition::any().add(key_grant::Column::Hour.lt(at)).add(same));
        }
        let rows = select.limit(u64::from(ask.limit.clamp(1, MOST))).all(&self.db).await.map_err(Error::from)?;
        Ok(rows.into_iter().map(|row| encode(&row, &services)).collect())
    }
}

fn encode(row: &key_grant::Model, services: &HashMap<Uuid, String>) -> pb::Grant {
    pb::Grant {
        grant_id: row.id.to_string(),
        service: services.get(&row.handle).cloned().unwrap_or_default(),
        category: Category::try_from(row.category).unwrap_or_default().into(),
        purpose: Purpose::try_from(row.purpose).unwrap_or_default().into(),
        hour: Some(row.hour.to_proto()),
    }
}
