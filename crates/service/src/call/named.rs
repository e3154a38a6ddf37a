//! Whom a use case has named while it ran: what the naming check and the access log go by.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use contract::{Category, Purpose};
use foundation::PersonId;

/// Shared by all clones of a caller.
#[derive(Debug, Default)]
pub(crate) struct Named(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: bool,
    persons: BTreeSet<PersonId>,
    refused: BTreeSet<PersonId>,
    proved: Option<PersonId>,
    excepted: BTreeMap<PersonId, &'static str>,
    withheld: BTreeMap<PersonId, &'static str>,
    asked: Option<(Purpose, Category)>,
}

impl Named {
    pub(crate) fn add(&self, persons: &[PersonId]) {
        let mut state = self.state();
        state.said = true;
        state.persons.extend(persons);
    }

    /// The person was asked for and refused: named in the log, not in the answer.
    pub(crate) fn refuse(&self, person: PersonId) {
        self.state().refused.insert(person);
    }

    /// The caller has no session and has proved to be this person all the same.
    pub(crate) fn prove(&self, person: PersonId) {
        self.state().proved = Some(person);
    }

    pub(crate) fn proved(&self) -> Option<PersonId> {
        self.state().proved
    }

    /// The caller is let in to this person by an exception of this kind.
    pub(crate) fn except(&self, person: PersonId, kind: &'static str) {
        self.state().excepted.insert(person, kind);
    }

    pub(crate) fn exception(&self, person: PersonId) -> Option<&'static str> {
        self.state().excepted.get(&person).copied()
    }

    /// This person's part of the answer is withheld.
    pub(crate) fn withhold(&self, person: PersonId, reason: &'static str) {
        self.state().withheld.insert(person, reason);
    }

    pub(crate) fn withheld(&self) -> Vec<(PersonId, &'static str)> {
        self.state().withheld.iter().map(|(person, reason)| (*person, *reason)).collect()
    }

    /// For what, and of which category, the request asks.
    pub(crate) fn ask(&self, purpose: Purpose, category: Category) {
        self.state().asked = Some((purpose, category));
    }

    pub(crate) fn asked(&self) -> Option<(Purpose, Category)> {
        self.state().asked
    }

    /// Whether the use case has said whose data this is, be it nobody's.
    pub(crate) fn was_said(&self) -> bool {
        self.state().said
    }

    pub(crate) fn persons(&self) -> Vec<PersonId> {
        self.state().persons.iter().copied().collect()
    }

    /// Everybody who was asked for, granted or not.
    pub(crate) fn asked_for(&self) -> Vec<PersonId> {
        let state = self.state();
        state.persons.union(&state.refused).copied().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
