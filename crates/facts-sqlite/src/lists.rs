//! The lists of users in SQL.

use crate::SqliteFacts;
use crate::fault::{self, Stopped};
use lamplight_facts::*;
use lamplight_model::{
    AppId, Conversation, ConversationPlace, Friend, Message, Profile, ProfileChange, Timestamp, User, UserId,
};

fn later<'a, T: Send + 'a>() -> Answer<'a, T> {
    Box::pin(async { Err(fault::unavailable("being written", Stopped)) })
}

impl Lists for SqliteFacts {
    fn lists_states(&self, _: Vec<User>) -> Answer<'_, Vec<Option<ListsState>>> {
        later()
    }
    fn profiles(&self, _: Vec<User>) -> Answer<'_, Vec<Option<Profile>>> {
        later()
    }
    fn set_profile(&self, _: User, _: ProfileChange) -> Answer<'_, Option<ProfileSet>> {
        later()
    }
    fn befriend(&self, _: NewFriendship) -> Answer<'_, Befriending> {
        later()
    }
    fn set_remark(&self, _: User, _: UserId, _: String) -> Answer<'_, Option<RemarkSet>> {
        later()
    }
    fn unfriend(&self, _: User, _: UserId, _: bool) -> Answer<'_, Unfriended> {
        later()
    }
    fn friend(&self, _: User, _: UserId) -> Answer<'_, Option<Friend>> {
        later()
    }
    fn friend_page(&self, _: User, _: Option<UserId>, _: usize) -> Answer<'_, Vec<Friend>> {
        later()
    }
    fn count_friends(&self, _: User) -> Answer<'_, usize> {
        later()
    }
    fn mutual_friends(&self, _: User) -> Answer<'_, Vec<UserId>> {
        later()
    }
    fn send_message(&self, _: NewMessage) -> Answer<'_, Sent> {
        later()
    }
    fn history(&self, _: User, _: UserId, _: Option<u64>, _: usize) -> Answer<'_, Vec<Message>> {
        later()
    }
    fn conversations(
        &self,
        _: User,
        _: Option<ConversationPlace>,
        _: usize,
    ) -> Answer<'_, Vec<Conversation>> {
        later()
    }
    fn conversation(&self, _: User, _: UserId) -> Answer<'_, Option<Conversation>> {
        later()
    }
    fn mark_read(&self, _: User, _: UserId, _: Option<u64>) -> Answer<'_, Option<ConversationSet>> {
        later()
    }
    fn pin_conversation(&self, _: User, _: UserId, _: bool) -> Answer<'_, Option<ConversationSet>> {
        later()
    }
    fn delete_conversation(&self, _: User, _: UserId) -> Answer<'_, Option<ListsState>> {
        later()
    }
    fn forget_messages(&self, _: AppId, _: Timestamp, _: usize) -> Answer<'_, usize> {
        later()
    }
}
