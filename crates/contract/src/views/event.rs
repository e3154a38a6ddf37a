use prost_reflect::{DescriptorPool, MessageDescriptor};

use super::{options, service_of_package};

/// A message that is announced. Implemented by the generated code for every message with the event option.
pub trait Event: prost::Message + Default + Send + Sync + 'static {
    /// The full proto name: `kolsai.identity.v1.LinkIssued`.
    const TYPE: &'static str;

    /// The identifier of the person whom the event is about.
    fn person(&self) -> Option<&str>;

    /// The identifier of the aggregate whose state it announces.
    fn aggregate(&self) -> Option<&str>;

    /// The aggregate's version after the change; 0 when the event has no order.
    fn version(&self) -> i64;
}

/// An identifier that is given; proto3 says "none" by the empty text.
pub(crate) fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What the contract says about an event.
#[derive(Clone, Debug)]
pub struct EventRule {
    /// `kolsai.identity.v1.LinkIssued`.
    pub full_name: String,
    pub package: String,
    /// The service that announces it; `None` when every holder may.
    pub process: Option<String>,
    /// The field that names the person; `None` when the event is about nobody, and `nobody` then says why.
    pub person: Option<String>,
    pub nobody: Option<String>,
    /// The field with the aggregate's identifier; `None` when the event has no order.
    pub version_of: Option<String>,
    pub message: MessageDescriptor,
}

impl EventRule {
    pub(crate) fn all_in(pool: &DescriptorPool) -> Vec<EventRule> {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let rule = |message: MessageDescriptor| {
            let option = options::event(&message)?;
            Some(EventRule {
                full_name: message.full_name().to_owned(),
                package: message.package_name().to_owned(),
                process: service_of_package(message.package_name()).map(str::to_owned),
                person: given(option.person),
                nobody: given(option.nobody),
                version_of: given(option.version_of),
                message,
            })
        };
        pool.all_messages().filter_map(rule).collect()
    }
}
