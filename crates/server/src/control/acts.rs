//! The audit entries for operations of the command line. Pure.
//!
//! The entries contain no message texts, no remarks and no custom statuses. The entry for a message names its sender
//! and recipient.

use super::{ConsoleOperation, ListsOperation, Operation, ShownSecret, WebhookOperation};
use crate::audit::{Act, act_on_app, act_on_blocks, letters, shown_allow, shown_url};
use crate::console::Role;
use lamplight_model::{AuditAction, User, UserId};

/// Returns the audit entry of an operation. Returns `None` for an operation that only reads, except `ShowSecret`. Also
/// returns `None` if the new state of an app equals the old state.
pub fn act_of(operation: &Operation) -> Option<Act> {
    let on = |action, user: &User| Some(Act::on(action, Some(user.app), user.id.as_str()));
    match operation {
        Operation::ListApps
        | Operation::ListDeletions
        | Operation::ListAccounts { .. }
        | Operation::FindAccounts { .. }
        | Operation::ListOnline { .. }
        | Operation::GetStatus { .. }
        | Operation::KeySources
        | Operation::ListNodes
        | Operation::Audit { .. } => None,
        Operation::PutApp { app, was } => act_on_app(was.as_deref(), app),
        Operation::DeleteApp { app } => Some(Act::on(AuditAction::AppDeleted, Some(*app), app.to_string())),
        Operation::CreateAccount(user) => on(AuditAction::AccountCreated, user),
        Operation::DeleteAccount(user) => on(AuditAction::AccountDeleted, user),
        Operation::Kick(user) => on(AuditAction::UserKicked, user),
        Operation::AddFriend { owner, friend, both, remark: _ } => {
            Some(pair(AuditAction::FriendAdded, owner, friend).with("both", "", &both.to_string()))
        }
        Operation::DeleteFriend { owner, friend, both } => {
            Some(pair(AuditAction::FriendDeleted, owner, friend).with("both", "", &both.to_string()))
        }
        Operation::SetStatus { user, custom_status: _, expires_in: _ } => on(AuditAction::StatusSet, user),
        Operation::DrainNode { node } => Some(Act::on(AuditAction::NodeDrained, None, node.to_string())),
        Operation::Lists(operation) => of_lists(operation),
        Operation::ShowSecret(secret) => Some(of_secret(secret)),
        Operation::Webhooks(operation) => of_webhooks(operation),
        Operation::Console(operation) => of_console(operation),
    }
}

fn of_lists(operation: &ListsOperation) -> Option<Act> {
    match operation {
        ListsOperation::Profile(_)
        | ListsOperation::Friends { .. }
        | ListsOperation::BlockList(_)
        | ListsOperation::CheckBlocks { .. }
        | ListsOperation::History { .. }
        | ListsOperation::Conversations { .. } => None,
        ListsOperation::SetProfile { user, nick, avatar_url, allow } => {
            let mut act = Act::on(AuditAction::ProfileChanged, Some(user.app), user.id.as_str());
            if let Some(nick) = nick {
                act = act.with("nick", "", nick);
            }
            if let Some(url) = avatar_url {
                act = act.with("avatar_url", "", &shown_url(url));
            }
            if let Some(allow) = allow {
                act = act.with("friends", "", shown_allow(*allow));
            }
            Some(act)
        }
        ListsOperation::SetRemark { owner, friend, remark: _ } => {
            Some(pair(AuditAction::FriendRenamed, owner, friend))
        }
        ListsOperation::SetVisibility { user, visibility } => {
            let act = Act::on(AuditAction::VisibilitySet, Some(user.app), user.id.as_str());
            Some(act.with("visibility", "", visibility.name()))
        }
        ListsOperation::Block { owner, users } => {
            Some(act_on_blocks(AuditAction::UsersBlocked, owner, users))
        }
        ListsOperation::Unblock { owner, users } => {
            Some(act_on_blocks(AuditAction::UsersUnblocked, owner, users))
        }
        ListsOperation::Send { from, to, .. } => Some(pair(AuditAction::MessageSent, from, to)),
        ListsOperation::MarkRead { owner, peer } => {
            Some(pair(AuditAction::ConversationChanged, owner, peer).with("read", "", "true"))
        }
        ListsOperation::Pin { owner, peer, pinned } => {
            let act = pair(AuditAction::ConversationChanged, owner, peer);
            Some(act.with("pinned", "", &pinned.to_string()))
        }
        ListsOperation::DeleteConversation { owner, peer } => {
            Some(pair(AuditAction::ConversationDeleted, owner, peer))
        }
    }
}

fn of_secret(secret: &ShownSecret) -> Act {
    match secret {
        ShownSecret::Keys { app, keys } => {
            let numbers: Vec<_> = keys.iter().map(u32::to_string).collect();
            Act::on(AuditAction::KeyShown, Some(*app), numbers.join(", "))
        }
        ShownSecret::UserSig { user, expire } => {
            let act = Act::on(AuditAction::SigMade, Some(user.app), user.id.as_str());
            act.with("expire", "", &format!("{expire} s"))
        }
    }
}

fn of_webhooks(operation: &WebhookOperation) -> Option<Act> {
    match operation {
        WebhookOperation::List(_) | WebhookOperation::Dead { .. } => None,
        WebhookOperation::Resend { app, ids } => {
            Some(letters(AuditAction::LettersResent, *app, ids.as_deref()))
        }
        WebhookOperation::Drop { app, ids } => {
            Some(letters(AuditAction::LettersDropped, *app, ids.as_deref()))
        }
        WebhookOperation::Test { lane } => {
            Some(Act::on(AuditAction::WebhookTested, Some(lane.app), lane.hook.name()))
        }
    }
}

fn of_console(operation: &ConsoleOperation) -> Option<Act> {
    let on = |action, name: &str| Act::on(action, None, name);
    match operation {
        ConsoleOperation::ListOperators => None,
        ConsoleOperation::AddOperator { name, role, password: _ } => {
            Some(on(AuditAction::OperatorAdded, name.as_str()).with("role", "", role.name()))
        }
        ConsoleOperation::RemoveOperator { name } => Some(on(AuditAction::OperatorRemoved, name.as_str())),
        ConsoleOperation::SetPassword { name, password: _ } => {
            Some(on(AuditAction::PasswordSet, name.as_str()))
        }
        ConsoleOperation::SetRole { name, role, was } => {
            let was = was.map(Role::name).unwrap_or_default();
            Some(on(AuditAction::RoleSet, name.as_str()).with("role", was, role.name()))
        }
    }
}

/// Returns the audit entry of an operation on two users, such as a change of a friendship.
fn pair(action: AuditAction, owner: &User, other: &UserId) -> Act {
    Act::on(action, Some(owner.app), format!("{} → {other}", owner.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{OperatorName, Role};
    use lamplight_model::{AppId, Hook, Lane, Visibility};

    fn user(name: &str) -> User {
        User::new(AppId(7), UserId::new(name).unwrap())
    }

    #[test]
    fn an_operation_that_changes_something_is_an_act_and_no_text_or_password_is_in_it() {
        let (alice, bob) = (user("alice"), user("bob").id);
        let ann = OperatorName::new("ann").unwrap();
        let hush = || "hush".to_owned();
        for (operation, expected) in [
            (Operation::ListApps, ""),
            (Operation::Audit { app: None, before: None, limit: 9 }, ""),
            (Operation::Kick(alice.clone()), "user.kick alice"),
            (Operation::DeleteAccount(alice.clone()), "account.delete alice"),
            (
                Operation::SetStatus { user: alice.clone(), custom_status: hush(), expires_in: 60 },
                "status.set alice",
            ),
            (
                Operation::AddFriend {
                    owner: alice.clone(),
                    friend: bob.clone(),
                    both: true,
                    remark: hush(),
                },
                "friend.add alice → bob both=true",
            ),
            (
                Operation::Lists(ListsOperation::SetProfile {
                    user: alice.clone(),
                    nick: None,
                    avatar_url: Some("https://ann:hush@example.org/a.png?key=hush".to_owned()),
                    allow: None,
                }),
                "profile.change alice avatar_url=https://…@example.org/a.png?…",
            ),
            (
                Operation::Lists(ListsOperation::Send {
                    from: alice.clone(),
                    to: bob.clone(),
                    text: hush(),
                    client_id: "1".into(),
                }),
                "message.send alice → bob",
            ),
            (Operation::Lists(ListsOperation::Profile(alice.clone())), ""),
            (Operation::Lists(ListsOperation::BlockList(alice.clone())), ""),
            (
                Operation::Lists(ListsOperation::SetVisibility {
                    user: alice.clone(),
                    visibility: Visibility::Friends,
                }),
                "visibility.set alice visibility=friends",
            ),
            (
                Operation::Lists(ListsOperation::Block {
                    owner: alice.clone(),
                    users: vec![bob.clone(), user("cid").id],
                }),
                "block.add alice → bob, cid",
            ),
            (
                Operation::Lists(ListsOperation::Unblock { owner: alice.clone(), users: vec![bob.clone()] }),
                "block.delete alice → bob",
            ),
            (
                Operation::Webhooks(WebhookOperation::Drop { app: AppId(7), ids: Some(vec![1, 2]) }),
                "dead_letters.drop 1, 2",
            ),
            (
                Operation::Webhooks(WebhookOperation::Resend { app: AppId(7), ids: None }),
                "dead_letters.resend all",
            ),
            (
                Operation::Webhooks(WebhookOperation::Test {
                    lane: Lane { app: AppId(7), hook: Hook::Push },
                }),
                "webhook.test push",
            ),
            (
                Operation::Console(ConsoleOperation::AddOperator {
                    name: ann.clone(),
                    role: Role::Viewer,
                    password: Some(hush()),
                }),
                "operator.add ann role=viewer",
            ),
            (Operation::ShowSecret(ShownSecret::Keys { app: AppId(7), keys: vec![1, 2] }), "key.show 1, 2"),
            (
                Operation::ShowSecret(ShownSecret::UserSig { user: alice.clone(), expire: 60 }),
                "sig.make alice expire=60 s",
            ),
            (
                Operation::Console(ConsoleOperation::SetPassword { name: ann, password: Some(hush()) }),
                "operator.password ann",
            ),
        ] {
            let act = act_of(&operation);
            let told = act.map(|act| {
                let changes = act.changes.iter().map(|it| format!(" {}={}", it.what, it.after));
                format!("{} {}{}", act.action, act.target, changes.collect::<String>())
            });
            let told = told.unwrap_or_default();
            assert_eq!(told, expected);
            assert!(!told.contains("hush"), "{told}");
        }
    }
}
