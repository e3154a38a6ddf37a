//! Two services: identity announces that a link was issued, communication notes it once per link and announces in turn.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use contract::{
    Purpose,
    identity::v1::{AccountConfirmed, LinkIssued},
};
use events::{Bus, Envelope, InProcessBus, Outcome, Reaction, ReactionError, Reactor, Relay, outbox};
use foundation::{PersonId, uuid::Uuid};
use personal_data::{Db, PersonalData, Tx, query, schema};
use sea_orm::{QueryOrder, entity::prelude::*};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::engines::{Engine, number};

/// One row per effect, and nothing that would keep a second one out.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
#[sea_orm(table_name = "effect")]
#[personal(category = Communication, purposes(ServiceNotice), keep(after = relation_end, days = 1), erase = delete)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[personal(key)]
    pub id: Uuid,
    #[personal(owner)]
    pub person: PersonId,
    #[personal(link)]
    pub link_id: Uuid,
    #[personal(measure)]
    pub number: i64,
}

pub struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = personal_data::migrations();
        all.extend(events::migrations());
        all.push(schema::migration("test_0001", || vec![schema::table("effect", "id").id("person").id("link_id").number("number")]));
        all
    }
}

/// What a reaction does with a link, each time it comes, before it at last takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Early,
    Poisoned,
    /// The effect is written, and then something fails.
    EarlyAfterTheEffect,
}

/// The faults still to come of each link; shared by the test and the reaction.
pub type Script = Arc<Mutex<HashMap<String, Vec<Fault>>>>;

pub struct Noting(pub Script);

#[async_trait]
impl Reaction<LinkIssued> for Noting {
    const NAME: &'static str = "communication.note-on-link";
    const PURPOSE: Purpose = Purpose::ServiceNotice;

    async fn react_in_tx(&self, tx: &Tx, link: LinkIssued) -> Result<(), ReactionError> {
        let fault = self.0.lock().unwrap().get_mut(&link.link_id).and_then(Vec::pop);
        match fault {
            Some(Fault::Early) => return Err(ReactionError::Early("the account is not here yet")),
            Some(Fault::Poisoned) => return Err(ReactionError::Poisoned("nobody knows this kind of link")),
            _ => {}
        }
        note(tx, &link).await?;
        events::announce_in_tx(tx, AccountConfirmed { person_id: link.person_id, version: link.version }).await?;
        match fault {
            Some(Fault::EarlyAfterTheEffect) => Err(ReactionError::Early("something after the effect failed")),
            _ => Ok(()),
        }
    }
}

/// Another reaction to the same event.
pub struct Counting;

#[async_trait]
impl Reaction<LinkIssued> for Counting {
    const NAME: &'static str = "communication.count-links";
    const PURPOSE: Purpose = Purpose::Newsletter;

    async fn react_in_tx(&self, tx: &Tx, link: LinkIssued) -> Result<(), ReactionError> {
        Ok(note(tx, &link).await?)
    }
}

async fn note(tx: &Tx, link: &LinkIssued) -> Result<(), personal_data::Error> {
    let (person, link_id) = (link.person_id.parse().unwrap(), link.link_id.parse().unwrap());
    tx.insert::<Entity>(Model { id: Uuid::now_v7(), person, link_id, number: link.version }).await
}

/// Counts how often the bus really asked.
pub struct Asked {
    inner: Arc<dyn Reactor>,
    pub times: AtomicUsize,
}

impl Asked {
    pub fn of(inner: Arc<dyn Reactor>) -> Arc<Self> {
        Arc::new(Self { inner, times: AtomicUsize::new(0) })
    }

    pub fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Reactor for Asked {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn service(&self) -> &'static str {
        self.inner.service()
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn react(&self, envelope: &Envelope) -> Outcome {
        self.times.fetch_add(1, Ordering::SeqCst);
        self.inner.react(envelope).await
    }

    async fn park(&self, envelope: &Envelope, reason: &str) -> Result<(), personal_data::Error> {
        self.inner.park(envelope, reason).await
    }

    fn db(&self) -> &Db {
        self.inner.db()
    }
}

pub struct Stage {
    pub identity: Db,
    pub communication: Db,
    pub bus: InProcessBus,
    pub noting: Arc<Asked>,
    pub script: Script,
}

impl Stage {
    pub async fn on(engine: &Engine) -> Self {
        let identity = engine.database::<Migrations>("identity").await;
        let communication = engine.database::<Migrations>("communication").await;
        let script = Script::default();
        let noting = Asked::of(events::reactor(&communication, Noting(script.clone())));
        let bus = InProcessBus::default();
        bus.subscribe(noting.clone());
        Self { identity, communication, bus, noting, script }
    }

    pub fn relay(&self) -> Relay {
        Relay::new(self.identity.clone(), Arc::new(self.bus.clone()))
    }

    /// A use case of identity that issues a link.
    pub async fn issues_a_link_to(&self, person: PersonId) -> LinkIssued {
        let event = a_link_to(person);
        let tx = self.identity.begin("test.issue-link").await.unwrap();
        events::announce_in_tx(&tx, event.clone()).await.unwrap();
        tx.commit().await.unwrap();
        event
    }

    pub async fn issues_a_link(&self) -> LinkIssued {
        self.issues_a_link_to(PersonId::new_v4()).await
    }

    /// The faults of a link, in the order in which they happen.
    pub fn fails(&self, link: &LinkIssued, faults: impl IntoIterator<Item = Fault>) {
        let mut faults: Vec<_> = faults.into_iter().collect();
        faults.reverse();
        self.script.lock().unwrap().insert(link.link_id.clone(), faults);
    }

    pub async fn publish(&self) -> usize {
        self.relay().publish_due().await.unwrap()
    }

    /// The outbox of identity, oldest first.
    pub async fn outbox(&self) -> Vec<outbox::event::Model> {
        let select = query::anonymous::<outbox::event::Entity>().order_by_asc(outbox::event::Column::Id);
        select.all(&self.identity).await.unwrap()
    }

    /// What became of the events at their reactions, as the bus remembers it.
    pub async fn deliveries(&self) -> Vec<(String, String)> {
        let select = query::anonymous::<outbox::delivery::Entity>().order_by_asc(outbox::delivery::Column::Reaction);
        select.all(&self.identity).await.unwrap().into_iter().map(|row| (row.reaction, row.outcome)).collect()
    }

    pub async fn effects(&self) -> i64 {
        number(&self.communication, "SELECT count(*) FROM effect").await
    }

    /// Effects and announcements of the reaction: always as many of one as of the other.
    pub async fn effects_and_announcements(&self) -> (i64, i64) {
        (self.effects().await, number(&self.communication, "SELECT count(*) FROM outbox").await)
    }

    pub async fn parked(&self) -> Vec<events::parked::Model> {
        events::parked::list(&self.communication).await.unwrap()
    }

    pub async fn replay(&self, parked: &events::parked::Model) -> Outcome {
        events::parked::replay(&self.communication, parked, self.noting.as_ref()).await.unwrap()
    }
}

pub fn a_link_to(person: PersonId) -> LinkIssued {
    LinkIssued { person_id: person.to_string(), link_id: Uuid::now_v7().to_string(), kind: 1, version: 1 }
}

/// The event as it travels.
pub fn envelope_of(link: &LinkIssued) -> Envelope {
    use prost::Message;
    Envelope {
        id: Uuid::now_v7(),
        source: "identity".into(),
        kind: <LinkIssued as contract::Event>::TYPE.into(),
        payload: link.encode_to_vec(),
        traceparent: None,
        at: foundation::Timestamp::from_micros(1),
    }
}

/// A bus that is not there.
pub struct Away;

#[async_trait]
impl Bus for Away {
    async fn publish(&self, _: &Db, _: &Envelope, _: i64) -> Result<(), events::Undelivered> {
        Err(events::Undelivered("the bus is away".into()))
    }
}
