//! The part of the port for the lists of a user: profile, friends, messages, conversations.
//!
//! Every change of a user's lists increments the user's *lists version* by one, in the same transaction. A client that
//! was away compares one number to find out whether its lists are still current, and changes can be delivered in order.
//! Neither a call that alters nothing nor a change of another user's profile increments it. A new account starts at its
//! creation time in milliseconds, so the versions of an account that was deleted and created again do not repeat.

use crate::{Answer, Enqueued};
use lamplight_model::{
    AppId, ClientMessageId, Conversation, ConversationCursor, Friend, Message, MessageBody, Platform,
    Profile, ProfileChange, ProfileFields, Timestamp, User, UserId,
};
use std::time::Duration;

/// The time after a message within which an identical message counts as its retry. SDKs and backends stop retrying long
/// before that. Later, the same text to the same user under the same client id is a new message.
pub const RETRY_TIME: Duration = Duration::from_secs(600);

/// The durable lists of users. The caller has validated the texts.
pub trait Lists: Send + Sync {
    /// The lists version and the number of unread messages of these users, in the order asked; `None` for a user
    /// without an account. Every login needs it, so calls are batched and should be fast.
    fn lists_states(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ListsState>>>;

    // Profiles

    /// The profiles of these users, in the order asked; `None` for a user without an account.
    fn profiles(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Profile>>>;

    /// Changes a profile. Returns `None` if there is no account. A change that alters nothing does not increment the
    /// version.
    fn set_profile(&self, user: User, change: ProfileChange) -> Answer<'_, Option<ProfileSet>>;

    /// The further fields of the profiles of these users, in the order asked; `None` for a user without an account.
    fn profile_fields(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ProfileFields>>>;

    /// Changes a profile and sets further fields of it, in one transaction; fields that are not named keep their
    /// values. Returns `None` if there is no account. Further fields do not increment the version or set
    /// [`ProfileSet::changed`].
    fn set_profile_and_fields(
        &self,
        user: User,
        change: ProfileChange,
        fields: ProfileFields,
    ) -> Answer<'_, Option<ProfileSet>>;

    /// Up to `limit` accounts of an app, after `after`, whose nick begins with `prefix`, ignoring case
    /// ([`fold_nick`](lamplight_model::fold_nick)), by rising folded nick and then id. Accounts without a nick are not
    /// found.
    fn find_by_nick(
        &self,
        app: AppId,
        prefix: String,
        after: Option<NickCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<NickFound>>;

    // Friends

    /// Adds `friend` to the friend list of `owner` and, with `both`, `owner` to that of `friend`, in one transaction.
    /// An existing entry of `owner` keeps its time, and its remark, source and wording are replaced by those that are
    /// not empty. The friend's entry is created with the source alone, or left unchanged if it exists. Unless the
    /// result is [`Befriended::Done`], nothing was changed.
    fn befriend(&self, friendship: NewFriendship) -> Answer<'_, Befriending>;

    /// Changes the remark of an entry; `None` if there is no entry. The same remark does not increment the version.
    fn set_remark(&self, owner: User, friend: UserId, remark: String) -> Answer<'_, Option<RemarkSet>>;

    /// Removes `friend` from the friend list of `owner` and, with `both`, `owner` from that of `friend`.
    fn unfriend(&self, owner: User, friend: UserId, both: bool) -> Answer<'_, Unfriended>;

    /// One entry of a friend list.
    fn friend(&self, owner: User, friend: UserId) -> Answer<'_, Option<Friend>>;

    /// Up to `limit` entries of a friend list whose id is after `after`, by rising id.
    fn friend_page(&self, owner: User, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Friend>>;

    /// The number of entries of a friend list.
    fn count_friends(&self, owner: User) -> Answer<'_, usize>;

    /// The mutual friends of the owner: users who are in the owner's friend list and have the owner in theirs, by
    /// rising id.
    fn mutual_friends(&self, owner: User) -> Answer<'_, Vec<UserId>>;

    // Messages and conversations

    /// Stores a message and brings both conversation lists up to date, in one transaction. A message to oneself is one
    /// message in one row, and never unread.
    ///
    /// A message with the same sender, recipient, client id and text as one that was stored less than [`RETRY_TIME`]
    /// ago is a retry: it is not stored, and the latest match is returned, even if the recipient's account no longer
    /// exists. Any difference makes it a new message; an account that was deleted and created again is another sender.
    ///
    /// A sequence is never used twice between two users, even after conversations, accounts or messages were deleted.
    fn send_message(&self, message: NewMessage) -> Answer<'_, Sent>;

    /// Puts a notice into the outbox for each message to `user` that was sent at or after `since`, is unread, and has
    /// had no notice yet. At most `limit` messages get one, and only the newest 100 of each conversation: the newest
    /// are chosen, and enqueued in the order in which they were sent. All of it happens in one transaction, and a
    /// repetition does no harm.
    fn push_missed(&self, missed: MissedMessages) -> Answer<'_, Enqueued>;

    /// Up to `limit` messages of the owner's conversation with `peer`, newest first, without those that the owner has
    /// deleted. With `before`, only messages with a lower sequence.
    fn history(
        &self,
        owner: User,
        peer: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<Message>>;

    /// Up to `limit` rows of the owner's conversation list: pinned first, then by latest activity, then by rising peer.
    /// With `after`, only rows after that one in this order.
    fn conversations(
        &self,
        owner: User,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<Conversation>>;

    /// One row of the owner's conversation list.
    fn conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<Conversation>>;

    /// Marks the peer's messages up to `sequence`, or all that exist, as read by the owner; later messages stay unread.
    /// The read position never moves back. Returns `None` if the list has no such conversation.
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

    /// Removes a row from the owner's list, with the messages that the owner could see in it. Returns `None` if there
    /// is no such row. The next message creates a new row that starts with that message.
    fn delete_conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<ListsState>>;

    /// Deletes up to `limit` messages of an app that were committed before `before`, the oldest first, with their
    /// client ids, and returns how many. Rows of conversation lists stay, without a last message once it is deleted,
    /// and no lists version is incremented. Unread messages stay counted until they are read. Since the senders of
    /// deleted messages need not be known, the messages after the last read one may all stay counted if that one was
    /// deleted.
    fn forget_messages(&self, app: AppId, before: Timestamp, limit: usize) -> Answer<'_, usize>;
}

/// The state of a user's lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListsState {
    /// The lists version: incremented by every change of the user's lists.
    pub version: u64,
    /// The number of unread messages, over all conversations.
    pub total_unread: u32,
}

/// The position of the next page of [`Lists::find_by_nick`]: after this account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NickCursor {
    /// The nick.
    pub nick: String,
    /// The account.
    pub id: UserId,
}

/// An account that [`Lists::find_by_nick`] has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NickFound {
    /// The account.
    pub id: UserId,
    /// The nick.
    pub nick: String,
    /// The time at which the account was created.
    pub created: Timestamp,
}

/// The outcome of [`Lists::set_profile`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileSet {
    /// The profile after the change.
    pub profile: Profile,
    /// Whether the change altered anything.
    pub changed: bool,
    /// The state of the user's lists after it.
    pub state: ListsState,
}

/// The arguments of [`Lists::befriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFriendship {
    /// The owner of the list.
    pub owner: User,
    /// The user to add to the list.
    pub friend: UserId,
    /// Whether to add the owner to the friend's list too.
    pub both: bool,
    /// The owner's name for the friend; may be empty.
    pub remark: String,
    /// The source of the friendship, in the app's own words; may be empty.
    pub source: String,
    /// The text of the owner's request; may be empty.
    pub wording: String,
    /// The time of the call.
    pub at: Timestamp,
    /// The most entries of one list. An existing entry needs no further room.
    pub limit: usize,
    /// Whether a user asks, so that the friend's rule for being added applies, or the app decides.
    pub ask: bool,
}

/// The outcome of [`Lists::befriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Befriending {
    /// Whether the friend was added, or the reason why not.
    pub outcome: Befriended,
    /// The entry of the owner; `Some` exactly if the friend was added.
    pub entry: Option<Friend>,
    /// The entry of the friend, if the friend has the owner in the list now.
    pub back: Option<Friend>,
    /// Whether the owner's list was altered, in which case its version was incremented by one.
    pub owner_changed: bool,
    /// Whether the friend's list was altered: it has a new entry, or one that has become mutual.
    pub friend_changed: bool,
    /// The state of the owner's lists after the call.
    pub owner_state: ListsState,
    /// The state of the friend's lists after the call.
    pub friend_state: ListsState,
}

/// Whether a friend was added. If there are several reasons against it, the first in this order is returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Befriended {
    /// The entry exists now.
    Done,
    /// The owner has no account.
    NoSuchOwner,
    /// The friend has no account.
    NoSuchFriend,
    /// The owner's list is full.
    ListFull,
    /// The friend's list is full, and `both` was requested.
    FriendListFull,
    /// The friend's rule forbids being added, and the call by a user would have created an entry.
    Denied,
}

/// The outcome of [`Lists::set_remark`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemarkSet {
    /// The entry after the change.
    pub entry: Friend,
    /// Whether the change altered anything.
    pub changed: bool,
    /// The state of the owner's lists after the call.
    pub state: ListsState,
}

/// The outcome of [`Lists::unfriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfriended {
    /// Whether the friend was in the owner's list.
    pub forth: bool,
    /// Whether, with `both`, the friend had the owner in the list, and the entry was removed.
    pub back: bool,
    /// The entry of the owner that the friend still has.
    pub left: Option<Friend>,
    /// The state of the owner's lists after the call.
    pub owner_state: ListsState,
    /// The state of the friend's lists after the call. Their version is incremented if an entry is removed or is no
    /// longer mutual.
    pub friend_state: ListsState,
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
    /// The sender's id of the message, the same in each retry.
    pub client_id: ClientMessageId,
    /// The time of the call.
    pub at: Timestamp,
    /// The platforms of the devices to which the app's backend is to push the message. A notice for it is put into the
    /// outbox in the same transaction. Empty if no push is wanted.
    pub push: Vec<Platform>,
}

/// The arguments of [`Lists::push_missed`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissedMessages {
    /// The recipient of the messages.
    pub user: User,
    /// The time from which on the messages were sent.
    pub since: Timestamp,
    /// The most notices to enqueue.
    pub limit: usize,
    /// The platforms of the devices to push the messages to.
    pub devices: Vec<Platform>,
    /// The time of the call.
    pub at: Timestamp,
}

/// The outcome of [`Lists::send_message`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// The message was stored.
    Stored(Box<StoredMessage>),
    /// The message had been stored before; nothing was changed.
    Repeated(Message),
    /// The sender has no account.
    NoSuchSender,
    /// The recipient has no account.
    NoSuchRecipient,
}

/// A stored message, and its effect on the lists of the two users.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredMessage {
    /// The message.
    pub message: Message,
    /// The conversation as the sender has it now.
    pub sender: ConversationSet,
    /// The conversation as the recipient has it now; the sender's own for a message to oneself.
    pub recipient: ConversationSet,
    /// Whether a notice for the backend was put into the outbox. If one was wanted and this is false, the outbox was
    /// full.
    pub push: bool,
}

/// A row of a conversation list after a change of it, and the owner's lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationSet {
    /// The row.
    pub conversation: Conversation,
    /// Whether the change altered anything.
    pub changed: bool,
    /// The state of the owner's lists after the change.
    pub state: ListsState,
}
