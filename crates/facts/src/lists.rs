//! The part of the port for the lists of a user: profile, friends, messages and conversations.
//!
//! Every change of a user's lists increments the user's *lists version* by one, in the same transaction. A client that
//! was away compares its version with the current version. If both are equal, the client's copies of the lists are
//! current. A call that changes nothing does not increment the version. Neither does a change of another user's
//! profile.
//!
//! The version of a new account is its creation time in milliseconds. Versions therefore do not repeat if an account is
//! deleted and created again.

use crate::{Answer, Enqueued};
use lamplight_model::{
    AppId, AwayLogins, BlockedUser, ClientMessageId, Conversation, ConversationCursor, Friend, Message,
    MessageBody, Platform, Profile, ProfileChange, ProfileFields, StoredRestrictions, Timestamp, User,
    UserId, Visibility,
};
use std::time::Duration;

/// The time within which an equal message is a retry: same sender, recipient, content and client id. After this time,
/// the message is new. SDKs and backends stop retrying much earlier.
pub const RETRY_TIME: Duration = Duration::from_secs(600);

/// The durable lists of users. The caller has validated the texts.
pub trait Lists: Send + Sync {
    /// Returns the lists versions and unread counts of these users, in the order of `users`; `None` for a user without
    /// an account. Many logins make this call, so it should be fast.
    fn lists_states(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ListsState>>>;

    // Profiles

    /// Returns the profiles of these users, in the order of `users`; `None` for a user without an account.
    fn profiles(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Profile>>>;

    /// Changes a profile. Returns `None` if there is no account. If all values stay equal, the version stays.
    fn set_profile(&self, user: User, change: ProfileChange) -> Answer<'_, Option<ProfileSet>>;

    /// Returns the further profile fields of these users, in the order of `users`; `None` for a user without an
    /// account.
    fn profile_fields(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ProfileFields>>>;

    /// Changes a profile and sets further fields, in one transaction. Fields that are not in `fields` keep their
    /// values. A change of further fields does not increment the version or set [`ProfileSet::changed`]. Returns `None`
    /// if there is no account.
    fn set_profile_and_fields(
        &self,
        user: User,
        change: ProfileChange,
        fields: ProfileFields,
    ) -> Answer<'_, Option<ProfileSet>>;

    /// In one app, finds the accounts whose nick begins with `prefix`, ignoring case
    /// ([`fold_nick`](lamplight_model::fold_nick)). Returns up to `limit` accounts after `after`, in ascending order of
    /// the folded nick and then the id. Only accounts with a nick are found.
    fn find_by_nick(
        &self,
        app: AppId,
        prefix: String,
        after: Option<NickCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<NickFound>>;

    // Friends

    /// Adds `friend` to the friend list of `owner`. With `both`, also adds `owner` to the list of `friend`. Runs in one
    /// transaction.
    ///
    /// An existing entry of `owner` keeps its time. A given remark, source or wording replaces the stored text, unless
    /// the given text is empty. A new entry of the friend has only the source. An existing entry of the friend stays as
    /// it is. Any result but [`Befriended::Done`] means that nothing was changed.
    fn befriend(&self, friendship: NewFriendship) -> Answer<'_, Befriending>;

    /// Changes the remark of an entry. Returns `None` if there is no entry. An equal remark does not increment the
    /// version.
    fn set_remark(&self, owner: User, friend: UserId, remark: String) -> Answer<'_, Option<RemarkSet>>;

    /// Removes `friend` from the friend list of `owner`. With `both`, also removes `owner` from the list of `friend`.
    fn unfriend(&self, owner: User, friend: UserId, both: bool) -> Answer<'_, Unfriended>;

    /// Returns an entry of a friend list; `None` if there is none.
    fn friend(&self, owner: User, friend: UserId) -> Answer<'_, Option<Friend>>;

    /// Returns up to `limit` entries of a friend list in ascending order of their ids, beginning after the id `after`.
    fn friend_page(&self, owner: User, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Friend>>;

    /// Returns the number of entries in a friend list.
    fn count_friends(&self, owner: User) -> Answer<'_, usize>;

    /// Returns the mutual friends of the owner, in ascending order of their ids.
    fn mutual_friends(&self, owner: User) -> Answer<'_, Vec<UserId>>;

    // Visibility and block list

    /// Sets who may see the status of a user. Returns `None` if there is no account. An equal value does not increment
    /// the version.
    fn set_visibility(&self, user: User, visibility: Visibility) -> Answer<'_, Option<VisibilitySet>>;

    /// Adds users to the block list of `owner`, in one transaction and in the order of `users`. The list then has at
    /// most `limit` entries. Returns `None` if the owner has no account. If at least one user was added, the owner's
    /// version is incremented by one.
    ///
    /// An entry stays when the account of the blocked user is deleted, so that a new account with the same id is
    /// blocked too.
    fn block(
        &self,
        owner: User,
        users: Vec<UserId>,
        at: Timestamp,
        limit: usize,
    ) -> Answer<'_, Option<Blocking>>;

    /// Removes users from the block list of `owner`, in one transaction. Returns `None` if the owner has no account. If
    /// at least one user was removed, the owner's version is incremented by one.
    fn unblock(&self, owner: User, users: Vec<UserId>) -> Answer<'_, Option<Unblocking>>;

    /// Returns the visibility and the block list of a user, read from one snapshot; `None` if there is no account.
    fn block_list(&self, owner: User) -> Answer<'_, Option<BlockList>>;

    /// Returns, for each of these users, whether `owner` has blocked the user, and whether the user has blocked
    /// `owner`.
    fn blocks_between(&self, owner: User, users: Vec<UserId>) -> Answer<'_, Vec<(bool, bool)>>;

    /// Returns the data that decides who may see the status of each user, in the order of `users`. Each user is read
    /// from one snapshot. `None` for a user without an account.
    fn restrictions(&self, users: Vec<User>) -> Answer<'_, Vec<Option<StoredRestrictions>>>;

    /// Stores the data about the statuses that are shown, after a loss of the live records, to viewers from whom the
    /// status of a user is hidden. `version` is the lists version of the restrictions to which `away` belongs. Stores
    /// nothing if there is no account, or if data of a higher version is stored. Does not increment the lists version.
    fn set_away_logins(&self, user: User, version: u64, away: AwayLogins) -> Answer<'_, ()>;

    /// Returns up to `limit` users who have a visibility other than [`Visibility::Everyone`] or a block list that is
    /// not empty. The users are in ascending order of their apps and then of their ids, beginning after `after`.
    fn restricted_users(&self, after: Option<User>, limit: usize) -> Answer<'_, Vec<User>>;

    // Messages and conversations

    /// Stores a message and updates the conversation lists of both users, in one transaction. A message to oneself is
    /// stored once, in one row, and is never unread.
    ///
    /// The call is a retry if the sender has sent the same content to the same recipient under the same client id less
    /// than [`RETRY_TIME`] ago. A retry stores nothing and returns the latest such message, even if the recipient's
    /// account no longer exists. An account that was deleted and created again counts as another sender.
    ///
    /// No two messages between two users ever have the same sequence, even after conversations, accounts or messages
    /// were deleted.
    fn send_message(&self, message: NewMessage) -> Answer<'_, Sent>;

    /// Adds notices about a user's missed messages to the outbox, in one transaction. Considers the user's unread
    /// messages from `since` on, if they have no notice yet and are among the newest 100 messages of their
    /// conversation. The newest `limit` of these messages get a notice. The notices are in the order of sending. The
    /// call may be repeated.
    fn push_missed(&self, missed: MissedMessages) -> Answer<'_, Enqueued>;

    /// Returns up to `limit` messages of the owner's conversation with `peer`, newest first. Skips messages that the
    /// owner has deleted. If `before` is given, returns only messages with a lower sequence.
    fn history(
        &self,
        owner: User,
        peer: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<Message>>;

    /// Returns up to `limit` rows of the owner's conversation list. Pinned rows come first. Rows are then in descending
    /// order of their latest activity, and then in ascending order of the peer. If `after` is given, returns only rows
    /// after that position.
    fn conversations(
        &self,
        owner: User,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<Conversation>>;

    /// Returns a row of the owner's conversation list; `None` if there is none.
    fn conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<Conversation>>;

    /// Marks the peer's messages up to `sequence` as read by the owner. `None` marks all existing messages. The read
    /// position never moves back. Returns `None` if the list has no such conversation.
    fn mark_read(
        &self,
        owner: User,
        peer: UserId,
        sequence: Option<u64>,
    ) -> Answer<'_, Option<ConversationSet>>;

    /// Pins or unpins a row. Returns `None` if the list has no such conversation.
    fn pin_conversation(
        &self,
        owner: User,
        peer: UserId,
        pinned: bool,
    ) -> Answer<'_, Option<ConversationSet>>;

    /// Removes a row from the owner's list, and its messages from the owner's history. The next message creates a new
    /// row, whose history begins with that message. Returns `None` if there is no such row.
    fn delete_conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<ListsState>>;

    /// Deletes up to `limit` messages of an app that were stored before `before`, the oldest first. Returns their
    /// number. Rows of conversation lists stay. A row whose last message was deleted has no last message. Lists
    /// versions are not incremented.
    ///
    /// The senders of deleted messages need not be stored. All deleted messages after the read position may therefore
    /// count as unread, until the user marks messages as read.
    fn forget_messages(&self, app: AppId, before: Timestamp, limit: usize) -> Answer<'_, usize>;
}

/// The state of a user's lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListsState {
    /// The lists version, which every change of the user's lists increments.
    pub version: u64,
    /// The number of unread messages in all conversations.
    pub total_unread: u32,
}

/// A position in the results of [`Lists::find_by_nick`], after which the next page begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NickCursor {
    /// The nick of the last account of the previous page.
    pub nick: String,
    /// The id of the last account of the previous page.
    pub id: UserId,
}

/// An account in the results of [`Lists::find_by_nick`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NickFound {
    /// The id of the account.
    pub id: UserId,
    /// The nick of the account.
    pub nick: String,
    /// The time at which the account was created.
    pub created: Timestamp,
}

/// The result of [`Lists::set_profile`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileSet {
    /// The profile after the change.
    pub profile: Profile,
    /// Whether any value has changed.
    pub changed: bool,
    /// The state of the user's lists after the change.
    pub state: ListsState,
}

/// The arguments of [`Lists::befriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFriendship {
    /// The owner of the list.
    pub owner: User,
    /// The user to add to the list.
    pub friend: UserId,
    /// Whether to also add the owner to the friend's list.
    pub both: bool,
    /// The owner's name for the friend; may be empty.
    pub remark: String,
    /// The app's text about the way in which the friendship began; may be empty.
    pub source: String,
    /// The text of the friend request; may be empty.
    pub wording: String,
    /// The creation time of new entries. It is the time of the call, or an earlier time that an import has given.
    pub at: Timestamp,
    /// The maximum number of entries of each list. In a full list, existing entries can still be changed.
    pub limit: usize,
    /// `true` if a user makes the call: the friend's rule for being added then applies. `false` if the app makes the
    /// call.
    pub ask: bool,
}

/// The result of [`Lists::befriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Befriending {
    /// Whether the friend was added, or the reason why the friend was not added.
    pub outcome: Befriended,
    /// The owner's entry; `None` if the friend was not added.
    pub entry: Option<Friend>,
    /// The friend's entry about the owner; `None` if the friend's list does not contain the owner.
    pub back: Option<Friend>,
    /// Whether the owner's list has changed. Its version was then incremented by one.
    pub owner_changed: bool,
    /// Whether the friend's list has changed: an entry is new or has become mutual.
    pub friend_changed: bool,
    /// The state of the owner's lists after the call.
    pub owner_state: ListsState,
    /// The state of the friend's lists after the call.
    pub friend_state: ListsState,
}

/// The outcome of adding a friend. If several reasons prevent it, the first reason in this order is returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Befriended {
    /// The friend was added, or the existing entry was updated.
    Done,
    /// The owner has no account.
    NoSuchOwner,
    /// The friend has no account.
    NoSuchFriend,
    /// The owner's list is full.
    ListFull,
    /// `both` was requested, and the friend's list is full.
    FriendListFull,
    /// A user has made the call, and the friend allows nobody to add them or has blocked the owner. Existing entries
    /// can still be updated. Both reasons have one result, which alone does not tell that there is a block.
    Denied,
}

/// The result of [`Lists::set_remark`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemarkSet {
    /// The entry after the change.
    pub entry: Friend,
    /// Whether the remark has changed.
    pub changed: bool,
    /// The state of the owner's lists after the call.
    pub state: ListsState,
}

/// The result of [`Lists::unfriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfriended {
    /// `true` if the friend was in the owner's list and was removed.
    pub forth: bool,
    /// `true` if the owner was in the friend's list and was removed. Always `false` without `both`.
    pub back: bool,
    /// The entry about the owner that the friend still has; `None` if there is none.
    pub left: Option<Friend>,
    /// The state of the owner's lists after the call.
    pub owner_state: ListsState,
    /// The state of the friend's lists after the call. Their version is incremented if an entry was removed or is no
    /// longer mutual.
    pub friend_state: ListsState,
}

/// The result of [`Lists::set_visibility`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VisibilitySet {
    /// The visibility before the call, read in the transaction of the change.
    pub was: Visibility,
    /// The state of the user's lists after the call.
    pub state: ListsState,
}

/// The result of [`Lists::block`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blocking {
    /// The outcome for each user, in the order of the call.
    pub outcomes: Vec<BlockOutcome>,
    /// The new entries, in the order of the call.
    pub added: Vec<BlockedUser>,
    /// The state of the owner's lists after the call.
    pub state: ListsState,
}

/// The outcome of adding one user to a block list. If several reasons prevent it, the first reason in this order is
/// returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockOutcome {
    /// The user was added.
    Done,
    /// The user was on the list before. The entry keeps its time.
    AlreadyBlocked,
    /// The user has no account.
    NoSuchUser,
    /// The list is full.
    ListFull,
}

/// The result of [`Lists::unblock`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unblocking {
    /// Whether each user was on the list and was removed, in the order of the call.
    pub removed: Vec<bool>,
    /// The state of the owner's lists after the call.
    pub state: ListsState,
}

/// The result of [`Lists::block_list`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockList {
    /// The visibility that the owner has set.
    pub visibility: Visibility,
    /// The entries, in ascending order of their ids.
    pub blocked: Vec<BlockedUser>,
    /// The owner's lists version in the snapshot.
    pub version: u64,
}

/// The arguments of [`Lists::send_message`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMessage {
    /// The sender.
    pub from: User,
    /// The recipient.
    pub to: UserId,
    /// The content of the message.
    pub body: MessageBody,
    /// The sender's id of the message, equal in each retry.
    pub client_id: ClientMessageId,
    /// The time of the call.
    pub at: Timestamp,
    /// The platforms of the devices to which the app's backend must push the message. A notice with these devices is
    /// added to the outbox in the same transaction; `None` adds no notice.
    ///
    /// A notice without devices is undecided ([`NoticeContent::is_undecided`](lamplight_model::NoticeContent)). Its
    /// message does not count as pushed, so [`Lists::push_missed`] still finds it.
    pub push: Option<Vec<Platform>>,
}

/// The arguments of [`Lists::push_missed`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissedMessages {
    /// The recipient of the messages.
    pub user: User,
    /// The time of the first message that may have been missed.
    pub since: Timestamp,
    /// The maximum number of notices to add.
    pub limit: usize,
    /// The platforms of the devices to which the app's backend must push the messages.
    pub devices: Vec<Platform>,
    /// The time of the call.
    pub at: Timestamp,
}

/// The result of [`Lists::send_message`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// The message was stored.
    Stored(Box<StoredMessage>),
    /// The call was a retry, and this message was already stored. Nothing was changed.
    Repeated(Message),
    /// The sender has no account.
    NoSuchSender,
    /// The recipient has no account.
    NoSuchRecipient,
    /// The recipient has blocked the sender. A retry of a message that was stored before the block returns
    /// [`Sent::Repeated`].
    Blocked,
}

/// A stored message, and the changed rows of the two users' conversation lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredMessage {
    /// The message.
    pub message: Message,
    /// The row of the sender's conversation list.
    pub sender: ConversationSet,
    /// The row of the recipient's conversation list; the sender's row for a message to oneself.
    pub recipient: ConversationSet,
    /// Whether a notice was added to the outbox. If a push was requested, `false` means that the outbox was full.
    pub push: bool,
}

/// A row of a conversation list after a change, and the state of its owner's lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationSet {
    /// The row.
    pub conversation: Conversation,
    /// Whether anything has changed.
    pub changed: bool,
    /// The state of the owner's lists after the change.
    pub state: ListsState,
}
