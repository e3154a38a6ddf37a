//! What a table says of itself: whose data, which category, why, until when, and what erasure does. What is kept beside the
//! tables says the same ([`StoreMap`]).

mod canonical;
mod keep;
mod store;

use contract::{Category, Purpose};

pub use canonical::{canonical, hash};
pub use keep::{After, Keep, Moment, Span};
pub use store::{StoreKind, StoreMap};

/// One table of a service.
#[derive(Debug)]
pub struct TableMap {
    pub table: &'static str,
    pub about: About,
    /// Every personal table has one; a table of nobody's may.
    pub keep: Option<Keep>,
    /// The database refuses changes, and deletions without a ticket ([`crate::retention::ticket`]).
    pub append_only: bool,
    pub columns: &'static [ColumnMap],
}

#[derive(Debug)]
pub enum About {
    /// Why it holds no personal data.
    None(&'static str),
    Personal {
        category: Category,
        purposes: &'static [Purpose],
        erase: OnErase,
    },
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
    /// Whether the column says this of itself.
    pub fn says(&self, word: &str) -> bool {
        self.word.split(' ').any(|said| said == word)
    }

    pub fn is_sealed(&self) -> bool {
        self.word.split(' ').any(|word| SEALED.contains(&word))
    }
}

impl About {
    pub fn category(&self) -> Option<Category> {
        match self {
            Self::None(_) => None,
            Self::Personal { category, .. } => Some(*category),
        }
    }

    pub fn purposes(&self) -> &'static [Purpose] {
        match self {
            Self::None(_) => &[],
            Self::Personal { purposes, .. } => purposes,
        }
    }

    /// Why it holds no personal data; empty when it does.
    pub fn none(&self) -> &'static str {
        match self {
            Self::None(why) => why,
            Self::Personal { .. } => "",
        }
    }

    pub fn law(&self) -> Option<&'static str> {
        match self {
            Self::Personal { erase: OnErase::Lock { law }, .. } => Some(law),
            _ => None,
        }
    }
}

impl TableMap {
    pub fn category(&self) -> Option<Category> {
        self.about.category()
    }

    pub fn purposes(&self) -> &'static [Purpose] {
        self.about.purposes()
    }

    pub fn law(&self) -> Option<&'static str> {
        self.about.law()
    }

    /// The column of the owner.
    pub fn owner(&self) -> Option<&'static str> {
        self.columns.iter().find(|column| column.says("owner")).map(|column| column.name)
    }

    pub fn keep(&self) -> String {
        self.keep.map(|keep| keep.to_string()).unwrap_or_default()
    }

    pub fn on_erase(&self) -> String {
        match self.about {
            About::None(_) => String::new(),
            About::Personal { erase: OnErase::Delete, .. } => "deleted".into(),
            About::Personal { erase: OnErase::Lock { law }, .. } => format!("locked: {law}"),
        }
    }
}
