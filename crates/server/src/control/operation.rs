//! The protocol of the control socket: the operations and their outcomes.

use super::{
    ConsoleOperation, ConsoleOutcome, ListsOperation, ListsOutcome, WebhookOperation, WebhookOutcome,
};
use crate::token_keys::ShownKeySource;
use lamplight_model::{App, AppId, AuditEntry, Platform, Timestamp, User, UserId, UserStatus};
use serde::{Deserialize, Serialize};

/// Something that an operator asks of a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Every app.
    ListApps,
    /// Makes an app, or replaces all of it.
    PutApp {
        /// The new state of the app.
        app: Box<App>,
        /// The state when the operator looked; `None` where there was none. If it differs from the present one, nothing
        /// is changed.
        was: Option<Box<App>>,
    },
    /// Deletes an app with all that it has. What is kept of it is deleted after the answer.
    DeleteApp {
        /// Which app.
        app: AppId,
    },
    /// The apps that are being deleted.
    ListDeletions,
    /// Up to `limit` accounts of an app after `after`, by rising id.
    ListAccounts {
        /// Which app.
        app: AppId,
        /// The last account of the former page.
        after: Option<UserId>,
        /// At most so many.
        limit: usize,
    },
    /// Accounts that begin so: by rising `userID`, or by rising nick.
    FindAccounts {
        /// Which app.
        app: AppId,
        /// Whether the nick is looked at; otherwise the `userID`.
        by_nick: bool,
        /// The prefix to look for.
        prefix: String,
        /// The last account of the former page, with its nick.
        after: Option<(UserId, String)>,
        /// At most so many.
        limit: usize,
    },
    /// Makes an account if there is none.
    CreateAccount(User),
    /// Deletes an account.
    DeleteAccount(User),
    /// Ends every login of a user and revokes the UserSigs used or made before.
    Kick(User),
    /// Takes a friend into the owner's list, and with `both` the other way round.
    AddFriend {
        /// The owner of the list.
        owner: User,
        /// The user to add to the list.
        friend: UserId,
        /// The other way round too.
        both: bool,
        /// The owner's remark about the friend.
        remark: String,
    },
    /// Takes a friend out of the owner's list, and with `both` the other way round.
    DeleteFriend {
        /// The owner of the list.
        owner: User,
        /// The user to remove from the list.
        friend: UserId,
        /// The other way round too.
        both: bool,
    },
    /// Something about profiles, friends, messages or conversations.
    Lists(ListsOperation),
    /// Something about webhooks.
    Webhooks(WebhookOperation),
    /// Something about the console.
    Console(ConsoleOperation),
    /// Enters into the audit log that a secret is about to be shown. It hands nothing out: whoever may open the folder can
    /// read the keys there.
    ShowSecret(ShownSecret),
    /// Up to `limit` entries of the audit log, newest first.
    Audit {
        /// Of which app; `None`: of all, and of what concerns no app.
        app: Option<AppId>,
        /// The last one of the former page.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// The sources of keys for JWTs, and whether they can be read. Needs a running node.
    KeySources,
    /// The status of users, with its evidence. Needs a running node.
    GetStatus {
        /// Which app.
        app: AppId,
        /// The users to look up.
        users: Vec<UserId>,
    },
    /// Users who are ONLINE, some at a time. Needs a running node.
    ListOnline {
        /// Which app.
        app: AppId,
        /// The platform on which the users must be connected.
        on: Option<Platform>,
        /// The `next` of the former page.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// Sets or clears the custom status of a user who is ONLINE. Needs a running node.
    SetStatus {
        /// The owner of the status.
        user: User,
        /// The text; empty clears it.
        custom_status: String,
    },
}

/// A secret that an operator is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownSecret {
    /// Keys of an app.
    Keys {
        /// The app.
        app: AppId,
        /// The numbers of the keys.
        keys: Vec<u32>,
    },
    /// A UserSig that was made.
    UserSig {
        /// The user who can log in with the UserSig.
        user: User,
        /// The time for which it is good, in seconds.
        expire: u64,
    },
}

/// The outcome of an [`Operation`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The operation is done; with whether it changed anything.
    Done {
        /// Something differs from before.
        changed: bool,
    },
    /// Apps, by rising id.
    Apps(Vec<App>),
    /// The apps that are being deleted, by rising id.
    Deletions(Vec<AppId>),
    /// Accounts, by rising id.
    Accounts(Vec<ShownAccount>),
    /// Accounts that were found, in the order of the search.
    Found(Vec<ShownFound>),
    /// The outcome of a [`ListsOperation`].
    Lists(ListsOutcome),
    /// The outcome of a [`WebhookOperation`].
    Webhooks(WebhookOutcome),
    /// The outcome of a [`ConsoleOperation`].
    Console(ConsoleOutcome),
    /// Entries of the audit log, newest first.
    Audit(Vec<AuditEntry>),
    /// The sources of keys for JWTs, by rising app.
    KeySources(Vec<ShownKeySource>),
    /// Statuses, in the order asked; `None` where there is no account.
    Statuses(Vec<Option<UserStatus>>),
    /// Users who are ONLINE, in the order of the directory.
    Online {
        /// Their statuses.
        users: Vec<UserStatus>,
        /// The `after` of the next page; `None` after the last.
        next: Option<String>,
    },
    /// A "no".
    Refused {
        /// Its code.
        code: u32,
        /// The text of the refusal.
        message: String,
    },
}

/// An account, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownAccount {
    /// `userID`
    pub user_id: UserId,
    /// When it was made.
    pub created: Timestamp,
    /// UserSigs dated before the second of this time do not count.
    pub sigs_revoked: Option<Timestamp>,
}

/// An account that was found, as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownFound {
    /// `userID`
    pub user_id: UserId,
    /// The user's nick; may be empty.
    pub nick: String,
    /// When the account was made.
    pub created: Timestamp,
}
