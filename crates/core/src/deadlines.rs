//! A hashed timing wheel, which stores one entry for each connection instead of a timer.

use lamplight_model::Moment;

/// A timing wheel: returns each key at its deadline, never early and at most one tick late.
///
/// An entry cannot be cancelled. The caller checks the real deadline of a returned key, and schedules the key again if
/// the deadline has moved. A heartbeat therefore costs one write to memory.
#[derive(Debug)]
pub struct DeadlineWheel<K> {
    tick_ms: u64,
    /// The last tick that was processed.
    turned_to: u64,
    /// The keys with their ticks.
    slots: Vec<Vec<(u32, K)>>,
}

impl<K: Copy> DeadlineWheel<K> {
    const SLOTS: u64 = 512;

    /// Creates a wheel with a tick of `tick_ms` milliseconds.
    pub fn new(tick_ms: u64, now: Moment) -> Self {
        let tick_ms = tick_ms.max(1);
        let slots = (0..Self::SLOTS).map(|_| Vec::new()).collect();
        Self { tick_ms, turned_to: now.0 / tick_ms, slots }
    }

    /// Schedules `key` for the moment `at`. If `at` has passed, the key is returned at the next tick.
    pub fn schedule(&mut self, key: K, at: Moment) {
        let tick = at.0.div_ceil(self.tick_ms).max(self.turned_to + 1);
        self.slots[(tick % Self::SLOTS) as usize].push((short(tick), key));
    }

    /// Advances the wheel to `now`. Appends to `due` the keys with a deadline that has passed. The keys are in the
    /// order of their ticks, if the wheel is advanced at least every 512 ticks.
    pub fn advance(&mut self, now: Moment, due: &mut Vec<K>) {
        let target = now.0 / self.tick_ms;
        let steps = target.saturating_sub(self.turned_to).min(Self::SLOTS);
        for step in 1..=steps {
            let slot = &mut self.slots[((target - steps + step) % Self::SLOTS) as usize];
            let mut index = 0;
            while index < slot.len() {
                if slot[index].0 <= short(target) {
                    due.push(slot.swap_remove(index).1);
                } else {
                    index += 1;
                }
            }
            if slot.is_empty() && slot.capacity() > 64 {
                *slot = Vec::new();
            }
        }
        self.turned_to = self.turned_to.max(target);
    }

    /// The moment of the next tick.
    pub fn next_tick(&self) -> Moment {
        Moment((self.turned_to + 1) * self.tick_ms)
    }
}

/// A tick in four bytes, which is enough for 34 years if a tick has 250 ms. A later tick becomes the last possible one.
fn short(tick: u64) -> u32 {
    u32::try_from(tick).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(wheel: &mut DeadlineWheel<u32>, now: u64) -> Vec<u32> {
        let mut keys = Vec::new();
        wheel.advance(Moment(now), &mut keys);
        keys.sort_unstable();
        keys
    }

    #[test]
    fn keys_wake_at_most_one_tick_late_and_never_early() {
        let mut wheel = DeadlineWheel::new(100, Moment(1_000));
        for (key, at) in [(1, 1_050), (2, 1_100), (3, 1_101), (4, 900), (5, 500_000)] {
            wheel.schedule(key, Moment(at));
        }
        assert_eq!(due(&mut wheel, 1_099), [] as [u32; 0]);
        assert_eq!(due(&mut wheel, 1_100), [1, 2, 4]);
        assert_eq!(due(&mut wheel, 1_199), [] as [u32; 0]);
        assert_eq!(due(&mut wheel, 1_200), [3]);
        // The deadline is more than one turn of the wheel away, so the wheel passes the slot without returning the key.
        for now in (1_300..499_000).step_by(10_000) {
            assert_eq!(due(&mut wheel, now), [] as [u32; 0]);
        }
        assert_eq!(due(&mut wheel, 499_999), [] as [u32; 0]);
        assert_eq!(due(&mut wheel, 500_000), [5]);
    }

    #[test]
    fn a_clock_that_leaps_wakes_everybody_once() {
        let mut wheel = DeadlineWheel::new(100, Moment(0));
        (0..1_000).for_each(|key| wheel.schedule(key, Moment(u64::from(key) * 77)));
        assert_eq!(due(&mut wheel, 10_000_000).len(), 1_000);
        assert_eq!(due(&mut wheel, 20_000_000).len(), 0);
    }
}
