//! Operations on profiles, friends, visibility, block lists, messages and conversations. As in calls of the app's
//! backend, the users need not consent, and the rate limits of users do not apply.

use lamplight_model::{
    AllowType, BlockedUser, ClientMessageId, Code, Conversation, Friend, Message, MessageBody, Now, Profile,
    ProfileChange, Refusal, Timestamp, User, UserId, Visibility,
};
use lamplight_service::{By, Service, ServiceError};
use serde::{Deserialize, Serialize};

/// An operation on the lists of users.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListsOperation {
    /// Reads a user's profile, which includes the version of the user's lists.
    Profile(User),
    /// Changes a user's profile. Fields that are `None` stay unchanged.
    SetProfile {
        /// The owner of the profile.
        user: User,
        /// The new nick.
        nick: Option<String>,
        /// The new URL of the picture.
        avatar_url: Option<String>,
        /// The new rule for friend requests.
        allow: Option<AllowType>,
    },
    /// Changes the owner's remark about a friend.
    SetRemark {
        /// The owner of the friend list.
        owner: User,
        /// The friend on the list.
        friend: UserId,
        /// The new remark; empty for none.
        remark: String,
    },
    /// Reads a page of a friend list.
    Friends {
        /// The owner of the list.
        owner: User,
        /// The last entry of the previous page; `None` for the first page.
        after: Option<UserId>,
    },
    /// Sets who may see the status of a user.
    SetVisibility {
        /// The owner of the status.
        user: User,
        /// The new visibility: everyone, friends or nobody.
        visibility: Visibility,
    },
    /// Reads the visibility and the block list of a user.
    BlockList(User),
    /// Adds users to a block list.
    Block {
        /// The owner of the list.
        owner: User,
        /// The users to add, at most 1,000.
        users: Vec<UserId>,
    },
    /// Removes users from a block list.
    Unblock {
        /// The owner of the list.
        owner: User,
        /// The users to remove, at most 1,000.
        users: Vec<UserId>,
    },
    /// Reads the blocks between the owner and other users, in both directions.
    CheckBlocks {
        /// The owner of the block list.
        owner: User,
        /// The users to compare with, at most 1,000.
        users: Vec<UserId>,
    },
    /// Sends a text message on behalf of a user.
    Send {
        /// The sender.
        from: User,
        /// The recipient.
        to: UserId,
        /// The text.
        text: String,
        /// The client message id, 1 to 64 bytes of printable ASCII. A second message with the same id counts as a retry
        /// of the first, and is not stored.
        client_id: String,
    },
    /// Reads a page of the messages between two users, newest first.
    History {
        /// The user whose copy of the conversation is read.
        owner: User,
        /// The other user.
        peer: UserId,
        /// The sequence below which messages are read; `None` for the newest messages.
        before: Option<u64>,
        /// The maximum number of messages in the answer, 1 to 100.
        limit: u32,
    },
    /// Reads a page of a conversation list.
    Conversations {
        /// The owner of the list.
        owner: User,
        /// The `next` of the previous page; empty for the first page.
        cursor: String,
    },
    /// Marks all messages of a conversation as read.
    MarkRead {
        /// The owner of the list.
        owner: User,
        /// The other user.
        peer: UserId,
    },
    /// Pins or unpins a conversation.
    Pin {
        /// The owner of the list.
        owner: User,
        /// The other user.
        peer: UserId,
        /// `true` to pin the conversation, `false` to unpin it.
        pinned: bool,
    },
    /// Deletes a conversation, with its messages, for its owner.
    DeleteConversation {
        /// The owner of the list.
        owner: User,
        /// The other user.
        peer: UserId,
    },
}

/// The outcome of a [`ListsOperation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListsOutcome {
    /// The operation is done.
    Done {
        /// `true` if the operation changed anything.
        changed: bool,
    },
    /// A user's profile.
    Profile(Profile),
    /// A page of a friend list.
    Friends {
        /// The friends, in ascending order of their ids.
        friends: Vec<ShownFriend>,
        /// `true` if this is the last page.
        finished: bool,
    },
    /// The visibility is set.
    VisibilitySet {
        /// The visibility that it replaced.
        was: Visibility,
    },
    /// The visibility and the block list of a user.
    BlockList {
        /// The visibility of the status: everyone, friends or nobody.
        visibility: Visibility,
        /// The entries, in ascending order of their ids.
        blocked: Vec<BlockedUser>,
    },
    /// A block list was changed for some or all of the users in the request.
    Blocks {
        /// The users who were added or removed.
        changed: Vec<UserId>,
        /// The users for whom the change failed.
        failures: Vec<BlockFailure>,
    },
    /// The outcome of `CheckBlocks` for each user, in the order of the request.
    CheckedBlocks(Vec<CheckedBlock>),
    /// The message is stored: by this operation, or by an earlier attempt.
    Sent {
        /// The message.
        message: ShownMessage,
        /// `true` if an earlier attempt has stored the message, so that this operation stored nothing.
        repeated: bool,
    },
    /// A page of messages.
    History {
        /// The messages, newest first.
        messages: Vec<ShownMessage>,
        /// `true` if there are no earlier messages.
        finished: bool,
    },
    /// A page of a conversation list.
    Conversations {
        /// The pinned conversations, then the others. Both groups are in descending order of the last activity.
        conversations: Vec<ShownConversation>,
        /// The cursor of the next page; `None` after the last page.
        next: Option<String>,
        /// The number of unread messages over all conversations.
        total_unread: u32,
    },
}

/// An entry of a friend list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownFriend {
    /// The friend's `userID`.
    pub user_id: UserId,
    /// The owner's remark about the friend.
    pub remark: String,
    /// The friend's own nick.
    pub nick: String,
    /// `true` if the owner is also on the friend's friend list.
    pub mutual: bool,
    /// The time when the entry was added.
    pub added: Timestamp,
}

/// A user for whom a change of a block list failed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BlockFailure {
    /// The user.
    pub user_id: UserId,
    /// The code of the failure.
    pub code: u32,
    /// The text of the failure, with the code.
    pub message: String,
    /// `true` if the user has an account.
    pub has_account: bool,
}

/// Whether each of two users has blocked the other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CheckedBlock {
    /// The other user.
    pub user_id: UserId,
    /// `true` if the other user is on the owner's block list.
    pub blocked: bool,
    /// `true` if the owner is on the other user's block list.
    pub blocked_by: bool,
    /// `true` if the other user has an account. A block outlives the account of the blocked user.
    pub has_account: bool,
}

/// A stored message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownMessage {
    /// The sender.
    pub from: UserId,
    /// The recipient.
    pub to: UserId,
    /// The position of the message in the conversation.
    pub sequence: u64,
    /// The time when the message was stored.
    pub time: Timestamp,
    /// The content.
    pub body: MessageBody,
}

/// A row of a conversation list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownConversation {
    /// The other user.
    pub peer: UserId,
    /// The peer's nick.
    pub nick: String,
    /// The newest message; `None` in a conversation without messages.
    pub last: Option<ShownMessage>,
    /// The number of unread messages.
    pub unread: u32,
    /// `true` if the conversation is pinned.
    pub pinned: bool,
    /// The time of the last activity in the conversation.
    pub active: Timestamp,
}

/// Executes an operation.
pub(super) async fn execute(
    service: &Service,
    operation: ListsOperation,
    now: Now,
) -> Result<ListsOutcome, ServiceError> {
    Ok(match operation {
        ListsOperation::Profile(user) => {
            let info = service.users_info(&user, std::slice::from_ref(&user.id), By::App, now).await?;
            let (_, profile) =
                info.profiles.into_iter().next().ok_or_else(|| Refusal::no_such_account(&user.id))?;
            ListsOutcome::Profile(profile)
        }
        ListsOperation::SetProfile { user, nick, avatar_url, allow } => {
            let change = ProfileChange { nick, avatar_url, allow };
            ListsOutcome::Profile(service.set_profile(&user, change, By::App, now).await?.value)
        }
        ListsOperation::SetRemark { owner, friend, remark } => {
            service.set_friend_remark(&owner, &friend, &remark, By::App, now).await?;
            ListsOutcome::Done { changed: true }
        }
        ListsOperation::Friends { owner, after } => {
            let page = service.friend_list(&owner, after.as_ref(), 0, By::App, now).await?.value;
            let friends = page.friends.into_iter().map(shown_friend).collect();
            ListsOutcome::Friends { friends, finished: page.finished }
        }
        ListsOperation::SetVisibility { user, visibility } => {
            let was = service.set_visibility(&user, visibility, By::App, now).await?.value;
            ListsOutcome::VisibilitySet { was }
        }
        ListsOperation::BlockList(user) => {
            let list = service.block_list(&user, By::App, now).await?.value;
            ListsOutcome::BlockList { visibility: list.visibility, blocked: list.blocked }
        }
        ListsOperation::Block { owner, users } => {
            let done = service.block_users(&owner, &users, By::App, now).await?.value;
            let changed = done.blocked.into_iter().map(|entry| entry.id).collect();
            ListsOutcome::Blocks { changed, failures: block_failures(service, &owner, done.failures).await? }
        }
        ListsOperation::Unblock { owner, users } => {
            let done = service.unblock_users(&owner, &users, By::App, now).await?.value;
            let failures = block_failures(service, &owner, done.failures).await?;
            ListsOutcome::Blocks { changed: done.unblocked, failures }
        }
        ListsOperation::CheckBlocks { owner, users } => {
            service.lists_state_of(&owner).await?;
            let checked = service.blocks_between(&owner, &users).await?.into_iter();
            let have_accounts = have_accounts(service, &owner, users).await?;
            let shown = |((user_id, blocked, blocked_by), has_account)| CheckedBlock {
                user_id,
                blocked,
                blocked_by,
                has_account,
            };
            ListsOutcome::CheckedBlocks(checked.zip(have_accounts).map(shown).collect())
        }
        ListsOperation::Send { from, to, text, client_id } => {
            let client_id = ClientMessageId::of_client(&client_id).map_err(Refusal::from)?;
            let sent = service
                .send_message(&from, &to, MessageBody::Text(text), client_id, By::App, now)
                .await?
                .value;
            ListsOutcome::Sent { message: shown_message(sent.message), repeated: sent.repeated }
        }
        ListsOperation::History { owner, peer, before, limit } => {
            let page = service.history(&owner, &peer, before, limit, By::App, now).await?;
            let messages = page.messages.into_iter().map(shown_message).collect();
            ListsOutcome::History { messages, finished: page.finished }
        }
        ListsOperation::Conversations { owner, cursor } => {
            let page = service.conversation_list(&owner, &cursor, 0, By::App, now).await?.value;
            ListsOutcome::Conversations {
                conversations: page.conversations.into_iter().map(shown_conversation).collect(),
                next: page.next,
                total_unread: page.total_unread,
            }
        }
        ListsOperation::MarkRead { owner, peer } => {
            service.mark_read(&owner, &peer, None, By::App, now).await?;
            ListsOutcome::Done { changed: true }
        }
        ListsOperation::Pin { owner, peer, pinned } => {
            service.pin_conversation(&owner, &peer, pinned, By::App, now).await?;
            ListsOutcome::Done { changed: true }
        }
        ListsOperation::DeleteConversation { owner, peer } => {
            service.delete_conversation(&owner, &peer, By::App, now).await?;
            ListsOutcome::Done { changed: true }
        }
    })
}

async fn block_failures(
    service: &Service,
    owner: &User,
    failures: Vec<(UserId, Code)>,
) -> Result<Vec<BlockFailure>, ServiceError> {
    let users = failures.iter().map(|(user, _)| user.clone()).collect();
    let have_accounts = have_accounts(service, owner, users).await?;
    let shown = |((user_id, code), has_account): ((UserId, Code), bool)| BlockFailure {
        user_id,
        code: code.number(),
        message: code.to_string(),
        has_account,
    };
    Ok(failures.into_iter().zip(have_accounts).map(shown).collect())
}

/// Returns for each user of the owner's app whether the user has an account.
async fn have_accounts(
    service: &Service,
    owner: &User,
    users: Vec<UserId>,
) -> Result<Vec<bool>, ServiceError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let users = users.into_iter().map(|id| User::new(owner.app, id)).collect();
    Ok(service.lists_states_of(users).await?.iter().map(Option::is_some).collect())
}

fn shown_friend(friend: Friend) -> ShownFriend {
    ShownFriend {
        user_id: friend.id,
        remark: friend.remark,
        nick: friend.profile.nick,
        mutual: friend.mutual,
        added: friend.added,
    }
}

fn shown_message(message: Message) -> ShownMessage {
    ShownMessage {
        from: message.from,
        to: message.to,
        sequence: message.sequence,
        time: message.at,
        body: message.body,
    }
}

fn shown_conversation(conversation: Conversation) -> ShownConversation {
    ShownConversation {
        peer: conversation.peer,
        nick: conversation.profile.nick,
        last: conversation.last.map(shown_message),
        unread: conversation.unread,
        pinned: conversation.pinned,
        active: conversation.active,
    }
}
