//! A person's own profile.

use contract::{Class, Purpose, Role, identity::v1 as pb};
use foundation::PersonId;
use personal_data::query;

use super::{Accounts, Error, Opened, opened, rows::account, rules::Changes};
use crate::staff;

impl Accounts {
    pub async fn profile(&self, person: PersonId) -> Result<pb::Profile, Error> {
        let account = self.get(person).await?.ok_or(Error::NoSuchAccount)?;
        let opened = self.open(&account, Purpose::Account).await?;
        let roles = staff::roles(&self.db, person).await?;
        Ok(encode(&account, opened, &roles.list()))
    }

    /// Changes what the mask names and answers the whole profile.
    pub async fn update_profile(&self, person: PersonId, ask: pb::UpdateProfileRequest) -> Result<pb::Profile, Error> {
        let mask = ask.update_mask.unwrap_or_default().paths;
        let changes = Changes::read(&ask.profile.unwrap_or_default(), &mask)?;
        let key = self.secrets.account_key(person, Purpose::Account).await?;
        let tx = self.db.begin_for("identity.update-profile", person, Purpose::Account).await?;
        let mut account = query::of::<account::Entity>(person, Purpose::Account).one(&tx).await?.ok_or(Error::NoSuchAccount)?;
        let before = Opened::of(&account, &key)?;
        let corrected = corrected(&before, &changes);
        let age_bracket = before.age_bracket;
        if let Some(name) = &changes.first_name {
            account.first_name = account::Model::seal_first_name(&key, person, name);
        }
        if let Some(name) = &changes.last_name {
            account.last_name = account::Model::seal_last_name(&key, person, name);
        }
        if let Some(phone) = &changes.phone {
            account.phone = phone.as_deref().and_then(|phone| account::Model::seal_phone(&key, person, phone));
        }
        if let Some(language) = changes.language {
            account.profile = account::Model::seal_profile(&key, person, &opened::profile(age_bracket, language));
        }
        tx.update::<account::Entity>(&mut account).await?;
        if !corrected.is_empty() {
            let changed = pb::ProfileChanged {
                person_id: person.to_string(),
                classes: corrected.into_iter().map(Into::into).collect(),
                version: account.version,
            };
            events::announce_in_tx(&tx, changed).await?;
        }
        tx.commit().await?;
        self.profile(person).await
    }
}

/// What is corrected by these changes, and with it every copy of it. A language is a wish, not a correction.
fn corrected(before: &Opened, changes: &Changes) -> Vec<Class> {
    let differs = |new: &Option<String>, old: &str| new.as_deref().is_some_and(|new| new != old);
    let mut classes = Vec::new();
    if differs(&changes.first_name, &before.first_name) || differs(&changes.last_name, &before.last_name) {
        classes.push(Class::Name);
    }
    if changes.phone.as_ref().is_some_and(|phone| *phone != before.phone) {
        classes.push(Class::Phone);
    }
    classes
}

fn encode(account: &account::Model, opened: Opened, roles: &[Role]) -> pb::Profile {
    pb::Profile {
        person_id: account.person.to_string(),
        first_name: opened.first_name,
        last_name: opened.last_name,
        email: opened.email,
        phone: opened.phone.unwrap_or_default(),
        age_bracket: opened.age_bracket.into(),
        language: opened.language.code().to_owned(),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        registered_at: Some(account.registered_at.to_proto()),
    }
}
