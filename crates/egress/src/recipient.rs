//! To whom data may go at all. The published table of recipients is made from this list.

use contract::{Class, Purpose};

/// Somebody outside the house.
#[derive(Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Stable: it stands in the transfer register.
    pub name: &'static str,
    /// Who they are, in a few words.
    pub about: &'static str,
    /// Where they keep what they get, ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// What they may get, and what for.
    pub allows: &'static [Allowance],
}

/// The classes that a recipient may get for one purpose. Classes that are not personal need no mention.
#[derive(Debug, PartialEq, Eq)]
pub struct Allowance {
    pub purpose: Purpose,
    pub classes: &'static [Class],
}

impl Recipient {
    /// Whether this recipient may get these classes for this purpose.
    pub fn may_get(&self, purpose: Purpose, classes: &[Class]) -> bool {
        let Some(allowed) = self.allows.iter().find(|allowed| allowed.purpose == purpose) else { return false };
        classes.iter().all(|class| match class {
            Class::Unspecified => false,
            class => !contract::is_personal(*class) || allowed.classes.contains(class),
        })
    }
}

/// The school's mail relay. `Secret` is the single-purpose link in a mail; no password is ever mailed.
pub const MAIL_RELAY: Recipient = Recipient {
    name: "mail-relay",
    about: "the school's mail relay, which hands a mail on to the provider of the person's own mailbox",
    country: "KZ",
    allows: &[
        Allowance { purpose: Purpose::Account, classes: &[Class::Email, Class::Name, Class::Secret] },
        Allowance {
            purpose: Purpose::ServiceNotice,
            classes: &[Class::Email, Class::Name, Class::Secret, Class::Learning, Class::Payment],
        },
        Allowance { purpose: Purpose::Support, classes: &[Class::Email, Class::Name, Class::Secret, Class::FreeText] },
        Allowance { purpose: Purpose::Newsletter, classes: &[Class::Email, Class::Name, Class::Secret] },
        Allowance { purpose: Purpose::Security, classes: &[Class::Email, Class::Name, Class::Secret, Class::Technical] },
        Allowance { purpose: Purpose::Rights, classes: &[Class::Email, Class::Name, Class::Secret, Class::FreeText] },
    ],
};

/// The payment partner: a sum and an order, nobody's name; the person gives their card to the partner alone.
pub const PAYMENT_PARTNER: Recipient = Recipient {
    name: "payment-partner",
    about: "the payment partner, on whose page the person pays",
    country: "KZ",
    allows: &[Allowance { purpose: Purpose::Payment, classes: &[Class::Payment] }],
};

/// The school's own key vault: it wraps and unwraps keys about nobody, and is never told whose they are.
pub const KEY_VAULT: Recipient = Recipient {
    name: "key-vault",
    about: "the school's key vault, which wraps the keys of the keyring",
    country: "KZ",
    allows: &[Allowance { purpose: Purpose::Security, classes: &[] }],
};

/// A key-management service in place of the vault; likewise.
pub const KEY_MANAGEMENT: Recipient = Recipient {
    name: "key-management",
    about: "the key-management service, which wraps the keys of the keyring",
    country: "KZ",
    allows: &[Allowance { purpose: Purpose::Security, classes: &[] }],
};

/// Everybody to whom anything may go.
pub const RECIPIENTS: &[&Recipient] = &[&MAIL_RELAY, &PAYMENT_PARTNER, &KEY_VAULT, &KEY_MANAGEMENT];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_declared_may_go() {
        assert!(MAIL_RELAY.may_get(Purpose::Account, &[Class::Email, Class::Name, Class::Plain]));
        assert!(!MAIL_RELAY.may_get(Purpose::Account, &[Class::Email, Class::Learning]));
        assert!(!MAIL_RELAY.may_get(Purpose::Statistics, &[]));
        assert!(!MAIL_RELAY.may_get(Purpose::Unspecified, &[Class::Plain]));
        assert!(!PAYMENT_PARTNER.may_get(Purpose::Payment, &[Class::Payment, Class::Name]));
        assert!(!PAYMENT_PARTNER.may_get(Purpose::Payment, &[Class::Unspecified]));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = RECIPIENTS.iter().map(|recipient| recipient.name).collect();
        assert_eq!(names.len(), RECIPIENTS.len());
    }
}
