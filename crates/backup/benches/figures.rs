//! How fast backups are, beside a plain copy of the same files in the same run. Started by `make bench`.

#[path = "../tests/it/house.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod house;

use std::time::Duration;

use foundation::Timestamp;
use objects::{ObjectKey, Prefix};

use house::{House, files, objects};

const OBJECTS: usize = 64;
const EACH: usize = 4 * 1024 * 1024;

#[tokio::main]
#[allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "figures")]
async fn main() {
    let house = House::new();
    house.furnish().await;
    let store = objects(&house.around);
    for n in 0..OBJECTS {
        let bytes: Vec<u8> = (0..EACH).map(|at| (at.wrapping_mul(31) ^ n) as u8).collect();
        store.put(&ObjectKey::new(Prefix::Originals), bytes.into()).await.unwrap();
    }
    let mib = (OBJECTS * EACH) as f64 / 1_048_576.0;
    let clock = house.around.clock.clone();
    let show = |name: &str, from: Timestamp| {
        let span: Duration = clock.now().since(from);
        println!("{name:<44} {:>10.1} {:<8} {mib:.0} MiB in {:.2} s", mib / span.as_secs_f64(), "MiB/s", span.as_secs_f64());
    };
    let from = clock.now();
    let copies = tempfile::tempdir().unwrap();
    for (n, path) in files(&house.around.data.join("objects")).iter().enumerate() {
        std::fs::copy(path, copies.path().join(n.to_string())).unwrap();
    }
    for path in files(copies.path()) {
        std::fs::File::open(path).unwrap().sync_all().unwrap();
    }
    show("plain file copy, synced", from);
    let from = clock.now();
    house.take().await;
    show("backup", from);
    let from = clock.now();
    house.restore(&house.empty(), &house.ask()).await.unwrap();
    show("restore (checks first)", from);
}
