//! The map from a watcher to the slot of its connection.

use lamplight_core::WatcherKey;
use std::cell::RefCell;

/// The connection slots of a worker, indexed by the slots of the watchers.
#[derive(Default)]
pub struct WatcherSlots(RefCell<Vec<Option<(WatcherKey, u32)>>>);

impl WatcherSlots {
    /// Records the connection slot of a watcher.
    pub fn set(&self, watcher: WatcherKey, slot: usize) {
        let mut slots = self.0.borrow_mut();
        let number = watcher.slot();
        if slots.len() <= number {
            slots.resize(number + 1, None);
        }
        slots[number] = Some((watcher, slot as u32));
    }

    /// Returns the slot of a watcher's connection; `None` if a later watcher has the same watcher slot.
    pub fn get(&self, watcher: WatcherKey) -> Option<usize> {
        let slots = self.0.borrow();
        let (key, slot) = (*slots.get(watcher.slot())?)?;
        (key == watcher).then_some(slot as usize)
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
        assert_eq!(slots.get(gone), None);
        slots.set(gone, 7);
        assert_eq!(slots.get(gone), Some(7));
        hub.detach(gone);
        let later = hub.attach(0);
        assert_eq!(later.slot(), gone.slot());
        slots.set(later, 9);
        assert_eq!((slots.get(gone), slots.get(later)), (None, Some(9)));
    }
}
