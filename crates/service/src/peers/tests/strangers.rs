//! Clients of other teams, and those whom nobody knows.

use contract::analytics::v1::{ReportRequest, Trends, published_reports_client::PublishedReportsClient, published_reports_server as api};
use foundation::reason_of;
use tonic::{Code, Request, Response, Status, service::Routes};

use super::stage::{Stage, call};
use crate::{
    Engines, Settings,
    peers::Local,
    settings::Environment,
    stack::{StackParts, around},
};

struct Published;

#[tonic::async_trait]
impl api::PublishedReports for Published {
    async fn get_trends(&self, _: Request<ReportRequest>) -> Result<Response<Trends>, Status> {
        Ok(Response::new(Trends::default()))
    }
}

async fn analytics(folder: &tempfile::TempDir) -> Local {
    let data = ("KOLSAI_DATA".to_owned(), folder.path().join("data").display().to_string());
    let engines = Engines::open(Settings::load_from(&[], Environment::of([data])).unwrap()).await.unwrap();
    let parts = StackParts {
        service: "analytics",
        clock: engines.clock(),
        verifier: engines.verifier("analytics"),
        recorder: None,
        ties: None,
        exceptions: None,
        states: None,
    };
    around(Routes::new(api::PublishedReportsServer::new(Published)), parts)
}

#[tokio::test]
async fn a_client_of_another_team_may_call_what_names_it_and_nothing_else() {
    let stage = Stage::of(&["analytics", "partner-report", "nobody-knows-me", "learning"]);
    let door = stage.listen("analytics", analytics(&stage.folder).await).await;
    let peers = stage.peers("analytics", &[door.address()]);

    let mut partner = PublishedReportsClient::new(peers.transport("partner-report", "analytics"));
    partner.get_trends(ReportRequest::default()).await.unwrap();

    let refused = async |from: &'static str, path: &str| {
        let status = call(&peers, from, "analytics", path).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
        reason_of(&status).unwrap()
    };
    let trends = "/kolsai.analytics.v1.PublishedReports/GetTrends";
    for other in [
        "/kolsai.identity.v1.Contacts/ResolveForMail",
        "/kolsai.analytics.v1.Reports/GetTrends",
        "/kolsai.learning.v1.Catalogue/ListCourses",
    ] {
        assert_eq!(refused("partner-report", other).await, "NOT_A_CALLER", "{other}");
    }
    assert_eq!(refused("nobody-knows-me", trends).await, "UNKNOWN_PEER");
    assert_eq!(refused("nobody-knows-me", "/kolsai.learning.v1.Catalogue/ListCourses").await, "UNKNOWN_PEER");
    // A service of the school is no client of another team either.
    assert_eq!(refused("learning", trends).await, "NOT_A_CALLER");
    assert_eq!(call(&peers, "partner-report", "analytics", "/grpc.health.v1.Health/Check").await.code(), Code::Unimplemented);
}
