//! What may be shown of a count: nothing of a small one, and of any other a number with noise.

use rand::{Rng, RngExt};

/// The fewest learners that a visible cell has, before and after its noise.
pub const SMALLEST: usize = 10;

/// Where the classes of minutes in a lesson start.
pub const CLASSES: [u32; 5] = [0, 5, 10, 20, 40];

/// How much one learner may change what is shown of a cell (differential privacy's ε): each counts at most once in a cell, so a shown
/// number is at most e^0.5 ≈ 1.65 times as likely with them as without them. Its noise has a standard deviation of 2.8. A completed
/// lesson whose time is told is in four cells (topic and time, day and week): 2 altogether.
pub const EPSILON: f64 = 0.5;

/// The number to show of an exact count; none where it is to be hidden. To be called once for each cell: the mean of several noises
/// would tell the count.
pub fn shown<R: Rng>(count: i64, rng: &mut R) -> Option<i64> {
    let smallest = if foundation::sabotage::breaks("P09") { 1 } else { SMALLEST as i64 };
    if count < smallest {
        return None;
    }
    Some(count + noise(EPSILON, rng)).filter(|shown| *shown >= smallest)
}

/// Two-sided geometric noise, the discrete Laplace distribution: P(k) = (1 − q) / (1 + q) · q^|k| with q = e^(−ε).
/// Ghosh, Roughgarden, Sundararajan: Universally utility-maximizing privacy mechanisms, 2009.
fn noise<R: Rng>(epsilon: f64, rng: &mut R) -> i64 {
    let q = (-epsilon).exp();
    geometric(q, rng) - geometric(q, rng)
}

/// How often something of probability `q` happens in a row. Counted out: no logarithm, whose rounding would show in the noise.
fn geometric<R: Rng>(q: f64, rng: &mut R) -> i64 {
    let mut times = 0;
    while rng.random_bool(q) {
        times += 1;
    }
    times
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    proptest! {
        #[test]
        fn no_count_and_no_number_below_ten_is_ever_shown(count in 0_i64..200, seed: u64) {
            let shown = shown(count, &mut StdRng::seed_from_u64(seed));
            prop_assert!(count >= 10 || shown.is_none());
            prop_assert!(shown.is_none_or(|shown| shown >= 10));
        }
    }

    #[test]
    fn the_noise_is_the_one_that_is_documented() {
        const DRAWS: i32 = 200_000;
        let mut rng = StdRng::seed_from_u64(7);
        let noises: Vec<i64> = (0..DRAWS).map(|_| noise(EPSILON, &mut rng)).collect();
        let q = (-EPSILON).exp();
        for k in -4_i64..=4 {
            let share = noises.iter().filter(|noise| **noise == k).count() as f64 / f64::from(DRAWS);
            let expected = (1.0 - q) / (1.0 + q) * q.powi(k.unsigned_abs() as i32);
            assert!((share - expected).abs() < 0.005, "{k}: {share} for {expected}");
        }
        let variance = noises.iter().map(|noise| (noise * noise) as f64).sum::<f64>() / f64::from(DRAWS);
        assert!((variance.sqrt() - 2.8).abs() < 0.05, "{variance}");
    }
}
