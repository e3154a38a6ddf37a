//! Which categories a method releases: the data classes that it reaches, among those that its service may hold.

use std::collections::BTreeSet;

use contract::{Category, Class, MethodRule, Purpose};

use super::Origin;

pub(super) fn released(rule: &MethodRule, at: Origin) -> Vec<Category> {
    // The keyring stores nothing of its own about people but hands out keys of every category.
    let Some(holder) = at.contract.holder(at.service) else { return Vec::new() };
    // What only a law keeps is reached for that purpose, or by its person's rights, and by nothing else.
    let reaches = |category: Category, purposes: &[Purpose]| category != Category::LockedPayment || purposes.contains(&rule.purpose);
    let held = || holder.held.iter().filter(|(category, purposes)| reaches(*category, purposes)).map(|(category, _)| *category);
    let mut found = BTreeSet::new();
    for class in &rule.classes {
        found.extend(held().filter(|category| may_be(*class, *category)));
    }
    found.into_iter().collect()
}

/// Whether data of this class may come from a row of this category.
fn may_be(class: Class, category: Category) -> bool {
    match class {
        Class::Unspecified | Class::Plain | Class::Id | Class::Opaque | Class::Key | Class::PersonId => false,
        Class::Name | Class::Email | Class::Phone => {
            matches!(category, Category::Account | Category::Communication | Category::Certificate)
        }
        Class::Profile => category == Category::Account,
        Class::Secret | Class::Technical => category == Category::Credentials,
        Class::FreeText => matches!(category, Category::Learning | Category::Communication | Category::Rights),
        Class::Learning => matches!(category, Category::Learning | Category::Certificate),
        Class::Payment => matches!(category, Category::Payment | Category::LockedPayment),
        Class::File => matches!(category, Category::Learning | Category::Communication),
        Class::Archive => true,
    }
}
