use std::{collections::BTreeSet, time::Duration};

use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};

use super::{HttpBinding, classes_reached, doc, options, service_of_package};
use crate::{Class, Idempotent, Purpose, Role, Tie, Touches, Who, contract::v1 as words};

/// What the contract says about a method.
#[derive(Clone, Debug)]
pub struct MethodRule {
    /// The path of a gRPC request: `/kolsai.identity.v1.Accounts/Register`.
    pub path: String,
    /// `kolsai.identity.v1.Accounts.Register`.
    pub full_name: String,
    /// `kolsai.identity.v1`.
    pub package: String,
    /// The full name of the proto service: `kolsai.identity.v1.Accounts`.
    pub service_name: String,
    /// The service that serves it; `None` when every holder does.
    pub process: Option<String>,
    /// The comment that stands before it.
    pub doc: String,
    pub who: Who,
    /// The roles that may call it; empty when no role is asked for.
    pub roles: Vec<Role>,
    /// The services that may call it, under `Who::Service`.
    pub callers: Vec<String>,
    pub purpose: Purpose,
    pub person: Touches,
    /// The request field that names the person, under `Touches::Field`.
    pub person_field: Option<String>,
    /// What must tie the caller to the person beside the role.
    pub tie: Option<Tie>,
    /// Why a method of staff that touches a person demands no tie.
    pub untied: Option<String>,
    /// How long ago the caller may have signed in with a credential.
    pub fresh: Option<Duration>,
    /// Weight of one call in the caller's limit, at least 1.
    pub cost: u32,
    pub idempotent: Idempotent,
    pub input: MessageDescriptor,
    pub output: MessageDescriptor,
    pub server_streaming: bool,
    pub client_streaming: bool,
    pub http: Vec<HttpBinding>,
    /// Every data class that request or answer reaches.
    pub classes: BTreeSet<Class>,
}

impl MethodRule {
    /// What this method states; `None` for a method without a rule, which `check` reports.
    pub(crate) fn of(method: &MethodDescriptor) -> Option<MethodRule> {
        let rule: words::Rule = options::rule(method)?;
        let service = method.parent_service();
        let (input, output) = (method.input(), method.output());
        let mut classes = classes_reached(&input);
        classes.extend(classes_reached(&output));
        Some(MethodRule {
            path: format!("/{}/{}", service.full_name(), method.name()),
            full_name: method.full_name().to_owned(),
            package: service.package_name().to_owned(),
            service_name: service.full_name().to_owned(),
            process: service_of_package(service.package_name()).map(str::to_owned),
            doc: doc(&method.parent_file(), method.path()),
            who: rule.who(),
            roles: rule.roles().collect(),
            callers: rule.callers.clone(),
            purpose: rule.purpose(),
            person: rule.person(),
            person_field: Some(rule.person_field.clone()).filter(|field| !field.is_empty()),
            tie: Some(rule.tie()).filter(|tie| *tie != Tie::Unspecified),
            untied: Some(rule.untied.clone()).filter(|why| !why.is_empty()),
            fresh: Some(rule.fresh).filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.into())),
            cost: rule.cost.max(1),
            idempotent: rule.idempotent(),
            input,
            output,
            server_streaming: method.is_server_streaming(),
            client_streaming: method.is_client_streaming(),
            http: options::http(method).map(|rule| HttpBinding::all_of(&rule)).unwrap_or_default(),
            classes,
        })
    }

    /// Whether the caller must be signed in.
    pub fn needs_session(&self) -> bool {
        matches!(self.who, Who::Person | Who::Staff)
    }

    /// Whether the gateway knows the method. A method whose rule does not say who may call it is not public.
    pub fn is_public(&self) -> bool {
        !matches!(self.who, Who::Service | Who::Unspecified)
    }

    /// The person whom the request names, under `Touches::Field`; `None` under any other, and for an empty field.
    pub fn person_in(&self, request: &DynamicMessage) -> Option<String> {
        if self.person != Touches::Field {
            return None;
        }
        let value = request.get_field_by_name(self.person_field.as_deref()?)?;
        value.as_str().filter(|person| !person.is_empty()).map(str::to_owned)
    }
}
