//! Which roles somebody has, and what a grant may say.

use std::time::Duration;

use contract::Role;
use foundation::Timestamp;

use super::{Invalid, rows::role_grant};

/// No grant reaches further: who still needs the role is given it anew.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A person's roles now. Everybody is a learner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Vec<(Role, Timestamp)>);

impl Roles {
    pub fn of(grants: &[role_grant::Model], now: Timestamp) -> Self {
        let held = grants.iter().filter(|grant| is_active(grant, now));
        let mut roles: Vec<_> = held.filter_map(|grant| Some((Role::try_from(grant.role).ok()?, grant.until))).collect();
        roles.sort();
        Self(roles)
    }

    pub fn list(&self) -> Vec<Role> {
        let mut roles = vec![Role::Learner];
        roles.extend(self.0.iter().map(|(role, _)| *role));
        roles.dedup();
        roles
    }

    /// When the first of them runs out.
    pub fn until(&self) -> Option<Timestamp> {
        self.0.iter().map(|(_, until)| *until).min()
    }
}

pub fn is_active(grant: &role_grant::Model, now: Timestamp) -> bool {
    grant.revoked_at.is_none() && grant.until > now
}

/// A role that can be given: everybody is a learner already.
pub fn grantable(role: Role) -> Result<Role, Invalid> {
    match role {
        Role::Unspecified | Role::Learner => Err(Invalid::Role),
        Role::Instructor | Role::Support | Role::Analyst | Role::PrivacyOfficer | Role::Administrator => Ok(role),
    }
}

pub fn until(until: Option<&prost_types::Timestamp>, now: Timestamp) -> Result<Timestamp, Invalid> {
    let until = until.map(Timestamp::from_proto).ok_or(Invalid::Until)?;
    if until > now && until <= now.plus(LONGEST) { Ok(until) } else { Err(Invalid::Until) }
}

pub fn reason(text: &str) -> Result<&str, Invalid> {
    let reason = text.trim();
    if (1..=500).contains(&reason.chars().count()) { Ok(reason) } else { Err(Invalid::Reason) }
}

/// People on a page.
pub fn page_size(asked: u32) -> usize {
    match asked {
        0 => 50,
        asked => asked.min(200) as usize,
    }
}

/// The longest grant that may be given now.
pub fn longest(now: Timestamp) -> Timestamp {
    now.plus(LONGEST)
}

#[cfg(test)]
mod tests {
    use foundation::PersonId;
    use personal_data::Sealed;
    use sea_orm::sea_query::ValueType;

    use super::{super::rows::GrantId, *};

    fn grant(role: Role, until: i64, revoked: Option<i64>) -> role_grant::Model {
        role_grant::Model {
            id: GrantId::new_v7(),
            person: PersonId::new_v4(),
            role: role.into(),
            reason: <Sealed<_, str> as ValueType>::unwrap(Vec::<u8>::new().into()),
            granted_at: Timestamp::from_micros(0),
            until: Timestamp::from_micros(until),
            revoked_at: revoked.map(Timestamp::from_micros),
            granted_by: None,
            version: 1,
        }
    }

    #[test]
    fn only_what_is_granted_now_counts() {
        let grants = [grant(Role::Support, 20, None), grant(Role::Instructor, 30, None), grant(Role::Administrator, 40, Some(5))];
        let at = |micros| Roles::of(&grants, Timestamp::from_micros(micros));
        assert_eq!(at(10).list(), [Role::Learner, Role::Instructor, Role::Support]);
        assert_eq!(at(10).until(), Some(Timestamp::from_micros(20)));
        assert_eq!(at(20).list(), [Role::Learner, Role::Instructor]);
        assert_eq!(at(30), Roles::default());
        assert_eq!(at(30).list(), [Role::Learner]);
    }

    #[test]
    fn a_grant_ends_within_a_year_and_says_why() {
        let now = Timestamp::from_micros(1_000_000);
        assert_eq!(until(None, now), Err(Invalid::Until));
        assert_eq!(until(Some(&now.to_proto()), now), Err(Invalid::Until));
        assert_eq!(until(Some(&longest(now).to_proto()), now), Ok(longest(now)));
        assert_eq!(until(Some(&longest(now).plus(Duration::from_secs(1)).to_proto()), now), Err(Invalid::Until));
        assert_eq!(reason("  teaches course 1 "), Ok("teaches course 1"));
        assert_eq!(reason(" "), Err(Invalid::Reason));
        assert_eq!(reason(&"x".repeat(501)), Err(Invalid::Reason));
        assert_eq!(grantable(Role::Learner), Err(Invalid::Role));
        assert_eq!(grantable(Role::Support), Ok(Role::Support));
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!((page_size(0), page_size(7), page_size(9999)), (50, 7, 200));
    }
}
