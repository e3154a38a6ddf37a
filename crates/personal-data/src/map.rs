//! What a table says of itself: whose data, which category, why, until when, and what erasure does.

use contract::{Category, Purpose};
use sha2::{Digest, Sha256};

/// One table of a service.
#[derive(Debug)]
pub struct TableMap {
    pub table: &'static str,
    pub about: About,
    pub columns: &'static [ColumnMap],
}

#[derive(Debug)]
pub enum About {
    /// Why it holds no personal data.
    None(&'static str),
    Personal {
        category: Category,
        purposes: &'static [Purpose],
        keep: Keep,
        erase: OnErase,
    },
}

/// How long a row is kept when nobody asks for anything.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    pub after: After,
    pub days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The person's relation with the school ended.
    RelationEnd,
    /// The row was written.
    Created,
    /// The row was last used.
    LastUse,
    /// The end of the tax period after the row's own (Tax Code).
    TaxPeriod,
}

#[derive(Clone, Copy, Debug)]
pub enum OnErase {
    Delete,
    /// Kept because a law says so; readable only for `LEGAL_RETENTION`.
    Lock {
        law: &'static str,
    },
}

/// One column and the word it says of itself.
#[derive(Debug)]
pub struct ColumnMap {
    pub name: &'static str,
    pub word: &'static str,
    /// The reason, or what erasure does to another person's mention.
    pub note: &'static str,
}

/// Words whose column is sealed under the owner's key.
const SEALED: [&str; 7] = ["name", "email", "phone", "free_text", "profile", "result", "document"];

impl ColumnMap {
    pub fn is_sealed(&self) -> bool {
        self.word.split(' ').any(|word| SEALED.contains(&word))
    }
}

impl TableMap {
    pub fn category(&self) -> Option<Category> {
        match self.about {
            About::None(_) => None,
            About::Personal { category, .. } => Some(category),
        }
    }

    pub fn purposes(&self) -> &'static [Purpose] {
        match self.about {
            About::None(_) => &[],
            About::Personal { purposes, .. } => purposes,
        }
    }

    pub fn law(&self) -> Option<&'static str> {
        match self.about {
            About::Personal { erase: OnErase::Lock { law }, .. } => Some(law),
            _ => None,
        }
    }

    pub fn keep(&self) -> String {
        match self.about {
            About::None(_) => String::new(),
            About::Personal { keep: Keep { after, days }, .. } => match (after, days) {
                (After::RelationEnd, 0) => "until the relation ends".into(),
                (After::RelationEnd, days) => format!("{days} days after the relation ends"),
                (After::Created, days) => format!("{days} days after it was written"),
                (After::LastUse, days) => format!("{days} days after its last use"),
                (After::TaxPeriod, days) => format!("{days} days after the tax period that follows its own"),
            },
        }
    }

    pub fn on_erase(&self) -> String {
        match self.about {
            About::None(_) => String::new(),
            About::Personal { erase: OnErase::Delete, .. } => "deleted".into(),
            About::Personal { erase: OnErase::Lock { law }, .. } => format!("locked: {law}"),
        }
    }

    fn canonical(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|c| format!("{}:{}:{}", c.name, c.word, c.note)).collect();
        let purposes: Vec<_> = self.purposes().iter().map(|p| p.as_str_name()).collect();
        let none = if let About::None(why) = self.about { why } else { "" };
        format!(
            "{}|{}|{}|{}|{}|{none}|{}\n",
            self.table,
            self.category().map_or("", |c| c.as_str_name()),
            purposes.join(","),
            self.keep(),
            self.on_erase(),
            columns.join(",")
        )
    }
}

/// SHA-256 over the canonical form of a service's map, in hex: what a report says it acted by.
pub fn hash(tables: &[&'static TableMap]) -> String {
    let mut forms: Vec<_> = tables.iter().map(|table| table.canonical()).collect();
    forms.sort();
    hex::encode(Sha256::digest(forms.concat()))
}
