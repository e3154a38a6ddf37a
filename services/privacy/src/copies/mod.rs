//! A copy of everything that the school holds about a person: one zip archive.

mod archive;
mod page;

use std::{io::SeekFrom, pin::Pin, sync::Arc};

use contract::{Contract, google::api::HttpBody, holder::v1 as holder};
use foundation::{PersonId, Refusal, Transport};
use futures::{Stream, StreamExt};
use holder::holder_client::HolderClient;
use personal_data::Db;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tonic::Status;

use crate::{receipts::SigningKey, requests, terms::Calendar};
use archive::Archive;

/// Bytes in one message of the answer.
const PART: usize = 64 * 1024;

type Body = Pin<Box<dyn Stream<Item = Result<HttpBody, Status>> + Send>>;

#[derive(Clone)]
pub struct Copies {
    pub db: Db,
    pub calendar: Arc<Calendar>,
    pub signing: SigningKey,
    /// Leads to a service by its name.
    pub holder: Arc<dyn Fn(&str) -> Transport + Send + Sync>,
}

impl Copies {
    /// Gathers from every holder, then streams. The archive lies in a file without a name, which ends with the answer.
    pub async fn make(&self, person: PersonId) -> Result<Body, Refusal> {
        let request = requests::open_copy(&self.db, &self.calendar, person).await?;
        let mut archive = Archive::try_new().map_err(|error| Refusal::internal(&error))?;
        for declared in Contract::get().holders() {
            self.gather(person, &declared.service, &mut archive).await?;
        }
        let now = self.db.clock().now();
        let file = archive.finish(&self.signing, now).map_err(|error| Refusal::internal(&error))?;
        requests::close_copy(&self.db, person, request).await?;
        stream(file).await.map_err(|error| Refusal::internal(&error))
    }

    async fn gather(&self, person: PersonId, service: &str, archive: &mut Archive) -> Result<(), Refusal> {
        let away = |status: Status| {
            tracing::warn!(holder = service, code = ?status.code(), reason = foundation::reason_of(&status), "a holder does not export");
            Refusal::unavailable("HOLDER_UNAVAILABLE", "a part of the platform does not answer, and a copy must be whole; try again")
        };
        let mut client = HolderClient::new((self.holder)(service));
        let mut rows = client.export(holder::ExportRequest { person_id: person.to_string() }).await.map_err(away)?.into_inner();
        while let Some(row) = rows.next().await {
            archive.add(service, row.map_err(away)?).map_err(|error| Refusal::internal(&error))?;
        }
        Ok(())
    }
}

async fn stream(file: std::fs::File) -> std::io::Result<Body> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(0)).await?;
    let parts = futures::stream::try_unfold(file, |mut file| async move {
        let mut part = vec![0; PART];
        let read = file.read(&mut part).await.map_err(|error| Status::from(Refusal::internal(&error)))?;
        part.truncate(read);
        let body = HttpBody { content_type: "application/zip".into(), data: part, extensions: Vec::new() };
        Ok((read > 0).then_some((body, file)))
    });
    Ok(Box::pin(parts))
}
