//! `#[derive(PersonalData)]`: a row says whose data it is, why it is held, until when, and what erasure does to it;
//! each column says in one word what it is. What says nothing does not compile.

mod emit;
mod parse;

use proc_macro::TokenStream;

/// See the crate `personal-data` for the words.
#[proc_macro_derive(PersonalData, attributes(personal))]
pub fn personal_data(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    let map = parse::Row::read(&input).map_or_else(syn::Error::into_compile_error, |row| emit::row(&row));
    TokenStream::from_iter([map.into(), TokenStream::from(emit::entity())])
}
