//! What of a call goes into the access log, and that it does before the answer leaves.

use std::{sync::Arc, time::Duration};

use contract::{MethodRule, Touches, Who};
use foundation::{PersonId, Refusal};
use personal_data::{Decision, Entry};
use tokio::time::Instant;
use tonic::Code;

use super::{Origin, Stack, StackParts, authorize::Denied, categories::released, sessions};
use crate::call::{
    Caller,
    principal::Principal,
    scope::{CURRENT, Scope},
};

/// Recording has its own time: a call that used up its own is recorded all the same.
const TIME: Duration = Duration::from_secs(5);

/// What is to be recorded, and the session that needs no second entry afterwards.
#[derive(Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    own: Option<sessions::Key>,
}

/// Whether an answer may leave only after its use case said whose data is in it.
pub(super) fn must_name(rule: &MethodRule) -> bool {
    match rule.person {
        Touches::Resolved | Touches::Each => true,
        // Of a service the field says it; of a person or staff the use case does, so that ties are asked for.
        Touches::Field => rule.who != Who::Service,
        Touches::None | Touches::Caller => false,
    }
}

/// Somebody was refused before the use case ran. A token that could not be checked was not refused.
pub(super) fn refused_before(rule: &MethodRule, denied: &Denied, at: Origin) -> Entries {
    if denied.refusal.code == Code::Unavailable {
        return Entries::default();
    }
    let entry = Entry {
        actor: denied.actor.clone(),
        subject: None,
        method: rule.full_name.clone(),
        categories: released(rule, at),
        purpose: rule.purpose,
        decision: Decision::Refused(denied.refusal.reason),
        session: denied.session,
    };
    Entries { list: vec![entry], own: None }
}

/// What a finished call leaves behind. `refusal` is the code and reason of an answer that is an error.
pub(super) fn entries(caller: &Caller, refusal: Option<(Code, &'static str)>, at: Origin, seen: &sessions::Seen) -> Entries {
    let mut entries = of_answer(caller, refusal, at, seen);
    let withheld = caller.named().withheld().into_iter();
    entries.list.extend(withheld.map(|(person, reason)| entry(caller, Some(person), Decision::Refused(reason), at)));
    entries
}

fn of_answer(caller: &Caller, refusal: Option<(Code, &'static str)>, at: Origin, seen: &sessions::Seen) -> Entries {
    let asked_for = caller.named().asked_for();
    match refusal {
        Some((Code::PermissionDenied | Code::Unauthenticated, reason)) => refused(caller, asked_for, reason, at),
        Some((Code::NotFound, reason)) if !asked_for.is_empty() => refused(caller, asked_for, reason, at),
        // Any other error may follow a change that was made: what was named counts as used.
        _ => granted(caller, at, refusal.is_none(), seen),
    }
}

pub(super) fn refused(caller: &Caller, persons: Vec<PersonId>, reason: &'static str, at: Origin) -> Entries {
    let decision = Decision::Refused(reason);
    let list = match persons.is_empty() {
        true => vec![entry(caller, None, decision, at)],
        false => persons.into_iter().map(|person| entry(caller, Some(person), decision, at)).collect(),
    };
    Entries { list, own: None }
}

fn granted(caller: &Caller, at: Origin, answered: bool, seen: &sessions::Seen) -> Entries {
    let rule = caller.rule();
    let mut persons = caller.named().persons();
    match caller.principal() {
        // The keyring records what it grants to services, by the hour.
        Principal::Service(_) => Entries::default(),
        Principal::Person(claims) => {
            if rule.person == Touches::Caller && !persons.contains(&claims.sub) {
                persons.push(claims.sub);
            }
            let key = (claims.sid, rule.service_name.as_str());
            let own = persons.contains(&claims.sub);
            if own && seen.contains(key) {
                persons.retain(|person| *person != claims.sub);
            }
            Entries { list: each(caller, persons, at), own: own.then_some(key) }
        }
        // Staff who asked and found nobody are recorded without a subject.
        Principal::Staff(..) if persons.is_empty() && answered && rule.person != Touches::None => {
            Entries { list: vec![entry(caller, None, Decision::Granted, at)], own: None }
        }
        Principal::Staff(..) | Principal::Anyone | Principal::Link | Principal::Partner(_) => {
            Entries { list: each(caller, persons, at), own: None }
        }
    }
}

fn each(caller: &Caller, persons: Vec<PersonId>, at: Origin) -> Vec<Entry> {
    let granted = |person| caller.named().exception(person).map_or(Decision::Granted, Decision::GrantedByException);
    persons.into_iter().map(|person| entry(caller, Some(person), granted(person), at)).collect()
}

fn entry(caller: &Caller, subject: Option<PersonId>, decision: Decision, at: Origin) -> Entry {
    let rule = caller.rule();
    let (purpose, categories) = match caller.named().asked() {
        Some((purpose, category)) => (purpose, vec![category]),
        None => (rule.purpose, released(rule, at)),
    };
    Entry { actor: caller.actor(), subject, method: rule.full_name.clone(), categories, purpose, decision, session: caller.session() }
}

/// Writes the entries. On an error the answer must not leave.
pub(super) async fn record(parts: &StackParts, seen: &sessions::Seen, entries: Entries) -> Result<(), Refusal> {
    if entries.list.is_empty() {
        return Ok(());
    }
    let Some(recorder) = &parts.recorder else { return without_recorder(&entries, parts.service) };
    let scope =
        Scope { deadline: Instant::now() + TIME, traceparent: crate::trace::current_traceparent(), authorization: None, for_caller: false };
    let written = CURRENT.scope(Arc::new(scope), tokio::time::timeout(TIME, recorder.record(entries.list))).await;
    if !matches!(written, Ok(Ok(()))) {
        tracing::error!(
            alarm = "ACCESS_LOG_UNAVAILABLE",
            service = parts.service,
            "an access could not be recorded; the answer is withheld"
        );
        return Err(unavailable());
    }
    entries.own.into_iter().for_each(|key| seen.add(key));
    Ok(())
}

/// A service without an access log may refuse, but give nothing that is about a person.
fn without_recorder(entries: &Entries, service: &str) -> Result<(), Refusal> {
    if entries.list.iter().all(|entry| matches!(entry.decision, Decision::Refused(_))) {
        tracing::warn!(service, "a call was refused; this service keeps no access log");
        return Ok(());
    }
    tracing::error!(alarm = "ACCESS_LOG_UNAVAILABLE", service, "this service keeps no access log; the answer is withheld");
    Err(unavailable())
}

fn unavailable() -> Refusal {
    Refusal::unavailable("ACCESS_LOG_UNAVAILABLE", "the access cannot be recorded, so it is not given; try again")
}

/// A call whose client has gone: dropped in the middle, it is recorded by whom it has named so far.
pub(super) struct Unrecorded {
    stack: Arc<Stack>,
    caller: Option<Caller>,
}

impl Unrecorded {
    pub(super) fn new(stack: &Arc<Stack>, caller: &Caller) -> Self {
        Self { stack: stack.clone(), caller: Some(caller.clone()) }
    }

    /// The call has its entries now.
    pub(super) fn settle(&mut self) {
        self.caller = None;
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        let Some(caller) = self.caller.take() else { return };
        let entries = granted(&caller, self.stack.origin(), false, &self.stack.sessions);
        if entries.list.is_empty() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let stack = self.stack.clone();
            runtime.spawn(async move { record(&stack.parts, &stack.sessions, entries).await });
        }
    }
}
