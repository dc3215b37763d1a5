//! The connections of an audience, by the slot of their watcher key and by user.

use super::member::MemberState;
use hashbrown::HashTable;
use lamplight_core::{SubjectKey, WatcherKey};
use smallvec::SmallVec;
use std::hash::BuildHasher;

/// The connections of one worker.
#[derive(Default)]
pub(super) struct Members {
    /// The members, indexed by the slot of their watcher key. A later watcher can get the same slot, so the key is
    /// stored and compared.
    slots: Vec<Option<(WatcherKey, MemberState)>>,
    /// The slot of each member, by [`MemberState::own`].
    by_user: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
}

impl Members {
    pub fn insert(&mut self, watcher: WatcherKey, member: MemberState) {
        let slot = watcher.slot();
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        let hash = self.hasher.hash_one(member.own);
        self.slots[slot] = Some((watcher, member));
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_of =
            |slot: &u32| slots[*slot as usize].as_ref().map_or(0, |(_, it)| hasher.hash_one(it.own));
        self.by_user.insert_unique(hash, slot as u32, hash_of);
    }

    pub fn remove(&mut self, watcher: WatcherKey) -> Option<MemberState> {
        let place = self.slots.get_mut(watcher.slot())?;
        let (_, member) = place.take_if(|(key, _)| *key == watcher)?;
        let hash = self.hasher.hash_one(member.own);
        if let Ok(entry) = self.by_user.find_entry(hash, |slot| *slot as usize == watcher.slot()) {
            entry.remove();
        }
        Some(member)
    }

    pub fn get(&self, watcher: WatcherKey) -> Option<&MemberState> {
        let (key, member) = self.slots.get(watcher.slot())?.as_ref()?;
        (*key == watcher).then_some(member)
    }

    pub fn get_mut(&mut self, watcher: WatcherKey) -> Option<&mut MemberState> {
        let (key, member) = self.slots.get_mut(watcher.slot())?.as_mut()?;
        (*key == watcher).then_some(member)
    }

    pub fn iter(&self) -> impl Iterator<Item = (WatcherKey, &MemberState)> {
        self.slots.iter().flatten().map(|(watcher, member)| (*watcher, member))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (WatcherKey, &mut MemberState)> {
        self.slots.iter_mut().flatten().map(|(watcher, member)| (*watcher, member))
    }

    /// The connections of a user, in the order of their slots. The order of the table would differ from run to run.
    pub fn of(&self, own: SubjectKey) -> impl Iterator<Item = WatcherKey> + use<> {
        let mut found: SmallVec<[WatcherKey; 4]> = self.found(own).collect();
        found.sort_unstable_by_key(|watcher| watcher.slot());
        found.into_iter()
    }

    pub fn has(&self, own: SubjectKey) -> bool {
        self.found(own).next().is_some()
    }

    fn found(&self, own: SubjectKey) -> impl Iterator<Item = WatcherKey> {
        let at = |slot: &u32| self.slots[*slot as usize].as_ref();
        self.by_user
            .iter_hash(self.hasher.hash_one(own))
            .filter_map(at)
            .filter_map(move |(watcher, member)| (member.own == own).then_some(*watcher))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::Hub;
    use lamplight_model::{ConnectionId, UserStatus};

    #[test]
    fn the_connections_of_a_user_are_found_while_others_come_and_go() {
        let user = |number: u64| SubjectKey(number as u32 % 300);
        let (mut hub, mut members) = (Hub::<UserStatus>::default(), Members::default());
        let mut expected: Vec<(WatcherKey, SubjectKey)> = Vec::new();
        for number in 0..2_000 {
            let key = hub.attach(0);
            members.insert(key, MemberState::new(user(number), ConnectionId::alone(number), 0));
            expected.push((key, user(number)));
            if number % 3 == 0 {
                let (gone, of) = expected.swap_remove(number as usize * 7 % expected.len());
                assert_eq!(members.remove(gone).map(|member| member.own), Some(of));
                assert!(members.remove(gone).is_none());
                hub.detach(gone);
            }
        }
        for number in 0..301 {
            let mut found: Vec<WatcherKey> = members.of(user(number)).collect();
            found.sort_unstable();
            let of = expected.iter().filter(|(_, of)| *of == user(number));
            let mut known: Vec<WatcherKey> = of.map(|(key, _)| *key).collect();
            known.sort_unstable();
            assert_eq!((members.has(user(number)), found), (!known.is_empty(), known));
        }
        assert_eq!(members.iter().count(), expected.len());
    }
}
