//! Sessions whose reading of their own data is in the log already: one entry per session and service.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

/// The oldest is forgotten first, and then recorded once more: no entry is ever lost by it.
const MOST: usize = 50_000;

pub(super) type Key = (Uuid, &'static str);

#[derive(Default)]
pub(super) struct Seen(Mutex<State>);

#[derive(Default)]
struct State {
    set: HashSet<Key>,
    order: VecDeque<Key>,
}

impl Seen {
    pub(super) fn contains(&self, key: Key) -> bool {
        self.state().set.contains(&key)
    }

    /// Call it once the entry is durable.
    pub(super) fn add(&self, key: Key) {
        let mut state = self.state();
        if !state.set.insert(key) {
            return;
        }
        state.order.push_back(key);
        if state.order.len() > MOST
            && let Some(oldest) = state.order.pop_front()
        {
            state.set.remove(&oldest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
