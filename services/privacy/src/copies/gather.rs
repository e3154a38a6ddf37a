//! Everything of a person, from every holder: files go into the archive as they come, rows wait in the spool.

use contract::{
    Contract,
    holder::v1::{self as holder, holder_client::HolderClient},
    privacy::v1 as pb,
    to_dynamic,
};
use foundation::{PersonId, Refusal};
use futures::StreamExt;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::Value;
use tonic::Status;
use zip::CompressionMethod;

use super::{
    Copies,
    about::Place,
    archive::{Archive, Broken},
    class::Class,
    spool::Spool,
    words,
};
use crate::requests;

/// Entries of the access log in one page.
const PAGE: u32 = 200;

impl Copies {
    /// What every holder's code declares, without rows yet. A holder that does not answer refuses the copy before it begins.
    pub(super) async fn maps(&self) -> Result<(Vec<Class>, Vec<Place>), Refusal> {
        let (mut classes, mut places) = (Vec::new(), Vec::new());
        for declared in Contract::get().holders() {
            let mut client = HolderClient::new((self.holder)(&declared.service));
            let map = client.describe_map(holder::DescribeMapRequest {}).await.map_err(|status| away(&declared.service, &status))?;
            let map = map.into_inner();
            places.extend(map.stores.into_iter().map(|store| Place { service: declared.service.clone(), store }));
            for table in map.tables {
                let class = Class::new(&declared.service, table);
                let columns = class.map.columns.iter().map(|column| column.name.as_str());
                let missing = if class.map.none.is_empty() { words::missing(&class.service, &class.map.name, columns) } else { Vec::new() };
                if !missing.is_empty() {
                    tracing::warn!(names = missing.join(", "), "these names in a copy are in no human words yet");
                }
                classes.push(class);
            }
        }
        Ok((classes, places))
    }

    pub(super) async fn gather(
        &self,
        person: PersonId,
        mut classes: Vec<Class>,
        archive: &mut Archive,
        spool: &mut Spool,
    ) -> Result<Vec<Class>, Broken> {
        for declared in Contract::get().holders() {
            self.rows_of(person, &declared.service, &mut classes, archive, spool).await?;
        }
        classes.extend(self.requests_of(person, spool).await?);
        classes.extend(self.accesses_of(person, spool).await?);
        Ok(classes)
    }

    async fn rows_of(
        &self,
        person: PersonId,
        service: &str,
        classes: &mut [Class],
        archive: &mut Archive,
        spool: &mut Spool,
    ) -> Result<(), Broken> {
        let mut client = HolderClient::new((self.holder)(service));
        let asked = client.export(holder::ExportRequest { person_id: person.to_string() }).await;
        let mut rows = asked.map_err(|status| away(service, &status))?.into_inner();
        while let Some(row) = rows.next().await {
            let row = row.map_err(|status| away(service, &status))?;
            let class = classes.iter_mut().find(|class| class.service == service && class.map.name == row.table);
            let Some(class) = class else {
                let unknown: std::io::Error = std::io::Error::other("a holder sends rows of a table that its map has not");
                return Err(unknown.into());
            };
            if row.file_name.is_empty() {
                if class.from.is_none() {
                    class.from = Some(spool.mark().await?);
                }
                spool.push(row.json.as_bytes()).await?;
                class.rows += 1;
                continue;
            }
            let name = class.file(&row.file_name);
            if archive.writing() != Some(name.as_str()) {
                // Photographs are compressed already.
                archive.start(&name, CompressionMethod::Stored).await?;
            }
            archive.write(&row.file_part).await?;
        }
        Ok(())
    }

    /// All requests of this person with their clocks, this one too.
    async fn requests_of(&self, person: PersonId, spool: &mut Spool) -> Result<Option<Class>, Broken> {
        let mut class = Lines::begin(spool, "requests", pb::Request::default()).await?;
        for request in requests::list(&self.db, person).await? {
            class.push(spool, &request).await?;
        }
        Ok(class.end())
    }

    /// Who read what of this person, when and why: what `ListMyAccesses` answers, all of it.
    async fn accesses_of(&self, person: PersonId, spool: &mut Spool) -> Result<Option<Class>, Broken> {
        let mut class = Lines::begin(spool, "accesses", pb::Access::default()).await?;
        let mut token = String::new();
        loop {
            let page = self.accesses.of(person, &token, PAGE).await?;
            for access in &page.accesses {
                class.push(spool, access).await?;
            }
            token = page.next_page_token;
            if token.is_empty() {
                return Ok(class.end());
            }
        }
    }
}

/// A list of privacy's own, as rows.
struct Lines(Option<Class>);

impl Lines {
    async fn begin<M: prost::Message + prost::Name>(spool: &mut Spool, name: &str, empty: M) -> Result<Self, Broken> {
        // Every message of this file is of the contract; one that was not would have no rows.
        let Some(message) = to_dynamic(&empty) else { return Ok(Self(None)) };
        let mut class = Class::of_messages(name, &prost_reflect::ReflectMessage::descriptor(&message));
        class.from = Some(spool.mark().await?);
        Ok(Self(Some(class)))
    }

    async fn push<M: prost::Message + prost::Name>(&mut self, spool: &mut Spool, message: &M) -> Result<(), Broken> {
        let (Some(class), Some(message)) = (&mut self.0, to_dynamic(message)) else { return Ok(()) };
        spool.push(json(&message)?.to_string().as_bytes()).await?;
        class.rows += 1;
        Ok(())
    }

    fn end(self) -> Option<Class> {
        self.0
    }
}

/// By the names of the contract, with every field.
fn json(message: &DynamicMessage) -> Result<Value, Broken> {
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    let mut value = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| Broken::Refused(Refusal::internal(&error)))?;
    // A message that is not there is left out all the same.
    if let Some(row) = value.as_object_mut() {
        for field in prost_reflect::ReflectMessage::descriptor(message).fields() {
            row.entry(field.name()).or_insert(Value::Null);
        }
    }
    Ok(value)
}

fn away(service: &str, status: &Status) -> Refusal {
    tracing::warn!(holder = service, code = ?status.code(), reason = foundation::reason_of(status), "a holder does not export");
    Refusal::unavailable("HOLDER_UNAVAILABLE", "a part of the platform does not answer, and a copy must be whole; try again")
}
