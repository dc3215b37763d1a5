//! The order of the log batches of one partition. This module uses the numbers of batches, but not their content.

use std::collections::BTreeMap;

/// The maximum number of batches that wait for a missing batch. If this many wait, the missing batch is given up.
/// Before the first call of [`compare`](Sequence::compare), it is not known which batches are missing; the waiting
/// batch with the lowest number is then given up.
pub(crate) const MAX_WAITING: usize = 4096;

/// Puts batches in ascending order of their numbers, and delivers each batch once.
pub(crate) struct Sequence<T> {
    /// The number of the batch up to which batches were delivered or given up; `None` before the first call of
    /// [`compare`](Self::compare).
    heard: Option<u64>,
    waiting: BTreeMap<u64, T>,
    /// The highest number that the store is known to have assigned.
    known: u64,
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        Self { heard: None, waiting: BTreeMap::new(), known: 0 }
    }
}

impl<T> Sequence<T> {
    /// Adds a batch. Returns the batches that can now be delivered.
    pub(crate) fn offer(&mut self, number: u64, batch: T) -> Vec<T> {
        self.known = self.known.max(number);
        if self.is_heard(number) {
            return Vec::new();
        }
        self.waiting.insert(number, batch);
        // If the batch that is dropped is needed, it counts as missing after the first comparison.
        if self.heard.is_none() && self.waiting.len() > MAX_WAITING {
            self.waiting.pop_first();
        }
        self.next()
    }

    /// Whether a batch was delivered or given up, so that another copy of it does not matter.
    pub(crate) fn is_heard(&self, number: u64) -> bool {
        self.heard.is_some_and(|heard| number <= heard)
    }

    /// If a batch is the next one and no batch waits behind it, counts it as delivered without delivering it, and
    /// returns `true`. Otherwise returns `false`; the caller then [offers](Self::offer) an empty batch.
    pub(crate) fn pass_over(&mut self, number: u64) -> bool {
        let Some(heard) = self.heard.as_mut().filter(|heard| **heard + 1 == number) else { return false };
        if !self.waiting.is_empty() {
            return false;
        }
        *heard = number;
        self.known = self.known.max(number);
        true
    }

    /// Notes `number`, the highest number that the store has assigned. Returns the batches that can now be delivered.
    /// Batches up to the number of the first call do not count as missing.
    pub(crate) fn compare(&mut self, number: u64) -> Vec<T> {
        self.known = self.known.max(number);
        match self.heard {
            Some(_) => Vec::new(),
            None => self.skip_to(number),
        }
    }

    /// The first and the last number of the first gap; `None` if there is no gap.
    pub(crate) fn gap(&self) -> Option<(u64, u64)> {
        let heard = self.heard?;
        let last = self.waiting.first_key_value().map_or(self.known, |(number, _)| number - 1);
        (last > heard).then_some((heard + 1, last))
    }

    /// The number of batches that wait for a missing batch.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether [`MAX_WAITING`] batches wait.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING
    }

    /// Gives up all batches up to and including this number, also those that wait. Returns the waiting batches after it
    /// that can now be delivered.
    pub(crate) fn skip_to(&mut self, number: u64) -> Vec<T> {
        let heard = self.heard.unwrap_or_default().max(number);
        self.heard = Some(heard);
        self.known = self.known.max(heard);
        self.waiting.retain(|number, _| *number > heard);
        self.next()
    }

    /// Removes and returns the waiting batches with lower numbers than `first`, in their order. The epoch that begins
    /// with `first` has ended the epoch of these batches, so nothing will fill the gap before them.
    pub(crate) fn end_epoch(&mut self, first: u64) -> Vec<T> {
        let later = self.waiting.split_off(&first);
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }

    /// Continues after the batch `number` of another epoch, whose numbers may be lower than those before. Removes and
    /// returns the waiting batches, which are of the former epoch.
    pub(crate) fn begin_again(&mut self, number: u64) -> Vec<T> {
        self.heard = Some(number);
        self.known = number;
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    fn next(&mut self) -> Vec<T> {
        let Some(heard) = &mut self.heard else { return Vec::new() };
        let mut next = Vec::new();
        while let Some(batch) = self.waiting.remove(&(*heard + 1)) {
            *heard += 1;
            next.push(batch);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script and returns the delivered batches and the last gap. The steps are offers `5`, comparisons `=5`,
    /// skips `>5`, ends of epochs `!5`, epochs that begin again `<5`, and batches `-5` that are passed over. A batch that
    /// cannot be passed over is offered as 0.
    fn play(script: &str) -> (Vec<u64>, Option<(u64, u64)>) {
        let (mut sequence, mut heard) = (Sequence::<u64>::default(), Vec::new());
        for step in script.split_whitespace() {
            heard.extend(match step.split_at(1) {
                ("=", number) => sequence.compare(number.parse().unwrap()),
                (">", number) => sequence.skip_to(number.parse().unwrap()),
                ("!", number) => sequence.end_epoch(number.parse().unwrap()),
                ("<", number) => sequence.begin_again(number.parse().unwrap()),
                ("-", number) => match sequence.pass_over(number.parse().unwrap()) {
                    true => Vec::new(),
                    false => sequence.offer(number.parse().unwrap(), 0),
                },
                _ => sequence.offer(step.parse().unwrap(), step.parse().unwrap()),
            });
        }
        (heard, sequence.gap())
    }

    #[test]
    fn batches_are_delivered_in_order_and_once() {
        for (script, heard, gap) in [
            ("=0 1 2 3", vec![1, 2, 3], None),
            ("=8 9 11 <5 6 7", vec![9, 11, 6, 7], None),
            ("=0 1 1 2 1 2", vec![1, 2], None),
            ("=0 1 3", vec![1], Some((2, 2))),
            ("=0 1 4 3 2", vec![1, 2, 3, 4], None),
            ("=0 5 7", vec![], Some((1, 4))),
            ("=0 5 7 >4", vec![5], Some((6, 6))),
            ("=0 5 7 >6", vec![7], None),
            ("=0 1 >1 2", vec![1, 2], None),
        ] {
            assert_eq!(play(script), (heard, gap), "{script}");
        }
    }

    #[test]
    fn a_batch_that_is_passed_over_has_its_place_in_the_order() {
        for (script, heard, gap) in [
            ("=0 -1 -2 3", vec![3], None),
            ("=0 -1 3", vec![], Some((2, 2))),
            ("=0 1 -1 -1 2", vec![1, 2], None),
            ("=0 -1 1 -1 2", vec![2], None),
            ("=0 -3 1 2 4", vec![1, 2, 0, 4], None),
            ("=0 2 -1", vec![0, 2], None),
            ("=0 3 -1", vec![0], Some((2, 2))),
            ("=0 3 -1 -2 -4", vec![0, 0, 3], None),
            ("-1 =0 2", vec![0, 2], None),
            ("=5 -6 =8", vec![], Some((7, 8))),
            ("=5 >8 -9", vec![], None),
        ] {
            assert_eq!(play(script), (heard, gap), "{script}");
        }
    }

    #[test]
    fn what_has_waited_for_a_missing_batch_is_delivered_at_the_end_of_the_epoch() {
        for (script, heard, gap) in [
            ("=0 1 4 3 !1000 >1000 2 1001", vec![1, 3, 4, 1001], None),
            ("=0 1 3 1001 1003 !1000 >1000", vec![1, 3, 1001], Some((1002, 1002))),
            ("=0 1 3 1001 !1000 >1001", vec![1, 3], None),
            ("=0 1 !1000 >1000 1002", vec![1], Some((1001, 1001))),
        ] {
            assert_eq!(play(script), (heard, gap), "{script}");
        }
    }

    #[test]
    fn batches_before_the_first_comparison_wait_for_it() {
        assert_eq!(play("7 8 9"), (vec![], None));
        assert_eq!(play("7 9 =7"), (vec![], Some((8, 8))));
        assert_eq!(play("7 8 9 =7"), (vec![8, 9], None));
    }

    #[test]
    fn before_the_first_comparison_only_the_last_batches_wait() {
        let most = MAX_WAITING as u64;
        for first in [false, true] {
            let mut sequence = Sequence::default();
            let mut numbers: Vec<u64> = (1..=most + 3).collect();
            if first {
                numbers.reverse();
            }
            for number in &numbers {
                assert!(sequence.offer(*number, *number).is_empty());
                assert!(sequence.waiting() <= MAX_WAITING);
            }
            // What is dropped counts as missing, if the reader needs it.
            assert!(sequence.compare(1).is_empty());
            assert_eq!(sequence.gap(), Some((2, 3)));
            assert_eq!(sequence.offer(2, 2), vec![2]);
            assert_eq!(sequence.offer(3, 3).len(), MAX_WAITING + 1);
        }
    }

    #[test]
    fn a_comparison_shows_that_the_last_batch_was_lost() {
        assert_eq!(play("=5 6 =6"), (vec![6], None));
        assert_eq!(play("=5 6 =8"), (vec![6], Some((7, 8))));
        assert_eq!(play("=5 6 =8 7 8"), (vec![6, 7, 8], None));
        assert_eq!(play("=5 6 =8 >8 9"), (vec![6, 9], None));
    }
}
