//! The SQL for the lists of users: profiles, friends, visibility and block lists, messages and conversations. This file
//! passes each call to the writer or to a reader. The statements are in the submodules.
//!
//! No call sums up rows. The row of a conversation has its number of unread messages, and the account has the total.
//! Each change of a conversation also changes the total.

mod blocks;
mod conversations;
mod friends;
mod message_columns;
mod messages;
mod pairs;
mod profiles;
mod restrictions;

use crate::SqliteFacts;
use crate::rows::{change, count};
use lamplight_facts::{
    Answer, Befriending, BlockList, Blocking, ConversationSet, Enqueued, Lists, ListsState, MissedMessages,
    NewFriendship, NewMessage, NickCursor, NickFound, ProfileSet, RemarkSet, Sent, Unblocking, Unfriended,
    VisibilitySet,
};
use lamplight_model::{
    AppId, AwayLogins, Conversation, ConversationCursor, Friend, Message, Profile, ProfileChange,
    ProfileFields, StoredRestrictions, Timestamp, User, UserId, Visibility,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

impl Lists for SqliteFacts {
    fn lists_states(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ListsState>>> {
        self.readers.read("reading the state of lists", move |db| states(db, &users))
    }

    fn profiles(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Profile>>> {
        self.readers.read("reading profiles", move |db| profiles::profiles(db, &users))
    }

    fn set_profile(&self, user: User, change: ProfileChange) -> Answer<'_, Option<ProfileSet>> {
        self.writer.write("setting a profile", move |db| profiles::set(db, &user, &change))
    }

    fn profile_fields(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ProfileFields>>> {
        self.readers.read("reading fields of profiles", move |db| profiles::fields(db, &users))
    }

    fn set_profile_and_fields(
        &self,
        user: User,
        change: ProfileChange,
        fields: ProfileFields,
    ) -> Answer<'_, Option<ProfileSet>> {
        self.writer.write("setting a profile and its fields", move |db| {
            let set = profiles::set(db, &user, &change)?;
            if set.is_some() {
                profiles::set_fields(db, &user, fields)?;
            }
            Ok(set)
        })
    }

    fn find_by_nick(
        &self,
        app: AppId,
        prefix: String,
        after: Option<NickCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<NickFound>> {
        let find = move |db: &Connection| profiles::find(db, app, &prefix, after.as_ref(), limit);
        self.readers.read("finding accounts by nick", find)
    }

    fn befriend(&self, friendship: NewFriendship) -> Answer<'_, Befriending> {
        self.writer.write("adding a friend", move |db| friends::befriend(db, &friendship))
    }

    fn set_remark(&self, owner: User, friend: UserId, remark: String) -> Answer<'_, Option<RemarkSet>> {
        self.writer.write("setting a remark", move |db| friends::set_remark(db, &owner, &friend, &remark))
    }

    fn unfriend(&self, owner: User, friend: UserId, both: bool) -> Answer<'_, Unfriended> {
        self.writer.write("deleting a friend", move |db| friends::unfriend(db, &owner, &friend, both))
    }

    fn friend(&self, owner: User, friend: UserId) -> Answer<'_, Option<Friend>> {
        self.readers.read("reading a friend", move |db| friends::friend(db, &owner, &friend))
    }

    fn friend_page(&self, owner: User, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Friend>> {
        self.readers.read("listing friends", move |db| friends::page(db, &owner, after.as_ref(), limit))
    }

    fn count_friends(&self, owner: User) -> Answer<'_, usize> {
        self.readers.read("counting friends", move |db| friends::count_all(db, &owner))
    }

    fn mutual_friends(&self, owner: User) -> Answer<'_, Vec<UserId>> {
        self.readers.read("listing mutual friends", move |db| friends::mutual(db, &owner))
    }

    fn set_visibility(&self, user: User, visibility: Visibility) -> Answer<'_, Option<VisibilitySet>> {
        self.writer
            .write("setting a visibility", move |db| restrictions::set_visibility(db, &user, visibility))
    }

    fn block(
        &self,
        owner: User,
        users: Vec<UserId>,
        at: Timestamp,
        limit: usize,
    ) -> Answer<'_, Option<Blocking>> {
        self.writer.write("blocking users", move |db| restrictions::block(db, &owner, &users, at, limit))
    }

    fn unblock(&self, owner: User, users: Vec<UserId>) -> Answer<'_, Option<Unblocking>> {
        self.writer.write("unblocking users", move |db| restrictions::unblock(db, &owner, &users))
    }

    fn block_list(&self, owner: User) -> Answer<'_, Option<BlockList>> {
        self.readers.read("reading a block list", move |db| restrictions::block_list(db, &owner))
    }

    fn blocks_between(&self, owner: User, users: Vec<UserId>) -> Answer<'_, Vec<(bool, bool)>> {
        self.readers.read("reading blocks between users", move |db| restrictions::between(db, &owner, &users))
    }

    fn restrictions(&self, users: Vec<User>) -> Answer<'_, Vec<Option<StoredRestrictions>>> {
        self.readers.read("reading restrictions", move |db| restrictions::restrictions(db, &users))
    }

    fn set_away_logins(&self, user: User, version: u64, away: AwayLogins) -> Answer<'_, ()> {
        self.writer.write("storing what hides a user", move |db| {
            restrictions::set_away_logins(db, &user, version, &away)
        })
    }

    fn restricted_users(&self, after: Option<User>, limit: usize) -> Answer<'_, Vec<User>> {
        self.readers.read("listing restricted users", move |db| {
            restrictions::restricted_users(db, after.as_ref(), limit)
        })
    }

    fn send_message(&self, message: NewMessage) -> Answer<'_, Sent> {
        self.writer.write("storing a message", move |db| messages::send(db, message))
    }

    fn push_missed(&self, missed: MissedMessages) -> Answer<'_, Enqueued> {
        self.writer.write("pushing missed messages", move |db| messages::push_missed(db, &missed))
    }

    fn history(
        &self,
        owner: User,
        peer: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<Message>> {
        self.readers.read("reading messages", move |db| messages::history(db, &owner, &peer, before, limit))
    }

    fn conversations(
        &self,
        owner: User,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<Conversation>> {
        self.readers
            .read("listing conversations", move |db| conversations::page(db, &owner, after.as_ref(), limit))
    }

    fn conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<Conversation>> {
        self.readers.read("reading a conversation", move |db| conversations::row(db, &owner, &peer))
    }

    fn mark_read(
        &self,
        owner: User,
        peer: UserId,
        sequence: Option<u64>,
    ) -> Answer<'_, Option<ConversationSet>> {
        self.writer.write("marking messages as read", move |db| {
            conversations::mark_read(db, &owner, &peer, sequence)
        })
    }

    fn pin_conversation(
        &self,
        owner: User,
        peer: UserId,
        pinned: bool,
    ) -> Answer<'_, Option<ConversationSet>> {
        self.writer.write("pinning a conversation", move |db| conversations::pin(db, &owner, &peer, pinned))
    }

    fn delete_conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<ListsState>> {
        self.writer.write("deleting a conversation", move |db| conversations::delete(db, &owner, &peer))
    }

    fn forget_messages(&self, app: AppId, before: Timestamp, limit: usize) -> Answer<'_, usize> {
        self.writer.write("forgetting messages", move |db| messages::forget(db, app, before, limit))
    }
}

fn states(db: &Connection, users: &[User]) -> Result<Vec<Option<ListsState>>> {
    // Reading from one snapshot gives consistent results and needs one lock instead of many.
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| state(&snapshot, user)).collect()
}

fn state(db: &Connection, user: &User) -> Result<Option<ListsState>> {
    let sql = "SELECT lists_version, unread FROM accounts WHERE app = ?1 AND id = ?2";
    let key = params![user.app.0, user.id.as_str()];
    db.prepare_cached(sql)?.query_row(key, |row| state_of(row, 0)).optional()
}

/// Increments the version of a user's lists, and adds `unread` to the total of unread messages. Does nothing if the
/// user has no account.
fn count_up(db: &Connection, user: &User, unread: i64) -> Result<ListsState> {
    let sql = "UPDATE accounts SET lists_version = lists_version + 1, unread = unread + ?3
               WHERE app = ?1 AND id = ?2";
    change(db, sql, params![user.app.0, user.id.as_str(), unread])?;
    Ok(state(db, user)?.unwrap_or_default())
}

/// Increments the version of a user's lists if `changed` is `true`. Returns the current state.
fn count_up_if(changed: bool, db: &Connection, user: &User) -> Result<ListsState> {
    if changed { count_up(db, user, 0) } else { Ok(state(db, user)?.unwrap_or_default()) }
}

/// Reads the lists version and the unread count from two columns, beginning at the index `first`.
fn state_of(row: &Row<'_>, first: usize) -> Result<ListsState> {
    Ok(ListsState { version: count(row, first)?, total_unread: row.get(first + 1)? })
}
