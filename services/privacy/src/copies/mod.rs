//! A copy of everything that the school holds about a person: one zip archive, made while it is sent and kept nowhere.

mod about;
mod archive;
mod class;
mod closing;
mod csv;
mod gather;
mod html;
mod names;
mod page;
pub mod rows;
pub mod rpc;
mod spool;
mod stores;
mod verify;
mod words;

use std::{pin::Pin, sync::Arc};

use contract::google::api::HttpBody;
use foundation::{PersonId, Refusal, Transport};
use futures::{Stream, stream};
use personal_data::Db;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tonic::Status;
use zip::CompressionMethod;

use crate::{
    accesses::Accesses,
    receipts::SigningKey,
    requests::{self, rows::CopyRequestId},
    terms::Calendar,
};
use about::Place;
use archive::{Archive, Broken};
use class::Class;
use spool::Spool;

pub use stores::STORES;
pub use verify::{CopyError, VerifiedCopy, verify_copy};

/// Messages of 64 KiB that wait for a slow reader.
const AHEAD: usize = 8;

pub type Body = Pin<Box<dyn Stream<Item = Result<HttpBody, Status>> + Send>>;

#[derive(Clone)]
pub struct Copies {
    pub db: Db,
    pub calendar: Arc<Calendar>,
    pub signing: SigningKey,
    pub accesses: Accesses,
    /// Whose school it is, for the head of the page.
    pub operator: String,
    /// Leads to a service by its name.
    pub holder: Arc<dyn Fn(&str) -> Transport + Send + Sync>,
}

impl Copies {
    /// Opens the request, asks every holder what it holds, and begins to send. Nothing of it lies anywhere: who breaks off asks again,
    /// and it is the same request.
    pub async fn make(&self, person: PersonId) -> Result<Body, Refusal> {
        let request = requests::open_copy(&self.db, &self.calendar, person).await?;
        let maps = self.maps().await?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let copies = self.clone();
        // Ends with the last byte, or when the reader has gone.
        tokio::spawn(async move {
            let archive = Archive::new(sender.clone());
            match copies.write(person, request, maps, archive).await {
                Ok(()) | Err(Broken::Gone) => {}
                Err(broken) => {
                    tracing::warn!(error = %broken, "a copy broke off");
                    let _ = sender.send(Err(broken.into())).await;
                }
            }
        });
        Ok(Box::pin(stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|part| (part, receiver)))))
    }

    async fn write(
        &self,
        person: PersonId,
        request: CopyRequestId,
        (maps, places): (Vec<Class>, Vec<Place>),
        mut archive: Archive,
    ) -> Result<(), Broken> {
        let mut spool = Spool::try_new()?;
        let classes = self.gather(person, maps, &mut archive, &mut spool).await?;
        for class in classes.iter().filter(|class| class.rows > 0) {
            files_of(class, &mut archive, &mut spool).await?;
        }
        let withheld = about::withheld(&classes);
        archive.text("about/processing.json", &about::processing(&classes, &places).to_string()).await?;
        archive.text("about/withheld.json", &about::withheld_json(&withheld).to_string()).await?;

        let now = self.db.clock().now();
        archive.start("index.html", CompressionMethod::Deflated).await?;
        archive.write(page::head(&self.operator, now, &classes).as_bytes()).await?;
        for class in classes.iter().filter(|class| class.rows > 0) {
            archive.write(page::begin(class).as_bytes()).await?;
            let Some(from) = class.from else { continue };
            let mut records = spool.records(from).await?;
            for _ in 0..class.rows {
                let Some(record) = records.next().await? else { break };
                archive.write(page::row(class, &read(&record)?).as_bytes()).await?;
            }
            archive.write(page::END_OF_CLASS.as_bytes()).await?;
        }
        archive.write(page::end(&places, &withheld).as_bytes()).await?;

        let public_key = hex::encode(self.signing.public());
        let mut head = Map::new();
        for (name, value) in [
            ("format", json!("kolsai-copy/1")),
            ("request_id", json!(request.to_string())),
            ("made_at", json!(now.to_string())),
            ("key_id", json!(self.signing.id())),
            ("public_key", json!(public_key)),
        ] {
            head.insert(name.into(), value);
        }
        let (manifest, rest) = archive.finish(head, &self.signing).await?;
        // Whoever has the whole archive has had their answer: closed before its last bytes leave.
        self.handed_over(person, request, &manifest).await?;
        rest.send().await;
        Ok(())
    }
}

/// JSON Lines, a table for a spreadsheet, and the schema of a class.
async fn files_of(class: &Class, archive: &mut Archive, spool: &mut Spool) -> Result<(), Broken> {
    let Some(from) = class.from else { return Ok(()) };
    let path = class.path();
    archive.start(&format!("{path}.jsonl"), CompressionMethod::Deflated).await?;
    let mut records = spool.records(from).await?;
    for _ in 0..class.rows {
        let Some(record) = records.next().await? else { break };
        archive.write(&record).await?;
        archive.write(b"\n").await?;
    }
    archive.start(&format!("{path}.csv"), CompressionMethod::Deflated).await?;
    let names: Vec<_> = class.map.columns.iter().map(|column| Value::from(column.name.as_str())).collect();
    archive.write(csv::BYTE_ORDER_MARK.as_bytes()).await?;
    archive.write(csv::line(names.iter()).as_bytes()).await?;
    let mut records = spool.records(from).await?;
    for _ in 0..class.rows {
        let Some(record) = records.next().await? else { break };
        let row = read(&record)?;
        archive.write(csv::line(class.map.columns.iter().map(|column| &row[column.name.as_str()])).as_bytes()).await?;
    }
    archive.text(&format!("{path}.schema.json"), &class.schema().to_string()).await
}

fn read(record: &[u8]) -> Result<Value, Broken> {
    serde_json::from_slice(record).map_err(|error| Broken::Refused(Refusal::internal(&error)))
}
