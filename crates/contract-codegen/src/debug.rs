use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use quote::{format_ident, quote};

use crate::{
    Error,
    model::{Arity, Model, RustField, RustMessage, Shape},
    modules, options,
};

/// `Debug` for every message with personal fields, in which these are withheld.
pub(crate) fn source(pool: &DescriptorPool, model: &Model) -> Result<TokenStream, Error> {
    let redacted: BTreeSet<String> = options::redacted(pool).into_iter().map(|name| name.trim_start_matches('.').to_owned()).collect();
    let mut impls = TokenStream::new();
    for name in &redacted {
        let message = pool.get_message_by_name(name).ok_or_else(|| Error::NoType(name.clone()))?;
        let rust = model.messages.get(name).ok_or_else(|| Error::NoType(name.clone()))?;
        impls.extend(message_impl(&message, rust));
        for field in &rust.fields {
            if let Shape::Oneof(path) = &field.shape {
                let variants = model.oneofs.get(path).ok_or_else(|| Error::NoType(path.join("::")))?;
                impls.extend(oneof_impl(&message, path, variants));
            }
        }
    }
    impls.extend(model.bare_enums.iter().map(|(path, variants)| enum_impl(path, variants)));
    Ok(impls)
}

fn enum_impl(path: &[String], variants: &[syn::Ident]) -> TokenStream {
    let path = modules::tokens(path);
    let arms = variants.iter().map(|variant| {
        let label = variant.to_string();
        quote!(Self::#variant => #label)
    });
    quote! {
        impl ::core::fmt::Debug for #path {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(match self { #(#arms,)* })
            }
        }
    }
}

fn message_impl(message: &MessageDescriptor, rust: &RustMessage) -> TokenStream {
    let path = modules::tokens(&rust.path);
    let title = rust.path.last().map(String::as_str).unwrap_or_default();
    let fields = rust.fields.iter().map(|field| {
        let ident = &field.ident;
        let label = ident.to_string().trim_start_matches("r#").to_owned();
        let value = shown(message, field, quote!(self.#ident));
        quote!(.field(#label, &#value))
    });
    quote! {
        impl ::core::fmt::Debug for #path {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#title)#(#fields)*.finish()
            }
        }
    }
}

fn oneof_impl(message: &MessageDescriptor, path: &[String], variants: &[RustField]) -> TokenStream {
    let path = modules::tokens(path);
    let arms = variants.iter().map(|variant| {
        let ident = &variant.ident;
        let label = ident.to_string();
        let value = format_ident!("value");
        let shown = shown(message, variant, quote!(*#value));
        let binding = if is_personal(message, variant) { quote!(_) } else { quote!(#value) };
        quote!(Self::#ident(#binding) => f.debug_tuple(#label).field(&#shown).finish())
    });
    quote! {
        impl ::core::fmt::Debug for #path {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms,)* }
            }
        }
    }
}

fn is_personal(message: &MessageDescriptor, field: &RustField) -> bool {
    match field.shape {
        // A tag that the descriptor does not know would be a fault here: withhold it.
        Shape::Value { tag, .. } => message.get_field(tag).is_none_or(|field| options::is_personal(&field)),
        Shape::Oneof(_) => false,
    }
}

/// What is shown of a field whose value stands at `place`.
fn shown(message: &MessageDescriptor, field: &RustField, place: TokenStream) -> TokenStream {
    if is_personal(message, field) {
        return quote!(crate::debug::Withheld);
    }
    match &field.shape {
        Shape::Value { enumeration: Some((path, arity)), .. } => {
            let path = modules::tokens(path);
            match arity {
                Arity::One => quote!(crate::debug::named::<#path>(#place)),
                Arity::Optional => quote!(#place.map(crate::debug::named::<#path>)),
                Arity::Repeated => quote!(#place.iter().copied().map(crate::debug::named::<#path>).collect::<::std::vec::Vec<_>>()),
            }
        }
        _ => place,
    }
}
