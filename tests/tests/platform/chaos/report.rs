//! What a run was, in lines.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use crate::{
    agree::Agreement,
    ask::Asker,
    faults::Happened,
    kept::Tally,
    plan::Kind as Fault,
    record::{Kind, Life},
};

/// Everything that a run found.
pub struct Run {
    pub happened: Vec<Happened>,
    pub fallen: BTreeMap<&'static str, usize>,
    pub lives: Vec<Life>,
    pub tally: Tally,
    pub agreement: Agreement,
    /// Mails that left, that left again, and for which nothing accounts.
    pub mails: (usize, usize, Vec<String>),
    pub copied: usize,
    /// By name, how often a process raised it.
    pub alarms: BTreeMap<String, usize>,
    /// Of the run itself: what could not be done or looked at.
    pub broken: Vec<String>,
}

impl Run {
    pub fn wrong(&self) -> Vec<&String> {
        self.broken.iter().chain(&self.tally.wrong).chain(&self.agreement.wrong).chain(&self.mails.2).collect()
    }

    pub fn print(&self, asker: &Asker) {
        println!("\nfaults injected: {}", self.happened.len());
        for kind in Fault::ALL {
            let these: Vec<_> = self.happened.iter().filter(|one| one.fault.kind == kind).collect();
            let mut targets: BTreeMap<&str, usize> = BTreeMap::new();
            these.iter().filter(|one| !one.fault.target.is_empty()).for_each(|one| *targets.entry(one.fault.target).or_default() += 1);
            let named: Vec<String> = targets.into_iter().map(|(target, count)| format!("{target} {count}")).collect();
            println!("  {:<20} {:>4}  {}", kind.name(), these.len(), named.join(", "));
        }
        let with = self.happened.iter().filter(|one| one.fault.with.is_some()).count();
        println!("  {:<20} {with:>4}  in the middle of another fault", "killed besides");
        for (name, count) in &self.fallen {
            println!("  {name} ended by itself {count} times, and was started again");
        }

        println!("\n{:<20} {:>12} {:>8} {:>6} {:>8}", "writes", "acknowledged", "unknown", "lost", "doubled");
        let mut sums = [0; 4];
        for kind in Kind::ALL {
            let counts = self.tally.counts.get(&kind).copied().unwrap_or_default();
            println!("  {:<18} {:>12} {:>8} {:>6} {:>8}", kind.name(), counts[0], counts[1], counts[2], counts[3]);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        println!("  {:<18} {:>12} {:>8} {:>6} {:>8}", "all", sums[0], sums[1], sums[2], sums[3]);

        let counted = asker.counted();
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        println!("\nlearners            {:>8}", self.lives.len());
        println!(
            "calls answered      {:>8}, made again because nobody could {}, because something was wrong inside {}",
            count(&counted.answered),
            count(&counted.again),
            count(&counted.inside)
        );
        println!(
            "events              {:>8}, effects {}, sent once more {}, set aside {}",
            self.agreement.events, self.agreement.effects, self.copied, self.agreement.parked
        );
        println!("paid orders         {:>8}, each exactly one enrolment", self.agreement.paid);
        println!("mails               {:>8}, left again {}", self.mails.0, self.mails.1);
        let alarms: Vec<String> = self.alarms.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!("alarms              {:>8}  {}", self.alarms.values().sum::<usize>(), alarms.join(", "));
    }
}
