//! Reads the attributes of a row and its columns.

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
        erase: Erase,
    },
}

/// `keep(after = relation_end, years = 3)`, `keep(after = created, at = sent_at, days = 30)`.
pub struct Keep {
    pub after: Ident,
    /// The column that says when; the end of the relation is with the person.
    pub at: Option<Ident>,
    pub span: Span,
}

/// Calendar years and days are not the same: a law's five years are not 1825 days.
pub enum Span {
    Years(u32),
    Days(u32),
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
    /// Every personal row says until when; a row of nobody's may.
    pub keep: Option<Keep>,
    /// `append_only`: the database itself refuses changes.
    pub append_only: bool,
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
        let Said { about, keep, append_only } = about(input)?;
        let columns = fields.named.iter().map(column).collect::<Result<Vec<_>>>()?;
        let row = Self { table: table(input)?, about, keep, append_only, columns };
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
            _ => self.check_keep(),
        }
    }

    /// Nothing expires that does not say by which column.
    fn check_keep(&self) -> Result<()> {
        let Some(Keep { after, at, .. }) = &self.keep else { return Ok(()) };
        let of_person = after == "relation_end";
        if of_person && matches!(self.about, About::None(_)) {
            return Err(Error::new(after.span(), "a row of nobody's has no relation that could end"));
        }
        let Some(at) = at else {
            let message = format!("keep(after = {after}) needs the column that says when: `keep(after = {after}, at = …, …)`");
            return if of_person { Ok(()) } else { Err(Error::new(after.span(), message)) };
        };
        if of_person {
            return Err(Error::new(at.span(), "the end of the relation is with the person: leave `at` out"));
        }
        if self.with("time").chain(self.with("date")).any(|column| column.name == *at) {
            return Ok(());
        }
        Err(Error::new(at.span(), format!("`{at}` is no column of this row that says `time` or `date`")))
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

/// What a row says of itself as a whole.
struct Said {
    about: About,
    keep: Option<Keep>,
    append_only: bool,
}

fn about(input: &DeriveInput) -> Result<Said> {
    let mut append_only = false;
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
            } else if meta.path.is_ident("append_only") {
                append_only = true;
            } else if meta.path.is_ident("erase") {
                erase = Some(erase_of(meta.value()?)?);
            } else {
                return Err(meta.error("a row says `none = \"why\"`, or `category`, `purposes(…)`, `keep(…)` and `erase`"));
            }
            Ok(())
        })?;
    }
    if let Some(why) = none {
        return if why.value().len() < 8 {
            Err(Error::new(why.span(), "say why it holds no personal data"))
        } else {
            Ok(Said { about: About::None(why), keep, append_only })
        };
    }
    let missing =
        |what: &str| Error::new(proc_macro2::Span::call_site(), format!("this row does not say its {what}: `#[personal({what} …)]`"));
    if purposes.is_empty() {
        return Err(missing("purposes"));
    }
    let category = category.ok_or_else(|| missing("category"))?;
    let keep = keep.ok_or_else(|| missing("keep"))?;
    let about = About::Personal { category, purposes, erase: erase.ok_or_else(|| missing("erase"))? };
    Ok(Said { about, keep: Some(keep), append_only })
}

const AFTER: [&str; 5] = ["relation_end", "created", "last_use", "ended", "tax_period"];
const KEEP: &str = "keep(after = relation_end, years = n), or keep(after = created | last_use | ended | tax_period, at = column, days = n)";

fn keep_of(input: ParseStream<'_>) -> Result<Keep> {
    let inner;
    parenthesized!(inner in input);
    let (mut after, mut at, mut span) = (None, None, Span::Days(0));
    while !inner.is_empty() {
        let word: Ident = inner.parse()?;
        inner.parse::<Token![=]>()?;
        match word.to_string().as_str() {
            "after" => after = Some(inner.parse::<Ident>()?),
            "at" => at = Some(inner.parse::<Ident>()?),
            "years" => span = Span::Years(inner.parse::<LitInt>()?.base10_parse()?),
            "days" => span = Span::Days(inner.parse::<LitInt>()?.base10_parse()?),
            _ => return Err(Error::new(word.span(), KEEP)),
        }
        let _ = inner.parse::<Option<Token![,]>>()?;
    }
    let after = after.ok_or_else(|| Error::new(input.span(), "keep says from when: `after = …`"))?;
    if !AFTER.iter().any(|known| after == known) {
        return Err(Error::new(after.span(), KEEP));
    }
    Ok(Keep { after, at, span })
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
