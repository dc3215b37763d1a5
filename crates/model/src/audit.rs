//! The entries of the audit log. Each records a change that an operator made.

use crate::{AppId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the operator in audit entries of changes that were made on the command line. No operator of the console
/// can have this name.
pub const COMMAND_LINE: &str = "command line";

/// Defines [`AuditAction`]: each action with its name in the store, the API and exports.
macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $name:literal)*) => {
        /// The kind of change that an operator has made.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum AuditAction {
            $($(#[$doc])* #[serde(rename = $name)] $action,)*
        }

        impl AuditAction {
            /// All actions.
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
    /// Settings of an app, or several parts of it, were changed.
    AppChanged "app.change"
    /// An app was deleted.
    AppDeleted "app.delete"
    /// A key was added.
    KeyAdded "key.add"
    /// A key was retired.
    KeyRetired "key.retire"
    /// An operator was shown the text of a key.
    KeyShown "key.show"
    /// A user was made an admin of an app.
    AdminAdded "admin.add"
    /// A user was removed from the admins of an app.
    AdminRemoved "admin.remove"
    /// An account was created.
    AccountCreated "account.create"
    /// An account was deleted.
    AccountDeleted "account.delete"
    /// All logins of a user were ended, and the user's UserSigs were revoked.
    UserKicked "user.kick"
    /// An operator has asked a node of the cluster to drain.
    NodeDrained "node.drain"
    /// The profile of a user was changed.
    ProfileChanged "profile.change"
    /// A friend was added.
    FriendAdded "friend.add"
    /// A friend was deleted.
    FriendDeleted "friend.delete"
    /// The remark on a friend was changed.
    FriendRenamed "friend.rename"
    /// The visibility of a user's status was set.
    VisibilitySet "visibility.set"
    /// Users were added to the block list of a user.
    UsersBlocked "block.add"
    /// Users were removed from the block list of a user.
    UsersUnblocked "block.delete"
    /// A message was sent on behalf of a user.
    MessageSent "message.send"
    /// A conversation was marked as read, pinned or unpinned on behalf of a user.
    ConversationChanged "conversation.change"
    /// A conversation was deleted on behalf of a user.
    ConversationDeleted "conversation.delete"
    /// The custom status of a user was set.
    StatusSet "status.set"
    /// A test request was sent to a webhook. Such a request reports no event.
    WebhookTested "webhook.test"
    /// Dead letters were put into the queue again.
    LettersResent "dead_letters.resend"
    /// Dead letters were deleted.
    LettersDropped "dead_letters.drop"
    /// An operator was added.
    OperatorAdded "operator.add"
    /// An operator was removed.
    OperatorRemoved "operator.remove"
    /// The role of an operator was changed.
    RoleSet "operator.role"
    /// The password of an operator was changed.
    PasswordSet "operator.password"
    /// An operator has logged in to the console.
    LoggedIn "operator.login"
    /// An operator has logged out of the console.
    LoggedOut "operator.logout"
    /// A UserSig was created and shown to the operator.
    SigMade "sig.make"
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A change of one value. A change of a secret does not contain its values.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditChange {
    /// The path of the setting, or the name of the value, such as `role` or `keys`.
    pub what: String,
    /// The value before the change; empty if there was none.
    pub before: String,
    /// The value after the change; empty if there is none.
    pub after: String,
}

/// The entry for an action that an operator is about to take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAuditEntry {
    /// The time at which the action begins.
    pub at: Timestamp,
    /// The name of the operator, or [`COMMAND_LINE`].
    pub by: String,
    /// The address of the operator's connection; `None` for the command line.
    pub address: Option<String>,
    /// The app that the action concerns; `None` if it concerns no app.
    pub app: Option<AppId>,
    /// The kind of the action.
    pub action: AuditAction,
    /// The target of the action, such as a user, a key or an operator; empty if the target is the app.
    pub target: String,
    /// The values that the action changes.
    pub changes: Vec<AuditChange>,
}

/// The outcome of an operator's action.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// The action has begun. This is the last outcome if the server stopped before the action ended.
    Begun,
    /// The action succeeded.
    Done,
    /// The action failed, but a part of it may have been done.
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
    /// The app that the action concerns; `None` if it concerns no app.
    pub app: Option<AppId>,
    /// The kind of the action.
    pub action: AuditAction,
    /// The target of the action, such as a user, a key or an operator; empty if the target is the app.
    pub target: String,
    /// The values that the action changed.
    pub changes: Vec<AuditChange>,
    /// The outcome of the action.
    pub outcome: AuditOutcome,
    /// Details of the outcome in words, such as a count or an error.
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
