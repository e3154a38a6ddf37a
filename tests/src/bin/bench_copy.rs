//! Figures of a person's copy: how long it takes beside reading the same bytes from the disk, and how much memory it takes, whatever
//! there is. `bench_copy <kolsai binary>` makes learners in a school of its own, then measures the binary on what that left.

use std::{
    io::{BufRead, BufReader, Cursor, Read},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use contract::Purpose;
use foundation::PersonId;
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use objects::{ObjectKey, Prefix};
use personal_data::{JsonValue, Sealed, category, words::SealedColumn};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait, Value};
use serde_json::json;
use testkit::{Client, Person, School};
use uuid::Uuid;

/// What a learner has: photographs and records.
struct Size {
    name: &'static str,
    photographs: usize,
    /// Of each photograph, in pixels; about three bytes each, because nothing in it compresses.
    width: u32,
    height: u32,
    rows: usize,
}

const SIZES: [Size; 2] = [
    Size { name: "1,000 records, 100 photographs", photographs: 100, width: 1_600, height: 1_200, rows: 1_000 },
    Size { name: "10,000 records, 12 large photographs", photographs: 12, width: 5_000, height: 3_700, rows: 10_000 },
];

#[allow(clippy::print_stdout, reason = "this program prints figures")]
fn figure(name: &str, value: f64, unit: &str, compared: &str) {
    println!("{name:<44} {value:>10.2} {unit:<8} {compared}");
}

/// A photograph of noise.
fn noise(width: u32, height: u32) -> anyhow::Result<Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut pixels = vec![0; (width * height * 3) as usize];
    for pixel in &mut pixels {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *pixel = (state >> 32) as u8;
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 92).write_image(&pixels, width, height, ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

/// A learner with photographs and records, sealed and written as learning writes them, but without being decoded one by one.
async fn learner(school: &School, size: &Size) -> anyhow::Result<Person> {
    let (course, learner) = (school.course().await, school.learner().await);
    school.enrols(&learner, &course).await;
    let (person, course_id) = (learner.id.parse::<PersonId>()?, course.id.parse::<Uuid>()?);
    let assignment = course.assignment.parse::<Uuid>()?;
    let key = school.engines().keys("learning").of::<category::Learning>(person, Purpose::Education).await?;
    let store = school.engines().objects()?;
    let photograph = noise(size.width, size.height)?;
    let db = school.database("learning").await;
    for _ in 0..size.photographs {
        let id = Uuid::now_v7();
        let mut names = Vec::new();
        // The renditions are smaller than what was sent.
        for (part, share) in [("original", 1), ("full", 1), ("large", 2), ("small", 30)] {
            let name = ObjectKey::of(if part == "original" { Prefix::Originals } else { Prefix::Renditions }, Uuid::new_v4());
            let context = [id.as_bytes().as_slice(), part.as_bytes()].concat();
            store.put_sealed(&name, key.raw().bytes(), &context, &photograph[..photograph.len() / share]).await?;
            names.push(name.as_str().to_owned());
        }
        let details = Sealed::<category::Learning, JsonValue>::seal(&key, "submission", "details", id, &json!({ "width": size.width }));
        let mut values: Vec<Value> = vec![id.into(), person.0.into(), course_id.into(), assignment.into(), details.into()];
        values.extend(names.into_iter().map(Value::from));
        let sql = "INSERT INTO submission (id, learner_id, course_id, assignment_id, details, original, \"full\", large, small, sent_at, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)";
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    }
    let tx = db.begin().await?;
    for number in 0..size.rows {
        let id = Uuid::now_v7();
        let scores =
            Sealed::<category::Learning, JsonValue>::seal(&key, "test_attempt", "score", id, &json!({ "of": 10, "points": number % 11 }));
        let values: Vec<Value> = vec![id.into(), person.0.into(), course_id.into(), Uuid::new_v4().into(), true.into(), scores.into()];
        let sql =
            "INSERT INTO test_attempt (id, learner_id, course_id, test_id, passed, score, taken_at) VALUES ($1, $2, $3, $4, $5, $6, 0)";
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    }
    tx.commit().await?;
    Ok(learner)
}

struct Running {
    child: Child,
    base: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn start(binary: &str, data: &Path) -> anyhow::Result<Running> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let base = format!("https://localhost:{port}");
    let mut child = Command::new(binary)
        .arg("run")
        .env("KOLSAI_DATA", data)
        .env("KOLSAI_LISTEN", format!("127.0.0.1:{port}"))
        .env("KOLSAI_URL", &base)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{binary} does not start"))?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    loop {
        match lines.next() {
            Some(Ok(line)) if line.starts_with("ready:") => break,
            Some(Ok(_)) => {}
            _ => bail!("{binary} ended before it was ready"),
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    Ok(Running { child, base })
}

fn resident_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

/// The most memory that is resident until it is told to end.
fn watch(pid: u32) -> (Arc<AtomicBool>, std::thread::JoinHandle<f64>) {
    let over = Arc::new(AtomicBool::new(false));
    let told = over.clone();
    let watching = std::thread::spawn(move || {
        let mut most = 0.0;
        while !told.load(Ordering::Relaxed) {
            most = f64::max(most, resident_mib(pid));
            std::thread::sleep(Duration::from_millis(5));
        }
        most
    });
    (over, watching)
}

/// Seconds that it takes to read every file below a folder, and how many bytes there are.
fn read_all(folder: &Path) -> anyhow::Result<(f64, u64)> {
    let (begun, mut bytes, mut folders) = (now(), 0, vec![folder.to_owned()]);
    let mut part = vec![0; 64 * 1024];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut file = std::fs::File::open(path)?;
            loop {
                match file.read(&mut part)? {
                    0 => break,
                    read => bytes += read as u64,
                }
            }
        }
    }
    Ok((begun.elapsed().as_secs_f64(), bytes))
}

#[allow(clippy::disallowed_methods, reason = "a stopwatch, not business time")]
fn now() -> Instant {
    Instant::now()
}

async fn measure(running: &Running, data: &Path, size: &Size, learner: &Person) -> anyhow::Result<()> {
    let client = Client::try_new(&running.base, &data.join("certificates/dev-ca.pem"))?;
    let tokens = client.post("/v1/sessions", None, json!({ "email": learner.email, "password": learner.password })).await?.ok();
    let token = tokens["accessToken"].as_str().context("a token")?;
    let (pid, file) = (running.child.id(), tempfile::NamedTempFile::new()?);
    let before = resident_mib(pid);
    let (over, watching) = watch(pid);
    let begun = now();
    let bytes = client.save("/v1/me/copy", token, file.path()).await?;
    let took = begun.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    let most = watching.join().map_err(|_| anyhow::anyhow!("nobody watched"))?;

    let mib = bytes as f64 / 1024.0 / 1024.0;
    let begun = now();
    let archive = std::fs::read(file.path())?;
    let floor = begun.elapsed().as_secs_f64();
    let archive = zip::ZipArchive::new(Cursor::new(archive))?;
    let limit = if size.rows == 1_000 { "limit 10 s" } else { "no limit" };
    figure(&format!("copy: {}", size.name), took, "s", &format!("{limit}; {:.0} × reading the same bytes ({floor:.3} s)", took / floor));
    figure("  the archive", mib, "MiB", &format!("{} files; {:.0} MiB/s", archive.len(), mib / took));
    figure("  memory that it took beside the idle school", most - before, "MiB", &format!("{before:.0} before, {most:.0} at most"));
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    #[allow(clippy::disallowed_methods, reason = "the program's argument")]
    let binary = std::env::args().nth(1).context("usage: bench_copy <kolsai binary>")?;
    let school = tokio::task::spawn_blocking(|| School::start(&[])).await?;
    let mut learners = Vec::new();
    for size in &SIZES {
        learners.push(learner(&school, size).await?);
    }
    let folder = tokio::task::spawn_blocking(|| school.stop()).await?;
    let (seconds, bytes) = read_all(&folder.path().join("objects"))?;
    figure("reading every sealed object from the disk", seconds, "s", &format!("{:.0} MiB", bytes as f64 / 1024.0 / 1024.0));
    for (size, learner) in SIZES.iter().zip(&learners) {
        // A fresh process each: what the one before took is not counted.
        let running = start(&binary, folder.path())?;
        measure(&running, folder.path(), size, learner).await?;
    }
    Ok(())
}
