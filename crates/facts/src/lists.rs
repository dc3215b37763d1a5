//! The part of the port for the lists of a user: profile, friends, messages, conversations.
//!
//! Every change of a user's lists counts up the user's *lists version* by one, in the same transaction, so a client
//! that was away knows from one number whether its lists are still true, and changes can be told in their order.
//! A change that alters nothing counts nothing up; the profile of somebody else is not counted. A new account starts
//! at the time it was made, in milliseconds: the number of an account that was deleted and made again does not come
//! back.

use crate::{Answer, Enqueued};
use lamplight_model::{
    AppId, ClientMessageId, Conversation, ConversationCursor, Friend, Message, MessageBody, Platform,
    Profile, ProfileChange, ProfileFields, Timestamp, User, UserId,
};
use std::time::Duration;

/// How long after a message the same one is taken for a retry of it. SDKs and backends give up long before; the same
/// text to the same user later, under a client id that has come up again, is a new message.
pub const RETRY_TIME: Duration = Duration::from_secs(600);

/// The durable lists of users. The caller has checked the texts.
pub trait Lists: Send + Sync {
    /// The lists version and the unread messages of these users, in the order asked; `None` where there is no
    /// account. Every login asks for it, so it comes in batches and is worth being quick.
    fn lists_states(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ListsState>>>;

    // Profiles

    /// The profiles of these users, in the order asked; `None` where there is no account.
    fn profiles(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Profile>>>;

    /// Changes a profile. `None` where there is no account. A change that changes nothing counts nothing up.
    fn set_profile(&self, user: User, change: ProfileChange) -> Answer<'_, Option<ProfileSet>>;

    /// The further fields of the profiles of these users, in the order asked; `None` where there is no account.
    fn profile_fields(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ProfileFields>>>;

    /// Changes a profile and sets further fields of it, in one transaction; those that are not named stay. `None` where
    /// there is no account. Further fields count nothing up, and [`ProfileSet::changed`] does not speak of them.
    fn set_profile_and_fields(
        &self,
        user: User,
        change: ProfileChange,
        fields: ProfileFields,
    ) -> Answer<'_, Option<ProfileSet>>;

    /// Up to `limit` accounts of an app whose nick begins with `prefix`, whatever the case of the letters
    /// ([`fold_nick`](lamplight_model::fold_nick)), by rising folded nick and then id: those after `after`. An account
    /// without a nick is not found.
    fn find_by_nick(
        &self,
        app: AppId,
        prefix: String,
        after: Option<NickCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<NickFound>>;

    // Friends

    /// Takes `friend` into the friend list of `owner`, and with `both` the other way round. The two are not the same.
    /// An entry that is there keeps its time, and gets the remark, source and wording, each where it is not empty: an
    /// empty one says nothing. The other side's entry is made with the source alone, or left alone. In one transaction;
    /// unless [`Befriended::Done`] is the answer nothing was changed.
    fn befriend(&self, friendship: NewFriendship) -> Answer<'_, Befriending>;

    /// Changes the remark of an entry; `None` where there is none. The same remark counts nothing up.
    fn set_remark(&self, owner: User, friend: UserId, remark: String) -> Answer<'_, Option<RemarkSet>>;

    /// Takes `friend` out of the friend list of `owner`, and with `both` the other way round.
    fn unfriend(&self, owner: User, friend: UserId, both: bool) -> Answer<'_, Unfriended>;

    /// One entry of a friend list.
    fn friend(&self, owner: User, friend: UserId) -> Answer<'_, Option<Friend>>;

    /// Up to `limit` entries of a friend list whose id is after `after`, by rising id.
    fn friend_page(&self, owner: User, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Friend>>;

    /// How many entries a friend list has.
    fn count_friends(&self, owner: User) -> Answer<'_, usize>;

    /// Users who have the owner in the friend list and are in the owner's, by rising id.
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

    /// Puts a notice into the outbox for each message to `user` that was sent at or after `since`, is unread, and had
    /// none yet; of at most `limit` of them, the newest, in the order in which they were sent, and only of the newest
    /// 100 of each conversation. In one transaction; doing it twice does no harm. Returns the outcome.
    fn push_missed(&self, missed: MissedMessages) -> Answer<'_, Enqueued>;

    /// Up to `limit` messages of the owner's conversation with `peer`, newest first, those only that come before
    /// the sequence `before` where it is given, and none of what the owner has deleted.
    fn history(
        &self,
        owner: User,
        peer: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<Message>>;

    /// Up to `limit` rows of the owner's conversation list: pinned first, then the latest active, equal ones by
    /// rising peer; those only that come after the row `after` in this order.
    fn conversations(
        &self,
        owner: User,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<Conversation>>;

    /// One row of the owner's conversation list.
    fn conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<Conversation>>;

    /// The owner has read the peer's messages up to `sequence`, or all there are; what is not there yet is not read
    /// by it. Never goes back. `None` where there is no such conversation in the list.
    fn mark_read(
        &self,
        owner: User,
        peer: UserId,
        sequence: Option<u64>,
    ) -> Answer<'_, Option<ConversationSet>>;

    /// Pins a row to the top of the list, or lets it go. `None` where there is no such conversation in the list.
    fn pin_conversation(
        &self,
        owner: User,
        peer: UserId,
        pinned: bool,
    ) -> Answer<'_, Option<ConversationSet>>;

    /// Takes a row out of the owner's list, with what the owner could see of it. `None` where there is none. The next
    /// message makes a new row, which begins with it.
    fn delete_conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<ListsState>>;

    /// Forgets up to `limit` messages of an app that were committed before `before`, the oldest first, with their
    /// client ids. Says how many. Rows of conversation lists stay, without a last message once it is gone; no lists
    /// version counts up. Unread messages stay counted until they are read. The senders of forgotten messages need not
    /// be known: where one of these is the last that was read, those after it may all stay counted.
    fn forget_messages(&self, app: AppId, before: Timestamp, limit: usize) -> Answer<'_, usize>;
}

/// How far the lists of a user are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListsState {
    /// Counts every change of the user's lists.
    pub version: u64,
    /// Unread messages, over all conversations.
    pub total_unread: u32,
}

/// Where the next page of [`Lists::find_by_nick`] begins: behind this account.
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
    /// When the account was made.
    pub created: Timestamp,
}

/// The outcome of [`Lists::set_profile`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileSet {
    /// The profile after the change.
    pub profile: Profile,
    /// Whether anything differs from before.
    pub changed: bool,
    /// The lists of the user after it.
    pub state: ListsState,
}

/// The arguments of [`Lists::befriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFriendship {
    /// The owner of the list.
    pub owner: User,
    /// The user that goes into the list.
    pub friend: UserId,
    /// The other way round too.
    pub both: bool,
    /// The owner's name for the friend; may be empty.
    pub remark: String,
    /// Where the friendship came from, in the app's own words; may be empty.
    pub source: String,
    /// The owner's words when asking; may be empty.
    pub wording: String,
    /// When.
    pub at: Timestamp,
    /// The most entries of one list. An entry that is there already needs no room.
    pub limit: usize,
    /// Whether a friend who lets nobody add them is asked (a user asks) or not (the app decides).
    pub ask: bool,
}

/// The outcome of [`Lists::befriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Befriending {
    /// Whether it was done.
    pub outcome: Befriended,
    /// The entry of the owner; `Some` exactly when it was done.
    pub entry: Option<Friend>,
    /// The entry of the friend, if the friend has the owner in the list now.
    pub back: Option<Friend>,
    /// Whether the owner's list differs from before: then, and only then, its version counted up, by one.
    pub owner_changed: bool,
    /// Whether the friend's list does: an entry is new there, or has become mutual.
    pub friend_changed: bool,
    /// The owner's lists after it.
    pub owner_state: ListsState,
    /// The friend's lists after it.
    pub friend_state: ListsState,
}

/// Whether two became friends. Of several reasons why not, the first one here is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Befriended {
    /// The entry is there.
    Done,
    /// The owner has no account.
    NoSuchOwner,
    /// The friend has no account.
    NoSuchFriend,
    /// The owner's list has no room.
    ListFull,
    /// With `both`: the friend's list has no room.
    FriendListFull,
    /// The friend lets nobody add them, and the user who asks would get or be given an entry that is not there yet.
    Denied,
}

/// The outcome of [`Lists::set_remark`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemarkSet {
    /// The entry after the change.
    pub entry: Friend,
    /// Whether anything differs from before.
    pub changed: bool,
    /// The owner's lists after it.
    pub state: ListsState,
}

/// The outcome of [`Lists::unfriend`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfriended {
    /// Whether the owner had the friend.
    pub forth: bool,
    /// Whether the friend had the owner and, with `both`, has no longer.
    pub back: bool,
    /// The entry that the friend still has of the owner.
    pub left: Option<Friend>,
    /// The owner's lists after it.
    pub owner_state: ListsState,
    /// The friend's lists after it. It counts up when an entry of theirs goes, or is no longer mutual.
    pub friend_state: ListsState,
}

/// The arguments of [`Lists::send_message`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMessage {
    /// The sender.
    pub from: User,
    /// The recipient.
    pub to: UserId,
    /// Its content.
    pub body: MessageBody,
    /// The sender's id of the message: the same in each retry.
    pub client_id: ClientMessageId,
    /// When.
    pub at: Timestamp,
    /// The platforms of the devices to which the app's backend shall push the message: a notice comes into the
    /// outbox, in the same transaction. Empty: no push.
    pub push: Vec<Platform>,
}

/// The arguments of [`Lists::push_missed`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissedMessages {
    /// The recipient of the messages.
    pub user: User,
    /// From when on they were sent.
    pub since: Timestamp,
    /// How many at most.
    pub limit: usize,
    /// The platforms of the devices to which they are to be pushed.
    pub devices: Vec<Platform>,
    /// When.
    pub at: Timestamp,
}

/// The outcome of [`Lists::send_message`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It is stored.
    Stored(Box<StoredMessage>),
    /// It had been stored before; nothing was changed.
    Repeated(Message),
    /// The sender has no account.
    NoSuchSender,
    /// The recipient has no account.
    NoSuchRecipient,
}

/// A message that was stored, and what it did to the lists of the two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredMessage {
    /// The message.
    pub message: Message,
    /// The conversation as the sender has it now.
    pub sender: ConversationSet,
    /// The conversation as the recipient has it now; the sender's own for a message to oneself.
    pub recipient: ConversationSet,
    /// A notice for the backend is in the outbox. One that was wanted and is not there has found no room.
    pub push: bool,
}

/// A row of a conversation list after a change of it, and the owner's lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationSet {
    /// The row.
    pub conversation: Conversation,
    /// Whether anything differs from before.
    pub changed: bool,
    /// The owner's lists after the change.
    pub state: ListsState,
}
