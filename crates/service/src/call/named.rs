//! Whom a use case has named while it ran: what the naming check and the access log go by.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use foundation::PersonId;

/// Shared by all clones of a caller.
#[derive(Debug, Default)]
pub(crate) struct Named(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    said: bool,
    persons: BTreeSet<PersonId>,
    refused: BTreeSet<PersonId>,
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
