//! Categories as types, so that a value sealed as one cannot be opened with the key of another.

use contract::Category;

/// A category of personal data, at the type level.
pub trait CategoryMark: Send + Sync + 'static {
    const CATEGORY: Category;
}

macro_rules! marks {
    ($($name:ident),*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name;
        impl CategoryMark for $name {
            const CATEGORY: Category = Category::$name;
        }
    )*};
}

marks!(Account, Credentials, Learning, Payment, LockedPayment, Communication, Rights, Certificate);
