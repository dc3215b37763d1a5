//! `lamplight message`: text messages between two users, histories and conversation lists.

use crate::args::{AppArg, Common, parse_limit, parse_user};
use crate::operator::{OTHER_ANSWER, Operator};
use crate::output::{harmless, json, line, table};
use crate::time_text::utc;
use anyhow::bail;
use clap::{Args, Subcommand};
use lamplight_model::{MessageBody, User, UserId};
use lamplight_server::{ListsOperation, ListsOutcome, ShownMessage};
use serde_json::{Value, json};

/// Commands for messages.
#[derive(Subcommand, Debug)]
pub enum MessageCommand {
    /// Send a text message on behalf of a user
    #[command(after_help = "\
Examples:
  lamplight message send alice bob \"shall we meet?\"
  lamplight message send alice bob \"your order 17 is on its way\" --id order-17

With --id, the command can be repeated: the same text to the same user with the same id within ten minutes is not stored again.")]
    Send {
        /// The sender and the recipient.
        #[command(flatten)]
        pair: Pair,
        /// The text of the message
        #[arg(value_name = "TEXT")]
        text: String,
        /// An id for the message, from its sender: 1 to 64 bytes of printable ASCII that do not begin with `api:` [default: a random one]
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// Show the messages between two users, oldest first
    #[command(after_help = "\
Examples:
  lamplight message history alice bob
  lamplight message history alice bob --limit 50 --before 120 --json")]
    History {
        /// The user whose history is read, and the peer.
        #[command(flatten)]
        pair: Pair,
        /// The maximum number of messages to show; the newest ones are shown
        #[arg(long, value_name = "N", value_parser = parse_limit, default_value_t = 20)]
        limit: usize,
        /// Show only messages before this sequence
        #[arg(long, value_name = "SEQUENCE")]
        before: Option<u64>,
    },
    /// Show the conversation list of a user
    #[command(after_help = "\
Examples:
  lamplight message conversations alice")]
    Conversations {
        /// The owner of the list
        #[arg(value_name = "USER", value_parser = parse_user)]
        user: UserId,
        /// The maximum number of conversations to show
        #[arg(long, value_name = "N", value_parser = parse_limit, default_value_t = 100)]
        limit: usize,
        /// The app that the command works on.
        #[command(flatten)]
        app: AppArg,
    },
    /// Mark all messages of a conversation as read
    #[command(after_help = "\
Examples:
  lamplight message read alice bob")]
    Read(Pair),
    /// Pin a conversation to the top of a user's list
    #[command(after_help = "\
Examples:
  lamplight message pin alice bob
  lamplight message pin alice bob --off")]
    Pin {
        /// The owner of the list, and the peer.
        #[command(flatten)]
        pair: Pair,
        /// Unpin it
        #[arg(long)]
        off: bool,
    },
    /// Delete a conversation from a user's list, with its history; the other user keeps theirs
    #[command(after_help = "\
Examples:
  lamplight message delete alice bob")]
    Delete(Pair),
}

/// A user, and the other user of a conversation.
#[derive(Args, Debug)]
pub struct Pair {
    /// The user
    #[arg(value_name = "USER", value_parser = parse_user)]
    user: UserId,
    /// The other user
    #[arg(value_name = "PEER", value_parser = parse_user)]
    peer: UserId,
    /// The app that the command works on.
    #[command(flatten)]
    app: AppArg,
}

/// Runs the command.
pub async fn run(command: MessageCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        MessageCommand::Send { pair, text, id } => {
            let (from, to) = pair.of(&mut operator).await?;
            let client_id = id.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
            let send = ListsOperation::Send { from, to, text, client_id };
            let ListsOutcome::Sent { message, repeated } = operator.lists(send).await? else {
                bail!(OTHER_ANSWER)
            };
            if common.json {
                return json(&json!({ "message": shown(&message), "repeated": repeated }));
            }
            let done = if repeated { "was sent before" } else { "sent" };
            line(format!("message {} to {} {done}", message.sequence, message.to))
        }
        MessageCommand::History { pair, limit, before } => {
            let (owner, peer) = pair.of(&mut operator).await?;
            let mut messages = operator.history(&owner, &peer, before, limit).await?;
            messages.reverse();
            if common.json {
                return json(&messages.iter().map(shown).collect::<Vec<_>>());
            }
            let row = |message: &ShownMessage| {
                let (at, from) = (utc(message.time), message.from.to_string());
                vec![message.sequence.to_string(), at, from, content(&message.body)]
            };
            let rows: Vec<_> = messages.iter().map(row).collect();
            let empty = format!("{} and {peer} have no messages", owner.id);
            table(&["SEQUENCE", "TIME", "FROM", "TEXT"], &rows, &empty)
        }
        MessageCommand::Conversations { user, limit, app } => {
            let owner = User::new(operator.app(app.app).await?.id, user);
            conversations(&mut operator, &owner, limit, common.json).await
        }
        MessageCommand::Read(pair) => {
            let (owner, peer) = pair.of(&mut operator).await?;
            let read = ListsOperation::MarkRead { owner, peer };
            act(&mut operator, read, &pair, common.json, "has read everything of").await
        }
        MessageCommand::Pin { pair, off } => {
            let (owner, peer) = pair.of(&mut operator).await?;
            let words =
                if off { "has unpinned the conversation with" } else { "has pinned the conversation with" };
            let pin = ListsOperation::Pin { owner, peer, pinned: !off };
            act(&mut operator, pin, &pair, common.json, words).await
        }
        MessageCommand::Delete(pair) => {
            let (owner, peer) = pair.of(&mut operator).await?;
            let delete = ListsOperation::DeleteConversation { owner, peer };
            act(&mut operator, delete, &pair, common.json, "no longer has the conversation with").await
        }
    }
}

impl Pair {
    async fn of(&self, operator: &mut Operator) -> anyhow::Result<(User, UserId)> {
        let app = operator.app(self.app.app).await?.id;
        Ok((User::new(app, self.user.clone()), self.peer.clone()))
    }
}

async fn conversations(
    operator: &mut Operator,
    owner: &User,
    limit: usize,
    as_json: bool,
) -> anyhow::Result<()> {
    let (conversations, total_unread) = operator.conversations(owner, limit).await?;
    if as_json {
        let rows = conversations.iter().map(|conversation| {
            json!({
                "peer": conversation.peer,
                "nick": conversation.nick,
                "unread": conversation.unread,
                "pinned": conversation.pinned,
                "active": conversation.active,
                "last": conversation.last.as_ref().map(shown),
            })
        });
        return json(&json!({ "conversations": rows.collect::<Vec<_>>(), "totalUnread": total_unread }));
    }
    let rows = conversations.iter().map(|conversation| {
        let pinned = if conversation.pinned { "yes" } else { "" };
        let last = conversation.last.as_ref().map_or(String::new(), |last| content(&last.body));
        vec![
            conversation.peer.to_string(),
            harmless(&conversation.nick),
            conversation.unread.to_string(),
            pinned.to_owned(),
            utc(conversation.active),
            last,
        ]
    });
    let empty = format!("{} has no conversations", owner.id);
    table(&["PEER", "NICK", "UNREAD", "PINNED", "ACTIVE", "LAST"], &rows.collect::<Vec<_>>(), &empty)
}

async fn act(
    operator: &mut Operator,
    operation: ListsOperation,
    pair: &Pair,
    as_json: bool,
    words: &str,
) -> anyhow::Result<()> {
    let ListsOutcome::Done { changed } = operator.lists(operation).await? else { bail!(OTHER_ANSWER) };
    let Pair { user, peer, .. } = pair;
    if as_json {
        json(&json!({ "userID": user, "peer": peer, "changed": changed }))
    } else {
        line(format!("{user} {words} {peer}"))
    }
}

/// Returns the content of a message for a table: its text, or the description of custom content.
fn content(body: &MessageBody) -> String {
    let shown = harmless(body.shown());
    match body {
        MessageBody::Text(_) => shown,
        MessageBody::Custom(_) => format!("[custom] {shown}").trim_end().to_owned(),
    }
}

fn shown(message: &ShownMessage) -> Value {
    let mut shown = json!({
        "from": message.from,
        "to": message.to,
        "sequence": message.sequence,
        "time": message.time,
    });
    match &message.body {
        MessageBody::Text(text) => shown["text"] = json!(text),
        MessageBody::Custom(custom) => shown["custom"] = json!(custom),
    }
    shown
}
