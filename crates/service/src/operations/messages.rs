//! One-to-one messages (SPEC section 6). A message is acknowledged when it is committed.

use crate::operations::lists::{By, Listed, fitting, page_size};
use crate::{Service, ServiceError};
use lamplight_core::{Call, Presence};
use lamplight_directory::{ListsChange, MessageNews};
use lamplight_facts::{ConversationSet, MissedMessages, NewMessage, Sent, StoredMessage};
use lamplight_model::{
    ClientMessageId, Code, Hook, Lane, Message, MessageBody, Now, Platform, Refusal, StatusType, Timestamp,
    User, UserId,
};

/// The maximum number of messages in a page of a history.
pub const MAX_HISTORY_PAGE: u32 = 100;
/// The number of messages in a page of a history if the request gives no number.
pub const HISTORY_PAGE: u32 = 20;

/// The maximum number of missed messages that are pushed to a user who has become OFFLINE.
pub const MAX_MISSED_MESSAGES: usize = 100;

/// The result of sending a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageSent {
    /// The stored message.
    pub message: Message,
    /// Whether the call was a retry of a message that was already stored.
    pub repeated: bool,
}

/// A page of a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryPage {
    /// The messages, newest first.
    pub messages: Vec<Message>,
    /// Whether there are no older messages.
    pub finished: bool,
}

impl Service {
    /// Sends a message.
    ///
    /// The call is a retry if the sender has sent the same content to the same user with the same client id within
    /// [`RETRY_TIME`](lamplight_facts::RETRY_TIME). A retry stores nothing, and returns the message that is stored.
    ///
    /// Refuses with 6017 if the message is empty, and with 80002 if it is too long. Refuses with 70107 if the recipient
    /// has no account, and with 20007 if the recipient has blocked the sender.
    pub async fn send_message(
        &self,
        from: &User,
        to: &UserId,
        body: MessageBody,
        client_id: ClientMessageId,
        by: By,
        now: Now,
    ) -> Result<Listed<MessageSent>, ServiceError> {
        let app = self.app(from)?;
        body.check(app.settings.limits.message_bytes.into())?;
        self.pass_rate(&app, from, Call::SendMessage, by, now).await?;
        let recipient = User::new(from.app, to.clone());
        let push = if app.settings.webhooks.push_url.is_empty() || *from == recipient {
            Vec::new()
        } else {
            self.push_devices(&recipient).await?
        };
        let wants_push = !push.is_empty();
        let message = NewMessage { from: from.clone(), to: to.clone(), body, client_id, at: now.wall, push };
        let stored =
            self.change_lists([from.clone(), recipient.clone()], self.facts.send_message(message)).await?;
        match stored {
            Sent::Stored(stored) => {
                let StoredMessage { message, sender, recipient: received, push } = *stored;
                if push {
                    self.outbox.bell().ring(Lane { app: from.app, hook: Hook::Push });
                } else if wants_push {
                    self.outbox.bell().count_dropped();
                }
                let version = sender.state.version;
                self.tell_message(from, &message, sender, by);
                if *from != recipient {
                    self.tell_message(&recipient, &message, received, By::App);
                    if !wants_push {
                        // The recipient may have turned OFFLINE during the write. The missed messages may then have
                        // been pushed before this one was stored.
                        self.push_missed(&recipient, message.at, now).await?;
                    }
                }
                Ok(Listed { value: MessageSent { message, repeated: false }, version })
            }
            Sent::Repeated(message) => {
                if *from != recipient {
                    // The first attempt may have been cancelled or have failed before this push.
                    self.push_missed(&recipient, message.at, now).await?;
                }
                let state = self.lists_state(from, by).await?;
                Ok(Listed { value: MessageSent { message, repeated: true }, version: state.version })
            }
            Sent::NoSuchSender => Err(by.no_such_caller(from).into()),
            Sent::NoSuchRecipient => Err(Refusal::no_such_account(to).into()),
            Sent::Blocked => Err(Code::BLOCKED.into()),
        }
    }

    /// The platforms to which a message to this user has to be pushed; empty if the user is not OFFLINE.
    async fn push_devices(&self, recipient: &User) -> Result<Vec<Platform>, ServiceError> {
        let devices = self.directory.read(std::slice::from_ref(recipient), |_, presence| {
            let offline = presence.filter(|presence| presence.status_type() == StatusType::Offline);
            let devices = offline.into_iter().flat_map(Presence::devices).map(|device| device.platform);
            devices.collect::<Vec<_>>()
        });
        Ok(devices.await?.remove(0))
    }

    /// Adds notices about a user's unread messages to the outbox, at most [`MAX_MISSED_MESSAGES`]. Only messages that
    /// were stored at `since` or later get a notice, unless they already have one. Does nothing if the user is not
    /// OFFLINE, or the app has no push webhook.
    pub async fn push_missed(&self, user: &User, since: Timestamp, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        if app.settings.webhooks.push_url.is_empty() {
            return Ok(());
        }
        let devices = self.push_devices(user).await?;
        if devices.is_empty() {
            return Ok(());
        }
        let missed =
            MissedMessages { user: user.clone(), since, limit: MAX_MISSED_MESSAGES, devices, at: now.wall };
        let enqueued = self.facts.push_missed(missed).await?;
        if enqueued.added > 0 {
            self.outbox.bell().ring(Lane { app: user.app, hook: Hook::Push });
        }
        (0..enqueued.dropped).for_each(|_| self.outbox.bell().count_dropped());
        Ok(())
    }

    fn tell_message(&self, user: &User, message: &Message, set: ConversationSet, by: By) {
        let ConversationSet { mut conversation, changed: _, state } = set;
        conversation.last = None;
        let news = MessageNews { message: message.clone(), conversation };
        self.tell_lists(user, state, by.connection(), ListsChange::Message(Box::new(news)));
    }

    /// Reads a page of the conversation with `peer`: the newest messages, or those with a lower number than `before`.
    /// The page is empty if there is no conversation. A page with long texts has fewer messages.
    ///
    /// A `limit` of 0 means [`HISTORY_PAGE`]. A limit above [`MAX_HISTORY_PAGE`] is refused with 6017.
    pub async fn history(
        &self,
        owner: &User,
        peer: &UserId,
        before: Option<u64>,
        limit: u32,
        by: By,
        now: Now,
    ) -> Result<HistoryPage, ServiceError> {
        let app = self.app(owner)?;
        let limit = page_size(if limit == 0 { HISTORY_PAGE } else { limit }, MAX_HISTORY_PAGE)?;
        self.pass_rate(&app, owner, Call::GetHistory, by, now).await?;
        // If there is one message more than requested, there are older messages.
        let mut messages = self.facts.history(owner.clone(), peer.clone(), before, limit + 1).await?;
        let shown = limit.min(fitting(messages.iter().map(|message| message.body.bytes())));
        let finished = messages.len() <= shown;
        messages.truncate(shown);
        Ok(HistoryPage { messages, finished })
    }
}
