//! What the access log and the keys cost, as figures: opening a sealed field with a warm key, and reads of staff, each of which is
//! recorded before it is answered, beside the same kind of read with a bare commit of one row. One process, embedded engines.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use anyhow::Context;
use contract::{
    Purpose,
    learning::v1::{GetSubmissionRequest, OpenSubmissionRequest, submissions_client::SubmissionsClient, teaching_client::TeachingClient},
};
use foundation::{Clock, Mode, PersonId, uuid::Uuid};
use image::{ImageFormat, RgbImage};
use personal_data::{Db, Sealed, category::Account, words::SealedColumn};
use sea_orm::{ConnectionTrait, Statement};
use testkit::{Person, School};
use tonic::{Request, metadata::MetadataValue, transport::Channel};

const OPENS: u32 = 200_000;
const CLIENTS: usize = 16;
const CALLS: usize = 60;

#[allow(clippy::print_stdout, reason = "this program prints figures")]
fn figure(name: &str, value: f64, unit: &str, compared: &str) {
    println!("{name:<44} {value:>10.2} {unit:<8} {compared}");
}

/// How often something is done in a second by all clients together.
#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time")]
async fn rate<F: Future<Output = anyhow::Result<()>> + Send + 'static>(one: impl Fn() -> F) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let calls: Vec<F> = (0..CALLS).map(|_| one()).collect();
            tokio::spawn(async move {
                for call in calls {
                    call.await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    Ok((CLIENTS * CALLS) as f64 / begun.elapsed().as_secs_f64())
}

#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time")]
async fn opening(school: &School, person: &Person) -> anyhow::Result<()> {
    let (keys, id) = (school.engines().keys("identity"), person.id.parse::<PersonId>()?);
    let key = keys.of::<Account>(id, Purpose::Account).await?;
    let row = Uuid::new_v4();
    let sealed = Sealed::<Account, str>::seal(&key, "bench", "value", row, "Aigerim Bekova");
    let begun = Instant::now();
    for _ in 0..OPENS {
        sealed.open(&key, "bench", "value", row)?;
    }
    let each = begun.elapsed().as_secs_f64() * 1e6 / f64::from(OPENS);
    figure("opening a sealed field, warm key", each, "µs", "limit 5 µs");
    let begun = Instant::now();
    for _ in 0..OPENS {
        sealed.open(&keys.of::<Account>(id, Purpose::Account).await?, "bench", "value", row)?;
    }
    let found = begun.elapsed().as_secs_f64() * 1e6 / f64::from(OPENS);
    figure("the same, its key looked up among the loans", found, "µs", &format!("{:.2} × opening alone", found / each));
    Ok(())
}

fn asked<T>(message: T, token: &str) -> anyhow::Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", MetadataValue::try_from(format!("Bearer {token}"))?);
    Ok(request)
}

async fn pragma(db: &Db, name: &str) -> anyhow::Result<String> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), format!("PRAGMA {name}"))).await?;
    let row = row.context("a pragma answers")?;
    Ok(row.try_get_by_index::<String>(0).or_else(|_| row.try_get_by_index::<i64>(0).map(|n| n.to_string()))?)
}

async fn bare_commit(db: &Db, place: &AtomicI64) -> anyhow::Result<()> {
    let tx = db.begin("access-log.append").await?;
    let place = place.fetch_add(1, Ordering::Relaxed);
    tx.execute_unprepared(&format!("INSERT INTO bare (place, hash) VALUES ({place}, randomblob(32))")).await?;
    Ok(tx.commit().await?)
}

async fn reads(school: &School, channel: Channel, learner: &Person, instructor: &Person, work: &str) -> anyhow::Result<()> {
    let (teaching, submissions) = (TeachingClient::new(channel.clone()), SubmissionsClient::new(channel));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bare.sqlite");
    std::fs::File::create(&file)?;
    // Opened as every service's database is.
    let bare = Db::attach(&format!("sqlite://{}", file.display()), "bare", Clock::system(Mode::Development)).await?;
    bare.execute_unprepared("CREATE TABLE bare (place INTEGER PRIMARY KEY, hash BLOB)").await?;
    let staff = {
        let (work, token) = (work.to_owned(), instructor.access_token.clone());
        move || {
            let (mut teaching, ask) = (teaching.clone(), OpenSubmissionRequest { submission_id: work.clone() });
            let token = token.clone();
            async move { Ok(teaching.open_submission(asked(ask, &token)?).await.map(drop)?) }
        }
    };
    let place = Arc::new(AtomicI64::new(1));
    let own = {
        let (work, token, bare) = (work.to_owned(), learner.access_token.clone(), bare.clone());
        move |commits: bool| {
            let (mut submissions, ask) = (submissions.clone(), GetSubmissionRequest { submission_id: work.clone() });
            let (token, bare, place) = (token.clone(), bare.clone(), place.clone());
            async move {
                submissions.get_submission(asked(ask, &token)?).await?;
                if commits { bare_commit(&bare, &place).await } else { Ok(()) }
            }
        }
    };
    // Keys on loan, connections open.
    staff().await?;
    own(true).await?;
    let before = school.engines().settings().database_address("learning");
    let durable = format!("journal_mode={}, synchronous={}", pragma(&bare, "journal_mode").await?, pragma(&bare, "synchronous").await?);
    let recorded = rate(&staff).await?;
    let alone = rate(|| own(false)).await?;
    let committed = rate(|| own(true)).await?;
    let engine = before.split(':').next().unwrap_or_default();
    figure("own reads at 16 clients, not recorded each", alone, "calls/s", &format!("{engine}, {durable} (2 = FULL)"));
    figure("the same and a bare commit of one row", committed, "calls/s", "the floor, same run");
    let share = recorded / committed;
    figure("reads of staff at 16 clients, each recorded", recorded, "calls/s", &format!("{share:.2} × the floor, limit 0.5"));
    Ok(())
}

fn photograph() -> anyhow::Result<bytes::Bytes> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    RgbImage::from_fn(640, 480, |x, y| image::Rgb([x as u8, y as u8, 99])).write_to(&mut bytes, ImageFormat::Jpeg)?;
    Ok(bytes.into_inner().into())
}

fn main() -> anyhow::Result<()> {
    let school = School::start(&[]);
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        let (course, learner) = (school.course().await, school.learner().await);
        opening(&school, &learner).await?;
        school.enrols(&learner, &course).await;
        let work = school.sends_in(&learner, &course, photograph()?, "a note of some length, as learners write them").await;
        let instructor = school.staff("INSTRUCTOR").await;
        reads(&school, school.client.channel()?, &learner, &instructor, &work).await
    })
}
