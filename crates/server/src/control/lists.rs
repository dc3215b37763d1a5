//! Operations of an operator on profiles, friends, messages and conversations. They are authorised as the app's own:
//! without rate limits and without the users' consent.

use lamplight_model::{
    AllowType, ClientMessageId, Code, Conversation, Friend, Message, MessageBody, Now, Profile,
    ProfileChange, Refusal, Timestamp, User, UserId,
};
use lamplight_service::{By, Service, ServiceError};
use serde::{Deserialize, Serialize};

/// Something that an operator asks about the lists of users.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListsOperation {
    /// Reads a user's profile, and the version of its lists.
    Profile(User),
    /// Changes what a user shows; what is `None` stays.
    SetProfile {
        /// The owner of the profile.
        user: User,
        /// The new nick.
        nick: Option<String>,
        /// The new URL of the picture.
        avatar_url: Option<String>,
        /// The rule for being added as a friend.
        allow: Option<AllowType>,
    },
    /// Changes what the owner calls a friend.
    SetRemark {
        /// The owner of the list.
        owner: User,
        /// The friend on it.
        friend: UserId,
        /// The new remark; empty for none.
        remark: String,
    },
    /// A page of a friend list, after this entry.
    Friends {
        /// The owner of the list.
        owner: User,
        /// The last entry of the page before.
        after: Option<UserId>,
    },
    /// Sends a text message on behalf of a user.
    Send {
        /// On whose behalf.
        from: User,
        /// The recipient.
        to: UserId,
        /// The text.
        text: String,
        /// Makes a retry harmless; 1 to 64 bytes of printable ASCII.
        client_id: String,
    },
    /// A page of the messages of a user with another, newest first.
    History {
        /// The user whose side of the conversation is read.
        owner: User,
        /// The other one.
        peer: UserId,
        /// Only what is before this sequence.
        before: Option<u64>,
        /// At most so many, 1 to 100.
        limit: u32,
    },
    /// A page of a conversation list.
    Conversations {
        /// The owner of the list.
        owner: User,
        /// The `next` of the page before, or empty.
        cursor: String,
    },
    /// The owner has read everything of a conversation.
    MarkRead {
        /// The owner of the list.
        owner: User,
        /// The other one.
        peer: UserId,
    },
    /// Pins a conversation, or lets it go.
    Pin {
        /// The owner of the list.
        owner: User,
        /// The other one.
        peer: UserId,
        /// To the top.
        pinned: bool,
    },
    /// Takes a conversation out of the owner's list, with its history.
    DeleteConversation {
        /// The owner of the list.
        owner: User,
        /// The other one.
        peer: UserId,
    },
}

/// The outcome of a [`ListsOperation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListsOutcome {
    /// The operation is done; with whether it changed anything.
    Done {
        /// Something differs from before.
        changed: bool,
    },
    /// A user's profile.
    Profile(Profile),
    /// A page of a friend list.
    Friends {
        /// By rising id.
        friends: Vec<ShownFriend>,
        /// Whether this was the last page.
        finished: bool,
    },
    /// A message as it is stored.
    Sent {
        /// The message.
        message: ShownMessage,
        /// Whether the message had been stored before.
        repeated: bool,
    },
    /// Messages, newest first.
    History {
        /// The messages.
        messages: Vec<ShownMessage>,
        /// Whether there is nothing before them.
        finished: bool,
    },
    /// A page of a conversation list.
    Conversations {
        /// Pinned first, then the latest active first.
        conversations: Vec<ShownConversation>,
        /// The cursor of the next page.
        next: Option<String>,
        /// Unread messages over all conversations.
        total_unread: u32,
    },
}

/// An entry of a friend list, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownFriend {
    /// `userID`
    pub user_id: UserId,
    /// The owner's remark about the friend.
    pub remark: String,
    /// The friend's own nick.
    pub nick: String,
    /// Whether each has the other in the list.
    pub mutual: bool,
    /// When the entry was made.
    pub added: Timestamp,
}

/// A message, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownMessage {
    /// The sender.
    pub from: UserId,
    /// The recipient.
    pub to: UserId,
    /// Its place in the conversation.
    pub sequence: u64,
    /// When it was committed.
    pub time: Timestamp,
    /// The content.
    pub body: MessageBody,
}

/// A row of a conversation list, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownConversation {
    /// The other one.
    pub peer: UserId,
    /// The peer's nick.
    pub nick: String,
    /// The newest message.
    pub last: Option<ShownMessage>,
    /// Messages that are not read.
    pub unread: u32,
    /// Whether it is pinned.
    pub pinned: bool,
    /// When it last moved.
    pub active: Timestamp,
}

/// Does what an operator asks.
pub(super) async fn execute(
    service: &Service,
    operation: ListsOperation,
    now: Now,
) -> Result<ListsOutcome, ServiceError> {
    Ok(match operation {
        ListsOperation::Profile(user) => {
            let info = service.users_info(&user, std::slice::from_ref(&user.id), By::App, now).await?;
            let (_, profile) = info.profiles.into_iter().next().ok_or(Code::NO_SUCH_ACCOUNT)?;
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
        ListsOperation::Send { from, to, text, client_id } => {
            let client_id = ClientMessageId::new(&client_id).map_err(Refusal::from)?;
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
