//! The three languages of the school.

/// As rows store it; Russian stands in for whatever is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Language {
    #[default]
    Ru = 1,
    Kk = 2,
    En = 3,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Ru, Self::Kk, Self::En];

    /// `ru`, `kk` or `en`.
    pub fn read(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    pub fn of_code(code: i32) -> Self {
        Self::ALL.into_iter().find(|language| *language as i32 == code).unwrap_or_default()
    }

    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::Kk => "kk",
            Self::En => "en",
        }
    }
}
