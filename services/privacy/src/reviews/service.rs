//! What watches over the access logs, put together: officers, exceptions, reviews.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    Tie,
    identity::v1::{RoleGranted, RoleRevoked},
    keyring::v1::keyring_client::KeyringClient,
    privacy::v1::{exceptions_server::ExceptionsServer, reviews_server::ReviewsServer},
};
use foundation::{PersonId, Refusal};
use personal_data::Db;
use service::{Engines, Service, Ties};

use super::{Reviews, rows, rpc};
use crate::{
    accesses,
    erasures::Erasures,
    exceptions::{self, Exceptions},
    officers,
    receipts::SigningKey,
};

/// Every table of these capabilities.
pub type Tables = (
    accesses::rows::checkpoint::Entity,
    officers::rows::officer::Entity,
    exceptions::rows::access_exception::Entity,
    rows::review::Entity,
    rows::review_item::Entity,
    rows::review_signature::Entity,
);

/// Adds them to privacy. A request before the officer is the erasures' knowledge, an exception in a review is ours.
pub fn add(service: Service, db: &Db, engines: &Engines, signing: &SigningKey, erasures: Arc<Erasures>) -> Service {
    let keys = engines.keys("privacy");
    let keyring = KeyringClient::new(engines.transport("privacy", "keyring"));
    let reviews = Reviews { db: db.clone(), keys: keys.clone(), keyring, signing: signing.clone() };
    let work = reviews.clone();
    service
        .serves(ExceptionsServer::new(exceptions::rpc::Rpc(Exceptions { db: db.clone(), keys })))
        .serves(ReviewsServer::new(rpc::Rpc(reviews.clone())))
        .reacts(events::reactor::<RoleGranted, _>(db, officers::NoteOfficer))
        .reacts(events::reactor::<RoleRevoked, _>(db, officers::ForgetOfficer))
        .ties(Arc::new(Known { erasures, reviews }))
        .works("privacy.reviews", move |until| work.clone().run(until))
}

struct Known {
    erasures: Arc<Erasures>,
    reviews: Reviews,
}

#[async_trait]
impl Ties for Known {
    async fn ties(&self, tie: Tie, staff: PersonId, person: PersonId) -> Result<bool, Refusal> {
        Ok(self.erasures.ties(tie, staff, person).await? || self.reviews.ties(tie, person).await?)
    }
}
