//! The part of the contract that anybody may see: public methods and the messages that these reach. Rules, callers, events and
//! everything between services stay inside.

use std::collections::{BTreeSet, HashSet};

use contract::Contract;
use prost_reflect::{DescriptorPool, EnumDescriptor, Kind, MessageDescriptor};
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto};

use crate::InitError;

/// The descriptors to serve. They are checked to stand on their own.
pub(crate) fn public_part(contract: &Contract) -> Result<FileDescriptorSet, InitError> {
    let public: Vec<_> = contract.methods().iter().filter(|rule| rule.is_public()).collect();
    let Some(pool) = public.first().map(|rule| rule.input.parent_pool().clone()) else { return Ok(FileDescriptorSet::default()) };
    let mut reached = Reached::default();
    for rule in &public {
        reached.message(&rule.input);
        reached.message(&rule.output);
        reached.methods.insert(rule.full_name.clone());
    }
    let kept: Vec<FileDescriptorProto> = pool.files().filter_map(|file| reached.file(file.file_descriptor_proto())).collect();
    let names: HashSet<String> = kept.iter().map(|file| file.name().to_owned()).collect();
    let file = kept.into_iter().map(|mut file| {
        file.dependency.retain(|name| names.contains(name));
        file
    });
    let set = FileDescriptorSet { file: file.collect() };
    DescriptorPool::from_file_descriptor_set(set.clone()).map_err(|error| InitError::Reflection(error.to_string()))?;
    Ok(set)
}

/// The full names of the services in a set.
pub(crate) fn service_names(set: &FileDescriptorSet) -> impl Iterator<Item = String> {
    set.file.iter().flat_map(|file| file.service.iter().map(|service| format!("{}.{}", file.package(), service.name())))
}

/// Full names of what a public method reaches.
#[derive(Default)]
struct Reached {
    methods: HashSet<String>,
    types: HashSet<String>,
    /// Messages that are kept as a mere name around a type inside them.
    shells: BTreeSet<String>,
}

impl Reached {
    fn message(&mut self, message: &MessageDescriptor) {
        let mut ahead = vec![message.clone()];
        while let Some(message) = ahead.pop() {
            if !self.types.insert(message.full_name().to_owned()) {
                continue;
            }
            self.around(message.parent_message());
            for field in message.fields() {
                match field.kind() {
                    Kind::Message(inner) => ahead.push(inner),
                    Kind::Enum(inner) => self.enumeration(&inner),
                    _ => {}
                }
            }
        }
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptor) {
        self.types.insert(enumeration.full_name().to_owned());
        self.around(enumeration.parent_message());
    }

    fn around(&mut self, mut parent: Option<MessageDescriptor>) {
        while let Some(message) = parent {
            self.shells.insert(message.full_name().to_owned());
            parent = message.parent_message();
        }
    }

    /// What is left of a file; `None` when nothing is. Options and comments go: the rules stand in them.
    fn file(&self, file: &FileDescriptorProto) -> Option<FileDescriptorProto> {
        let package = file.package();
        let message_type: Vec<_> = file.message_type.iter().filter_map(|message| self.message_type(package, message)).collect();
        let enum_type = self.enum_types(package, &file.enum_type);
        let service: Vec<_> = file.service.iter().filter_map(|service| self.service(package, service)).collect();
        if message_type.is_empty() && enum_type.is_empty() && service.is_empty() {
            return None;
        }
        Some(FileDescriptorProto {
            name: file.name.clone(),
            package: file.package.clone(),
            dependency: file.dependency.clone(),
            message_type,
            enum_type,
            service,
            syntax: file.syntax.clone(),
            ..FileDescriptorProto::default()
        })
    }

    fn service(&self, package: &str, service: &ServiceDescriptorProto) -> Option<ServiceDescriptorProto> {
        let mut kept = service.clone();
        kept.options = None;
        kept.method.retain(|method| self.methods.contains(&format!("{package}.{}.{}", service.name(), method.name())));
        kept.method.iter_mut().for_each(|method| method.options = None);
        (!kept.method.is_empty()).then_some(kept)
    }

    fn message_type(&self, prefix: &str, message: &DescriptorProto) -> Option<DescriptorProto> {
        let name = format!("{prefix}.{}", message.name());
        let whole = self.types.contains(&name);
        if !whole && !self.shells.contains(&name) {
            return None;
        }
        let mut kept = DescriptorProto {
            name: message.name.clone(),
            nested_type: message.nested_type.iter().filter_map(|inner| self.message_type(&name, inner)).collect(),
            enum_type: self.enum_types(&name, &message.enum_type),
            ..DescriptorProto::default()
        };
        if whole {
            kept.field = message.field.clone();
            kept.field.iter_mut().for_each(|field| field.options = None);
            kept.oneof_decl = message.oneof_decl.clone();
            // Whether a message is the entry of a map is said by an option, and belongs to its shape.
            kept.options = message
                .options
                .as_ref()
                .filter(|options| options.map_entry())
                .map(|_| prost_types::MessageOptions { map_entry: Some(true), ..Default::default() });
        }
        Some(kept)
    }

    fn enum_types(&self, prefix: &str, enumerations: &[EnumDescriptorProto]) -> Vec<EnumDescriptorProto> {
        let kept = enumerations.iter().filter(|enumeration| self.types.contains(&format!("{prefix}.{}", enumeration.name())));
        kept.cloned()
            .map(|mut enumeration| {
                // `allow_alias` would belong to the shape; the contract uses none, and the check in `public_part` would say so.
                enumeration.options = None;
                enumeration.value.iter_mut().for_each(|value| value.options = None);
                enumeration
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_methods_and_what_they_reach_are_left() {
        let set = public_part(Contract::get()).unwrap();
        let pool = DescriptorPool::from_file_descriptor_set(set).unwrap();
        for rule in Contract::get().methods() {
            let service = pool.get_service_by_name(&rule.service_name);
            let shown = service.is_some_and(|service| service.methods().any(|method| method.full_name() == rule.full_name));
            assert_eq!(shown, rule.is_public(), "{}", rule.full_name);
        }
        for event in Contract::get().events() {
            assert!(pool.get_message_by_name(&event.full_name).is_none_or(|message| message.fields().len() == 0), "{}", event.full_name);
        }
        for inside in ["kolsai.contract.v1.Rule", "kolsai.contract.v1.Holder", "kolsai.keyring.v1.LeaseRequest", "kolsai.holder.v1.DataMap"]
        {
            assert!(pool.get_message_by_name(inside).is_none(), "{inside}");
        }
        assert_eq!(pool.all_extensions().len(), 0);
    }
}
