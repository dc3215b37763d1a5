//! Reads of the facts that pass no gates, for the other parts of a node.

use crate::{Service, ServiceError};
use lamplight_facts::{Account, ListsState};
use lamplight_model::{
    AppId, Conversation, ConversationCursor, Friend, Profile, ProfileFields, Refusal, User, UserId,
};

/// The number of entries of a friend list that one call reads, if a function needs the whole list or skips entries.
const FRIENDS_AT_A_TIME: usize = 250;

impl Service {
    /// Reads the accounts of users, in the order of `users`; `None` for a user without an account.
    pub async fn accounts_of(&self, users: Vec<User>) -> Result<Vec<Option<Account>>, ServiceError> {
        Ok(self.facts.accounts(users).await?)
    }

    /// Lists up to `limit` accounts of an app in ascending order of their ids, beginning after the id `after`.
    pub async fn list_accounts(
        &self,
        app: AppId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Account>, ServiceError> {
        Ok(self.facts.list_accounts(app, after, limit).await?)
    }

    /// Reads the profiles of users, in the order of `users`; `None` for a user without an account.
    pub async fn profiles_of(&self, users: Vec<User>) -> Result<Vec<Option<Profile>>, ServiceError> {
        Ok(self.facts.profiles(users).await?)
    }

    /// Reads the further profile fields of users, in the order of `users`; `None` for a user without an account.
    pub async fn profile_fields_of(
        &self,
        users: Vec<User>,
    ) -> Result<Vec<Option<ProfileFields>>, ServiceError> {
        Ok(self.facts.profile_fields(users).await?)
    }

    /// Reads the lists versions and unread counts of users, in the order of `users`; `None` for a user without an
    /// account.
    pub async fn lists_states_of(&self, users: Vec<User>) -> Result<Vec<Option<ListsState>>, ServiceError> {
        Ok(self.facts.lists_states(users).await?)
    }

    /// Reads the lists version and the unread count of a user. If there is no such account, the call is refused with
    /// 70107.
    pub async fn lists_state_of(&self, user: &User) -> Result<ListsState, ServiceError> {
        let states = self.facts.lists_states(vec![user.clone()]).await?;
        Ok(states.into_iter().next().flatten().ok_or_else(|| Refusal::no_such_account(&user.id))?)
    }

    /// Reads the entry of `friend` in the friend list of `owner`; `None` if there is none.
    pub async fn friend_of(&self, owner: &User, friend: &UserId) -> Result<Option<Friend>, ServiceError> {
        Ok(self.facts.friend(owner.clone(), friend.clone()).await?)
    }

    /// Reads the row of `peer` in the conversation list of `owner`; `None` if there is none.
    pub async fn conversation_of(
        &self,
        owner: &User,
        peer: &UserId,
    ) -> Result<Option<Conversation>, ServiceError> {
        Ok(self.facts.conversation(owner.clone(), peer.clone()).await?)
    }

    /// Reads up to `limit` rows of a conversation list after the position `after`; `None` for the beginning.
    pub async fn conversations_after(
        &self,
        owner: &User,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Result<Vec<Conversation>, ServiceError> {
        Ok(self.facts.conversations(owner.clone(), after, limit).await?)
    }

    /// Skips `start` entries of a friend list, and reads the next `limit` in ascending order of their ids. Also returns
    /// the number of all entries.
    pub async fn friends_from(
        &self,
        owner: &User,
        start: usize,
        limit: usize,
    ) -> Result<(Vec<Friend>, usize), ServiceError> {
        let count = self.facts.count_friends(owner.clone()).await?;
        let (mut passed, mut after) = (0, None);
        while passed < start {
            let some = (start - passed).min(FRIENDS_AT_A_TIME);
            let page = self.facts.friend_page(owner.clone(), after, some).await?;
            if page.len() < some {
                return Ok((Vec::new(), count));
            }
            passed += some;
            after = page.into_iter().last().map(|friend| friend.id);
        }
        Ok((self.facts.friend_page(owner.clone(), after, limit).await?, count))
    }

    /// Reads the ids of a friend list in ascending order, in parts.
    pub async fn friend_ids(&self, owner: &User) -> Result<Vec<UserId>, ServiceError> {
        let mut ids: Vec<UserId> = Vec::new();
        loop {
            let after = ids.last().cloned();
            let page = self.facts.friend_page(owner.clone(), after, FRIENDS_AT_A_TIME).await?;
            let is_last = page.len() < FRIENDS_AT_A_TIME;
            ids.extend(page.into_iter().map(|friend| friend.id));
            if is_last {
                return Ok(ids);
            }
        }
    }
}
