//! The map from a watcher to the slot of its connection.

use lamplight_core::WatcherKey;
use std::cell::RefCell;

/// The connection slots of a worker, indexed by the slots of the watchers.
#[derive(Default)]
pub struct WatcherSlots(RefCell<Vec<u32>>);

impl WatcherSlots {
    /// Records the connection slot of a watcher.
    pub fn set(&self, watcher: WatcherKey, slot: usize) {
        let mut slots = self.0.borrow_mut();
        let number = watcher.slot();
        if slots.len() <= number {
            slots.resize(number + 1, 0);
        }
        slots[number] = slot as u32;
    }

    /// Returns the slot of a watcher's connection; `None` if it has none, or if a later watcher has the same watcher
    /// slot. `watcher_at` returns the watcher of the connection in a slot.
    pub fn get(
        &self,
        watcher: WatcherKey,
        watcher_at: impl FnOnce(usize) -> Option<WatcherKey>,
    ) -> Option<usize> {
        let slot = *self.0.borrow().get(watcher.slot())? as usize;
        (watcher_at(slot) == Some(watcher)).then_some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::Hub;
    use lamplight_model::UserStatus;

    #[test]
    fn a_watcher_that_was_let_go_has_no_slot_once_another_has_its_place() {
        let mut hub = Hub::<UserStatus>::default();
        let slots = WatcherSlots::default();
        let gone = hub.attach(0);
        assert_eq!(slots.get(gone, |_| Some(gone)), None);
        slots.set(gone, 7);
        assert_eq!(slots.get(gone, |slot| (slot == 7).then_some(gone)), Some(7));
        assert_eq!(slots.get(gone, |_| None), None, "the connection has ended");
        hub.detach(gone);
        let later = hub.attach(0);
        assert_eq!(later.slot(), gone.slot());
        slots.set(later, 9);
        let at = |slot| (slot == 9).then_some(later);
        assert_eq!((slots.get(gone, at), slots.get(later, at)), (None, Some(9)));
    }
}
