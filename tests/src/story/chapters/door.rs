//! The front door: what anybody sees.

use contract::identity::v1::{ResolveForMailRequest, contacts_client::ContactsClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

use super::{Broken, Course, Teller};
use crate::story::{
    call::{Told, member},
    outside::Outside,
};

/// The course that the story takes.
const COURSE: &str = "light-and-line";

const INTERNAL: [&str; 3] = ["kolsai.keyring", "kolsai.holder", "Contacts"];

pub async fn opens(teller: &mut Teller) -> Result<Course, Broken> {
    teller
        .step("The school is alive and ready.", async |school| {
            school.get("/healthz").bytes().await?;
            school.get("/readyz").bytes().await.map(drop)
        })
        .await?;
    teller.step("Its policy stands in Russian, Kazakh and English, a clause for each of 34 promises.", policies).await?;
    teller.step("gRPC reflection lists the public services only.", reflection).await?;
    teller.step("An internal gRPC method does not exist for anybody outside.", internal).await?;
    teller.step("The catalogue offers \"Light and line\" in tenge, in three languages.", catalogue).await
}

async fn policies(school: &Outside) -> Result<(), Broken> {
    let mut texts = Vec::new();
    for language in ["ru", "kk", "en"] {
        let policy = school.get(format!("/v1/policy?language={language}")).ok().await?;
        policy.is("/language", language)?;
        let clauses: Vec<_> = policy.list("/clauses").iter().map(|clause| member(clause, "promise").to_owned()).collect();
        let promises: Vec<_> = (1..=34).map(|number| format!("P{number:02}")).collect();
        policy.check(clauses == promises, "there was to be a clause for each promise, P01 to P34")?;
        policy.check(!policy.list("/held").is_empty(), "the table of what is held was to be published")?;
        texts.push((policy.text("/text")?, policy.text("/hash")?));
    }
    texts.dedup();
    if texts.len() == 3 { Ok(()) } else { Err(Broken::wrong("two languages have the same policy")) }
}

async fn reflection(school: &Outside) -> Result<(), Broken> {
    let mut client = ServerReflectionClient::new(school.client.channel()?);
    let ask = ServerReflectionRequest { host: String::new(), message_request: Some(MessageRequest::ListServices(String::new())) };
    let answer = client.server_reflection_info(tokio_stream::once(ask)).await;
    let mut answers = school.grpc("reflection was to answer", answer)?;
    let first =
        answers.message().await.map_err(|status| Broken::Grpc { expected: "reflection was to list services", status: Box::new(status) })?;
    let Some(MessageResponse::ListServicesResponse(list)) = first.and_then(|answer| answer.message_response) else {
        return Err(Broken::wrong("reflection lists no services"));
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    let shown = |wanted: &str| names.contains(&wanted);
    if !shown("kolsai.identity.v1.Accounts") || !shown("kolsai.learning.v1.Catalogue") {
        return Err(Broken::wrong(format!("a public service is missing: {names:?}")));
    }
    match names.iter().find(|name| INTERNAL.iter().any(|internal| name.contains(internal))) {
        Some(name) => Err(Broken::wrong(format!("{name} is internal and is shown"))),
        None => Ok(()),
    }
}

async fn internal(school: &Outside) -> Result<(), Broken> {
    let mut client = ContactsClient::new(school.client.channel()?);
    let answer = client.resolve_for_mail(ResolveForMailRequest::default()).await;
    match school.grpc("the call was to be refused", answer) {
        Err(Broken::Grpc { status, .. }) if status.code() == tonic::Code::Unimplemented => Ok(()),
        Err(broken) => Err(broken),
        Ok(_) => Err(Broken::wrong("an internal method answered")),
    }
}

async fn catalogue(school: &Outside) -> Result<Course, Broken> {
    let mut titles = Vec::new();
    for language in ["ru", "kk", "en"] {
        let courses = school.get(format!("/v1/courses?language={language}")).ok().await?;
        let found = courses.list("/courses").iter().find(|course| member(course, "slug") == COURSE);
        let found = found.ok_or_else(|| courses.broken(format!("there was to be a course {COURSE}")))?;
        titles.push((member(found, "courseId").to_owned(), member(found, "title").to_owned()));
    }
    let (id, _) = titles.pop().unwrap_or_default();
    if titles.iter().any(|(other, _)| *other != id) {
        return Err(Broken::wrong("the course has another identifier in another language"));
    }
    read(&school.get(format!("/v1/courses/{id}?language=en")).ok().await?)
}

fn read(course: &Told) -> Result<Course, Broken> {
    course.is("/currency", "KZT")?;
    let modules = course.list("/modules");
    let of = |name: &str| modules.iter().map(|module| member(module, name).to_owned()).filter(|id| !id.is_empty()).collect::<Vec<_>>();
    let lessons = modules.iter().flat_map(|module| module["lessons"].as_array().into_iter().flatten());
    let read = Course {
        id: course.text("/courseId")?,
        title: course.text("/title")?,
        price: course.text("/priceMinor")?,
        lessons: lessons.map(|lesson| member(lesson, "lessonId").to_owned()).collect(),
        tests: of("testId"),
        assignment: of("assignmentId").pop().ok_or_else(|| course.broken("a module was to have an assignment".into()))?,
    };
    course.check(!read.lessons.is_empty() && !read.tests.is_empty(), "there were to be lessons and tests")?;
    Ok(read)
}
