use std::collections::{BTreeSet, HashSet};

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::vocabulary::Class;

/// Whether data of this class is about a person: withheld from logs, and what makes a method touch somebody.
pub fn is_personal(class: Class) -> bool {
    class as i32 >= Class::PersonId as i32
}

/// The class that a field states; `None` when it states none.
pub fn class_of(field: &FieldDescriptor) -> Option<Class> {
    let extension = field.parent_message().parent_pool().get_extension_by_name("kolsai.contract.v1.data")?;
    let number = field.options().get_extension(&extension).as_enum_number()?;
    Class::try_from(number).ok().filter(|class| *class != Class::Unspecified)
}

/// Every class that a message reaches through its fields, their messages and the values of their maps.
pub fn classes_reached(message: &MessageDescriptor) -> BTreeSet<Class> {
    let (mut classes, mut seen) = (BTreeSet::new(), HashSet::new());
    let mut ahead = vec![message.clone()];
    while let Some(message) = ahead.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            classes.extend(class_of(&field));
            // A map is a list of entry messages, so its values are reached here too.
            if let Kind::Message(inner) = field.kind() {
                ahead.push(inner);
            }
        }
    }
    classes
}
