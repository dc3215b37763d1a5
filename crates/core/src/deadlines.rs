//! A hashed timing wheel: one entry for each connection, instead of a timer.

use lamplight_model::Moment;

/// Wakes keys at their deadlines, at most one tick late and never early.
///
/// There is no cancel: a key that is woken checks its real deadline, and schedules itself again if that has moved. So a
/// heartbeat costs one memory write.
#[derive(Debug)]
pub struct DeadlineWheel<K> {
    tick_ms: u64,
    /// Every tick up to here, inclusive, has been looked at.
    turned_to: u64,
    slots: Vec<Vec<(Moment, K)>>,
}

impl<K: Copy> DeadlineWheel<K> {
    const SLOTS: u64 = 512;

    /// A wheel that turns once every `tick_ms` milliseconds, which is also how late it may be.
    pub fn new(tick_ms: u64, now: Moment) -> Self {
        let tick_ms = tick_ms.max(1);
        let slots = (0..Self::SLOTS).map(|_| Vec::new()).collect();
        Self { tick_ms, turned_to: now.0 / tick_ms, slots }
    }

    /// Wakes `key` at `at`. A deadline that has passed is woken at the next tick.
    pub fn schedule(&mut self, key: K, at: Moment) {
        let tick = at.0.div_ceil(self.tick_ms).max(self.turned_to + 1);
        self.slots[(tick % Self::SLOTS) as usize].push((at, key));
    }

    /// Turns to `now` and hands over what was due, in the order of the ticks as long as it is turned more often
    /// than once in 512 of them.
    pub fn advance(&mut self, now: Moment, due: &mut Vec<K>) {
        let target = now.0 / self.tick_ms;
        let steps = target.saturating_sub(self.turned_to).min(Self::SLOTS);
        for step in 1..=steps {
            let slot = &mut self.slots[((target - steps + step) % Self::SLOTS) as usize];
            let mut index = 0;
            while index < slot.len() {
                if slot[index].0 <= now {
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

    /// When the wheel turns next.
    pub fn next_tick(&self) -> Moment {
        Moment((self.turned_to + 1) * self.tick_ms)
    }
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
        // More than one turn of the wheel away: the slot is passed without waking it.
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
