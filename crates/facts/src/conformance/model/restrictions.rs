//! Visibility and block lists in the model.

use super::super::{at, ok};
use super::Model;
use crate::{BlockList, BlockOutcome, Blocking, Facts, Unblocking, VisibilitySet};
use lamplight_model::{AwayLogins, BlockedUser, StoredRestrictions, Timestamp, User, UserId, Visibility};

impl Model {
    pub(super) async fn set_visibility(
        &mut self,
        facts: &dyn Facts,
        id: UserId,
        visibility: Visibility,
        played: &[String],
    ) {
        let set = ok(facts.set_visibility(User::new(self.app, id.clone()), visibility)).await;
        let Some(account) = self.accounts.get_mut(&id) else {
            assert_eq!(set, None, "{played:#?}");
            return;
        };
        let was = std::mem::replace(&mut account.visibility, visibility);
        self.count_up(&id, was != visibility);
        assert_eq!(set, Some(VisibilitySet { was, state: self.state(&id) }), "{played:#?}");
    }

    pub(super) async fn block(
        &mut self,
        facts: &dyn Facts,
        owner: UserId,
        users: Vec<UserId>,
        now: Timestamp,
        limit: usize,
        played: &[String],
    ) {
        let done = ok(facts.block(User::new(self.app, owner.clone()), users.clone(), now, limit)).await;
        if !self.accounts.contains_key(&owner) {
            assert_eq!(done, None, "{played:#?}");
            return;
        }
        let (mut outcomes, mut added) = (Vec::new(), Vec::new());
        for user in users {
            let entries = self.blocks.keys().filter(|(of, _)| *of == owner).count();
            outcomes.push(if self.blocks.contains_key(&(owner.clone(), user.clone())) {
                BlockOutcome::AlreadyBlocked
            } else if !self.accounts.contains_key(&user) {
                BlockOutcome::NoSuchUser
            } else if entries >= limit {
                BlockOutcome::ListFull
            } else {
                self.blocks.insert((owner.clone(), user.clone()), now);
                added.push(BlockedUser { id: user, since: now });
                BlockOutcome::Done
            });
        }
        self.count_up(&owner, !added.is_empty());
        assert_eq!(done, Some(Blocking { outcomes, added, state: self.state(&owner) }), "{played:#?}");
    }

    pub(super) async fn unblock(
        &mut self,
        facts: &dyn Facts,
        owner: UserId,
        users: Vec<UserId>,
        played: &[String],
    ) {
        let done = ok(facts.unblock(User::new(self.app, owner.clone()), users.clone())).await;
        if !self.accounts.contains_key(&owner) {
            assert_eq!(done, None, "{played:#?}");
            return;
        }
        let remove = |user| self.blocks.remove(&(owner.clone(), user)).is_some();
        let removed: Vec<bool> = users.into_iter().map(remove).collect();
        self.count_up(&owner, removed.contains(&true));
        assert_eq!(done, Some(Unblocking { removed, state: self.state(&owner) }), "{played:#?}");
    }

    pub(super) async fn compare_restrictions(&self, facts: &dyn Facts, users: &[User], played: &[String]) {
        let stored: Vec<_> = users.iter().map(|user| self.restrictions(&user.id)).collect();
        assert_eq!(ok(facts.restrictions(users.to_vec())).await, stored, "{played:#?}");
        let is_restricted =
            |it: &StoredRestrictions| it.visibility != Visibility::Everyone || !it.blocked.is_empty();
        let restricted: Vec<_> = stored.iter().map(|it| it.as_ref().map(is_restricted)).collect();
        let accounts = ok(facts.accounts(users.to_vec())).await;
        let told: Vec<_> = accounts.iter().map(|it| it.as_ref().map(|account| account.restricted)).collect();
        assert_eq!(told, restricted, "{played:#?}");
        let all = ok(facts.restricted_users(None, usize::MAX)).await;
        let mut expected: Vec<&User> = users
            .iter()
            .zip(&restricted)
            .filter(|(_, restricted)| **restricted == Some(true))
            .map(|(user, _)| user)
            .collect();
        expected.sort();
        assert!(all.iter().filter(|user| user.app == self.app).eq(expected), "{all:?}: {played:#?}");

        let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
        for (user, stored) in users.iter().zip(stored) {
            let list = stored.map(|StoredRestrictions { version, visibility, blocked, .. }| {
                let since = |id: &UserId| self.blocks.get(&(user.id.clone(), id.clone())).copied();
                let entry = |id: UserId| BlockedUser { since: since(&id).unwrap_or(at(0)), id };
                BlockList { visibility, blocked: blocked.into_iter().map(entry).collect(), version }
            });
            assert_eq!(ok(facts.block_list(user.clone())).await, list, "{played:#?}");
            let has =
                |owner: &UserId, other: &UserId| self.blocks.contains_key(&(owner.clone(), other.clone()));
            let between: Vec<_> = ids.iter().map(|id| (has(&user.id, id), has(id, &user.id))).collect();
            let told = ok(facts.blocks_between(user.clone(), ids.clone())).await;
            assert_eq!(told, between, "{played:#?}");
        }
    }

    fn restrictions(&self, id: &UserId) -> Option<StoredRestrictions> {
        let account = self.accounts.get(id)?;
        let is_mutual = |friend: &UserId| self.friends.contains_key(&(friend.clone(), id.clone()));
        let of_owner = self.friends.keys().filter(|(owner, friend)| owner == id && is_mutual(friend));
        let friends = match account.visibility {
            Visibility::Friends => of_owner.map(|(_, friend)| friend.clone()).collect(),
            Visibility::Everyone | Visibility::Nobody => Vec::new(),
        };
        let blocked = self.blocks.keys().filter(|(owner, _)| owner == id);
        let blocked = blocked.map(|(_, blocked)| blocked.clone()).collect();
        Some(StoredRestrictions {
            version: account.version,
            visibility: account.visibility,
            friends,
            blocked,
            away: AwayLogins::default(),
        })
    }
}
