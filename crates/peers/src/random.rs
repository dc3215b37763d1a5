//! Random numbers for the choice of users: fast, and the same in every run.

/// A generator of the kind xorshift64*.
pub struct Random(u64);

impl Random {
    /// Creates a generator. Different seeds give different sequences, except that 0 gives the sequence of 1.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// Returns a number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        ((high * u64::from(bound)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_below_the_bound_are_about_equally_frequent() {
        let mut random = Random::new(7);
        let mut counts = [0_u32; 50];
        for _ in 0..50_000 {
            counts[random.below(50) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}
