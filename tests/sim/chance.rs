//! Everything random in the simulated world comes from here, and so from the seed.

pub struct Chance(fastrand::Rng);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True once in `n`.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.0.u64(0..n) == 0
    }

    /// A number from `from` up to and without `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0.u64(from..to)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.0.usize(0..from.len())) }
    }
}
