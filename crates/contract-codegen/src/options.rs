use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor};

/// From this class on a field is withheld: key material (15), then everything personal (`Data.Class` in `contract.proto`).
const FIRST_WITHHELD: i32 = 15;

/// The event option of a message.
pub(crate) struct EventOption {
    pub person: String,
    pub version_of: String,
}

/// What a raw body carries is anybody's: files, copies, a partner's notification. Its message is Google's and cannot be annotated.
const RAW_BODY: &str = "google.api.HttpBody.data";

/// Whether the field is personal: by its own annotation, or because it is a raw body.
pub(crate) fn is_personal(field: &FieldDescriptor) -> bool {
    if field.full_name() == RAW_BODY {
        return true;
    }
    let pool = field.parent_message().parent_pool().clone();
    let class = pool.get_extension_by_name("kolsai.contract.v1.data");
    class.and_then(|class| field.options().get_extension(&class).as_enum_number()).is_some_and(|class| class >= FIRST_WITHHELD)
}

/// Whether the message itself has a personal field.
pub(crate) fn has_personal_field(message: &MessageDescriptor) -> bool {
    message.fields().any(|field| is_personal(&field))
}

/// The messages whose `Debug` is written here: those with personal fields, and everything nested in them, because the
/// generator's own switch covers nested types too.
pub(crate) fn redacted(pool: &DescriptorPool) -> Vec<String> {
    let within = |message: &MessageDescriptor| {
        std::iter::successors(Some(message.clone()), MessageDescriptor::parent_message).any(|m| has_personal_field(&m))
    };
    pool.all_messages()
        .filter(|message| !message.is_map_entry() && within(message))
        .map(|message| format!(".{}", message.full_name()))
        .collect()
}

/// The event option of this message, if it has one.
pub(crate) fn event(message: &MessageDescriptor) -> Option<EventOption> {
    let extension = message.parent_pool().get_extension_by_name("kolsai.contract.v1.event")?;
    let options = message.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let value = options.get_extension(&extension);
    let value = value.as_message()?;
    Some(EventOption { person: text(value, "person"), version_of: text(value, "version_of") })
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
