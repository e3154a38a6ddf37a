use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use super::{Finding, travels};
use crate::{Class, class_of};

pub(super) fn check(pool: &DescriptorPool) -> Vec<Finding> {
    // The class of a map stands on the field, not in its entries.
    let ours = pool.all_messages().filter(|message| travels(message.package_name()) && !message.is_map_entry());
    let fields = ours.flat_map(|message| message.fields().collect::<Vec<_>>());
    let unclassed = fields.filter(|field| carries_text(field) && class_of(field).is_none());
    unclassed.map(|field| Finding::FieldWithoutClass { field: field.full_name().to_owned() }).collect()
}

/// Whether a field can hold any text or bytes: itself, as a list, or as key or value of a map.
fn carries_text(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::String | Kind::Bytes => true,
        Kind::Message(entry) if field.is_map() => entry.fields().any(|field| carries_text(&field)),
        _ => false,
    }
}

/// The singular string field of this name.
pub(super) fn text_field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message.get_field_by_name(name).filter(|field| field.kind() == Kind::String && !field.is_list())
}

/// Whether the message names a person in the singular string field of this name.
pub(super) fn names_person(message: &MessageDescriptor, name: &str) -> bool {
    text_field(message, name).is_some_and(|field| class_of(&field) == Some(Class::PersonId))
}
