//! The generic holder: a service that holds personal data answers privacy from its map, with no code of its own.

use std::pin::Pin;

use contract::holder::v1::{self as pb, holder_server::Holder, holder_server::HolderServer};
use foundation::PersonId;
use futures::{Stream, StreamExt, stream};
use personal_data::{
    Db, Holds,
    holder::{Export, ExportedRow},
    keys::Keys,
};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

/// Bytes of a file in one message.
const PART: usize = 64 * 1024;

/// Rows and parts that wait for a slow reader.
const AHEAD: usize = 8;

type Sender = mpsc::Sender<Result<pb::ExportedRow, Status>>;

pub(crate) fn server(holds: Holds, db: Db, keys: Keys) -> HolderServer<Generic> {
    HolderServer::new(Generic { holds, db, keys })
}

pub(crate) struct Generic {
    holds: Holds,
    db: Db,
    keys: Keys,
}

#[tonic::async_trait]
impl Holder for Generic {
    type ExportStream = Pin<Box<dyn Stream<Item = Result<pb::ExportedRow, Status>> + Send>>;

    async fn export(&self, request: Request<pb::ExportRequest>) -> Result<Response<Self::ExportStream>, Status> {
        let person = PersonId::parse_field(&request.get_ref().person_id, "person_id")?;
        // An older version would leave out what it does not know.
        self.holds.newest(&self.db).await?;
        let mut export = self.holds.export(&self.db, &self.keys, person);
        // A refusal is a status, not a stream that breaks off.
        let first = export.next().await?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        // Ends when all is sent, or when the reader has gone.
        tokio::spawn(async move {
            if let Err(status) = send(export, first, &sender).await {
                let _ = sender.send(Err(status)).await;
            }
        });
        let answers = stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|row| (row, receiver)));
        Ok(Response::new(Box::pin(answers)))
    }

    async fn describe_map(&self, _: Request<pb::DescribeMapRequest>) -> Result<Response<pb::DataMap>, Status> {
        let tables = self.holds.maps().into_iter().map(table).collect();
        let stores = self.holds.stores().iter().map(|map| store(map)).collect();
        Ok(Response::new(pb::DataMap { service: self.holds.service().to_owned(), hash: self.holds.map_hash(), tables, stores }))
    }
}

/// Rows as they are read, each followed by its files as they are opened.
async fn send(mut export: Export, mut next: Option<ExportedRow>, sender: &Sender) -> Result<(), Status> {
    while let Some(mut row) = next {
        let files = export.files(&mut row).await?;
        let message = pb::ExportedRow { table: row.table.to_owned(), json: row.json.to_string(), ..Default::default() };
        if sender.send(Ok(message)).await.is_err() {
            return Ok(());
        }
        for mut file in files {
            // An empty part first: a file of no bytes is a file too.
            let mut parts = vec![Vec::new()];
            loop {
                for part in parts {
                    let (table, file_name) = (row.table.to_owned(), file.name.clone());
                    let message = pb::ExportedRow { table, file_name, file_part: part, ..Default::default() };
                    if sender.send(Ok(message)).await.is_err() {
                        return Ok(());
                    }
                }
                let Some(bytes) = file.parts.next().await.transpose()? else { break };
                parts = bytes.chunks(PART).map(<[u8]>::to_vec).collect();
            }
        }
        next = export.next().await?;
    }
    Ok(())
}

fn table(map: &'static personal_data::map::TableMap) -> pb::data_map::Table {
    let columns = map.columns.iter().map(|column| pb::data_map::Column {
        name: column.name.into(),
        word: column.word.into(),
        note: column.note.into(),
    });
    pb::data_map::Table {
        name: map.table.into(),
        category: map.category().map(|category| category.as_str_name().to_owned()).unwrap_or_default(),
        purposes: map.purposes().iter().map(|purpose| purpose.as_str_name().to_owned()).collect(),
        keep: map.keep(),
        on_erase: map.on_erase(),
        none: map.about.none().into(),
        columns: columns.collect(),
    }
}

fn store(map: &personal_data::map::StoreMap) -> pb::data_map::Store {
    pb::data_map::Store {
        name: map.store.into(),
        kind: map.kind.name().into(),
        holds: map.holds.into(),
        category: map.about.category().map(|category| category.as_str_name().to_owned()).unwrap_or_default(),
        purposes: map.about.purposes().iter().map(|purpose| purpose.as_str_name().to_owned()).collect(),
        keep: map.keep.into(),
        on_erase: map.on_erase.into(),
        none: map.about.none().into(),
    }
}

#[cfg(test)]
mod tests {
    use contract::holder::v1::holder_client::HolderClient;
    use sea_orm_migration::{MigrationTrait, MigratorTrait};
    use tonic::Code;

    use super::*;
    use crate::{
        Engines, Settings,
        settings::Environment,
        stack::{StackParts, around},
    };

    struct Migrations;

    impl MigratorTrait for Migrations {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            personal_data::migrations().into_iter().chain(events::migrations()).collect()
        }
    }

    #[tokio::test]
    async fn privacy_alone_is_told_what_a_service_holds() {
        let folder = tempfile::tempdir().unwrap();
        let data = ("KOLSAI_DATA".to_owned(), folder.path().to_str().unwrap().to_owned());
        let engines = Engines::open(Settings::load_from(&[], Environment::of([data])).unwrap()).await.unwrap();
        let db = engines.database::<Migrations>("learning").await.unwrap();
        assert!(engines.database::<Migrations>("learning").await.is_err(), "one pool per service");
        let (holds, keys) = (Holds::of::<events::Tables>("learning"), engines.keys("learning"));
        let parts = StackParts {
            service: "learning",
            clock: engines.clock(),
            verifier: engines.verifier("learning"),
            recorder: None,
            ties: None,
            exceptions: None,
            states: None,
        };
        let routes = tonic::service::Routes::new(server(holds.clone(), db, keys));
        engines.peers().register("learning", around(routes, parts)).unwrap();

        let mut privacy = HolderClient::new(engines.transport("privacy", "learning"));
        let map = privacy.describe_map(pb::DescribeMapRequest {}).await.unwrap().into_inner();
        assert_eq!((map.service.as_str(), map.hash, map.tables.len()), ("learning", holds.map_hash(), holds.maps().len()));
        let ask = |person: &str| pb::ExportRequest { person_id: person.to_owned() };
        assert_eq!(privacy.export(ask("somebody")).await.unwrap_err().code(), Code::InvalidArgument);

        let mut stranger = HolderClient::new(engines.transport("payment", "learning"));
        let refused = stranger.export(ask(&PersonId::new_v4().to_string())).await.unwrap_err();
        assert_eq!(foundation::reason_of(&refused).as_deref(), Some("NOT_A_CALLER"));
    }
}
