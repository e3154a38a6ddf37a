//! What a completed lesson costs on PostgreSQL, as figures: two rows and an event in one commit, written as services write them, beside
//! pgbench doing the same three inserts on the same server, at as many clients, in turns. `deploy/postgres` starts the server.

use std::{
    num::NonZeroU32,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use contract::{Purpose, learning::v1::CourseCompleted};
use foundation::{Clock, Mode, PersonId, uuid::Uuid};
use learning::{
    Migrations,
    catalogue::Catalogue,
    enrolments::rows::enrolment,
    facts::rows::{FactId, fact},
    ids::{CourseId, EnrolmentId, LessonId, ModuleId, ProgressId},
    study::{Study, rows as progress},
};
use personal_data::{Db, DbOptions};
use sea_orm::{ConnectionTrait, Database, Statement};

const CLIENTS: u32 = 16;
const SECONDS: u64 = 6;
const ROUNDS: usize = 3;
/// People of each client: no two clients wait for each other's, as no two of pgbench do.
const PEOPLE: usize = 64;

/// The same rows as [`three_rows`] writes.
const SCRIPT: &str = r"\set person random(1, 1024)
\set at random(1700000000000000, 1800000000000000)
BEGIN;
INSERT INTO lesson_progress (id, learner_id, course_id, lesson_id, completed_at) VALUES (gen_random_uuid(), ('00000000-0000-4000-8000-' || lpad(to_hex(:person), 12, '0'))::uuid, '00000000-0000-4000-8000-000000000001', gen_random_uuid(), :at) ON CONFLICT DO NOTHING;
INSERT INTO fact (id, kind, course_id, module_id, lesson_id, minutes, day, week, first_of_day, first_of_week) VALUES (gen_random_uuid(), 1, '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002', gen_random_uuid(), 5, '2026-12-01', '2026-11-30', 1, 1);
INSERT INTO outbox (id, kind, payload, traceparent, at, published_at, attempts, due_at, version) VALUES (gen_random_uuid(), 'kolsai.learning.v1.CourseCompleted', decode(repeat('ab', 116), 'hex'), NULL, :at, NULL, 0, :at, 0);
COMMIT;
";

#[allow(clippy::print_stdout, reason = "this program prints figures")]
fn figure(name: &str, value: f64, unit: &str, compared: &str) {
    println!("{name:<44} {value:>10.2} {unit:<8} {compared}");
}

/// A database of its own on the server, with learning's schema.
async fn database(base: &str, name: &str) -> anyhow::Result<(String, Db)> {
    let (place, options) = base.split_once('?').map_or((base, String::new()), |(place, options)| (place, format!("?{options}")));
    let at = |name: &str| format!("{}/{name}{options}", place.trim_end_matches('/'));
    let server = Database::connect(at("postgres")).await.context("the server at KOLSAI_TEST_POSTGRES does not answer")?;
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
    server.close().await?;
    let options = DbOptions { pool: NonZeroU32::new(CLIENTS).context("some clients")?, ..DbOptions::default() };
    let db = Db::open_with::<Migrations>(&at(name), "learning", Clock::system(Mode::Development), &options).await?;
    Ok((at(name), db))
}

async fn setting(db: &Db, name: &str) -> anyhow::Result<String> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), format!("SHOW {name}"))).await?;
    Ok(row.context("a setting answers")?.try_get_by_index(0)?)
}

async fn three_rows(db: &Db, person: PersonId, course: CourseId) -> anyhow::Result<()> {
    let lesson = LessonId::new_v4();
    let tx = db.begin_for("learning.complete-lesson", person, Purpose::Education).await?;
    let at = tx.clock().now();
    let row = progress::Model { id: ProgressId::new_v7(), learner_id: person, course_id: course, lesson_id: lesson, completed_at: at };
    tx.insert_once::<progress::Entity>(row).await?;
    tx.insert::<fact::Entity>(fact::Model {
        id: FactId::new_v4(),
        kind: 1,
        course_id: course,
        module_id: ModuleId(course.0),
        lesson_id: lesson,
        minutes: Some(5),
        day: "2026-12-01".into(),
        week: "2026-11-30".into(),
        first_of_day: 1,
        first_of_week: 1,
    })
    .await?;
    let event =
        CourseCompleted { enrolment_id: lesson.to_string(), learner_id: person.to_string(), course_id: course.to_string(), version: 1 };
    events::announce_in_tx(&tx, event).await?;
    Ok(tx.commit().await?)
}

/// Transactions in a second, of all clients together. `one` is given the client and how many it has done.
#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time")]
async fn rate<F>(one: impl Fn(usize, usize) -> F + Clone + Send + 'static) -> anyhow::Result<f64>
where
    F: Future<Output = anyhow::Result<bool>> + Send,
{
    let (begun, done) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS as usize)
        .map(|client| {
            let (one, done) = (one.clone(), done.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while begun.elapsed() < Duration::from_secs(SECONDS) && one(client, count).await? {
                    count += 1;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

fn pgbench(address: &str) -> anyhow::Result<f64> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin/pgbench"));
    let program = versions.filter(|path| path.exists()).max().unwrap_or_else(|| PathBuf::from("pgbench"));
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), SCRIPT)?;
    let (clients, seconds) = (CLIENTS.to_string(), SECONDS.to_string());
    let output = Command::new(program)
        .args(["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f"])
        .arg(script.path())
        .arg(address)
        .output()
        .context("pgbench is part of Debian's package postgresql")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.with_context(|| format!("pgbench says no rate: {said}"))
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// The whole use case: person, enrolment, progress, what is still missing, and the fact that is pooled.
async fn use_case(db: &Db) -> anyhow::Result<f64> {
    let catalogue = Catalogue::embedded()?;
    let course = catalogue.courses().first().context("there is a course")?;
    let lessons: Vec<LessonId> = course.lessons().map(|lesson| lesson.id).collect();
    let mut people = Vec::new();
    for _ in 0..CLIENTS {
        let mut own = Vec::new();
        for _ in 0..2_000_usize.div_ceil(lessons.len()) {
            let person = PersonId::new_v4();
            let tx = db.begin_for("learning.complete-lesson", person, Purpose::Education).await?;
            let at = tx.clock().now();
            tx.insert::<enrolment::Entity>(enrolment::Model {
                id: EnrolmentId::new_v7(),
                learner_id: person,
                course_id: course.id,
                instructor_id: None,
                open: true,
                enrolled_at: at,
                completed_at: None,
                version: 0,
            })
            .await?;
            tx.commit().await?;
            own.push(person);
        }
        people.push(own);
    }
    let (study, people, lessons) = (Study::new(db.clone(), catalogue.clone()), Arc::new(people), Arc::new(lessons));
    rate(move |client, count| {
        let (study, people, lessons) = (study.clone(), people.clone(), lessons.clone());
        async move {
            let Some(person) = people[client].get(count / lessons.len()) else { return Ok(false) };
            study.complete(*person, lessons[count % lessons.len()], Some(5)).await?;
            Ok(true)
        }
    })
    .await
}

#[allow(clippy::disallowed_methods, reason = "the run says where its server is")]
fn base() -> anyhow::Result<String> {
    std::env::var("KOLSAI_TEST_POSTGRES").context("KOLSAI_TEST_POSTGRES is not set: `deploy/postgres target/release/bench_writes`")
}

fn main() -> anyhow::Result<()> {
    let base = base()?;
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let run = &Uuid::new_v4().simple().to_string()[..12];
        let (_, ours) = database(&base, &format!("bench_ours_{run}")).await?;
        let (theirs, other) = database(&base, &format!("bench_theirs_{run}")).await?;
        let course = CourseId::new_v4();
        let people: Arc<Vec<PersonId>> = Arc::new((0..CLIENTS as usize * PEOPLE).map(|_| PersonId::new_v4()).collect());
        for person in people.iter() {
            ours.begin_for("learning.complete-lesson", *person, Purpose::Education).await?.commit().await?;
        }
        let (mut rates, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floor.push(pgbench(&theirs)?);
            let (db, people) = (ours.clone(), people.clone());
            let one = move |client: usize, count: usize| {
                let (db, person) = (db.clone(), people[client * PEOPLE + count % PEOPLE]);
                async move { three_rows(&db, person, course).await.map(|()| true) }
            };
            rates.push(rate(one).await?);
        }
        let mut settings = Vec::new();
        for name in ["server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method"] {
            settings.push(format!("{name}={}", setting(&ours, name).await?));
        }
        let (rate, floor) = (median(rates), median(floor));
        figure("pgbench, three inserts, one commit", floor, "tx/s", &format!("{CLIENTS} clients, {}", settings.join(", ")));
        let share = rate / floor;
        figure("lesson completed: two rows and an event", rate, "tx/s", &format!("{share:.2} × pgbench, same server and run, limit 0.6"));
        let whole = use_case(&ours).await?;
        figure("the whole use case of a completed lesson", whole, "tx/s", &format!("{:.2} × pgbench's three inserts", whole / floor));
        other.close().await?;
        Ok(ours.close().await?)
    })
}
