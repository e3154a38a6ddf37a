//! The cache of one process: a map and the order in which its values end.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use foundation::{Clock, Timestamp};

use crate::{Budget, CacheError, Condition, pseudonym, value};

/// Live values of a cache opened by address; about 50 MB when every one is a short key.
pub(crate) const CAPACITY: usize = 200_000;

pub(crate) struct Memory {
    clock: Clock,
    capacity: usize,
    state: Mutex<State>,
    /// Of pseudonyms; nobody else has it.
    secret: [u8; 32],
}

#[derive(Default)]
struct State {
    values: HashMap<Arc<str>, (Vec<u8>, Timestamp)>,
    endings: BTreeSet<(Timestamp, Arc<str>)>,
}

impl Memory {
    pub(crate) fn new(clock: Clock, capacity: usize) -> Self {
        Self { clock, capacity, state: Mutex::default(), secret: rand::random() }
    }

    pub(crate) fn set(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), CacheError> {
        let now = self.clock.now();
        self.live(now).put(key, value, now.plus(ttl), self.capacity)
    }

    pub(crate) fn set_if(&self, condition: Condition<'_>, key: &str, value: Vec<u8>, ttl: Duration) -> Result<bool, CacheError> {
        let now = self.clock.now();
        let mut state = self.live(now);
        if state.values.get(condition.key).map(|(value, _)| value.as_slice()) != condition.holds {
            return Ok(false);
        }
        state.put(key, value, now.plus(ttl), self.capacity).map(|()| true)
    }

    pub(crate) fn get_all(&self, keys: &[&str]) -> Vec<Option<Vec<u8>>> {
        let state = self.live(self.clock.now());
        keys.iter().map(|key| state.values.get(*key).map(|(value, _)| value.clone())).collect()
    }

    pub(crate) fn delete(&self, key: &str) {
        self.live(self.clock.now()).remove(key);
    }

    pub(crate) fn incr(&self, key: &str, ttl: Duration) -> Result<u64, CacheError> {
        let now = self.clock.now();
        let mut state = self.live(now);
        let (count, ends) = match state.values.get(key) {
            Some((value, ends)) => (value::count(value)?, *ends),
            None => (0, now.plus(ttl)),
        };
        let count = count + 1;
        state.put(key, count.to_string().into_bytes(), ends, self.capacity)?;
        Ok(count)
    }

    pub(crate) fn spend(&self, key: &str, budget: &Budget, ask: u32) -> Result<u32, CacheError> {
        let now = self.clock.now();
        let mut state = self.live(now);
        // The value ends when the budget is full again: an absent one is full.
        let full = state.values.get(key).map_or(now, |(_, ends)| *ends);
        let (granted, full) = budget.spend(now, full, ask);
        if granted > 0 {
            state.put(key, Vec::new(), full, self.capacity)?;
        }
        Ok(granted)
    }

    pub(crate) fn pseudonym(&self, of: &[u8]) -> String {
        pseudonym::of(&self.secret, of)
    }

    /// The state without what has ended. A panic elsewhere leaves the map whole, so a poisoned lock is taken.
    fn live(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.endings.first().is_some_and(|(ends, _)| *ends <= now) {
            if let Some((_, key)) = state.endings.pop_first() {
                state.values.remove(&key);
            }
        }
        state
    }
}

impl State {
    fn put(&mut self, key: &str, value: Vec<u8>, ends: Timestamp, capacity: usize) -> Result<(), CacheError> {
        if self.values.len() >= capacity && !self.values.contains_key(key) {
            return Err(CacheError::Full { capacity });
        }
        self.remove(key);
        let key: Arc<str> = key.into();
        self.endings.insert((ends, key.clone()));
        self.values.insert(key, (value, ends));
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        if let Some((key, (_, ends))) = self.values.remove_entry(key) {
            self.endings.remove(&(ends, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foundation::Mode;

    const MINUTE: Duration = Duration::from_secs(60);

    fn one(memory: &Memory, key: &str) -> Option<Vec<u8>> {
        memory.get_all(&[key]).pop().flatten()
    }

    fn memory(capacity: usize) -> (Memory, Clock) {
        let clock = Clock::system(Mode::Development);
        (Memory::new(clock.clone(), capacity), clock)
    }

    #[test]
    fn a_value_ends_with_its_time() {
        let (memory, clock) = memory(10);
        memory.set("a", b"1".to_vec(), MINUTE).unwrap();
        assert_eq!(one(&memory, "a"), Some(b"1".to_vec()));
        clock.advance(MINUTE);
        assert_eq!(one(&memory, "a"), None);
        assert!(memory.live(clock.now()).endings.is_empty());
    }

    #[test]
    fn a_count_is_not_prolonged_by_counting() {
        let (memory, clock) = memory(10);
        assert_eq!(memory.incr("n", MINUTE), Ok(1));
        clock.advance(MINUTE / 2);
        assert_eq!(memory.incr("n", MINUTE), Ok(2));
        clock.advance(MINUTE / 2);
        assert_eq!(memory.incr("n", MINUTE), Ok(1));
        memory.set("text", b"x".to_vec(), MINUTE).unwrap();
        assert_eq!(memory.incr("text", MINUTE), Err(CacheError::NotACounter));
    }

    #[test]
    fn a_full_cache_refuses_and_keeps_what_it_holds() {
        let (memory, clock) = memory(2);
        memory.set("a", vec![], MINUTE).unwrap();
        memory.set("b", vec![], MINUTE * 2).unwrap();
        assert_eq!(memory.set("c", vec![], MINUTE), Err(CacheError::Full { capacity: 2 }));
        assert_eq!(memory.set("b", b"again".to_vec(), MINUTE * 2), Ok(()));
        clock.advance(MINUTE);
        assert_eq!(memory.set("c", vec![], MINUTE), Ok(()));
        memory.delete("c");
        assert_eq!(one(&memory, "c"), None);
    }
}
