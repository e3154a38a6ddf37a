//! Reads the attributes of a row and its columns.

use proc_macro2::Span;
use syn::{
    Data, DeriveInput, Error, Expr, Field, Fields, Ident, Lit, LitInt, LitStr, Result, Token, Type, parenthesized, parse::ParseStream,
    punctuated::Punctuated,
};

/// What a row says of itself.
pub enum About {
    /// `#[personal(none = "why")]`.
    None(LitStr),
    Personal {
        category: Ident,
        purposes: Vec<Ident>,
        keep: Keep,
        erase: Erase,
    },
}

/// `keep(after = relation_end, years = 3)`; `days` likewise.
pub struct Keep {
    pub after: Ident,
    pub days: u32,
}

pub enum Erase {
    Delete,
    /// `lock(law = "…")`: kept by law, item by item, readable only for legal retention.
    Lock(LitStr),
}

pub struct Column {
    pub name: Ident,
    pub ty: Type,
    pub words: Vec<Word>,
}

pub struct Word {
    pub name: Ident,
    pub note: Option<LitStr>,
}

pub struct Row {
    pub table: String,
    pub about: About,
    pub columns: Vec<Column>,
}

impl Row {
    pub fn read(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new_spanned(input, "PersonalData is for the `Model` struct of an entity"));
        };
        let Fields::Named(fields) = &data.fields else {
            return Err(Error::new_spanned(input, "a row has named columns"));
        };
        let about = about(input)?;
        let columns = fields.named.iter().map(column).collect::<Result<Vec<_>>>()?;
        let row = Self { table: table(input)?, about, columns };
        row.check(input)?;
        Ok(row)
    }

    pub fn with(&self, word: &str) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.words.iter().any(|w| w.name == word))
    }

    fn check(&self, input: &DeriveInput) -> Result<()> {
        let owners = self.with("owner").count();
        match &self.about {
            About::Personal { .. } if owners != 1 => {
                Err(Error::new_spanned(input, "personal rows have exactly one `#[personal(owner)]`: whose data is it?"))
            }
            About::None(_) if owners > 0 || self.with("other_person").count() > 0 => {
                Err(Error::new_spanned(input, "a row that names a person is personal: say its category, purposes, keep and erase"))
            }
            _ if self.with("key").count() != 1 => Err(Error::new_spanned(input, "exactly one column is the `#[personal(key)]`")),
            _ => Ok(()),
        }
    }
}

fn table(input: &DeriveInput) -> Result<String> {
    let mut name = None;
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("sea_orm")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("table_name") {
                name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.input.peek(Token![=]) {
                meta.value()?.parse::<Expr>()?;
            }
            Ok(())
        })?;
    }
    name.ok_or_else(|| Error::new_spanned(&input.ident, "the row needs `#[sea_orm(table_name = \"…\")]`"))
}

fn about(input: &DeriveInput) -> Result<About> {
    let (mut none, mut category, mut purposes, mut keep, mut erase) = (None, None, Vec::new(), None, None);
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("personal")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("none") {
                none = Some(meta.value()?.parse::<LitStr>()?);
            } else if meta.path.is_ident("category") {
                category = Some(meta.value()?.parse::<Ident>()?);
            } else if meta.path.is_ident("purposes") {
                let inner;
                parenthesized!(inner in meta.input);
                purposes = Punctuated::<Ident, Token![,]>::parse_terminated(&inner)?.into_iter().collect();
            } else if meta.path.is_ident("keep") {
                keep = Some(keep_of(meta.input)?);
            } else if meta.path.is_ident("erase") {
                erase = Some(erase_of(meta.value()?)?);
            } else {
                return Err(meta.error("a row says `none = \"why\"`, or `category`, `purposes(…)`, `keep(…)` and `erase`"));
            }
            Ok(())
        })?;
    }
    if let Some(why) = none {
        return if why.value().len() < 8 { Err(Error::new(why.span(), "say why it holds no personal data")) } else { Ok(About::None(why)) };
    }
    let missing = |what: &str| Error::new(Span::call_site(), format!("this row does not say its {what}: `#[personal({what} …)]`"));
    if purposes.is_empty() {
        return Err(missing("purposes"));
    }
    Ok(About::Personal {
        category: category.ok_or_else(|| missing("category"))?,
        purposes,
        keep: keep.ok_or_else(|| missing("keep"))?,
        erase: erase.ok_or_else(|| missing("erase"))?,
    })
}

fn keep_of(input: ParseStream<'_>) -> Result<Keep> {
    let inner;
    parenthesized!(inner in input);
    let (mut after, mut days) = (None, 0);
    while !inner.is_empty() {
        let word: Ident = inner.parse()?;
        inner.parse::<Token![=]>()?;
        match word.to_string().as_str() {
            "after" => after = Some(inner.parse::<Ident>()?),
            "years" => days = inner.parse::<LitInt>()?.base10_parse::<u32>()? * 365,
            "days" => days = inner.parse::<LitInt>()?.base10_parse()?,
            _ => return Err(Error::new(word.span(), "keep(after = relation_end | created | last_use, years = n | days = n)")),
        }
        let _ = inner.parse::<Option<Token![,]>>()?;
    }
    Ok(Keep { after: after.ok_or_else(|| Error::new(input.span(), "keep says from when: `after = …`"))?, days })
}

fn erase_of(input: ParseStream<'_>) -> Result<Erase> {
    let word: Ident = input.parse()?;
    if word == "delete" {
        return Ok(Erase::Delete);
    }
    if word == "lock" {
        let inner;
        parenthesized!(inner in input);
        inner.parse::<Ident>()?;
        inner.parse::<Token![=]>()?;
        return Ok(Erase::Lock(inner.parse()?));
    }
    Err(Error::new(word.span(), "erase = delete, or erase = lock(law = \"the article that keeps it\")"))
}

fn column(field: &Field) -> Result<Column> {
    let name = field.ident.clone().ok_or_else(|| Error::new_spanned(field, "a column has a name"))?;
    let mut words = Vec::new();
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("personal")) {
        attribute.parse_nested_meta(|meta| {
            let word = meta.path.require_ident()?.clone();
            let note = if meta.input.peek(Token![=]) {
                match meta.value()?.parse::<Lit>()? {
                    Lit::Str(note) => Some(note),
                    other => return Err(Error::new(other.span(), "a reason is a text")),
                }
            } else if meta.input.peek(syn::token::Paren) {
                let inner;
                parenthesized!(inner in meta.input);
                inner.parse::<Ident>()?;
                inner.parse::<Token![=]>()?;
                let effect: Ident = inner.parse()?;
                Some(LitStr::new(&effect.to_string(), effect.span()))
            } else {
                None
            };
            words.push(Word { name: word, note });
            Ok(())
        })?;
    }
    if words.is_empty() {
        return Err(Error::new(name.span(), format!("column `{name}` does not say what it is: `#[personal(…)]`")));
    }
    Ok(Column { name, ty: field.ty.clone(), words })
}
