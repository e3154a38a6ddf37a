//! What the Rust generator made of each message, read back from its own code, so that no naming rule is guessed here.

use std::collections::BTreeMap;

use syn::{Attribute, Expr, Fields, ImplItem, Item, Lit, Meta, Stmt, Token, Type, punctuated::Punctuated};

use crate::Error;

/// A generated type's place: modules from the root of the generated tree, then its name.
pub(crate) type RustPath = Vec<String>;

/// How often a field's value occurs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Arity {
    One,
    Optional,
    Repeated,
}

pub(crate) struct RustField {
    pub ident: syn::Ident,
    pub shape: Shape,
}

pub(crate) enum Shape {
    Value { tag: u32, enumeration: Option<(RustPath, Arity)> },
    Oneof(RustPath),
}

pub(crate) struct RustMessage {
    pub path: RustPath,
    pub fields: Vec<RustField>,
}

/// All generated messages by their proto name, all oneofs by their Rust path, and the enumerations that were left without `Debug`.
#[derive(Default)]
pub(crate) struct Model {
    pub bare_enums: BTreeMap<RustPath, Vec<syn::Ident>>,
    pub messages: BTreeMap<String, RustMessage>,
    pub oneofs: BTreeMap<RustPath, Vec<RustField>>,
}

impl Model {
    pub fn read(files: &BTreeMap<String, String>) -> Result<Model, Error> {
        let mut model = Model::default();
        for (name, source) in files {
            let at = |source| Error::Rust { file: name.clone(), source };
            let package: RustPath = name.trim_end_matches(".rs").split('.').map(str::to_owned).collect();
            model.walk(&package, &syn::parse_file(source).map_err(at)?.items).map_err(at)?;
        }
        Ok(model)
    }

    fn walk(&mut self, module: &[String], items: &[Item]) -> syn::Result<()> {
        let names: BTreeMap<String, String> = items.iter().filter_map(proto_name).collect();
        for item in items {
            match item {
                Item::Mod(inner) => {
                    if let Some((_, items)) = &inner.content {
                        self.walk(&join(module, &inner.ident.to_string()), items)?;
                    }
                }
                Item::Struct(found) => {
                    if let (Some(proto), Fields::Named(named)) = (names.get(&found.ident.to_string()), &found.fields) {
                        let mut fields = Vec::new();
                        for field in &named.named {
                            if let Some(ident) = field.ident.clone() {
                                fields.push(RustField { ident, shape: shape(module, &field.attrs)? });
                            }
                        }
                        self.messages.insert(proto.clone(), RustMessage { path: join(module, &found.ident.to_string()), fields });
                    } else if let Some(proto) = names.get(&found.ident.to_string()) {
                        self.messages
                            .insert(proto.clone(), RustMessage { path: join(module, &found.ident.to_string()), fields: Vec::new() });
                    }
                }
                Item::Enum(found) if found.variants.iter().any(|variant| variant.fields.len() == 1) => {
                    let mut variants = Vec::new();
                    for variant in &found.variants {
                        variants.push(RustField { ident: variant.ident.clone(), shape: shape(module, &variant.attrs)? });
                    }
                    self.oneofs.insert(join(module, &found.ident.to_string()), variants);
                }
                Item::Enum(found) if !derives_debug(&found.attrs) => {
                    self.bare_enums.insert(
                        join(module, &found.ident.to_string()),
                        found.variants.iter().map(|variant| variant.ident.clone()).collect(),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether `Debug` stands among the derived traits.
fn derives_debug(attributes: &[Attribute]) -> bool {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let paths = derives.filter_map(|attribute| attribute.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated).ok());
    paths.flatten().any(|path| path.is_ident("Debug"))
}

/// The pair (Rust name, proto name) out of an `impl ::prost::Name for …`.
fn proto_name(item: &Item) -> Option<(String, String)> {
    let Item::Impl(found) = item else { return None };
    let (_, trait_path, _) = found.trait_.as_ref()?;
    if trait_path.segments.last()?.ident != "Name" {
        return None;
    }
    let Type::Path(type_path) = found.self_ty.as_ref() else { return None };
    let full_name = found.items.iter().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "full_name" => match function.block.stmts.first()? {
            Stmt::Expr(Expr::MethodCall(call), _) => literal(&call.receiver),
            _ => None,
        },
        _ => None,
    })?;
    Some((type_path.path.get_ident()?.to_string(), full_name))
}

fn shape(module: &[String], attributes: &[Attribute]) -> syn::Result<Shape> {
    let (mut tag, mut enumeration, mut arity) = (0, None, Arity::One);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("prost")) {
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            match &meta {
                Meta::NameValue(pair) if pair.path.is_ident("oneof") => {
                    return Ok(Shape::Oneof(resolve(module, &literal(&pair.value).unwrap_or_default())));
                }
                Meta::NameValue(pair) if pair.path.is_ident("tag") => {
                    tag = literal(&pair.value).and_then(|text| text.parse().ok()).unwrap_or_default();
                }
                Meta::NameValue(pair) if pair.path.is_ident("enumeration") => enumeration = literal(&pair.value),
                Meta::Path(word) if word.is_ident("repeated") => arity = Arity::Repeated,
                Meta::Path(word) if word.is_ident("optional") => arity = Arity::Optional,
                _ => {}
            }
        }
    }
    Ok(Shape::Value { tag, enumeration: enumeration.map(|path| (resolve(module, &path), arity)) })
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(found) => match &found.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn join(module: &[String], name: &str) -> RustPath {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// A path as it is written inside `module`, seen from the root of the generated tree.
fn resolve(module: &[String], written: &str) -> RustPath {
    let mut path = module.to_vec();
    for segment in written.split("::") {
        match segment {
            "super" => {
                path.pop();
            }
            name => path.push(name.to_owned()),
        }
    }
    path
}
