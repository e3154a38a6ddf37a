//! Writes the data map of a row, the checks of its columns, and its sealing helpers.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{LitStr, spanned::Spanned};

use crate::parse::{About, Column, Erase, Keep, Row, Span, Word};

/// Words whose column is sealed under the owner's key.
const SEALED: [&str; 7] = ["name", "email", "phone", "free_text", "profile", "result", "document"];

pub fn row(row: &Row) -> TokenStream {
    let (about, none) = about(&row.about);
    let keep = row.keep.as_ref().map_or_else(|| quote!(None), |keep| kept(row, keep));
    let append_only = row.append_only;
    let columns = row.columns.iter().map(describe);
    let checks = row.columns.iter().flat_map(|column| column.words.iter().map(|word| check(row, column, word)));
    let sealed: Vec<_> = row.columns.iter().filter(|c| c.words.iter().any(|w| SEALED.iter().any(|s| w.name == s))).collect();
    let helpers = helpers(row, &sealed);
    let open = opened(row, &sealed);
    let key = row.with("key").map(|c| variant(&c.name));
    let owner = option(row.with("owner").next());
    let version = row.with("version").next();
    let version_column = option(version);
    let owner_of = row.with("owner").next().map_or_else(|| quote!(None), |c| field(c, |f| quote!(Some(model.#f))));
    let version_of = version.map_or_else(|| quote!(None), |c| field(c, |f| quote!(Some(model.#f))));
    let set_version = version.map(|c| field(c, |f| quote!(model.#f = version;)));
    let others = row.with("other_person").map(|c| variant(&c.name));
    let objects = row.with("object").map(|c| variant(&c.name));
    let table = &row.table;
    quote! {
        #[automatically_derived]
        impl ::personal_data::Mapped for Entity {
            const MAP: &'static ::personal_data::map::TableMap = &::personal_data::map::TableMap {
                table: #table,
                about: #about,
                keep: #keep,
                append_only: #append_only,
                columns: &[#(#columns),*],
            };
            fn key() -> Column { #(Column::#key)* }
            fn owner() -> Option<Column> { #owner }
            fn version() -> Option<Column> { #version_column }
            fn others() -> &'static [Column] { &[#(Column::#others),*] }
            fn objects() -> &'static [Column] { &[#(Column::#objects),*] }
            #[allow(unused_variables)]
            fn owner_of(model: &Model) -> Option<::foundation::PersonId> { #owner_of }
            #[allow(unused_variables)]
            fn version_of(model: &Model) -> Option<i64> { #version_of }
            #[allow(unused_variables)]
            fn set_version(model: &mut Model, version: i64) { #set_version }
            #open
        }
        #none
        const _: () = { #(#checks)* };
        #helpers
    }
}

/// What every entity has, also one whose map is refused: so that the refusal is all that the compiler says.
pub fn entity() -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::sea_orm::ActiveModelBehavior for ActiveModel {}
        /// Rows are joined by use cases, not by the mapper.
        #[derive(Copy, Clone, Debug, ::sea_orm::EnumIter, ::sea_orm::DeriveRelation)]
        pub enum Relation {}
    }
}

fn about(about: &About) -> (TokenStream, TokenStream) {
    match about {
        About::None(why) => (
            quote!(::personal_data::map::About::None(#why)),
            quote! {
                #[automatically_derived]
                impl ::personal_data::Anonymous for Entity {}
            },
        ),
        About::Personal { category, purposes, erase } => {
            let erase = match erase {
                Erase::Delete => quote!(Delete),
                Erase::Lock(law) => quote!(Lock { law: #law }),
            };
            (
                quote!(::personal_data::map::About::Personal {
                    category: ::contract::Category::#category,
                    purposes: &[#(::contract::Purpose::#purposes),*],
                    erase: ::personal_data::map::OnErase::#erase,
                }),
                quote! {
                    #[automatically_derived]
                    impl ::personal_data::Personal for Entity {
                        type Category = ::personal_data::category::#category;
                    }
                },
            )
        }
    }
}

fn kept(row: &Row, keep: &Keep) -> TokenStream {
    let after = format_ident!("{}", camel(&keep.after.to_string()));
    let span = match keep.span {
        Span::Years(years) => quote!(Years(#years)),
        Span::Days(days) => quote!(Days(#days)),
    };
    let column = keep.at.as_ref().and_then(|at| row.columns.iter().find(|column| column.name == *at));
    let at = column.map_or_else(
        || quote!(None),
        |column| {
            let (name, ty) = (column.name.to_string(), &column.ty);
            quote!(Some(::personal_data::map::Moment {
                column: #name,
                is_date: <#ty as ::personal_data::words::Moment>::IS_DATE,
                is_optional: <#ty as ::personal_data::words::Moment>::IS_OPTIONAL,
            }))
        },
    );
    quote!(Some(::personal_data::map::Keep {
        after: ::personal_data::map::After::#after,
        span: ::personal_data::map::Span::#span,
        at: #at,
    }))
}

fn describe(column: &Column) -> TokenStream {
    let name = column.name.to_string();
    let word = column.words.iter().map(|w| w.name.to_string()).collect::<Vec<_>>().join(" ");
    let note = column.words.iter().find_map(|w| w.note.as_ref()).map_or_else(String::new, LitStr::value);
    quote!(::personal_data::map::ColumnMap { name: #name, word: #word, note: #note })
}

/// A word is believed only when the column's type bears it out.
fn check(row: &Row, column: &Column, word: &Word) -> TokenStream {
    let (ty, name) = (&column.ty, word.name.to_string());
    let needs_reason = ["plain", "secret", "object", "other_person", "tombstone", "copy"];
    if needs_reason.contains(&name.as_str()) && word.note.as_ref().is_none_or(|note| note.value().trim().is_empty()) {
        let message = format!("`{name}` needs its reason: `#[personal({name} = \"…\")]`");
        return quote_spanned!(word.name.span()=> compile_error!(#message););
    }
    let proof: Ident = match name.as_str() {
        "key" => format_ident!("Identifier"),
        "link" => format_ident!("Thing"),
        "owner" => format_ident!("Owner"),
        "other_person" => format_ident!("OtherPerson"),
        "time" => format_ident!("Time"),
        "date" => format_ident!("Date"),
        "version" => format_ident!("Version"),
        "measure" => format_ident!("Measure"),
        "code" => format_ident!("Code"),
        "blind_index" => format_ident!("Blind"),
        "object" => format_ident!("Object"),
        "plain" | "secret" | "tombstone" | "copy" => format_ident!("Anything"),
        sealed if SEALED.contains(&sealed) => return check_sealed(row, column, word),
        _ => {
            let message = format!("`{name}` is not a word of the data map; see the crate `personal-data`");
            return quote_spanned!(word.name.span()=> compile_error!(#message););
        }
    };
    quote_spanned! {ty.span()=>
        const _: fn() = || {
            fn bears_out<T: ::personal_data::words::#proof>() {}
            bears_out::<#ty>();
        };
    }
}

/// A sealed column is its owner's, and sealed as what its row is: else neither copy nor erasure would reach it.
fn check_sealed(row: &Row, column: &Column, word: &Word) -> TokenStream {
    let ty = &column.ty;
    let About::Personal { category, .. } = &row.about else {
        let message = format!("`{}` is sealed under its owner's key: a row with it is personal", word.name);
        return quote_spanned!(word.name.span()=> compile_error!(#message););
    };
    quote_spanned! {ty.span()=>
        const _: fn() = || {
            fn bears_out<T: ::personal_data::words::SealedColumn<Category = ::personal_data::category::#category>>() {}
            bears_out::<#ty>();
        };
    }
}

fn helpers(row: &Row, sealed: &[&Column]) -> TokenStream {
    let methods = sealed.iter().map(|column| {
        let (name, ty, table, text) = (&column.name, &column.ty, &row.table, column.name.to_string());
        let (seal, open) = (format_ident!("seal_{name}"), format_ident!("open_{name}"));
        let key = row.with("key").map(|c| &c.name);
        let (about_seal, about_open) = (format!("Seals a value for `{text}` of the row `row`."), format!("Opens `{text}`."));
        quote! {
            #[doc = #about_seal]
            pub fn #seal(
                key: &::personal_data::keys::DataKey<<#ty as ::personal_data::words::SealedColumn>::Category>,
                row: impl Into<::foundation::uuid::Uuid>,
                value: &<#ty as ::personal_data::words::SealedColumn>::Plain,
            ) -> #ty {
                <#ty as ::personal_data::words::SealedColumn>::seal(key, #table, #text, row.into(), value)
            }
            #[doc = #about_open]
            pub fn #open(
                &self,
                key: &::personal_data::keys::DataKey<<#ty as ::personal_data::words::SealedColumn>::Category>,
            ) -> Result<<#ty as ::personal_data::words::SealedColumn>::Opened, ::personal_data::Error> {
                ::personal_data::words::SealedColumn::open(&self.#name, key, #table, #text, #(self.#key)*.into())
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl Model { #(#methods)* }
    }
}

/// For the export: every sealed column opened, as JSON.
fn opened(row: &Row, sealed: &[&Column]) -> TokenStream {
    let table = &row.table;
    let key = row.with("key").map(|c| &c.name).collect::<Vec<_>>();
    let arms = sealed.iter().map(|column| {
        let (name, text) = (&column.name, column.name.to_string());
        quote! {
            opened.push((#text, ::personal_data::words::SealedColumn::open_raw(&model.#name, key, #table, #text, #(model.#key)*.into())?));
        }
    });
    quote! {
        #[allow(unused_variables, unused_mut, clippy::vec_init_then_push)]
        fn opened(
            model: &Model,
            key: &::personal_data::keys::RawKey,
        ) -> Result<Vec<(&'static str, ::personal_data::JsonValue)>, ::personal_data::Error> {
            let mut opened = Vec::new();
            #(#arms)*
            Ok(opened)
        }
    }
}

fn option(column: Option<&Column>) -> TokenStream {
    column.map_or_else(
        || quote!(None),
        |c| {
            let v = variant(&c.name);
            quote!(Some(Column::#v))
        },
    )
}

fn field(column: &Column, write: impl Fn(&Ident) -> TokenStream) -> TokenStream {
    write(&column.name)
}

fn variant(name: &Ident) -> Ident {
    format_ident!("{}", camel(&name.to_string()))
}

fn camel(snake: &str) -> String {
    snake
        .split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
