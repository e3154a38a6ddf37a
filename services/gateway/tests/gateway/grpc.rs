//! gRPC and gRPC-Web pass through; what is between services does not exist.

use bytes::Bytes;
use contract::{Contract, identity::v1 as identity, privacy::v1 as privacy};
use http::{Method, StatusCode};
use prost::Message;
use tonic::{Code, Request, Status, metadata::MetadataValue};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt;

use crate::school::{School, TOKEN};

fn signed_in<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", MetadataValue::try_from(format!("Bearer {TOKEN}")).unwrap());
    request
}

#[tokio::test]
async fn calls_pass_with_their_status_and_details() {
    let school = School::open().await;
    let mut accounts = identity::accounts_client::AccountsClient::new(school.channel().await);

    let mut request = signed_in(identity::GetProfileRequest {});
    request.metadata_mut().insert("x-kolsai-peer", MetadataValue::from_static("privacy"));
    request.metadata_mut().insert("x-forwarded-for", MetadataValue::from_static("198.51.100.1"));
    request.metadata_mut().insert("traceparent", MetadataValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    request.set_timeout(std::time::Duration::from_secs(3_600));
    let answer = accounts.get_profile(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-trace-id").unwrap(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(answer.into_inner().first_name, "Aigul");
    let seen = school.last_seen();
    assert!(!seen.contains_key("x-kolsai-peer") && !seen.contains_key("x-forwarded-for") && !seen.contains_key("user-agent"));
    assert_eq!(
        (&seen["authorization"], &seen["grpc-timeout"], &seen["te"]),
        (&"Bearer good".parse().unwrap(), &"15000m".parse().unwrap(), &"trailers".parse().unwrap())
    );
    assert!(seen["traceparent"].to_str().unwrap().contains("0af7651916cd43dd8448eb211c80319c"));

    let refused = accounts.register(identity::RegisterRequest::default()).await.unwrap_err();
    assert_eq!((refused.code(), foundation::reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("PASSWORD_TOO_SHORT")));
    assert_eq!(refused.get_details_bad_request().unwrap().field_violations[0].field, "password");

    let refused = accounts.get_profile(identity::GetProfileRequest {}).await.unwrap_err();
    assert_eq!((refused.code(), foundation::reason_of(&refused).as_deref()), (Code::Unauthenticated, Some("NO_TOKEN")));
}

#[tokio::test]
async fn streams_pass() {
    let school = School::open().await;
    let mut rights = privacy::rights_client::RightsClient::new(school.channel().await);
    let mut parts = rights.copy_my_data(signed_in(privacy::CopyMyDataRequest {})).await.unwrap().into_inner();
    let mut whole = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        whole.extend_from_slice(&part.data);
    }
    assert_eq!(whole, b"PKarchive");
}

#[tokio::test]
async fn a_method_between_services_is_as_if_it_did_not_exist() {
    let school = School::open().await;
    let mut contacts = identity::contacts_client::ContactsClient::new(school.channel().await);
    let hidden = contacts.resolve_for_mail(signed_in(identity::ResolveForMailRequest::default())).await.unwrap_err();
    assert_eq!((hidden.code(), hidden.message()), (Code::Unimplemented, ""));
    let info = hidden.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.metadata.keys().map(String::as_str).collect::<Vec<_>>()),
        ("UNIMPLEMENTED", vec!["trace_id"]),
        "its trace, nothing else"
    );

    let ask =
        |path| school.ask(Method::POST, path).header("content-type", "application/grpc").header("te", "trailers").body(&b"\0\0\0\0\0"[..]);
    let hidden = ask("/kolsai.identity.v1.Contacts/ResolveForMail").send().await;
    let missing = ask("/kolsai.identity.v1.Nothing/Nothing").send().await;
    let without_trace = |told: &crate::school::Told| {
        let mut headers = told.headers.clone();
        // Both say their trace; it is no longer in the one than in the other.
        let details = headers.remove("grpc-status-details-bin").map(|details| details.len());
        headers.remove("x-trace-id");
        headers.remove("date");
        (headers, details)
    };
    assert_eq!(without_trace(&hidden), without_trace(&missing));
    assert!(school.seen.lock().unwrap().is_empty());
}

async fn reflect(school: &School, ask: MessageRequest) -> Result<MessageResponse, Status> {
    let mut client = ServerReflectionClient::new(school.channel().await);
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
    let mut answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    Ok(answers.message().await?.unwrap().message_response.unwrap())
}

#[tokio::test]
async fn reflection_shows_what_is_public_and_nothing_else() {
    let school = School::open().await;
    let Ok(MessageResponse::ListServicesResponse(list)) = reflect(&school, MessageRequest::ListServices(String::new())).await else {
        panic!("a list")
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    for rule in Contract::get().methods() {
        let public = Contract::get().methods().iter().any(|other| other.service_name == rule.service_name && other.is_public());
        assert_eq!(names.contains(&rule.service_name), public, "{}", rule.service_name);
    }
    let Ok(MessageResponse::FileDescriptorResponse(file)) =
        reflect(&school, MessageRequest::FileContainingSymbol("kolsai.identity.v1.Accounts".into())).await
    else {
        panic!("a file")
    };
    let file = prost_types::FileDescriptorProto::decode(file.file_descriptor_proto[0].as_slice()).unwrap();
    assert!(file.message_type.iter().any(|message| message.name() == "RegisterRequest"));
    assert!(file.message_type.iter().all(|message| message.name() != "MailContact"));
    assert!(file.service.iter().all(|service| service.name() != "Contacts"));
    for hidden in [
        "kolsai.identity.v1.Contacts",
        "kolsai.identity.v1.MailContact",
        "kolsai.identity.v1.LinkIssued",
        "kolsai.contract.v1.Rule",
        "kolsai.keyring.v1.Keyring",
    ] {
        let answer = reflect(&school, MessageRequest::FileContainingSymbol(hidden.into())).await;
        assert_eq!(answer.unwrap_err().code(), Code::NotFound, "{hidden}");
    }
}

#[tokio::test]
async fn grpc_web_carries_its_trailers_in_the_body() {
    let school = School::open().await;
    let mut body = vec![0, 0, 0, 0, 0];
    let ask = identity::ListSigningKeysRequest {}.encode_to_vec();
    body[4] = u8::try_from(ask.len()).unwrap();
    body.extend(ask);
    let path = "/kolsai.identity.v1.SigningKeys/ListSigningKeys";
    let told = school.ask(Method::POST, path).over_http1().header("content-type", "application/grpc-web+proto").body(body).send().await;
    assert_eq!((told.status, told.header("content-type")), (StatusCode::OK, "application/grpc-web+proto"));
    let length = u32::from_be_bytes(told.body[1..5].try_into().unwrap()) as usize;
    let keys = identity::ListSigningKeysResponse::decode(&told.body[5..5 + length]).unwrap();
    assert_eq!(keys.keys[0].key_id, "k1");
    let trailers = &told.body[5 + length..];
    assert_eq!(trailers[0], 0x80);
    assert!(String::from_utf8_lossy(&trailers[5..]).contains("grpc-status:0"));

    let hidden = school
        .ask(Method::POST, "/kolsai.identity.v1.Contacts/ResolveForMail")
        .header("content-type", "application/grpc-web+proto")
        .body(Bytes::from_static(b"\0\0\0\0\0"));
    let hidden = hidden.send().await;
    assert!(hidden.header("grpc-status") == "12" || String::from_utf8_lossy(&hidden.body).contains("grpc-status:12"));
}

#[tokio::test]
async fn grpc_over_http1_is_told_what_to_do() {
    let school = School::open().await;
    let told = school
        .ask(Method::POST, "/kolsai.identity.v1.Accounts/GetProfile")
        .over_http1()
        .header("content-type", "application/grpc")
        .send()
        .await;
    assert_eq!((told.status, told.reason().as_str()), (StatusCode::HTTP_VERSION_NOT_SUPPORTED, "NEEDS_HTTP2"));
}

#[tokio::test]
async fn a_message_that_is_too_large_does_not_reach_the_service() {
    let school = School::with(|config| config.max_body_bytes = 1_000).await;
    let mut accounts = identity::accounts_client::AccountsClient::new(school.channel().await);
    let refused = accounts.register(identity::RegisterRequest { first_name: "x".repeat(2_000), ..Default::default() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn health_follows_readiness() {
    let school = School::open().await;
    let mut health = HealthClient::new(school.channel().await);
    let answer = health.check(HealthCheckRequest { service: "kolsai.identity.v1.Accounts".into() }).await.unwrap();
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    let hidden = health.check(HealthCheckRequest { service: "kolsai.identity.v1.Contacts".into() }).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
}
