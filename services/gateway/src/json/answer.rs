//! What a service answered, as HTTP: JSON, lines of JSON, or a raw body.

use bytes::Bytes;
use contract::{Idempotent, Touches, Who, google::api::HttpBody};
use foundation::Refusal;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::{Status, body::Body};

use super::{
    Problem,
    routes::{HTTP_BODY, Route},
};
use crate::call::Answer;

/// Metadata of a service that belongs to a raw body.
const OF_RAW_BODIES: [HeaderName; 5] =
    [header::CONTENT_RANGE, header::ACCEPT_RANGES, header::CONTENT_DISPOSITION, header::ETAG, header::LAST_MODIFIED];

/// How the messages of an answer are written.
#[derive(Clone)]
struct Form {
    output: MessageDescriptor,
    part: Option<FieldDescriptor>,
}

/// Waits for the first message, so that a refusal is a status and not a body that breaks off.
pub(crate) async fn respond(route: &Route, mut answer: Answer) -> Result<Response<Body>, Problem> {
    let raw = route.rule.output.full_name() == HTTP_BODY;
    let form = Form { output: route.rule.output.clone(), part: route.response_body.clone() };
    let mut response = match (route.rule.server_streaming, raw) {
        (false, false) => json(form.write(&answer.only().await?)?),
        (false, true) => {
            let body = raw_body(&answer.only().await?)?;
            raw_response(route, &answer.metadata, &body.content_type, Body::new(Full::from(Bytes::from(body.data))))
        }
        (true, true) => {
            let first = answer.next().await?.map(|bytes| raw_body(&bytes)).transpose()?.unwrap_or_default();
            let (content_type, metadata) = (first.content_type.clone(), answer.metadata.clone());
            raw_response(route, &metadata, &content_type, stream_of(first.data.into(), answer, |bytes| Ok(raw_body(bytes)?.data.into())))
        }
        (true, false) => {
            let first = answer.next().await?.map(|bytes| form.line(&bytes)).transpose()?.unwrap_or_default();
            let mut response = Response::new(stream_of(first, answer, move |bytes| form.line(bytes)));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
            response
        }
    };
    let rule = route.rule;
    if rule.who == Who::Anyone
        && rule.person == Touches::None
        && rule.idempotent == Idempotent::Read
        && !rule.classes.iter().any(|class| contract::is_personal(*class))
    {
        // Nobody's data: a browser may keep it, if it asks again each time.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    Ok(response)
}

impl Form {
    /// Canonical JSON of a message, or of the one field that the route answers.
    fn write(&self, bytes: &Bytes) -> Result<Value, Status> {
        let message = DynamicMessage::decode(self.output.clone(), bytes.clone()).map_err(|error| Refusal::internal(&error))?;
        let options = SerializeOptions::new();
        let whole = to_value(&message, &options)?;
        let Some(part) = &self.part else { return Ok(whole) };
        match whole.get(part.json_name()) {
            Some(value) => Ok(value.clone()),
            // An empty field is left out of canonical JSON, but as a body it must be something.
            None => {
                let empty = to_value(&DynamicMessage::new(self.output.clone()), &options.skip_default_fields(false))?;
                Ok(empty.get(part.json_name()).cloned().unwrap_or(Value::Null))
            }
        }
    }

    fn line(&self, bytes: &Bytes) -> Result<Bytes, Status> {
        Ok(format!("{}\n", self.write(bytes)?).into())
    }
}

fn to_value(message: &DynamicMessage, options: &SerializeOptions) -> Result<Value, Status> {
    message.serialize_with_options(serde_json::value::Serializer, options).map_err(|error| Refusal::internal(&error).into())
}

fn json(value: Value) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::from(value.to_string())));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn raw_body(bytes: &Bytes) -> Result<HttpBody, Status> {
    HttpBody::decode(bytes.clone()).map_err(|error| Refusal::internal(&error).into())
}

fn raw_response(route: &Route, metadata: &HeaderMap, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for name in OF_RAW_BODIES {
        if let Some(value) = metadata.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let content_type = HeaderValue::from_str(content_type).ok().filter(|value| !value.is_empty());
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    if content_type == "application/zip" && !headers.contains_key(header::CONTENT_DISPOSITION) {
        let name = route.shape.template.last_literal().unwrap_or("file");
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.zip\"")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
    }
    headers.insert(header::CONTENT_TYPE, content_type);
    if headers.contains_key(header::CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// Sends on what arrives, as fast as it is taken. A refusal on the way breaks the body off: a client sees that it is not whole.
fn stream_of(first: Bytes, answer: Answer, write: impl Fn(&Bytes) -> Result<Bytes, Status> + Send + 'static) -> Body {
    let rest = stream::try_unfold((Some(first), answer, write), |(first, mut answer, write)| async move {
        if let Some(first) = first {
            return Ok(Some((Frame::data(first), (None, answer, write))));
        }
        match answer.next().await? {
            Some(message) => Ok::<_, Status>(Some((Frame::data(write(&message)?), (None, answer, write)))),
            None => Ok(None),
        }
    });
    Body::new(StreamBody::new(rest))
}
