//! The caller as a use case sees them.

use std::sync::Arc;

use contract::{Category, MethodRule, Purpose, Role, Tie, Touches, Who};
use foundation::{PersonId, Refusal, Timestamp, sabotage};
use personal_data::{Actor, Db, Error, Idempotency, person_state};
use prost::Message;
use uuid::Uuid;

use super::{Exceptions, Ties, named::Named, principal::Principal};
use crate::{stack::StackParts, token::Claims};

/// Who calls, checked against the method's rule. Clones are the same caller.
#[derive(Clone)]
pub struct Caller(Arc<Inner>);

struct Inner {
    rule: &'static MethodRule,
    principal: Principal,
    ties: Option<Arc<dyn Ties>>,
    exceptions: Option<Arc<dyn Exceptions>>,
    states: Option<Db>,
    named: Named,
}

impl Caller {
    /// Made by the stack alone: a caller is proof that the rule was kept.
    pub(crate) fn new(rule: &'static MethodRule, principal: Principal, parts: &StackParts) -> Self {
        let (ties, exceptions, states) = (parts.ties.clone(), parts.exceptions.clone(), parts.states.clone());
        Self(Arc::new(Inner { rule, principal, ties, exceptions, states, named: Named::default() }))
    }

    pub fn rule(&self) -> &'static MethodRule {
        self.0.rule
    }

    /// The signed-in person; refused where the method needs no session.
    pub fn person(&self) -> Result<PersonId, Refusal> {
        self.claims().map(|claims| claims.sub).ok_or_else(|| Refusal::unauthenticated("NOT_SIGNED_IN", "sign in and send the access token"))
    }

    pub fn session(&self) -> Option<Uuid> {
        self.claims().map(|claims| claims.sid)
    }

    /// The roles of the signed-in person; empty for everybody else.
    pub fn roles(&self) -> Vec<Role> {
        self.claims().map(Claims::roles).unwrap_or_default()
    }

    /// When the person last signed in with a credential.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        self.claims().map(Claims::signed_in_at)
    }

    /// The calling service, under `who: SERVICE`.
    pub fn service(&self) -> Option<&str> {
        match &self.0.principal {
            Principal::Service(peer) => Some(peer.name()),
            _ => None,
        }
    }

    /// Names the person whose data this call is about, before any of it is released. Staff whom nothing ties to that
    /// person are refused (`NO_TIE`), and so are staff where that person's state forbids it; a person who asks about somebody else
    /// learns only that there is no such thing.
    pub async fn acts_on(&self, person: PersonId) -> Result<(), Refusal> {
        self.check_own(person)?;
        self.check_tie(person).await?;
        self.check_state(person).await?;
        self.0.named.add(&[person]);
        Ok(())
    }

    /// Names everybody in the answer. All must be tied to the caller where the rule demands a tie.
    pub async fn acts_on_each(&self, persons: &[PersonId]) -> Result<(), Refusal> {
        for person in persons {
            self.check_tie(*person).await?;
        }
        self.0.named.add(persons);
        Ok(())
    }

    /// Says that this call is about nobody: there is no such person, or the list is empty.
    pub fn acts_on_nobody(&self) {
        self.0.named.add(&[]);
    }

    /// Says that whoever calls without a session has just proved to be this person, by their password: the access log names them.
    pub fn proved_to_be(&self, person: PersonId) {
        self.0.named.prove(person);
    }

    /// Whether this call about this person goes on by an exception, nothing else tying the caller to them.
    pub fn is_by_exception(&self, person: PersonId) -> bool {
        self.0.named.exception(person).is_some()
    }

    /// Says for what and of which category the caller asks, where the request itself says it: the access log then has that, and
    /// not what the method's rule says in general.
    pub fn asks_for(&self, purpose: Purpose, category: Category) {
        self.0.named.ask(purpose, category);
    }

    /// Says that this person's part of an answer is withheld, and why: a refusal in the access log, though the call goes well.
    pub fn is_refused(&self, person: PersonId, reason: &'static str) {
        self.0.named.withhold(person, reason);
    }

    /// The claim under which this call is answered once: this caller, this method, this key, this body. `body` is the request
    /// with its key left out or in, but always alike.
    pub fn idempotency(&self, key: &str, body: &impl Message) -> Result<Idempotency, Refusal> {
        if key.is_empty() || key.len() > 128 {
            return Err(Refusal::invalid(
                "INVALID_IDEMPOTENCY_KEY",
                "idempotency_key",
                "send 1 to 128 characters, new for each new request",
            ));
        }
        Ok(Idempotency::new(self.claims().map(|claims| claims.sub), &self.0.rule.path, key, &body.encode_to_vec()))
    }

    /// How the access log speaks of them.
    pub(crate) fn actor(&self) -> Actor {
        match (self.0.principal.actor(), self.0.named.proved()) {
            (Actor::Nobody, Some(id)) => Actor::Person { id, role: None },
            (actor, _) => actor,
        }
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.0.principal
    }

    pub(crate) fn named(&self) -> &Named {
        &self.0.named
    }

    fn claims(&self) -> Option<&Claims> {
        self.0.principal.claims()
    }

    /// Under `who: PERSON` a single person is always the caller: unknown and not-mine are the same NOT_FOUND.
    fn check_own(&self, person: PersonId) -> Result<(), Refusal> {
        if sabotage::breaks("P12") {
            return Ok(());
        }
        if self.0.rule.who != Who::Person || self.0.rule.person == Touches::Each || self.claims().is_some_and(|claims| claims.sub == person)
        {
            return Ok(());
        }
        self.0.named.refuse(person);
        Err(Refusal::not_found("NOT_FOUND", "there is no such thing, or it is not yours"))
    }

    /// Staff are told why they may not go on; whoever else calls is held back by what they read and write.
    async fn check_state(&self, person: PersonId) -> Result<(), Refusal> {
        let (Some(db), Principal::Staff(..)) = (&self.0.states, &self.0.principal) else { return Ok(()) };
        let permitted = match person_state::check(db, person, self.0.rule.purpose).await {
            // An erasure under way is before the privacy officer when its holders have done their part.
            Err(Error::Erased) if self.0.rule.purpose == Purpose::Rights && self.0.rule.tie == Some(Tie::HasRequest) => Ok(()),
            other => other,
        };
        permitted.map_err(|error| {
            let refusal = Refusal::from(error);
            // Whatever the answer's code, the log has that it was refused and why.
            self.0.named.withhold(person, refusal.reason);
            refusal
        })
    }

    async fn check_tie(&self, person: PersonId) -> Result<(), Refusal> {
        let (Some(tie), Principal::Staff(claims, _)) = (self.0.rule.tie, &self.0.principal) else { return Ok(()) };
        let tied = match &self.0.ties {
            Some(ties) => ties.ties(tie, claims.sub, person).await?,
            // A host does not start such a service; without an answer nobody is tied.
            None => false,
        };
        if tied || sabotage::breaks("P26") {
            return Ok(());
        }
        if let Some(kind) = self.exception(tie, claims.sub, person).await {
            self.0.named.except(person, kind);
            return Ok(());
        }
        self.0.named.refuse(person);
        Err(Refusal::denied("NO_TIE", "nothing ties you to this person: ask for them to be assigned to you"))
    }

    /// An exception stands in for a learner's or a ticket's tie; what an officer or administrator decides has no exception.
    async fn exception(&self, tie: Tie, staff: PersonId, person: PersonId) -> Option<&'static str> {
        match (&self.0.exceptions, tie) {
            (Some(exceptions), Tie::Teaches | Tie::HasTicket) => exceptions.holding(staff, person).await,
            _ => None,
        }
    }
}
