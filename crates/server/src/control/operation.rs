//! The protocol of the control socket: operations and their outcomes.

use super::{
    ConsoleOperation, ConsoleOutcome, ListsOperation, ListsOutcome, ShownNode, WebhookOperation,
    WebhookOutcome,
};
use crate::token_keys::ShownKeySource;
use lamplight_model::{App, AppId, AuditEntry, NodeId, Platform, Timestamp, User, UserId, UserStatus};
use serde::{Deserialize, Serialize};

/// An operation that the command line can send to a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Lists the apps.
    ListApps,
    /// Creates an app, or replaces it as a whole.
    PutApp {
        /// The new state of the app.
        app: Box<App>,
        /// The state on which the change is based; `None` if the app did not exist. If the stored state differs from
        /// `was`, the operation changes nothing.
        was: Option<Box<App>>,
    },
    /// Deletes an app. The app's stored data is deleted later, after the answer.
    DeleteApp {
        /// The app.
        app: AppId,
    },
    /// Lists the apps whose stored data is still being deleted.
    ListDeletions,
    /// Lists accounts of an app, in ascending order of their ids.
    ListAccounts {
        /// The app.
        app: AppId,
        /// The last account of the previous page; `None` for the first page.
        after: Option<UserId>,
        /// The maximum number of accounts in the answer.
        limit: usize,
    },
    /// Finds accounts by a prefix, in ascending order of `userID` or nick.
    FindAccounts {
        /// The app.
        app: AppId,
        /// `true` to search by nick, `false` to search by `userID`.
        by_nick: bool,
        /// The prefix, of the `userID` or the nick.
        prefix: String,
        /// The last account of the previous page, with its nick; `None` for the first page.
        after: Option<(UserId, String)>,
        /// The maximum number of accounts in the answer.
        limit: usize,
    },
    /// Creates an account. If the account exists, nothing changes.
    CreateAccount(User),
    /// Deletes an account.
    DeleteAccount(User),
    /// Ends every login of a user, and revokes the user's UserSigs.
    Kick(User),
    /// Adds a friend to the owner's friend list. With `both`, also adds the owner to the friend's list.
    AddFriend {
        /// The owner of the list.
        owner: User,
        /// The user to add to the list.
        friend: UserId,
        /// `true` to also change the friend's list.
        both: bool,
        /// The owner's remark about the friend.
        remark: String,
    },
    /// Removes a friend from the owner's friend list. With `both`, also removes the owner from the friend's list.
    DeleteFriend {
        /// The owner of the list.
        owner: User,
        /// The user to remove from the list.
        friend: UserId,
        /// `true` to also change the friend's list.
        both: bool,
    },
    /// An operation on profiles, friends, visibility, block lists, messages or conversations.
    Lists(ListsOperation),
    /// An operation on webhooks.
    Webhooks(WebhookOperation),
    /// An operation on the console.
    Console(ConsoleOperation),
    /// Records in the audit log that a secret is about to be shown. The command line reads the secret from the
    /// database.
    ShowSecret(ShownSecret),
    /// Reads entries of the audit log, newest first.
    Audit {
        /// The app whose entries are read; `None` for all entries.
        app: Option<AppId>,
        /// The id of the last entry of the previous page; `None` for the first page.
        before: Option<u64>,
        /// The maximum number of entries in the answer.
        limit: usize,
    },
    /// Lists the sources of JWT keys (URLs and files) with their valid keys and last errors. Needs a running node.
    KeySources,
    /// Lists the nodes of the cluster. Needs a running node of a cluster.
    ListNodes,
    /// Requests a drain of a node of the cluster. Needs a running node of a cluster.
    DrainNode {
        /// The node.
        node: NodeId,
    },
    /// Reads the statuses of users with their evidence. Needs a running node.
    GetStatus {
        /// The app.
        app: AppId,
        /// The users to look up.
        users: Vec<UserId>,
    },
    /// Lists users who are ONLINE, one page per operation. Needs a running node.
    ListOnline {
        /// The app.
        app: AppId,
        /// A platform, to list only users who are connected on it; `None` for all platforms.
        on: Option<Platform>,
        /// The `next` of the previous page; `None` for the first page.
        after: Option<String>,
        /// The maximum number of users in the answer.
        limit: usize,
    },
    /// Sets or clears the custom status of a user who is ONLINE. Needs a running node.
    SetStatus {
        /// The owner of the status.
        user: User,
        /// The text. An empty text clears the custom status.
        custom_status: String,
        /// The number of seconds after which the server clears the custom status; 0 if it stays until a call clears it.
        #[serde(default)]
        expires_in: u32,
    },
}

impl Operation {
    /// Returns `true` if the operation only reads facts. Such an operation needs no live records, and can be executed
    /// while nodes run.
    pub(super) fn only_reads_facts(&self) -> bool {
        match self {
            Self::ListApps
            | Self::ListDeletions
            | Self::ListAccounts { .. }
            | Self::FindAccounts { .. }
            | Self::Audit { .. }
            | Self::Console(ConsoleOperation::ListOperators)
            | Self::Webhooks(WebhookOperation::List(_) | WebhookOperation::Dead { .. })
            | Self::Lists(
                ListsOperation::Profile(_)
                | ListsOperation::Friends { .. }
                | ListsOperation::BlockList(_)
                | ListsOperation::CheckBlocks { .. }
                | ListsOperation::History { .. }
                | ListsOperation::Conversations { .. },
            ) => true,
            Self::PutApp { .. }
            | Self::DeleteApp { .. }
            | Self::CreateAccount(_)
            | Self::DeleteAccount(_)
            | Self::Kick(_)
            | Self::AddFriend { .. }
            | Self::DeleteFriend { .. }
            | Self::ShowSecret(_)
            | Self::Console(_)
            | Self::Webhooks(_)
            | Self::Lists(_)
            | Self::KeySources
            | Self::ListNodes
            | Self::DrainNode { .. }
            | Self::GetStatus { .. }
            | Self::ListOnline { .. }
            | Self::SetStatus { .. } => false,
        }
    }
}

/// A secret that an operator is about to see.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownSecret {
    /// Some keys of an app.
    Keys {
        /// The app.
        app: AppId,
        /// The numbers of the keys.
        keys: Vec<u32>,
    },
    /// A generated UserSig.
    UserSig {
        /// The user who can log in with the UserSig.
        user: User,
        /// The time for which the UserSig is valid, in seconds.
        expire: u64,
    },
}

/// The outcome of an [`Operation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The operation is done.
    Done {
        /// `true` if the operation changed anything.
        changed: bool,
    },
    /// Apps, in ascending order of their ids.
    Apps(Vec<App>),
    /// The apps that are being deleted, in ascending order of their ids.
    Deletions(Vec<AppId>),
    /// Accounts, in ascending order of their ids.
    Accounts(Vec<ShownAccount>),
    /// The accounts that a search found, in ascending order of the searched `userID` or nick.
    Found(Vec<ShownFound>),
    /// The outcome of a [`ListsOperation`].
    Lists(ListsOutcome),
    /// The outcome of a [`WebhookOperation`].
    Webhooks(WebhookOutcome),
    /// The outcome of a [`ConsoleOperation`].
    Console(ConsoleOutcome),
    /// Entries of the audit log, newest first.
    Audit(Vec<AuditEntry>),
    /// The sources of keys for JWTs, in ascending order of the ids of their apps.
    KeySources(Vec<ShownKeySource>),
    /// The nodes of the cluster, in ascending order of their start times.
    Nodes(Vec<ShownNode>),
    /// Statuses, in the order of the request; `None` for users without an account.
    Statuses(Vec<Option<UserStatus>>),
    /// Users who are ONLINE, in the order of the directory.
    Online {
        /// The statuses.
        users: Vec<UserStatus>,
        /// The `after` of the next page; `None` after the last page.
        next: Option<String>,
    },
    /// The operation was refused.
    Refused {
        /// The code of the refusal.
        code: u32,
        /// The text of the refusal.
        message: String,
    },
}

/// An account, as an operator sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownAccount {
    /// The account's `userID`.
    pub user_id: UserId,
    /// The time of the account's creation.
    pub created: Timestamp,
    /// The time of the last revocation; `None` without one. UserSigs that were made before this second are refused.
    pub sigs_revoked: Option<Timestamp>,
}

/// An account that a search found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownFound {
    /// The account's `userID`.
    pub user_id: UserId,
    /// The user's nick; may be empty.
    pub nick: String,
    /// The time of the account's creation.
    pub created: Timestamp,
}
