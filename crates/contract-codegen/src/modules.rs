use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;

/// The path of a generated type, from anywhere in the contract crate.
pub(crate) fn tokens(path: &[String]) -> TokenStream {
    let segments = path.iter().map(|segment| ident(segment));
    quote!(crate::generated #(::#segments)*)
}

#[derive(Default)]
struct Node {
    file: Option<String>,
    inner: BTreeMap<String, Node>,
}

/// The module tree of all packages, so that a new package needs no wiring by hand.
pub(crate) fn source<'a>(files: impl Iterator<Item = &'a String>) -> TokenStream {
    let mut root = Node::default();
    for file in files {
        let mut node = &mut root;
        for segment in file.trim_end_matches(".rs").split('.') {
            node = node.inner.entry(segment.to_owned()).or_default();
        }
        node.file = Some(file.clone());
    }
    let packages = body(&root);
    quote! {
        mod debug;
        mod events;
        /// The descriptor set of the whole contract: imports, comments and custom options included.
        pub const DESCRIPTORS: &[u8] = include_bytes!("descriptors.bin");
        #packages
    }
}

fn body(node: &Node) -> TokenStream {
    let include = node.file.iter().map(|file| quote!(include!(#file);));
    let inner = node.inner.iter().map(|(name, node)| {
        let (name, body) = (ident(name), body(node));
        quote!(pub mod #name { #body })
    });
    quote!(#(#include)* #(#inner)*)
}

fn ident(name: &str) -> syn::Ident {
    match name.strip_prefix("r#") {
        Some(raw) => syn::Ident::new_raw(raw, proc_macro2::Span::call_site()),
        None => syn::Ident::new(name, proc_macro2::Span::call_site()),
    }
}
