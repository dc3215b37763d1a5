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
    /// An app was created.
    AppCreated "app.create"
    /// Settings of an app were changed, or several parts of it at once.
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
    /// A user is no longer an admin of an app.
    AdminRemoved "admin.remove"
    /// An account was created.
    AccountCreated "account.create"
    /// An account was deleted.
    AccountDeleted "account.delete"
    /// Every login of a user was ended, and the user's UserSigs were revoked.
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
    /// A conversation was marked as read, pinned or unpinned on behalf of a user.
    ConversationChanged "conversation.change"
    /// A conversation was deleted on behalf of a user.
    ConversationDeleted "conversation.delete"
    /// The custom status of a user was set.
    StatusSet "status.set"
    /// A webhook was sent a test request, which reports no event.
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
    /// A UserSig was created and shown.
    SigMade "sig.make"
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value that was changed, before and after. A secret is only named, and its value is never stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditChange {
    /// The path of the setting that was changed, or a word for it.
    pub what: String,
    /// The value before; empty if there was none.
    pub before: String,
    /// The value after; empty if there is none.
    pub after: String,
}

/// An action that an operator is about to perform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAuditEntry {
    /// The time at which the action begins.
    pub at: Timestamp,
    /// The name of the operator, or [`COMMAND_LINE`].
    pub by: String,
    /// The address of the operator's connection; `None` for the command line.
    pub address: Option<String>,
    /// The app that the action concerns, if it concerns one.
    pub app: Option<AppId>,
    /// The action.
    pub action: AuditAction,
    /// The target of the action, such as a user, a key or an operator; empty if it is the app itself.
    pub target: String,
    /// The differences that the action makes.
    pub changes: Vec<AuditChange>,
}

/// The outcome of an action of an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// The action has begun, and its outcome is not known: it is under way, or the server ended meanwhile.
    Begun,
    /// The action was done.
    Done,
    /// The action failed in the server, and may have been done in part.
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
    /// The id of the entry. Later entries have higher ids, and no id is used twice.
    pub id: u64,
    /// The time at which the action began.
    pub at: Timestamp,
    /// The name of the operator, or [`COMMAND_LINE`].
    pub by: String,
    /// The address of the operator's connection; `None` for the command line.
    pub address: Option<String>,
    /// The app that the action concerns, if it concerns one.
    pub app: Option<AppId>,
    /// The action.
    pub action: AuditAction,
    /// The target of the action; empty if it is the app itself.
    pub target: String,
    /// The differences that the action made.
    pub changes: Vec<AuditChange>,
    /// The outcome of the action.
    pub outcome: AuditOutcome,
    /// Details of the outcome in words, such as a count or the error.
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
