//! What things are called on the bus.

/// `kolsai.events.identity.LinkIssued`: announced by identity. Neither package nor version is in it: whoever reacts to an event hears of
/// its next version too, and sets aside what it does not understand.
pub(crate) fn of(name: &str, source: &str, kind: &str) -> String {
    format!("{name}.events.{source}.{}", short(kind))
}

/// Everything on the stream.
pub(crate) fn all(name: &str) -> String {
    format!("{name}.events.>")
}

/// An event, whoever says that they announce it: who may not is set aside, and seen.
pub(crate) fn filter(name: &str, kind: &str) -> String {
    format!("{name}.events.*.{}", short(kind))
}

/// The name of an event without its package: the contract's events have no two names alike.
pub(crate) fn short(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or(kind)
}

/// The service under whose name a subject is; only its own user may publish there.
pub(crate) fn source<'s>(name: &str, subject: &'s str) -> Option<&'s str> {
    subject.strip_prefix(name)?.strip_prefix(".events.")?.split('.').next()
}

/// The durable consumer of a reaction: `communication.mail-link` is `communication_mail-link`, for a name may hold no dot.
pub(crate) fn consumer(reaction: &str) -> String {
    reaction.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contract::Contract;

    use super::*;

    #[test]
    fn a_subject_says_who_announces_what() {
        let subject = of("kolsai", "identity", "kolsai.identity.v1.LinkIssued");
        assert_eq!(subject, "kolsai.events.identity.LinkIssued");
        assert_eq!(source("kolsai", &subject), Some("identity"));
        assert_eq!(source("other", &subject), None);
        assert_eq!(filter("kolsai", "kolsai.holder.v1.ErasureReported"), "kolsai.events.*.ErasureReported");
        assert_eq!(consumer("communication.mail-link"), "communication_mail-link");
    }

    #[test]
    fn no_two_events_have_one_name() {
        let names: BTreeSet<_> = Contract::get().events().iter().map(|event| short(&event.full_name)).collect();
        assert_eq!(names.len(), Contract::get().events().len());
    }
}
