//! Everybody who works for the school now, page by page.

use std::collections::BTreeMap;

use contract::{Category, Purpose, identity::v1 as pb};
use foundation::PersonId;
use personal_data::{Error as DataError, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::Caller;

use super::{Error, Staff, after, rows::role_grant, rules};
use crate::accounts::{Opened, rows::account};

impl Staff {
    pub async fn list(&self, caller: &Caller, ask: &pb::ListStaffRequest) -> Result<pb::ListStaffResponse, Error> {
        let (after, size) = (after(&ask.page_token)?, rules::page_size(ask.page_size));
        let mut grants = self.active().await?;
        if let Some(after) = after {
            grants = grants.split_off(&after);
            grants.remove(&after);
        }
        let more = grants.len() > size;
        let people: Vec<PersonId> = grants.keys().copied().take(size).collect();
        caller.acts_on_each(&people).await?;
        // One call for all keys; below they are on loan already.
        self.secrets.keys().many(&people, Category::Account, Purpose::Account).await?;
        let mut members = Vec::with_capacity(people.len());
        for person in &people {
            // Whoever was erased meanwhile is left out.
            if let Some(member) = self.member(*person, grants.get(person).map_or(&[][..], Vec::as_slice)).await? {
                members.push(member);
            }
        }
        let next_page_token = people.last().filter(|_| more).map(PersonId::to_string).unwrap_or_default();
        Ok(pb::ListStaffResponse { members, next_page_token })
    }

    /// Staff are few: all of their grants at once, by person.
    async fn active(&self) -> Result<BTreeMap<PersonId, Vec<role_grant::Model>>, Error> {
        let select = query::across::<role_grant::Entity>(Purpose::Account)
            .filter(role_grant::Column::RevokedAt.is_null())
            .filter(role_grant::Column::Until.gt(self.db.clock().now()));
        let mut grants: BTreeMap<PersonId, Vec<role_grant::Model>> = BTreeMap::new();
        for grant in select.all(&self.db).await? {
            grants.entry(grant.person).or_default().push(grant);
        }
        Ok(grants)
    }

    async fn member(&self, person: PersonId, grants: &[role_grant::Model]) -> Result<Option<pb::StaffMember>, Error> {
        let account = query::of::<account::Entity>(person, Purpose::Account).one(&self.db).await?;
        let Some(account) = account else { return Ok(None) };
        let key = match self.secrets.account_key(person, Purpose::Account).await {
            Err(DataError::Erased | DataError::NoSuchPerson) => return Ok(None),
            other => other?,
        };
        let opened = Opened::of(&account, &key)?;
        let mut encoded = Vec::with_capacity(grants.len());
        for grant in grants {
            encoded.push(self.encode(grant).await?);
        }
        Ok(Some(pb::StaffMember {
            person_id: person.to_string(),
            first_name: opened.first_name,
            last_name: opened.last_name,
            email: opened.email,
            grants: encoded,
        }))
    }
}
