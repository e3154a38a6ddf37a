//! Who stands behind a call, once the stack has checked it.

use contract::Role;
use personal_data::Actor;

use crate::{peers::Peer, token::Claims};

/// Every arm was checked against the method's rule before it was made.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    Anyone,
    /// The bearer of a link; the use case checks its token.
    Link,
    /// An outside partner; the use case checks its signature.
    Partner(String),
    /// A signed-in person, about themselves.
    Person(Claims),
    /// A signed-in member of staff, in the role that the rule asked for.
    Staff(Claims, Role),
    Service(Peer),
}

impl Principal {
    pub(crate) fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Person(claims) | Self::Staff(claims, _) => Some(claims),
            _ => None,
        }
    }

    /// How the access log speaks of them.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Anyone => Actor::Nobody,
            Self::Link => Actor::Link,
            Self::Partner(name) => Actor::Partner(name.clone()),
            Self::Person(claims) => Actor::Person { id: claims.sub, role: None },
            Self::Staff(claims, role) => Actor::Person { id: claims.sub, role: Some(*role) },
            Self::Service(peer) => Actor::Service(peer.name().to_owned()),
        }
    }
}
