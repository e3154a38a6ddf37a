use prost_reflect::{DescriptorPool, FieldDescriptor, Kind};

use super::{
    Finding,
    fields::{names_person, text_field},
    is_ours,
};
use crate::{Class, EventRule, class_of, classes_reached, is_personal};

pub(super) fn check(pool: &DescriptorPool) -> Vec<Finding> {
    EventRule::all_in(pool).iter().filter(|event| is_ours(&event.package)).flat_map(findings).collect()
}

fn findings(rule: &EventRule) -> Vec<Finding> {
    let (message, event) = (&rule.message, || rule.full_name.clone());
    let mut found = Vec::new();
    for field in message.fields() {
        if let Some(class) = personal_class(&field) {
            found.push(Finding::EventCarriesPersonalData { event: event(), field: field.name().to_owned(), class: class.as_str_name() });
        }
    }
    match (&rule.person, &rule.nobody) {
        (None, None) => found.push(Finding::EventWithoutPerson { event: event() }),
        (Some(field), _) if !names_person(message, field) => {
            found.push(Finding::EventPersonInvalid { event: event(), field: field.clone() })
        }
        _ => {}
    }
    if let Some(field) = &rule.version_of {
        if text_field(message, field).is_none() {
            found.push(Finding::EventAggregateInvalid { event: event(), field: field.clone() });
        }
        if !message.get_field_by_name("version").is_some_and(|version| version.kind() == Kind::Int64 && !version.is_list()) {
            found.push(Finding::EventWithoutVersion { event: event() });
        }
    }
    found
}

/// The first personal class, other than an identifier, that the field has or whose message reaches.
fn personal_class(field: &FieldDescriptor) -> Option<Class> {
    let inner = match field.kind() {
        Kind::Message(inner) => classes_reached(&inner),
        _ => Default::default(),
    };
    class_of(field).into_iter().chain(inner).find(|class| is_personal(*class) && *class != Class::PersonId)
}
