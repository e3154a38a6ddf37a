use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, EnumValueDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor};

use crate::{contract::v1 as words, generated::google::api::HttpRule};

/// The rule of a method; `None` when it states none.
pub(crate) fn rule(method: &MethodDescriptor) -> Option<words::Rule> {
    read(method.parent_pool(), &method.options(), "kolsai.contract.v1.rule")
}

/// The HTTP route of a method; `None` when it states none.
pub(crate) fn http(method: &MethodDescriptor) -> Option<HttpRule> {
    read(method.parent_pool(), &method.options(), "google.api.http")
}

/// The event option of a message.
pub(crate) fn event(message: &MessageDescriptor) -> Option<words::Event> {
    read(message.parent_pool(), &message.options(), "kolsai.contract.v1.event")
}

/// The holder option of a file.
pub(crate) fn holder(file: &FileDescriptor) -> Option<words::Holder> {
    read(file.parent_pool(), &file.options(), "kolsai.contract.v1.holder")
}

/// The clients that a file declares.
pub(crate) fn clients(file: &FileDescriptor) -> Vec<words::Client> {
    let options = file.options();
    let Some(extension) = file.parent_pool().get_extension_by_name("kolsai.contract.v1.client") else { return Vec::new() };
    let clients = options.get_extension(&extension);
    let list = clients.as_list().unwrap_or_default();
    list.iter().filter_map(|client| client.as_message()?.transcode_to().ok()).collect()
}

/// The terms of a purpose.
pub(crate) fn terms(value: &EnumValueDescriptor) -> Option<words::Terms> {
    read(value.parent_pool(), &value.options(), "kolsai.contract.v1.terms")
}

fn read<T: Message + Default>(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> Option<T> {
    let extension = pool.get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message()?.transcode_to().ok()
}
