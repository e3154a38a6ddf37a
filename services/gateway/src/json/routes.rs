//! The table of JSON routes, made from the contract.

use contract::{Contract, HttpBinding, Idempotent, MethodRule};
use http::Method;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{
    fault::field_of,
    template::{Capture, Template},
};
use crate::InitError;

/// The raw body of requests and answers.
pub(crate) const HTTP_BODY: &str = "google.api.HttpBody";

/// What of the request the HTTP body is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BodyOf {
    Nothing,
    /// `body: "*"`.
    Whole,
    Field(FieldDescriptor),
}

/// How a request is put together.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) input: MessageDescriptor,
    pub(crate) verb: Method,
    pub(crate) template: Template,
    pub(crate) body: BodyOf,
    /// The field that the header `Idempotency-Key` fills when it is empty.
    pub(crate) key: Option<FieldDescriptor>,
}

impl Shape {
    /// Whether the HTTP body is taken as it is.
    pub(crate) fn takes_raw(&self) -> bool {
        match &self.body {
            BodyOf::Nothing => false,
            BodyOf::Whole => self.input.full_name() == HTTP_BODY,
            BodyOf::Field(field) => is_raw(field),
        }
    }
}

pub(crate) fn is_raw(field: &FieldDescriptor) -> bool {
    !field.is_list() && matches!(field.kind(), Kind::Message(message) if message.full_name() == HTTP_BODY)
}

/// A verb and a path, and the method behind them.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) rule: &'static MethodRule,
    pub(crate) shape: Shape,
    /// The field of the answer that is answered; none for all of it.
    pub(crate) response_body: Option<FieldDescriptor>,
}

/// What stands under a verb and a path.
pub(crate) enum Found<'t> {
    Route(&'t Route, Vec<Capture>),
    /// The path exists, but not with this verb.
    OtherVerbs(Vec<Method>),
    Nothing,
}

/// All routes, the more particular ones first.
pub(crate) struct Table {
    routes: Vec<Route>,
}

impl Table {
    pub(crate) fn try_new(contract: &'static Contract) -> Result<Self, InitError> {
        let mut routes = Vec::new();
        for rule in contract.methods().iter().filter(|rule| rule.is_public()) {
            for binding in &rule.http {
                routes.push(Route::try_new(rule, binding)?);
            }
        }
        routes.sort_by_cached_key(|route| route.shape.template.rank());
        Ok(Self { routes })
    }

    pub(crate) fn find(&self, verb: &Method, path: &str) -> Found<'_> {
        // HEAD is GET without the body, which the connection leaves out.
        let wanted = if verb == Method::HEAD { &Method::GET } else { verb };
        for route in self.routes.iter().filter(|route| route.shape.verb == *wanted) {
            if let Some(captures) = route.shape.template.captures(path) {
                return Found::Route(route, captures);
            }
        }
        match self.verbs(path) {
            verbs if verbs.is_empty() => Found::Nothing,
            verbs => Found::OtherVerbs(verbs),
        }
    }

    /// The verbs that a path has, with what comes with them.
    pub(crate) fn verbs(&self, path: &str) -> Vec<Method> {
        let mut verbs: Vec<Method> = Vec::new();
        for route in self.routes.iter().filter(|route| route.shape.template.captures(path).is_some()) {
            let with =
                if route.shape.verb == Method::GET { &[Method::GET, Method::HEAD][..] } else { std::slice::from_ref(&route.shape.verb) };
            for verb in with {
                if !verbs.contains(verb) {
                    verbs.push(verb.clone());
                }
            }
        }
        verbs
    }
}

impl Route {
    fn try_new(rule: &'static MethodRule, binding: &HttpBinding) -> Result<Self, InitError> {
        let (method, template) = (rule.full_name.clone(), binding.template.clone());
        let refuse = |message: &'static str| InitError::Route { method: method.clone(), template: template.clone(), message };
        if rule.client_streaming {
            return Err(refuse("a method that streams its requests has no HTTP form"));
        }
        let parsed = Template::parse(&binding.template).map_err(|source| InitError::Template {
            method: method.clone(),
            template: template.clone(),
            source,
        })?;
        for field in parsed.fields() {
            leaf(&rule.input, field).ok_or_else(|| refuse("a variable names no field of the request that a path can fill"))?;
        }
        let body = match binding.body.as_deref() {
            None | Some("") => BodyOf::Nothing,
            Some("*") => BodyOf::Whole,
            Some(name) => BodyOf::Field(field_of(&rule.input, name).ok_or_else(|| refuse("`body` names no field of the request"))?),
        };
        let answer = binding.response_body.as_deref().filter(|name| !name.is_empty());
        let response_body = answer
            .map(|name| field_of(&rule.output, name).ok_or_else(|| refuse("`response_body` names no field of the answer")))
            .transpose()?;
        let key = (rule.idempotent == Idempotent::ByKey).then(|| rule.input.get_field_by_name("idempotency_key")).flatten();
        let verb = binding.verb.parse().map_err(|_| refuse("this is no HTTP verb"))?;
        let shape = Shape { input: rule.input.clone(), verb, template: parsed, body, key };
        Ok(Self { rule, shape, response_body })
    }
}

/// The field at the end of a path, when it is a single value.
fn leaf(message: &MessageDescriptor, path: &str) -> Option<FieldDescriptor> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let field = message.get_field_by_name(first).filter(|field| !field.is_list() && !field.is_map())?;
    match (rest, field.kind()) {
        (None, Kind::Message(_)) => None,
        (None, _) => Some(field),
        (Some(rest), Kind::Message(inner)) => leaf(&inner, rest),
        (Some(_), _) => None,
    }
}
