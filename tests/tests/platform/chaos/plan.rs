//! What goes wrong when: a pure function of the seed. The same seed is the same plan, however long it is followed.

use std::{fmt, time::Duration};

/// Whoever has a process of their own.
pub const SERVICES: [&str; 7] = ["privacy", "identity", "learning", "payment", "communication", "analytics", "gateway"];
/// Whoever has a database; the keyring lives in the process of privacy.
pub const DATABASES: [&str; 7] = ["keyring", "privacy", "identity", "learning", "payment", "communication", "analytics"];
const ENGINES: [&str; 3] = ["nats", "redis", "postgres"];
/// Of the engines only these are one process: a server that is stopped with its children running is not stopped.
const STOPPABLE: [&str; 2] = ["nats", "redis"];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `kill -9`, and started again after a while.
    Kill,
    /// The process stands still for a while (SIGSTOP), and goes on as if nothing had been.
    Stall,
    /// PostgreSQL ends every connection of the service's role, in one moment.
    Cut,
    /// A reaction hears nothing for a while, and then all of it.
    Delay,
    /// The same, and what waited comes in the opposite order.
    Reorder,
    /// Events of long ago and of just now are on the stream once more, under other message ids.
    Duplicate,
    /// The stream is full: nothing can be published.
    Fill,
    /// The certificate of a service is over, and renewed after a while.
    Expire,
    /// Messages that are no events, or not from whom they say.
    Poison,
}

impl Kind {
    pub const ALL: [Self; 9] =
        [Self::Kill, Self::Stall, Self::Cut, Self::Delay, Self::Reorder, Self::Duplicate, Self::Fill, Self::Expire, Self::Poison];

    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stall => "stall",
            Self::Cut => "cut connections",
            Self::Delay => "delay events",
            Self::Reorder => "reorder events",
            Self::Duplicate => "duplicate events",
            Self::Fill => "fill the bus",
            Self::Expire => "expire certificate",
            Self::Poison => "poison",
        }
    }
}

/// One fault, as it is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: Kind,
    /// A process, a service, or nothing where the bus itself is meant.
    pub target: &'static str,
    /// After the fault before it was healed.
    pub after: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// Chooses what is only known when it comes to it: which consumer, which events.
    pub choice: u64,
    /// Goes wrong at the same time.
    pub with: Option<&'static str>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.name())?;
        if !self.target.is_empty() {
            write!(f, " {}", self.target)?;
        }
        if let Some(with) = self.with {
            write!(f, " and kill {with}")?;
        }
        write!(f, " (after {} ms, for {} ms)", self.after.as_millis(), self.lasts.as_millis())
    }
}

/// The faults of a seed, without an end. First each kind once, then everybody in turn, shuffled anew each time.
pub struct Plan {
    random: Random,
    deck: Vec<(Kind, &'static str)>,
    begun: bool,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        Self { random: Random(seed), deck: Vec::new(), begun: false }
    }

    fn shuffled(&mut self) -> Vec<(Kind, &'static str)> {
        let mut deck: Vec<(Kind, &'static str)> = if self.begun {
            let killed = SERVICES.iter().chain(&ENGINES).map(|target| (Kind::Kill, *target));
            let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Kill).flat_map(|kind| [kind, kind]);
            killed.chain(others.map(|kind| (kind, self.random.target(kind)))).collect()
        } else {
            Kind::ALL.into_iter().map(|kind| (kind, self.random.target(kind))).collect()
        };
        self.begun = true;
        for at in (1..deck.len()).rev() {
            let with = self.random.below(at + 1);
            deck.swap(at, with);
        }
        deck
    }
}

impl Iterator for Plan {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        if self.deck.is_empty() {
            self.deck = self.shuffled();
        }
        let (kind, target) = self.deck.pop()?;
        let after = self.random.millis(300, 2_500);
        let lasts = match kind {
            // Over before anybody could wait for it.
            Kind::Duplicate | Kind::Poison | Kind::Cut => Duration::ZERO,
            Kind::Kill => self.random.millis(50, 4_000),
            _ => self.random.millis(1_500, 7_000),
        };
        let choice = self.random.number();
        let pair = self.random.below(4) == 0 && matches!(kind, Kind::Kill | Kind::Cut | Kind::Stall | Kind::Delay | Kind::Reorder);
        let other = self.random.of(&SERVICES);
        Some(Fault { kind, target, after, lasts, choice, with: Some(other).filter(|other| pair && *other != target) })
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % bound).unwrap_or_default()
    }

    pub fn of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())]
    }

    fn millis(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis((from + self.below(to - from)) as u64)
    }

    fn target(&mut self, kind: Kind) -> &'static str {
        match kind {
            Kind::Kill => {
                let all: Vec<_> = SERVICES.into_iter().chain(ENGINES).collect();
                self.of(&all)
            }
            Kind::Stall => {
                let all: Vec<_> = SERVICES.into_iter().chain(STOPPABLE).collect();
                self.of(&all)
            }
            Kind::Cut => self.of(&DATABASES),
            Kind::Expire => {
                let all: Vec<_> = DATABASES.into_iter().chain(["gateway"]).collect();
                self.of(&all)
            }
            Kind::Delay | Kind::Reorder | Kind::Duplicate | Kind::Fill | Kind::Poison => "",
        }
    }
}
