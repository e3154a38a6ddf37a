//! The cache of one process: a map and the order in which its values end.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use foundation::{Clock, Timestamp};

use crate::CacheError;

/// Live values of a cache opened by address; about 50 MB when every one is a short key.
pub(crate) const CAPACITY: usize = 200_000;

pub(crate) struct Memory {
    clock: Clock,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    values: HashMap<Arc<str>, (Vec<u8>, Timestamp)>,
    endings: BTreeSet<(Timestamp, Arc<str>)>,
}

impl Memory {
    pub(crate) fn new(clock: Clock, capacity: usize) -> Self {
        Self { clock, capacity, state: Mutex::default() }
    }

    pub(crate) fn set(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), CacheError> {
        let now = self.clock.now();
        self.live(now).put(key, value, now.plus(ttl), self.capacity)
    }

    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.live(self.clock.now()).values.get(key).map(|(value, _)| value.clone())
    }

    pub(crate) fn delete(&self, key: &str) {
        self.live(self.clock.now()).remove(key);
    }

    pub(crate) fn incr(&self, key: &str, ttl: Duration) -> Result<u64, CacheError> {
        let now = self.clock.now();
        let mut state = self.live(now);
        // Decimal text, as Redis keeps its counters.
        let (count, ends) = match state.values.get(key) {
            Some((value, ends)) => {
                let text = std::str::from_utf8(value).map_err(|_| CacheError::NotACounter)?;
                (text.parse::<u64>().map_err(|_| CacheError::NotACounter)?, *ends)
            }
            None => (0, now.plus(ttl)),
        };
        let count = count.saturating_add(1);
        state.put(key, count.to_string().into_bytes(), ends, self.capacity)?;
        Ok(count)
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
        self.remove(key);
        if self.values.len() >= capacity {
            return Err(CacheError::Full { capacity });
        }
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

    fn memory(capacity: usize) -> (Memory, Clock) {
        let clock = Clock::system(Mode::Development);
        (Memory::new(clock.clone(), capacity), clock)
    }

    #[test]
    fn a_value_ends_with_its_time() {
        let (memory, clock) = memory(10);
        memory.set("a", b"1".to_vec(), MINUTE).unwrap();
        assert_eq!(memory.get("a"), Some(b"1".to_vec()));
        clock.advance(MINUTE);
        assert_eq!(memory.get("a"), None);
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
        assert_eq!(memory.get("c"), None);
    }
}
