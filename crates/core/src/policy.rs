//! The gates of a call, in their order. A gate is a check that may refuse the call. The first gate that fails gives the
//! refusal, and a refused call changes nothing.
//!
//! logged in (6014) → edition (7013) → switch (72001) → parameters (6017) → batch (70206) → rate (7008) (SPEC section
//! 3). The session checks the first gate before it calls this module. The caller checks the rate last, because only a
//! call that passes the other gates counts against the rate limit.
//!
//! Other modules have the remaining checks. `lamplight-auth` and [`crate::Signatures`] decide whether a UserSig is
//! valid; [`crate::Presence::admission`] decides whether a login with this UserSig may connect. The transaction of a
//! change checks in the facts whether accounts exist, lists have room, and a user may be added as a friend. The types
//! of texts check their lengths. The server API and the console have gates of their own.

use lamplight_model::{AppSettings, Code, Edition, InvalidUserId, Limits, RateLimit, Refusal, UserId};

/// The kinds of calls of a logged-in client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    /// `setSelfStatus`
    SetSelfStatus,
    /// `getUserStatus`
    GetUserStatus,
    /// `subscribeUserStatus`
    SubscribeUserStatus,
    /// `unsubscribeUserStatus`
    UnsubscribeUserStatus,
    /// `getSubscriptions`
    GetSubscriptions,
    /// `setSelfInfo`
    SetSelfInfo,
    /// `getUsersInfo`
    GetUsersInfo,
    /// `getFriendList`
    GetFriendList,
    /// `addFriend`
    AddFriend,
    /// `deleteFriends`
    DeleteFriends,
    /// `setFriendRemark`
    SetFriendRemark,
    /// `sendMessage`
    SendMessage,
    /// `getHistory`
    GetHistory,
    /// `getConversationList`
    GetConversationList,
    /// `markRead`
    MarkRead,
    /// `pinConversation`
    PinConversation,
    /// `deleteConversation`
    DeleteConversation,
    /// `setVisibility`
    SetVisibility,
    /// `getBlacklist`
    GetBlockList,
    /// `addToBlacklist`
    BlockUsers,
    /// `removeFromBlacklist`
    UnblockUsers,
}

impl Call {
    /// The rate limit of the call, which applies to each user separately.
    pub fn rate(self, limits: &Limits) -> RateLimit {
        match self {
            // Clients mark messages as read as often as they receive messages, so both calls have the same limit.
            Self::SendMessage | Self::MarkRead => limits.message_rate,
            Self::SetSelfStatus
            | Self::GetUserStatus
            | Self::SubscribeUserStatus
            | Self::UnsubscribeUserStatus
            | Self::GetSubscriptions
            | Self::SetSelfInfo
            | Self::GetUsersInfo
            | Self::GetFriendList
            | Self::AddFriend
            | Self::DeleteFriends
            | Self::SetFriendRemark
            | Self::GetHistory
            | Self::GetConversationList
            | Self::PinConversation
            | Self::DeleteConversation
            | Self::SetVisibility
            | Self::GetBlockList
            | Self::BlockUsers
            | Self::UnblockUsers => limits.rate,
        }
    }
}

/// The gate that the caller has to check after [`check_call`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// No further gate: the call is allowed.
    Open,
    /// The rate limit of the user for this call (7008).
    Rate,
}

/// Checks all gates of a call except the first (logged in) and the last (rate). `users` has each user of the call once,
/// or the error for an invalid `userID`.
///
/// These gates do not apply to calls about profiles, friends, messages, conversations, visibility and block lists. They
/// do not apply to `setSelfStatus`, or to a query about only the caller. These two are also exempt from the rate limit.
pub fn check_call(
    call: Call,
    caller: &UserId,
    users: Result<&[UserId], &InvalidUserId>,
    settings: &AppSettings,
) -> Result<Gate, Refusal> {
    let (batch, may_be_empty) = match call {
        Call::SetSelfStatus => return Ok(Gate::Open),
        Call::GetUserStatus if users.is_ok_and(|users| users == std::slice::from_ref(caller)) => {
            return Ok(Gate::Open);
        }
        Call::GetUserStatus => (settings.limits.query_batch, false),
        Call::SubscribeUserStatus => (settings.limits.subscribe_batch, false),
        Call::UnsubscribeUserStatus => (settings.limits.unsubscribe_batch, true),
        Call::GetSubscriptions => (0, true),
        // Calls on profiles, friends and messages have no edition, switch and batch gates.
        Call::SetSelfInfo
        | Call::GetUsersInfo
        | Call::GetFriendList
        | Call::AddFriend
        | Call::DeleteFriends
        | Call::SetFriendRemark
        | Call::SendMessage
        | Call::GetHistory
        | Call::GetConversationList
        | Call::MarkRead
        | Call::PinConversation
        | Call::DeleteConversation
        | Call::SetVisibility
        | Call::GetBlockList
        | Call::BlockUsers
        | Call::UnblockUsers => return Ok(Gate::Rate),
    };
    check_app(settings)?;
    let users = users.map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))?;
    if !may_be_empty {
        check_named(users.len())?;
    }
    if call == Call::SubscribeUserStatus && users.contains(caller) {
        return Err(Refusal::because(Code::INVALID_PARAMETER, "a user cannot subscribe to themselves"));
    }
    check_most(users.len(), batch.into())?;
    Ok(Gate::Rate)
}

/// Checks the number of users in a call: at least one (6017), and at most `most` (70206).
pub fn check_batch(users: usize, most: usize) -> Result<(), Refusal> {
    check_named(users)?;
    check_most(users, most)
}

fn check_named(users: usize) -> Result<(), Refusal> {
    if users == 0 {
        return Err(Refusal::because(Code::INVALID_PARAMETER, "the list of users is empty"));
    }
    Ok(())
}

fn check_most(users: usize, most: usize) -> Result<(), Refusal> {
    if users > most {
        let detail = format!("{users} users in one call, at most {most} are allowed");
        return Err(Refusal::because(Code::BATCH_TOO_LARGE, detail));
    }
    Ok(())
}

/// The users that a client is notified of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Notifications {
    /// Whether the client is notified about other users.
    pub others: bool,
    /// Whether the client watches its mutual friends in addition to its subscriptions.
    pub friends: bool,
}

/// Returns the notifications that the edition and the switches of an app allow (SPEC section 4).
///
/// A client keeps its watch list while notifications of other users are forbidden. Once they are allowed again, the
/// client receives every status that has changed meanwhile.
pub fn notifications(settings: &AppSettings) -> Notifications {
    Notifications {
        others: settings.edition == Edition::Flagship && settings.switches.user_status,
        friends: settings.switches.friend_notification,
    }
}

/// The calls that an app's settings allow its clients, with their limits. Clients are notified when their abilities
/// change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// The code with which queries and subscriptions to other users are refused; `None` if they are allowed.
    pub refusal: Option<Code>,
    /// Whether a client is notified about mutual friends without subscribing to them.
    pub friend_notification: bool,
    /// The largest number of users on the subscription list.
    pub subscriptions_limit: u16,
    /// The largest number of users in one query.
    pub query_batch: u16,
    /// The largest number of users in one subscription.
    pub subscribe_batch: u16,
    /// The largest number of users in one unsubscription.
    pub unsubscribe_batch: u16,
    /// The largest length of a custom status in bytes.
    pub custom_status_bytes: u16,
    /// The largest length of a message in bytes.
    pub message_bytes: u16,
    /// The largest number of entries of the friend list.
    pub friends_limit: u16,
}

/// The abilities of every client of an app. They match the checks of [`check_call`].
pub fn abilities(settings: &AppSettings) -> Abilities {
    let refusal = check_app(settings).err();
    Abilities {
        refusal,
        friend_notification: refusal.is_none() && settings.switches.friend_notification,
        subscriptions_limit: settings.limits.subscriptions,
        query_batch: settings.limits.query_batch,
        subscribe_batch: settings.limits.subscribe_batch,
        unsubscribe_batch: settings.limits.unsubscribe_batch,
        custom_status_bytes: settings.limits.custom_status_bytes,
        message_bytes: settings.limits.message_bytes,
        friends_limit: settings.limits.friends,
    }
}

/// Checks the gates that do not depend on the call: edition, then switch.
fn check_app(settings: &AppSettings) -> Result<(), Code> {
    if settings.edition != Edition::Flagship {
        return Err(Code::EDITION_NOT_SUPPORTED);
    }
    if !settings.switches.user_status {
        return Err(Code::STATUS_SWITCHED_OFF);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Call::{
        AddFriend, GetSubscriptions, GetUserStatus, MarkRead, SendMessage, SetSelfInfo, SetSelfStatus,
        SubscribeUserStatus, UnsubscribeUserStatus,
    };

    /// Parses a list of users: `#n` is a list of n users, and `!` is an invalid list.
    fn users(list: &str) -> Result<Vec<UserId>, InvalidUserId> {
        let many = |count: usize| (0..count).map(|n| UserId::new(&format!("u{n}"))).collect();
        match list.strip_prefix('#') {
            Some(count) => many(count.parse().unwrap()),
            None if list == "!" => Err(UserId::new("爱丽丝").unwrap_err()),
            None => list.split_whitespace().map(UserId::new).collect(),
        }
    }

    const OPEN: u32 = 0;
    const RATED: u32 = 1;

    fn answer(call: Call, list: &str, edition: Edition, switch: bool) -> u32 {
        let mut settings = AppSettings { edition, ..AppSettings::default() };
        settings.switches.user_status = switch;
        let users = users(list);
        let users = users.as_deref();
        match check_call(call, &UserId::new("me").unwrap(), users, &settings) {
            Ok(Gate::Open) => OPEN,
            Ok(Gate::Rate) => RATED,
            Err(refusal) => refusal.code.number(),
        }
    }

    #[test]
    fn the_first_gate_that_fails_answers() {
        use Edition::{Flagship, Standard, Trial};
        //  call                   users      edition   switch  answer
        let table = [
            (SetSelfStatus, "", Trial, false, OPEN),
            (GetUserStatus, "me", Trial, false, OPEN),
            (GetUserStatus, "me you", Trial, false, 7013),
            (GetUserStatus, "me you", Flagship, false, 72001),
            (GetUserStatus, "me you", Flagship, true, RATED),
            (GetUserStatus, "", Flagship, true, 6017),
            (GetUserStatus, "", Flagship, false, 72001),
            (GetUserStatus, "", Standard, true, 7013),
            (GetUserStatus, "!", Standard, true, 7013),
            (GetUserStatus, "!", Flagship, false, 72001),
            (GetUserStatus, "!", Flagship, true, 6017),
            (GetUserStatus, "#500", Flagship, true, RATED),
            (GetUserStatus, "#501", Flagship, true, 70206),
            (GetUserStatus, "#501", Flagship, false, 72001),
            (SubscribeUserStatus, "#100", Flagship, true, RATED),
            (SubscribeUserStatus, "#101", Flagship, true, 70206),
            (SubscribeUserStatus, "", Flagship, true, 6017),
            (SubscribeUserStatus, "you me", Flagship, true, 6017),
            (SubscribeUserStatus, "you", Standard, false, 7013),
            (SubscribeUserStatus, "me", Flagship, false, 72001),
            (UnsubscribeUserStatus, "", Flagship, true, RATED),
            (UnsubscribeUserStatus, "#100", Flagship, true, RATED),
            (UnsubscribeUserStatus, "#101", Flagship, true, 70206),
            (UnsubscribeUserStatus, "", Trial, true, 7013),
            (UnsubscribeUserStatus, "", Flagship, false, 72001),
            (GetSubscriptions, "", Flagship, true, RATED),
            (GetSubscriptions, "", Standard, true, 7013),
            (GetSubscriptions, "", Flagship, false, 72001),
            (SetSelfInfo, "", Trial, false, RATED),
            (AddFriend, "you", Standard, false, RATED),
            (SendMessage, "me", Trial, false, RATED),
        ];
        for (call, list, edition, switch, expected) in table {
            assert_eq!(
                answer(call, list, edition, switch),
                expected,
                "{call:?} {list:?} {edition:?} {switch}"
            );
        }
    }

    #[test]
    fn nobody_is_told_of_others_without_edition_and_switch_as_a_friend_either() {
        use Edition::{Flagship, Standard, Trial};
        //  edition   status  friends  told of others, watches friends
        let table = [
            (Flagship, true, true, (true, true)),
            (Flagship, true, false, (true, false)),
            (Flagship, false, true, (false, true)),
            (Flagship, false, false, (false, false)),
            (Standard, true, true, (false, true)),
            (Trial, true, false, (false, false)),
        ];
        for (edition, status, friends, (others, watched)) in table {
            let mut settings = AppSettings { edition, ..AppSettings::default() };
            settings.switches.user_status = status;
            settings.switches.friend_notification = friends;
            let expected = Notifications { others, friends: watched };
            assert_eq!(notifications(&settings), expected, "{edition:?} {status} {friends}");
        }
    }

    #[test]
    fn abilities_say_what_the_gates_would_answer() {
        use Edition::{Flagship, Standard, Trial};
        //  edition  switch friends  refusal  friend notification
        let table = [
            (Flagship, true, true, 0, true),
            (Flagship, true, false, 0, false),
            (Flagship, false, true, 72001, false),
            (Standard, true, true, 7013, false),
            (Trial, false, false, 7013, false),
        ];
        for (edition, user_status, friend_notification, refusal, friends) in table {
            let mut settings = AppSettings { edition, ..AppSettings::default() };
            settings.switches = lamplight_model::Switches { user_status, friend_notification };
            let able = abilities(&settings);
            assert_eq!(able.refusal.map_or(0, Code::number), refusal, "{settings:?}");
            assert_eq!(able.friend_notification, friends, "{settings:?}");
            let asked = answer(GetUserStatus, "you", edition, user_status);
            assert_eq!(asked, if refusal == 0 { RATED } else { refusal }, "{settings:?}");
        }
    }

    #[test]
    fn only_what_a_client_may_do_is_an_ability() {
        let changed = |change: fn(&mut AppSettings)| {
            let mut settings = AppSettings::default();
            change(&mut settings);
            abilities(&settings) != abilities(&AppSettings::default())
        };
        assert!(changed(|settings| settings.edition = Edition::Trial));
        assert!(changed(|settings| settings.switches.user_status = false));
        assert!(changed(|settings| settings.switches.friend_notification = true));
        assert!(changed(|settings| settings.limits.subscriptions = 300));
        assert!(changed(|settings| settings.limits.query_batch = 300));
        assert!(changed(|settings| settings.limits.subscribe_batch = 300));
        assert!(changed(|settings| settings.limits.unsubscribe_batch = 300));
        assert!(changed(|settings| settings.limits.custom_status_bytes = 300));
        assert!(changed(|settings| settings.limits.message_bytes = 300));
        assert!(changed(|settings| settings.limits.friends = 300));
        assert!(!changed(|settings| settings.name = "Lamplight".to_owned()));
        assert!(!changed(|settings| settings.timing.linger_web_ms = 300));
        // The switch of friends has no effect while the status switch is off.
        let off = |friend_notification| AppSettings {
            switches: lamplight_model::Switches { user_status: false, friend_notification },
            ..AppSettings::default()
        };
        assert_eq!(abilities(&off(true)), abilities(&off(false)));
    }

    #[test]
    fn what_comes_with_every_message_has_a_rate_of_its_own() {
        let limits = Limits::default();
        for (call, calls) in [(SendMessage, 100), (MarkRead, 100), (AddFriend, 20), (GetUserStatus, 20)] {
            assert_eq!(call.rate(&limits), RateLimit { calls, window_ms: 5_000 }, "{call:?}");
        }
    }
}
