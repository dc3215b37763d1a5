//! The table of commands. The paths, the OpenAPI document and the metrics' labels are generated from it.

use super::accounts::{AccountCheck, AccountDelete, AccountImport, Kick, MultiaccountImport};
use super::block_lists::{BlackListAdd, BlackListCheck, BlackListDelete, BlackListGet};
use super::command::{Entry, Row};
use super::feed::StatusFeed;
use super::friend_lists::{FriendDeleteAll, FriendGetList, FriendImport};
use super::friend_update::FriendUpdate;
use super::friends::{FriendAdd, FriendCheck, FriendDelete, FriendGet};
use super::history::{AdminGetRoamMsg, AdminSetMsgRead, GetC2cUnreadMsgNum};
use super::messages::{BatchSendMsg, SendMsg};
use super::on_behalf::{
    GetSubscriptions, SetCustomStatus, SetVisibility, SubscribeStatus, UnsubscribeStatus,
};
use super::profiles::{PortraitGet, PortraitSet};
use super::recent::{RecentContactDelete, RecentContactGetList};
use super::states::QueryOnlineStatus;
use std::sync::LazyLock;

const ROWS: &[Row] = &[
    Row::of::<QueryOnlineStatus>(),
    Row::of::<AccountImport>(),
    Row::of::<MultiaccountImport>(),
    Row::of::<AccountCheck>(),
    Row::of::<AccountDelete>(),
    Row::of::<Kick>(),
    Row::of::<FriendAdd>(),
    Row::of::<FriendGet>(),
    Row::of::<FriendUpdate>(),
    Row::of::<FriendDelete>(),
    Row::of::<FriendCheck>(),
    Row::of::<FriendGetList>(),
    Row::of::<FriendImport>(),
    Row::of::<FriendDeleteAll>(),
    Row::of::<BlackListAdd>(),
    Row::of::<BlackListDelete>(),
    Row::of::<BlackListGet>(),
    Row::of::<BlackListCheck>(),
    Row::of::<PortraitSet>(),
    Row::of::<PortraitGet>(),
    Row::of::<SendMsg>(),
    Row::of::<BatchSendMsg>(),
    Row::of::<AdminGetRoamMsg>(),
    Row::of::<AdminSetMsgRead>(),
    Row::of::<GetC2cUnreadMsgNum>(),
    Row::of::<RecentContactGetList>(),
    Row::of::<RecentContactDelete>(),
    Row::of::<SetCustomStatus>(),
    Row::of::<SetVisibility>(),
    Row::of::<SubscribeStatus>(),
    Row::of::<UnsubscribeStatus>(),
    Row::of::<GetSubscriptions>(),
    Row::of::<StatusFeed>(),
];

static TABLE: LazyLock<Vec<Entry>> =
    LazyLock::new(|| ROWS.iter().enumerate().map(|(index, row)| row.at(index)).collect());

/// Returns all commands, in the order of the table.
pub fn all() -> &'static [Entry] {
    &TABLE
}

/// Returns the path of each command, without `/v4/`, in the order of the table.
pub fn paths() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.path)
}

/// Returns the command with this path, current or older; `None` if there is no such command.
pub fn find(path: &str) -> Option<&'static Entry> {
    let path = path.strip_prefix("/v4/")?;
    all().iter().find(|entry| entry.path() == path || entry.older_path() == Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_path_leads_to_one_command() {
        let mut seen = HashSet::new();
        for entry in all() {
            for path in [Some(entry.path()), entry.older_path()].into_iter().flatten() {
                assert!(seen.insert(path), "{path} stands twice");
                assert_eq!(find(&format!("/v4/{path}")).map(Entry::index), Some(entry.index()));
                assert!(find(&format!("/v4/{}", path.to_uppercase())).is_none());
                assert!(find(&format!("/v4/{path}/")).is_none());
            }
        }
    }
}
