//! One-to-one messages (SPEC section 6). A message is acknowledged when it is committed.

use crate::operations::lists::{By, Listed, fitting, page_size};
use crate::retries::Pending;
use crate::{Service, ServiceError};
use lamplight_core::{Call, Presence, PushNotice, push_notice};
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
        let may_be_pushed = !app.settings.webhooks.push_url.is_empty() && *from != recipient;
        let push = if may_be_pushed { self.push_notice(&recipient, &from.id, by).await? } else { None };
        let wants_push = push.is_some();
        // If the call is given up or fails after the message was stored, the message is pushed later.
        let later = (may_be_pushed && !wants_push)
            .then(|| Pending::Push { user: recipient.clone(), since: now.wall });
        let unapplied = self.unapplied(later);
        let message = NewMessage { from: from.clone(), to: to.clone(), body, client_id, at: now.wall, push };
        let stored =
            self.change_lists([from.clone(), recipient.clone()], self.facts.send_message(message)).await;
        let (stored, unapplied) = unapplied.unless_refused(stored)?;
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
                }
                if may_be_pushed && !wants_push {
                    let unanswered = self.unanswered(from, by);
                    // The recipient may have turned OFFLINE during the write. The missed messages may then have been
                    // pushed before this one was stored.
                    match self.push_missed(&recipient, message.at, now).await {
                        Ok(()) => unapplied.are_applied(),
                        Err(error) => {
                            tracing::debug!(%error, "a message is stored, and will be pushed later")
                        }
                    }
                    unanswered.answered();
                }
                Ok(Listed { value: MessageSent { message, repeated: false }, version })
            }
            Sent::Repeated(message) => {
                unapplied.are_applied();
                if may_be_pushed {
                    // The process may have ended after the first attempt and before its push. The answer does not wait:
                    // it would tell a recipient who is OFFLINE from one who hides.
                    self.retries.push(Pending::Push { user: recipient, since: message.at });
                }
                let state = self.lists_state(from, by).await?;
                Ok(Listed { value: MessageSent { message, repeated: true }, version: state.version })
            }
            Sent::NoSuchSender => {
                unapplied.are_applied();
                Err(by.no_such_caller(from).into())
            }
            Sent::NoSuchRecipient => {
                unapplied.are_applied();
                Err(Refusal::no_such_account(to).into())
            }
            Sent::Blocked => {
                unapplied.are_applied();
                Err(Code::BLOCKED.into())
            }
        }
    }

    /// The devices of the notice for a message of `sender` to this user, for [`NewMessage::push`].
    ///
    /// The app sees the truth, so its messages need no undecided notices. Nodes of an earlier version would send such a
    /// notice. Nobody can hide as long as one of them shares the directory.
    async fn push_notice(
        &self,
        recipient: &User,
        sender: &UserId,
        by: By,
    ) -> Result<Option<Vec<Platform>>, ServiceError> {
        let may_be_undecided = match by {
            By::Client(_) => self.directory.allows_restrictions(),
            By::App => false,
        };
        let look = |_: &User, presence: Option<&Presence>| {
            let truth = presence.map_or(StatusType::Unlogined, Presence::status_type);
            let restrictions = presence.and_then(Presence::restrictions);
            let hidden = restrictions.and_then(|restrictions| restrictions.shown_to(sender));
            match push_notice(truth, hidden.map_or(truth, |shown| shown.status_type)) {
                PushNotice::Certain => Some(platforms_of(presence)),
                PushNotice::Undecided if may_be_undecided => Some(Vec::new()),
                PushNotice::Undecided | PushNotice::None => None,
            }
        };
        Ok(self.directory.read(std::slice::from_ref(recipient), look).await?.remove(0))
    }

    /// The platforms to which a message to this user has to be pushed; empty if the user is not OFFLINE.
    async fn push_devices(&self, recipient: &User) -> Result<Vec<Platform>, ServiceError> {
        let devices = self.directory.read(std::slice::from_ref(recipient), |_, presence| {
            platforms_of(presence.filter(|presence| presence.status_type() == StatusType::Offline))
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

fn platforms_of(presence: Option<&Presence>) -> Vec<Platform> {
    presence.into_iter().flat_map(Presence::devices).map(|device| device.platform).collect()
}
