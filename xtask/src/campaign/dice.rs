//! Chance by a seed, so that a campaign can be repeated.

/// A seeded sequence (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Below `bound`, which is above zero.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// From `least` up to and without `bound`.
    pub(crate) fn between(&mut self, least: u64, bound: u64) -> u64 {
        least + self.below(bound - least)
    }

    pub(crate) fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let bound = u64::try_from(of.len()).unwrap_or(u64::MAX);
        &of[usize::try_from(self.below(bound)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_seed_falls_the_same_way_and_within_its_bounds() {
        let fall = |seed| {
            let mut dice = Dice::of(seed);
            (0..1000).map(|_| dice.between(5, 25)).collect::<Vec<u64>>()
        };
        assert_eq!(fall(1), fall(1));
        assert_ne!(fall(1), fall(2));
        assert!((5..25).all(|side| fall(1).contains(&side)));
        assert!(fall(1).iter().all(|side| (5..25).contains(side)));
    }
}
