//! What learning is made of.

use std::{sync::Arc, time::Duration};

use contract::learning::v1 as pb;
use events::reactor;
use foundation::{BoxError, Mode};
use objects::{Objects, Prefix};
use personal_data::Holds;
use service::{CancellationToken, EngineError, Engines, Service};

use crate::{
    attempts::{Attempts, TakeAnswer},
    catalogue::{Catalogue, Problems},
    certificates::{self, Certificates},
    config::{Config, ConfigError},
    enrolments::{CloseOnRefund, Enrolments, OpenOnPayment},
    facts::{
        self, Facts,
        demo::Demo,
        release::{self, Releases},
    },
    migrations::{Migrations, Tables},
    publications::{self, Publications, ShowOnRecord, TakeDownOnWithdrawal},
    study::{self, Study},
    submissions::{self, Held, Photographs, Submissions},
    teaching::{self, ForgetInstructor, Instructors, NoteInstructor, Teaching},
};

const NAME: &str = "learning";

/// Why learning does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Courses(#[from] Problems),
    #[error("the object store (at KOLSAI__OBJECTS__ADDRESS) cannot be used: {0}")]
    Objects(#[from] objects::Error),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Everything that learning holds.
pub fn holds() -> Holds {
    Holds::of::<Tables>(NAME).and::<events::Tables>().keeps(events::STORES).keeps(submissions::STORES)
}

/// `objects` is the store of this process: photographs are put there sealed.
pub async fn init(config: Config, engines: &Engines, objects: Objects) -> Result<Service, InitError> {
    config.validate()?;
    match objects.verify().await {
        Err(error) if error.is_passing() => tracing::warn!(%error, "the object store does not answer yet"),
        other => other?,
    }
    let catalogue = Catalogue::embedded()?;
    let db = engines.database::<Migrations>(NAME).await?;
    let keys = engines.keys(NAME);

    let enrolments = Enrolments::new(db.clone(), catalogue.clone());
    let study = Study::new(db.clone(), catalogue.clone());
    let facts = Facts::new(db.clone(), catalogue.clone());
    let releases = Releases::new(db.clone());
    let (released, taught) = (db.clone(), catalogue.clone());
    let has_demo = config.demo_school && engines.mode() == Mode::Development;
    let attempts = Attempts::new(db.clone(), keys.clone(), catalogue.clone());
    let submissions = Submissions::new(db.clone(), keys.clone(), objects.clone(), catalogue.clone(), config);
    let photographs = Photographs::new(keys.clone(), objects.clone());
    let teaching = Teaching::new(db.clone(), keys.clone(), catalogue.clone());
    let instructors = Instructors::new(db.clone());
    let certificates = Certificates::new(db.clone());
    let publications = Publications::new(db.clone(), keys.clone(), photographs.clone(), engines.transport(NAME, "privacy"));

    let held = |room| Arc::new(Held::new(db.clone(), keys.clone(), objects.clone(), room));
    let holds = holds()
        .with_objects("incoming", held(Prefix::Incoming))
        .with_objects("originals", held(Prefix::Originals))
        .with_objects("renditions", held(Prefix::Renditions));

    Ok(Service::named(NAME)
        .serves(pb::catalogue_server::CatalogueServer::new(catalogue.clone()))
        .serves(pb::enrolments_server::EnrolmentsServer::new(enrolments.clone()))
        .serves(pb::lessons_server::LessonsServer::new(study::rpc::Lessons { study, enrolments, facts }))
        .serves(pb::decisions_server::DecisionsServer::new(attempts.clone()))
        .serves(pb::tests_server::TestsServer::new(attempts))
        .serves(pb::submissions_server::SubmissionsServer::new(submissions::rpc::Rpc {
            submissions: submissions.clone(),
            photographs: photographs.clone(),
            teaching: teaching.clone(),
        }))
        .serves(pb::teaching_server::TeachingServer::new(teaching::rpc::Rpc { teaching, instructors: instructors.clone(), photographs }))
        .serves(pb::certificates_server::CertificatesServer::new(certificates::rpc::Rpc {
            certificates,
            catalogue: catalogue.clone(),
            publications: publications.clone(),
        }))
        .serves(pb::publications_server::PublicationsServer::new(publications::rpc::Rpc { publications, catalogue: catalogue.clone() }))
        .reacts(reactor(&db, ShowOnRecord))
        .reacts(reactor(&db, TakeDownOnWithdrawal))
        .reacts(reactor(&db, OpenOnPayment(catalogue.clone())))
        .reacts(reactor(&db, TakeAnswer(catalogue)))
        .reacts(reactor(&db, facts::TakeBack))
        .reacts(reactor(&db, CloseOnRefund))
        .reacts(reactor(&db, NoteInstructor))
        .reacts(reactor(&db, ForgetInstructor))
        .holds(holds)
        .ties(Arc::new(instructors.clone()))
        .works("assign-instructors", {
            let committed = db.committed().clone();
            move |cancel| assign(instructors.clone(), committed.clone(), cancel)
        })
        .works("release-facts", move |cancel| {
            let demo = has_demo.then(|| Demo { db: released.clone(), catalogue: taught.clone() });
            release::hourly(releases.clone(), demo, cancel)
        })
        .works("sweep-uploads", move |cancel| sweep(submissions.clone(), cancel)))
}

/// After anything was written here, and now and then for grants that ran out by themselves.
async fn assign(instructors: Instructors, committed: Arc<tokio::sync::Notify>, cancel: CancellationToken) -> Result<(), BoxError> {
    const PAUSE: Duration = Duration::from_millis(500);
    const AT_LEAST: Duration = Duration::from_secs(30);
    while !cancel.is_cancelled() {
        // Asked for before looking, so that nothing written meanwhile is missed.
        let something = committed.notified();
        let given = instructors.assign_waiting().await?;
        if given > 0 {
            tracing::info!(given, "enrolments were given an instructor");
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = something => {}
            () = tokio::time::sleep(AT_LEAST) => {}
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    Ok(())
}

async fn sweep(submissions: Submissions, cancel: CancellationToken) -> Result<(), BoxError> {
    const PERIOD: Duration = Duration::from_secs(60 * 60);
    let mut round = 0_u32;
    while !cancel.is_cancelled() {
        let removed = submissions.sweep().await?;
        if removed > 0 {
            tracing::info!(removed, "uploads that were never sent in were removed");
        }
        round = round.wrapping_add(1);
        // It looks at the whole store: once a day, and not at every start.
        if round.is_multiple_of(24) {
            match submissions.sweep_orphans().await {
                Ok(0) => {}
                Ok(orphans) => tracing::warn!(orphans, "sealed objects that no row names were removed"),
                Err(error) => tracing::warn!(%error, "sealed objects that no row names could not be looked for"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
    Ok(())
}
