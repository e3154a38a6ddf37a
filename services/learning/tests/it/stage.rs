//! Learning's own database, and the events of payment and identity as the bus would bring them.

use std::sync::Arc;

use contract::{
    Event, Role,
    identity::v1::{RoleGranted, RoleRevoked},
    payment::v1::{OrderPaid, OrderRefunded},
};
use events::{Envelope, Outcome, Reactor, reactor};
use foundation::{PersonId, Timestamp, uuid::Uuid};
use kolsai_learning::{
    Migrations,
    catalogue::Catalogue,
    enrolments::{CloseOnRefund, Enrolments, OpenOnPayment, rows::enrolment},
    ids::CourseId,
    teaching::{ForgetInstructor, Instructors, NoteInstructor},
};
use personal_data::{Db, query};

use crate::engines::{Engine, number};

pub struct Stage {
    pub db: Db,
    pub catalogue: Catalogue,
    pub enrolments: Enrolments,
    pub instructors: Instructors,
    reactors: Vec<Arc<dyn Reactor>>,
}

impl Stage {
    pub async fn on(engine: &Engine) -> Self {
        let db = engine.database::<Migrations>("learning").await;
        let catalogue = Catalogue::embedded().unwrap();
        Self {
            enrolments: Enrolments::new(db.clone(), catalogue.clone()),
            instructors: Instructors::new(db.clone()),
            reactors: vec![
                reactor(&db, OpenOnPayment(catalogue.clone())),
                reactor(&db, CloseOnRefund),
                reactor(&db, NoteInstructor),
                reactor(&db, ForgetInstructor),
            ],
            catalogue,
            db,
        }
    }

    pub fn course(&self) -> CourseId {
        self.catalogue.courses()[0].id
    }

    /// Brings an event to whoever reacts to it.
    pub async fn hears<E: Event>(&self, event: &E) -> Outcome {
        self.brings(&envelope(event)).await
    }

    pub async fn brings(&self, envelope: &Envelope) -> Outcome {
        let reactor = self.reactors.iter().find(|reactor| reactor.kind() == envelope.kind).expect("somebody reacts");
        // The engines' own conflicts are passing: the bus would bring it again.
        loop {
            match reactor.react(envelope).await {
                Outcome::Later(_) => {}
                taken => return taken,
            }
        }
    }

    pub async fn enrolled(&self) -> PersonId {
        let person = PersonId::new_v4();
        assert_eq!(self.hears(&self.paid(person, Uuid::new_v4(), 1)).await, Outcome::Done);
        person
    }

    pub fn paid(&self, person: PersonId, order: Uuid, version: i64) -> OrderPaid {
        OrderPaid { order_id: order.to_string(), person_id: person.to_string(), course_id: self.course().to_string(), version }
    }

    pub fn refunded(&self, person: PersonId, order: Uuid, version: i64) -> OrderRefunded {
        OrderRefunded { order_id: order.to_string(), person_id: person.to_string(), course_id: self.course().to_string(), version }
    }

    /// Somebody who teaches, and the grant that lets them.
    pub async fn instructor(&self) -> (PersonId, Uuid) {
        let (person, grant) = (PersonId::new_v4(), Uuid::new_v4());
        assert_eq!(self.hears(&granted(person, grant, None, 1)).await, Outcome::Done);
        (person, grant)
    }

    pub async fn enrolment_of(&self, person: PersonId) -> Option<enrolment::Model> {
        let mut rows = self.enrolments.of(person).await.unwrap();
        assert!(rows.len() <= 1, "one enrolment for each person and course");
        rows.pop()
    }

    pub async fn instructor_of(&self, person: PersonId) -> Option<PersonId> {
        self.enrolment_of(person).await.and_then(|row| row.instructor_id)
    }

    /// How often this kind of event was announced.
    pub async fn announced(&self, kind: &str) -> i64 {
        number(&self.db, &format!("SELECT count(*) FROM outbox WHERE kind = '{kind}'")).await
    }

    pub async fn enrolments(&self) -> usize {
        query::across::<enrolment::Entity>(contract::Purpose::Education).all(&self.db).await.unwrap().len()
    }
}

pub fn granted(person: PersonId, grant: Uuid, until: Option<Timestamp>, version: i64) -> RoleGranted {
    RoleGranted {
        person_id: person.to_string(),
        role: Role::Instructor.into(),
        until: until.map(Timestamp::to_proto),
        grant_id: grant.to_string(),
        version,
    }
}

pub fn revoked(person: PersonId, grant: Uuid, version: i64) -> RoleRevoked {
    RoleRevoked { person_id: person.to_string(), role: Role::Instructor.into(), grant_id: grant.to_string(), version }
}

/// A fresh delivery of an event.
pub fn envelope<E: Event>(event: &E) -> Envelope {
    Envelope {
        id: Uuid::now_v7(),
        source: "elsewhere".into(),
        kind: E::TYPE.into(),
        payload: event.encode_to_vec(),
        traceparent: None,
        at: Timestamp::from_micros(0),
    }
}
