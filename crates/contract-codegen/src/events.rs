use proc_macro2::TokenStream;
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use quote::quote;

use crate::{
    Error,
    model::{Model, RustMessage, Shape},
    modules, options,
};

/// `Event` for every message with the event option.
pub(crate) fn source(pool: &DescriptorPool, model: &Model) -> Result<TokenStream, Error> {
    let mut messages: Vec<_> = pool.all_messages().filter_map(|message| Some((options::event(&message)?, message))).collect();
    messages.sort_by(|(_, a), (_, b)| a.full_name().cmp(b.full_name()));
    let mut impls = TokenStream::new();
    for (event, message) in messages {
        let full_name = message.full_name();
        let rust = model.messages.get(full_name).ok_or_else(|| Error::NoType(full_name.to_owned()))?;
        let path = modules::tokens(&rust.path);
        let text = |field: &str| -> Result<TokenStream, Error> {
            if field.is_empty() {
                return Ok(quote!(::core::option::Option::None));
            }
            let ident = ident(&message, rust, field, Kind::String, "string")?;
            Ok(quote!(crate::views::event::filled(&self.#ident)))
        };
        let (person, aggregate) = (text(&event.person)?, text(&event.version_of)?);
        let version = if event.version_of.is_empty() {
            quote!(0)
        } else {
            let ident = ident(&message, rust, "version", Kind::Int64, "int64")?;
            quote!(self.#ident)
        };
        impls.extend(quote! {
            impl crate::Event for #path {
                const TYPE: &'static str = #full_name;
                fn person(&self) -> ::core::option::Option<&str> { #person }
                fn aggregate(&self) -> ::core::option::Option<&str> { #aggregate }
                fn version(&self) -> i64 { #version }
            }
        });
    }
    Ok(impls)
}

/// The Rust name of a field that must be singular and of this kind.
fn ident<'a>(
    message: &MessageDescriptor,
    rust: &'a RustMessage,
    name: &str,
    kind: Kind,
    expected: &'static str,
) -> Result<&'a syn::Ident, Error> {
    let wrong = || Error::EventField { event: message.full_name().to_owned(), field: name.to_owned(), expected };
    let field = message
        .get_field_by_name(name)
        .filter(|field| field.kind() == kind && !field.is_list() && field.containing_oneof().is_none())
        .ok_or_else(wrong)?;
    let found = rust.fields.iter().find(|candidate| matches!(candidate.shape, Shape::Value { tag, .. } if tag == field.number()));
    found.map(|found| &found.ident).ok_or_else(wrong)
}
