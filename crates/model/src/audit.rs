//! The entries of the audit log: records of the changes that operators make.

use crate::{AppId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name in entries of changes made by the command line. No operator of the console can have this name.
pub const COMMAND_LINE: &str = "command line";

/// Defines [`AuditAction`]: each action with the name that it has in the store, the API and exports.
macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $name:literal)*) => {
        /// The kind of change that an operator made.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $name)] $action,)*
        }

        impl AuditAction {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// The name of the action in the store, the API and exports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)*
                }
            }
        }
    };
}

actions! {
    /// An app was made.
    AppCreated "app.create"
    /// Settings of an app were changed, or several things of it at once.
    AppChanged "app.change"
    /// An app was deleted.
    AppDeleted "app.delete"
    /// A key was added.
    KeyAdded "key.add"
    /// A key was retired.
    KeyRetired "key.retire"
    /// The text of a key was shown.
    KeyShown "key.show"
    /// A user became an admin of an app.
    AdminAdded "admin.add"
    /// A user is an admin of an app no longer.
    AdminRemoved "admin.remove"
    /// An account was made.
    AccountCreated "account.create"
    /// An account was deleted.
    AccountDeleted "account.delete"
    /// Every login of a user was ended, and its UserSigs were revoked.
    UserKicked "user.kick"
    /// The profile of a user was changed.
    ProfileChanged "profile.change"
    /// A friend was added.
    FriendAdded "friend.add"
    /// A friend was deleted.
    FriendDeleted "friend.delete"
    /// The remark of a friend was changed.
    FriendRenamed "friend.rename"
    /// A message was sent on behalf of a user.
    MessageSent "message.send"
    /// A conversation was read, pinned or unpinned on behalf of a user.
    ConversationChanged "conversation.change"
    /// A conversation was deleted on behalf of a user.
    ConversationDeleted "conversation.delete"
    /// The custom status of a user was set.
    StatusSet "status.set"
    /// A webhook was sent a request that tells of nothing.
    WebhookTested "webhook.test"
    /// Dead letters were sent again.
    LettersResent "dead_letters.resend"
    /// Dead letters were dropped.
    LettersDropped "dead_letters.drop"
    /// An operator was added.
    OperatorAdded "operator.add"
    /// An operator was removed.
    OperatorRemoved "operator.remove"
    /// An operator was given another role.
    RoleSet "operator.role"
    /// An operator was given another password.
    PasswordSet "operator.password"
    /// An operator has logged in to the console.
    LoggedIn "operator.login"
    /// An operator has logged out of the console.
    LoggedOut "operator.logout"
    /// A UserSig was made and shown.
    SigMade "sig.make"
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that differs: its value before and after. A secret is named here, and never shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditChange {
    /// The path of the setting that differs, or a word for it.
    pub what: String,
    /// The value before; empty where there was none.
    pub before: String,
    /// The value after; empty where there is none.
    pub after: String,
}

/// Something that an operator is about to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAuditEntry {
    /// When.
    pub at: Timestamp,
    /// The name of the operator, or [`COMMAND_LINE`].
    pub by: String,
    /// The address of the operator's connection; `None` for the command line.
    pub address: Option<String>,
    /// The app that it concerns, if it concerns one.
    pub app: Option<AppId>,
    /// The action.
    pub action: AuditAction,
    /// To what it is done: a user, a key, an operator; empty where the app says it all.
    pub target: String,
    /// The differences that the action makes.
    pub changes: Vec<AuditChange>,
}

/// How something that an operator did came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was begun, and whether it was done is not known: it runs, or the server ended meanwhile.
    Begun,
    /// It was done.
    Done,
    /// It failed in the server, and may have been done in part.
    Failed,
}

impl AuditOutcome {
    /// The name of the outcome in the store, the API and exports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// An entry of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Names the entry. Later entries have higher ids, and none has the id of another.
    pub id: u64,
    /// When it was begun.
    pub at: Timestamp,
    /// The name of the operator, or [`COMMAND_LINE`].
    pub by: String,
    /// The address of the operator's connection; `None` for the command line.
    pub address: Option<String>,
    /// The app that it concerns, if it concerns one.
    pub app: Option<AppId>,
    /// The action.
    pub action: AuditAction,
    /// To what it was done.
    pub target: String,
    /// The differences that the action made.
    pub changes: Vec<AuditChange>,
    /// How it came out.
    pub outcome: AuditOutcome,
    /// More about that, in words: how many there were, or what failed.
    pub note: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: HashSet<_> = AuditAction::ALL.iter().map(|action| action.name()).collect();
        assert_eq!(names.len(), AuditAction::ALL.len());
    }
}
