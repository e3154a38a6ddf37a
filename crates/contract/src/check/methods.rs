use prost_reflect::{DescriptorPool, MethodDescriptor};

use super::{
    Finding,
    fields::{names_person, text_field},
    is_ours,
};
use crate::{Idempotent, MethodRule, Purpose, Touches, Who, classes_reached, is_personal};

pub(super) fn check(pool: &DescriptorPool) -> Vec<Finding> {
    let services = pool.services().filter(|service| is_ours(service.package_name()));
    services.flat_map(|service| service.methods().flat_map(|method| findings(&method)).collect::<Vec<_>>()).collect()
}

fn findings(method: &MethodDescriptor) -> Vec<Finding> {
    let name = || method.full_name().to_owned();
    let Some(rule) = MethodRule::of(method) else { return vec![Finding::MethodWithoutRule { method: name() }] };
    let request = || rule.input.full_name().to_owned();
    let mut found = Vec::new();
    match rule.who {
        Who::Unspecified => found.push(Finding::WhoUnspecified { method: name() }),
        Who::Staff if rule.roles.is_empty() => found.push(Finding::StaffWithoutRoles { method: name() }),
        Who::Service if rule.callers.is_empty() => found.push(Finding::ServiceWithoutCallers { method: name() }),
        Who::Link if text_field(&rule.input, "token").is_none() => {
            found.push(Finding::LinkWithoutToken { method: name(), request: request() })
        }
        _ => {}
    }
    if rule.purpose == Purpose::Unspecified {
        found.push(Finding::PurposeUnspecified { method: name() });
    }
    match rule.person {
        Touches::None => found.extend(personal_but_nobody(&rule)),
        Touches::Field => {
            let field = rule.person_field.clone().unwrap_or_default();
            if !names_person(&rule.input, &field) {
                found.push(Finding::PersonFieldInvalid { method: name(), request: request(), field });
            }
        }
        Touches::Caller | Touches::Resolved | Touches::Each => {}
    }
    if rule.who == Who::Staff && rule.person != Touches::None && rule.tie.is_some() == rule.untied.is_some() {
        found.push(Finding::StaffWithoutTie { method: name() });
    }
    if rule.idempotent == Idempotent::ByKey && text_field(&rule.input, "idempotency_key").is_none() {
        found.push(Finding::ByKeyWithoutKey { method: name(), request: request() });
    }
    found
}

/// The message and the first personal class that contradict "nobody's data".
fn personal_but_nobody(rule: &MethodRule) -> Option<Finding> {
    [&rule.input, &rule.output].into_iter().find_map(|message| {
        let class = classes_reached(message).into_iter().find(|class| is_personal(*class))?;
        Some(Finding::PersonalButNobody {
            method: rule.full_name.clone(),
            message: message.full_name().to_owned(),
            class: class.as_str_name(),
        })
    })
}
