//! The conformance suite: what every adapter of [`Facts`] must do.
//!
//! Each rule is a function whose name says it. A rule gets a new, empty store and panics when the store
//! breaks it. An adapter writes `lamplight_facts::conformance_tests!(make)` in its tests and has one named
//! test for each.
//!
//! The suite does not know what is below the port: it does not stop a store, kill it or fill its disk. That
//! acknowledged changes survive, each adapter shows by itself. It asks for no app to be put before its
//! accounts: which apps exist is for the caller to check.

use crate::{
    Account, Answer, Befriended, EndedLogin, Facts, KickMark, Login, LoginRecorded, MAX_KICK_MARKS,
    NewFriendship, NewLogin,
};
use futures_util::future::join_all;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, DeviceId, Edition, Friend, Platform, Timestamp, User, UserId,
};

/// Makes a `#[tokio::test]` of each rule of the [conformance suite](crate::conformance).
///
/// `make` is the path of an `async fn() -> (Arc<F>, K)` that gives a new, empty store (`F: Facts`) and
/// whatever has to live as long as the store, as a temporary directory. The crate that uses the macro
/// depends on tokio with `rt` and `macros`.
///
/// The list of rules is here and nowhere else; a test of this crate compares it with the file.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests! { @each $make:
            an_app_is_put_and_replaced_whole
            apps_are_listed_by_rising_id

            an_account_is_made_once
            an_account_made_by_many_at_once_is_made_once
            accounts_come_in_the_order_asked_with_none_for_the_unknown
            accounts_are_listed_in_pages_by_rising_id
            ids_are_ordered_by_their_bytes
            ids_and_remarks_are_kept_to_the_byte
            a_revocation_never_goes_back
            a_revocation_needs_an_account
            an_account_is_deleted_once
            deleting_an_account_takes_its_logins_marks_and_friendships
            an_account_made_again_starts_empty
            users_of_other_apps_have_nothing_in_common

            the_first_login_registers_the_account
            a_login_is_recorded_once
            a_login_of_many_at_once_is_recorded_once
            a_login_again_replaces_that_of_its_device
            a_web_login_registers_the_account_and_leaves_no_login
            logins_are_listed_earliest_first
            logins_of_one_moment_are_listed_as_they_were_recorded
            all_logins_are_those_of_every_user

            ending_a_login_leaves_the_others
            ending_a_login_again_changes_nothing
            a_login_that_ended_without_a_mark_is_not_refused
            a_kick_mark_refuses_once_and_is_gone
            a_kick_mark_refuses_a_web_login_and_a_resume_too
            a_told_mark_refuses_a_resume_only
            a_login_takes_a_told_mark_away
            a_kick_mark_concerns_its_device_only
            a_device_without_a_login_is_marked_if_there_is_an_account
            the_bound_of_kick_marks_is_reached_without_loss
            beyond_the_bound_the_oldest_kick_marks_go

            a_friend_is_added_on_one_side_or_on_both
            mutual_means_each_has_the_other
            adding_a_friend_again_changes_the_remark_of_the_owner_only
            friendship_needs_two_accounts
            a_friend_is_deleted_on_one_side_or_on_both
            friends_are_listed_by_rising_id
        }
    };
    (@each $make:path: $($rule:ident)*) => {
        $(
            #[tokio::test]
            async fn $rule() {
                let (facts, keep) = $make().await;
                $crate::conformance::$rule(&*facts).await;
                drop(facts);
                drop(keep);
            }
        )*
    };
}

// Apps

/// All of an app comes back, and putting it again leaves nothing of what was there.
pub async fn an_app_is_put_and_replaced_whole(facts: &dyn Facts) {
    assert_eq!(ok(facts.apps()).await, []);
    let first = App {
        id: APP,
        keys: vec![
            AppKey { id: 1, text: "0123456789abcdef".repeat(4) },
            AppKey { id: 2, text: "\"quoted\" \\ 钥匙".into() },
        ],
        admins: vec![id("administrator"), id("second '\" admin")],
        settings: AppSettings { name: "聊天".into(), edition: Edition::Trial, ..AppSettings::default() },
    };
    ok(facts.put_app(first.clone())).await;
    assert_eq!(ok(facts.apps()).await, [first]);

    let second = App { id: APP, keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
    ok(facts.put_app(second.clone())).await;
    ok(facts.put_app(second.clone())).await;
    assert_eq!(ok(facts.apps()).await, [second]);
}

/// Apps come by the number of their id, the greatest possible one too.
pub async fn apps_are_listed_by_rising_id(facts: &dyn Facts) {
    for number in [10, u32::MAX, 9, 1_400_000_001] {
        let (keys, admins, settings) = Default::default();
        ok(facts.put_app(App { id: AppId(number), keys, admins, settings })).await;
    }
    let ids: Vec<u32> = ok(facts.apps()).await.into_iter().map(|app| app.id.0).collect();
    assert_eq!(ids, [9, 10, 1_400_000_001, u32::MAX]);
}

// Accounts

/// The second making of an account changes nothing and says so.
pub async fn an_account_is_made_once(facts: &dyn Facts) {
    assert!(ok(facts.create_account(user("alice"), at(1))).await);
    assert!(!ok(facts.create_account(user("alice"), at(2))).await);
    let account = Account { user: user("alice"), created: at(1), sigs_revoked: None };
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [Some(account)]);
}

/// Of many that make the account at once, one has made it.
pub async fn an_account_made_by_many_at_once_is_made_once(facts: &dyn Facts) {
    let makers = (0..50).map(|n| facts.create_account(user("alice"), at(n)));
    let made = join_all(makers).await.into_iter().filter(|made| *made.as_ref().expect("no fault")).count();
    assert_eq!(made, 1);
}

/// Asked for twice, an account comes twice; asked for none, none come.
pub async fn accounts_come_in_the_order_asked_with_none_for_the_unknown(facts: &dyn Facts) {
    for name in ["alice", "bob", "carol"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
    let asked = ["carol", "nobody", "alice", "carol", "Alice"].map(user).to_vec();
    let found: Vec<Option<User>> =
        ok(facts.accounts(asked)).await.into_iter().map(|account| account.map(|it| it.user)).collect();
    assert_eq!(found, [Some(user("carol")), None, Some(user("alice")), Some(user("carol")), None]);
    assert_eq!(ok(facts.accounts(Vec::new())).await, []);
}

/// A page begins after its mark, whether an account is there or not, and holds up to the limit.
pub async fn accounts_are_listed_in_pages_by_rising_id(facts: &dyn Facts) {
    for name in ["d", "b", "e", "a", "c"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
    let other = User::new(OTHER_APP, id("bb"));
    ok(facts.create_account(other, at(1))).await;
    let cases: [(Option<&str>, usize, &str); 8] = [
        (None, 2, "a b"),
        (Some("b"), 2, "c d"),
        (Some("bbb"), 2, "c d"),
        (Some("d"), 2, "e"),
        (Some("e"), 2, ""),
        (None, 0, ""),
        (None, 5, "a b c d e"),
        (None, usize::MAX, "a b c d e"),
    ];
    for (after, limit, expected) in cases {
        let page = ok(facts.list_accounts(APP, after.map(id), limit)).await;
        let names: Vec<&str> = page.iter().map(|account| account.user.id.as_str()).collect();
        assert_eq!(names.join(" "), expected, "{limit} after {after:?}");
        assert!(page.iter().all(|account| account.user.app == APP));
    }
}

/// The order is that of [`UserId`], not that of a language.
pub async fn ids_are_ordered_by_their_bytes(facts: &dyn Facts) {
    let mut names = ["b", "B", "a", "~", " ", "_", "10", "9", "a b", "ab", "A", "-"].map(id).to_vec();
    for name in &names {
        ok(facts.create_account(User::new(APP, name.clone()), at(1))).await;
    }
    let page = ok(facts.list_accounts(APP, None, 100)).await;
    names.sort();
    assert_eq!(page.into_iter().map(|account| account.user.id).collect::<Vec<_>>(), names);
}

/// No text is trimmed, folded, cut or taken for a number or a pattern.
pub async fn ids_and_remarks_are_kept_to_the_byte(facts: &dyn Facts) {
    let longest = "x".repeat(UserId::MAX_BYTES);
    let names = ["007", "7", "1e5", "NULL", "%", "_", " a", "a ", "a", "A", "'", "\"", "\\", &longest];
    ok(facts.create_account(user("owner"), at(1))).await;
    let remarks = ["", " ", "备注", "line\nline", "'); DROP TABLE friends; --", "\\0", "é", "e\u{301}"];
    for (n, name) in names.into_iter().enumerate() {
        assert!(ok(facts.create_account(user(name), at(1))).await, "{name:?} is like an earlier one");
        let remark = remarks[n % remarks.len()].to_owned();
        befriend(facts, user("owner"), id(name), false, remark).await;
        let long_device = format!("{name}{}", "d".repeat(DeviceId::MAX_BYTES - name.len()));
        ok(facts.record_login(new_login(name, &long_device, 1))).await;
    }
    for (n, name) in names.into_iter().enumerate() {
        let friends = all_friends(facts, user("owner")).await;
        let friend = friends.iter().find(|friend| friend.id.as_str() == name).expect("the friend was added");
        assert_eq!(friend.remark, remarks[n % remarks.len()]);
        let logins = ok(facts.logins(user(name))).await;
        assert!(logins.len() == 1 && logins[0].device.as_str().starts_with(name));
        assert_eq!(logins[0].device.as_str().len(), DeviceId::MAX_BYTES);
    }
}

/// A revocation replaces an earlier one, never a later one.
pub async fn a_revocation_never_goes_back(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    for (given, expected) in [(5, 5), (3, 5), (5, 5), (9, 9), (0, 9)] {
        assert!(ok(facts.revoke_sigs(user("alice"), at(given))).await);
        let account = Account { user: user("alice"), created: at(1), sigs_revoked: Some(at(expected)) };
        assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [Some(account)]);
    }
}

/// Revoking makes no account and touches no other one.
pub async fn a_revocation_needs_an_account(facts: &dyn Facts) {
    ok(facts.create_account(user("bob"), at(1))).await;
    assert!(!ok(facts.revoke_sigs(user("alice"), at(5))).await);
    let bob = Account { user: user("bob"), created: at(1), sigs_revoked: None };
    assert_eq!(ok(facts.list_accounts(APP, None, 10)).await, [bob]);
}

/// The second deletion of an account says that there was none.
pub async fn an_account_is_deleted_once(facts: &dyn Facts) {
    assert!(!ok(facts.delete_account(user("alice"))).await);
    ok(facts.create_account(user("alice"), at(1))).await;
    ok(facts.create_account(user("bob"), at(1))).await;
    assert!(ok(facts.delete_account(user("alice"))).await);
    assert!(!ok(facts.delete_account(user("alice"))).await);
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [None]);
    assert_eq!(ok(facts.list_accounts(APP, None, 10)).await.len(), 1);
}

/// Nothing that names the account is left, on either side of a friendship; the others keep what is theirs.
pub async fn deleting_an_account_takes_its_logins_marks_and_friendships(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        for device in ["kicked", "phone", "tablet"] {
            ok(facts.record_login(new_login(name, device, 1))).await;
        }
        kick(facts, name, "kicked", 2, false).await;
    }
    ok(facts.create_account(user("carol"), at(1))).await;
    befriend(facts, user("alice"), id("bob"), true, "b".into()).await;
    befriend(facts, user("bob"), id("carol"), true, "c".into()).await;

    assert!(ok(facts.delete_account(user("alice"))).await);

    assert_eq!(ok(facts.logins(user("alice"))).await, []);
    assert_eq!(all_friends(facts, user("alice")).await, []);
    let registered = LoginRecorded::Recorded { registered: true };
    assert_eq!(ok(facts.record_login(new_login("alice", "kicked", 3))).await, registered);
    assert_eq!(all_friends(facts, user("alice")).await, []);

    assert_eq!(devices(facts, "bob").await, ["phone", "tablet"]);
    assert_eq!(friends(facts, "bob").await, ["carol, mutual: c"]);
    assert_eq!(ok(facts.record_login(new_login("bob", "kicked", 3))).await, KICKED);
}

/// What the account had before it was deleted does not come back.
pub async fn an_account_made_again_starts_empty(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        ok(facts.record_login(new_login(name, "phone", 1))).await;
    }
    befriend(facts, user("bob"), id("alice"), true, "a".into()).await;
    ok(facts.revoke_sigs(user("alice"), at(5))).await;
    ok(facts.delete_account(user("alice"))).await;
    assert!(ok(facts.create_account(user("alice"), at(9))).await);

    let account = Account { user: user("alice"), created: at(9), sigs_revoked: None };
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [Some(account)]);
    assert_eq!(ok(facts.logins(user("alice"))).await, []);
    assert_eq!(friends(facts, "alice").await, [""; 0]);
    assert_eq!(friends(facts, "bob").await, [""; 0]);
}

/// Users of the same `userID` in two apps are two users, in every call.
pub async fn users_of_other_apps_have_nothing_in_common(facts: &dyn Facts) {
    let other = |name: &str| User::new(OTHER_APP, id(name));
    for name in ["alice", "bob"] {
        ok(facts.record_login(new_login(name, "phone", 1))).await;
        let login = NewLogin { user: other(name), ..new_login(name, "phone", 2) };
        assert_eq!(ok(facts.record_login(login)).await, LoginRecorded::Recorded { registered: true });
    }
    befriend(facts, user("alice"), id("bob"), true, String::new()).await;
    assert_eq!(all_friends(facts, other("alice")).await, []);
    befriend(facts, other("alice"), id("bob"), false, "o".into()).await;
    let friends = all_friends(facts, other("alice")).await;
    assert_eq!(
        (friends.len(), &friends[0].id, &*friends[0].remark, friends[0].mutual),
        (1, &id("bob"), "o", false)
    );

    ok(facts.revoke_sigs(other("alice"), at(5))).await;
    let account = ok(facts.accounts(vec![user("alice")])).await.remove(0).expect("alice has an account");
    assert_eq!(account.sigs_revoked, None);

    kick(facts, "alice", "phone", 3, false).await;
    assert_eq!(ok(facts.logins(other("alice"))).await.len(), 1);
    let login = NewLogin { user: other("alice"), ..new_login("alice", "phone", 4) };
    assert_eq!(ok(facts.record_login(login)).await, RECORDED);

    unfriend(facts, user("alice"), id("bob"), true).await;
    assert_eq!(all_friends(facts, other("alice")).await.len(), 1);
    ok(facts.delete_account(user("alice"))).await;
    assert_eq!(all_friends(facts, other("alice")).await.len(), 1);
    assert_eq!(ok(facts.logins(other("alice"))).await.len(), 1);
    assert_eq!(ok(facts.list_accounts(OTHER_APP, None, 10)).await.len(), 2);
}

// Logins

/// The account comes with the first login and is as old as it; the next login finds it.
pub async fn the_first_login_registers_the_account(facts: &dyn Facts) {
    let registered = LoginRecorded::Recorded { registered: true };
    assert_eq!(ok(facts.record_login(new_login("alice", "phone", 7))).await, registered);
    let account = Account { user: user("alice"), created: at(7), sigs_revoked: None };
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [Some(account)]);
    assert_eq!(ok(facts.record_login(new_login("alice", "tablet", 8))).await, RECORDED);

    ok(facts.create_account(user("bob"), at(1))).await;
    assert_eq!(ok(facts.record_login(new_login("bob", "phone", 8))).await, RECORDED);
}

/// A login told twice, as after a lost acknowledgement, is one login.
pub async fn a_login_is_recorded_once(facts: &dyn Facts) {
    let login = NewLogin {
        login: Login { platform: Platform::IPad, ..new_login("alice", "tablet", 3).login },
        ..new_login("alice", "tablet", 3)
    };
    ok(facts.record_login(login.clone())).await;
    ok(facts.record_login(NewLogin { resume: true, ..login.clone() })).await;
    assert_eq!(ok(facts.record_login(login.clone())).await, RECORDED);
    assert_eq!(ok(facts.logins(user("alice"))).await, std::slice::from_ref(&login.login));
    assert_eq!(ok(facts.all_logins()).await, [(user("alice"), login.login)]);
}

/// Of many first logins at once, one registers the account, and all are recorded.
pub async fn a_login_of_many_at_once_is_recorded_once(facts: &dyn Facts) {
    let logins = (0..60).map(|n| facts.record_login(new_login("alice", &format!("{}", n % 20), n / 20)));
    let registered = LoginRecorded::Recorded { registered: true };
    let recorded = join_all(logins).await;
    assert_eq!(recorded.iter().filter(|it| *it.as_ref().expect("no fault") == registered).count(), 1);
    assert_eq!(ok(facts.logins(user("alice"))).await.len(), 20);
}

/// A device has one login: the last that was recorded, with its platform and its time.
pub async fn a_login_again_replaces_that_of_its_device(facts: &dyn Facts) {
    ok(facts.record_login(new_login("alice", "first", 1))).await;
    ok(facts.record_login(new_login("alice", "second", 2))).await;
    let mut again = new_login("alice", "first", 3);
    again.login.platform = Platform::Linux;
    ok(facts.record_login(again.clone())).await;
    let second = new_login("alice", "second", 2).login;
    assert_eq!(ok(facts.logins(user("alice"))).await, [second, again.login]);
}

/// A login that is not durable leaves an account, and no login.
pub async fn a_web_login_registers_the_account_and_leaves_no_login(facts: &dyn Facts) {
    let mut login = NewLogin { durable: false, ..new_login("alice", "browser", 4) };
    login.login.platform = Platform::Web;
    let registered = LoginRecorded::Recorded { registered: true };
    assert_eq!(ok(facts.record_login(login.clone())).await, registered);
    assert_eq!(ok(facts.record_login(login)).await, RECORDED);
    assert_eq!(ok(facts.logins(user("alice"))).await, []);
    assert_eq!(ok(facts.all_logins()).await, []);
    let account = Account { user: user("alice"), created: at(4), sigs_revoked: None };
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [Some(account)]);
}

/// Logins are ordered by their time, in whatever order they were recorded.
pub async fn logins_are_listed_earliest_first(facts: &dyn Facts) {
    for (device, when) in [("c", 30), ("a", 200), ("d", 10), ("b", 9)] {
        ok(facts.record_login(new_login("alice", device, when))).await;
    }
    assert_eq!(devices(facts, "alice").await, ["b", "d", "c", "a"]);
}

/// At equal times the order of recording decides, and stays when a login is told again.
pub async fn logins_of_one_moment_are_listed_as_they_were_recorded(facts: &dyn Facts) {
    let recorded = ["z", "m", "a", "k"];
    for device in recorded.into_iter().chain(["m", "z"]) {
        ok(facts.record_login(new_login("alice", device, 5))).await;
    }
    assert_eq!(devices(facts, "alice").await, recorded);
}

/// All logins of all users of all apps, and nothing else.
pub async fn all_logins_are_those_of_every_user(facts: &dyn Facts) {
    let mut expected = Vec::new();
    for (app, name, device, when) in [
        (APP, "alice", "phone", 3),
        (APP, "alice", "tablet", 1),
        (APP, "bob", "phone", 2),
        (OTHER_APP, "alice", "phone", 1_800_000_000_000),
    ] {
        let login = NewLogin { user: User::new(app, id(name)), ..new_login(name, device, when) };
        ok(facts.record_login(login.clone())).await;
        expected.push((login.user, login.login));
    }
    ok(facts.create_account(user("carol"), at(1))).await;
    let by_user = |(user, login): &(User, Login)| (user.clone(), login.device.clone());
    let mut all = ok(facts.all_logins()).await;
    all.sort_by_key(by_user);
    expected.sort_by_key(by_user);
    assert_eq!(all, expected);
}

// The ends of logins

/// Only what is named ends, of this user only.
pub async fn ending_a_login_leaves_the_others(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        for (device, when) in [("a", 1), ("b", 2), ("c", 3)] {
            ok(facts.record_login(new_login(name, device, when))).await;
        }
    }
    ok(facts.end_logins(user("alice"), vec![ended("a"), ended("c")])).await;
    assert_eq!(devices(facts, "alice").await, ["b"]);
    assert_eq!(devices(facts, "bob").await, ["a", "b", "c"]);
    ok(facts.end_logins(user("bob"), Vec::new())).await;
    assert_eq!(devices(facts, "bob").await, ["a", "b", "c"]);
}

/// What has ended ends no second time, for a user without an account too.
pub async fn ending_a_login_again_changes_nothing(facts: &dyn Facts) {
    ok(facts.record_login(new_login("alice", "phone", 1))).await;
    for _ in 0..2 {
        ok(facts.end_logins(user("alice"), vec![ended("phone"), ended("phone"), ended("unknown")])).await;
        ok(facts.end_logins(user("nobody"), vec![ended("phone")])).await;
        assert_eq!(ok(facts.all_logins()).await, []);
    }
    assert_eq!(ok(facts.accounts(vec![user("nobody")])).await, [None]);
}

/// Who logged out logs in again.
pub async fn a_login_that_ended_without_a_mark_is_not_refused(facts: &dyn Facts) {
    ok(facts.record_login(new_login("alice", "phone", 1))).await;
    ok(facts.end_logins(user("alice"), vec![ended("phone")])).await;
    let resume = NewLogin { resume: true, ..new_login("alice", "phone", 2) };
    assert_eq!(ok(facts.record_login(resume)).await, RECORDED);
}

/// The next login is refused, records nothing and makes the one after it succeed.
pub async fn a_kick_mark_refuses_once_and_is_gone(facts: &dyn Facts) {
    for by in Platform::ALL {
        ok(facts.record_login(new_login("alice", "phone", 1))).await;
        let mark = KickMark { by, told: false, at: at(2) };
        ok(facts.end_logins(user("alice"), vec![EndedLogin { mark: Some(mark), ..ended("phone") }])).await;
        assert_eq!(ok(facts.logins(user("alice"))).await, []);

        let again = new_login("alice", "phone", 3);
        assert_eq!(ok(facts.record_login(again.clone())).await, LoginRecorded::Kicked { by });
        assert_eq!(ok(facts.logins(user("alice"))).await, []);
        assert_eq!(ok(facts.record_login(again)).await, RECORDED);
        assert_eq!(devices(facts, "alice").await, ["phone"]);
    }
}

/// A device that was not told of its kick is told at its next login, of whatever kind that is.
pub async fn a_kick_mark_refuses_a_web_login_and_a_resume_too(facts: &dyn Facts) {
    for (durable, resume) in [(true, true), (false, false), (false, true)] {
        ok(facts.record_login(new_login("alice", "phone", 1))).await;
        kick(facts, "alice", "phone", 2, false).await;
        let again = NewLogin { durable, resume, ..new_login("alice", "phone", 3) };
        assert_eq!(ok(facts.record_login(again.clone())).await, KICKED);
        assert_eq!(ok(facts.record_login(again)).await, RECORDED);
    }
}

/// A device that was told and comes back on its own anyway has not heard it; its user, who logs in, has.
pub async fn a_told_mark_refuses_a_resume_only(facts: &dyn Facts) {
    for (resume, expected) in [(true, KICKED), (false, RECORDED)] {
        ok(facts.record_login(new_login("alice", "phone", 1))).await;
        kick(facts, "alice", "phone", 2, true).await;
        let again = NewLogin { resume, ..new_login("alice", "phone", 3) };
        assert_eq!(ok(facts.record_login(again.clone())).await, expected);
        assert_eq!(ok(facts.record_login(again)).await, RECORDED);
        assert_eq!(devices(facts, "alice").await, ["phone"]);
    }
}

/// The mark that did not refuse is gone all the same: it refuses no later resume.
pub async fn a_login_takes_a_told_mark_away(facts: &dyn Facts) {
    ok(facts.record_login(new_login("alice", "phone", 1))).await;
    kick(facts, "alice", "phone", 2, true).await;
    assert_eq!(ok(facts.record_login(new_login("alice", "phone", 3))).await, RECORDED);
    ok(facts.end_logins(user("alice"), vec![ended("phone")])).await;
    let resume = NewLogin { resume: true, ..new_login("alice", "phone", 4) };
    assert_eq!(ok(facts.record_login(resume)).await, RECORDED);
}

/// Neither another device of the user nor the same device of another user is refused.
pub async fn a_kick_mark_concerns_its_device_only(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        ok(facts.record_login(new_login(name, "phone", 1))).await;
    }
    kick(facts, "alice", "phone", 2, false).await;
    assert_eq!(ok(facts.record_login(new_login("alice", "tablet", 3))).await, RECORDED);
    assert_eq!(ok(facts.record_login(new_login("bob", "phone", 3))).await, RECORDED);
    assert_eq!(ok(facts.record_login(new_login("alice", "phone", 3))).await, KICKED);
}

/// The login of a Web device is no fact, and yet it can be kicked; where there is no account there is nobody.
pub async fn a_device_without_a_login_is_marked_if_there_is_an_account(facts: &dyn Facts) {
    let web = NewLogin { durable: false, ..new_login("alice", "tab", 1) };
    ok(facts.record_login(web.clone())).await;
    kick(facts, "alice", "tab", 2, true).await;
    assert_eq!(ok(facts.record_login(NewLogin { resume: true, ..web.clone() })).await, KICKED);
    assert_eq!(ok(facts.record_login(web)).await, RECORDED);

    kick(facts, "nobody", "phone", 2, false).await;
    let registered = LoginRecorded::Recorded { registered: true };
    assert_eq!(ok(facts.record_login(new_login("nobody", "phone", 3))).await, registered);
}

/// [`MAX_KICK_MARKS`] marks of one user are kept, told or not.
pub async fn the_bound_of_kick_marks_is_reached_without_loss(facts: &dyn Facts) {
    let kicked: Vec<String> = (0..MAX_KICK_MARKS).map(|n| format!("device {n}")).collect();
    kick_all(facts, "alice", &kicked).await;
    for device in &kicked {
        assert_eq!(ok(facts.record_login(new_login("alice", device, 9_000))).await, KICKED, "{device}");
    }
}

/// Marks beyond [`MAX_KICK_MARKS`] push out the oldest of the same user, in one call and over many.
pub async fn beyond_the_bound_the_oldest_kick_marks_go(facts: &dyn Facts) {
    let kicked: Vec<String> = (0..MAX_KICK_MARKS + 3).map(|n| format!("device {n}")).collect();
    kick_all(facts, "alice", &kicked).await;
    kick_all(facts, "bob", &kicked[..3]).await;

    // In one call, all at one moment: the last of the list are the newest.
    for device in &kicked {
        ok(facts.record_login(new_login("carol", device, 1))).await;
    }
    let mark = Some(KickMark { by: BY, told: false, at: at(2) });
    let all = kicked.iter().map(|device| EndedLogin { mark, ..ended(device) }).collect();
    ok(facts.end_logins(user("carol"), all)).await;

    for name in ["alice", "carol"] {
        for (n, device) in kicked.iter().enumerate() {
            let expected = if n < 3 { RECORDED } else { KICKED };
            let answer = ok(facts.record_login(new_login(name, device, 9_000))).await;
            assert_eq!(answer, expected, "{name}, {device}");
        }
    }
    for device in &kicked[..3] {
        assert_eq!(ok(facts.record_login(new_login("bob", device, 9_000))).await, KICKED, "{device}");
    }
}

// Friends

/// The other side gets an entry when asked for, without a remark.
pub async fn a_friend_is_added_on_one_side_or_on_both(facts: &dyn Facts) {
    make_accounts(facts).await;
    let add = |friend, both| befriend(facts, user("alice"), id(friend), both, "r".into());
    assert_eq!(add("bob", false).await, Befriended::Done);
    assert_eq!(add("carol", true).await, Befriended::Done);
    assert_eq!(friends(facts, "alice").await, ["bob: r", "carol, mutual: r"]);
    assert_eq!(friends(facts, "bob").await, [""; 0]);
    assert_eq!(friends(facts, "carol").await, ["alice, mutual: "]);
}

/// Two entries that were made apart are mutual; one of them alone is not.
pub async fn mutual_means_each_has_the_other(facts: &dyn Facts) {
    make_accounts(facts).await;
    befriend(facts, user("alice"), id("bob"), false, String::new()).await;
    assert_eq!(friends(facts, "alice").await, ["bob: "]);
    befriend(facts, user("bob"), id("alice"), false, String::new()).await;
    assert_eq!(friends(facts, "alice").await, ["bob, mutual: "]);
    assert_eq!(friends(facts, "bob").await, ["alice, mutual: "]);
    unfriend(facts, user("alice"), id("bob"), false).await;
    assert_eq!(friends(facts, "alice").await, [""; 0]);
    assert_eq!(friends(facts, "bob").await, ["alice: "]);
}

/// Adding again makes no second entry and leaves the remark of the other side alone.
pub async fn adding_a_friend_again_changes_the_remark_of_the_owner_only(facts: &dyn Facts) {
    make_accounts(facts).await;
    befriend(facts, user("alice"), id("bob"), true, "old".into()).await;
    befriend(facts, user("bob"), id("alice"), false, "of bob".into()).await;
    for both in [true, false] {
        let again = befriend(facts, user("alice"), id("bob"), both, format!("new, {both}"));
        assert_eq!(again.await, Befriended::Done);
        assert_eq!(friends(facts, "alice").await, [format!("bob, mutual: new, {both}")]);
        assert_eq!(friends(facts, "bob").await, ["alice, mutual: of bob"]);
    }
}

/// Nothing is made when either has no account, on either side.
pub async fn friendship_needs_two_accounts(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    for both in [false, true] {
        for (owner, friend) in [("alice", "nobody"), ("nobody", "alice"), ("nobody", "no one")] {
            let answer = befriend(facts, user(owner), id(friend), both, String::new());
            let expected = if owner == "nobody" { Befriended::NoSuchOwner } else { Befriended::NoSuchFriend };
            assert_eq!(answer.await, expected, "{owner} and {friend}");
        }
    }
    ok(facts.create_account(user("nobody"), at(1))).await;
    assert_eq!(friends(facts, "alice").await, [""; 0]);
    assert_eq!(friends(facts, "nobody").await, [""; 0]);
}

/// With both sides, one entry that was there is enough for a yes; a second deletion says no.
pub async fn a_friend_is_deleted_on_one_side_or_on_both(facts: &dyn Facts) {
    make_accounts(facts).await;
    befriend(facts, user("alice"), id("bob"), true, String::new()).await;
    befriend(facts, user("alice"), id("carol"), true, String::new()).await;
    let delete = |owner, friend, both| unfriend(facts, user(owner), id(friend), both);

    assert!(delete("alice", "bob", false).await);
    assert!(!delete("alice", "bob", false).await);
    assert_eq!(friends(facts, "bob").await, ["alice: "]);
    assert!(delete("alice", "bob", true).await);
    assert!(!delete("alice", "bob", true).await);
    assert_eq!(friends(facts, "bob").await, [""; 0]);

    assert!(delete("carol", "alice", true).await);
    assert_eq!(friends(facts, "alice").await, [""; 0]);
    assert_eq!(friends(facts, "carol").await, [""; 0]);
    assert!(!delete("nobody", "alice", true).await);
}

/// The order is that of [`UserId`].
pub async fn friends_are_listed_by_rising_id(facts: &dyn Facts) {
    ok(facts.create_account(user("owner"), at(1))).await;
    let mut names = ["b", "B", "a", "~", " ", "_", "10", "9", "a b", "ab"].map(id).to_vec();
    for name in &names {
        ok(facts.create_account(User::new(APP, name.clone()), at(1))).await;
        befriend(facts, user("owner"), name.clone(), false, String::new()).await;
    }
    names.sort();
    let listed: Vec<UserId> = all_friends(facts, user("owner")).await.into_iter().map(|it| it.id).collect();
    assert_eq!(listed, names);
}

// The words of the rules

const APP: AppId = AppId(1_400_000_001);
const OTHER_APP: AppId = AppId(u32::MAX);
const BY: Platform = Platform::Mac;
const KICKED: LoginRecorded = LoginRecorded::Kicked { by: BY };
const RECORDED: LoginRecorded = LoginRecorded::Recorded { registered: false };

async fn ok<T>(answer: Answer<'_, T>) -> T {
    answer.await.expect("the store has no fault")
}

fn id(text: &str) -> UserId {
    UserId::new(text).expect("the suite names users rightly")
}

fn user(name: &str) -> User {
    User::new(APP, id(name))
}

fn device(text: &str) -> DeviceId {
    DeviceId::new(text).expect("the suite names devices rightly")
}

fn at(millis: u64) -> Timestamp {
    Timestamp(millis)
}

/// A login of a native device by its user.
fn new_login(name: &str, on: &str, when: u64) -> NewLogin {
    let login = Login { device: device(on), platform: Platform::Android, at: at(when) };
    NewLogin { user: user(name), login, durable: true, resume: false }
}

fn ended(on: &str) -> EndedLogin {
    EndedLogin { device: device(on), mark: None }
}

async fn kick(facts: &dyn Facts, name: &str, on: &str, when: u64, told: bool) {
    let mark = Some(KickMark { by: BY, told, at: at(when) });
    ok(facts.end_logins(user(name), vec![EndedLogin { mark, ..ended(on) }])).await;
}

/// Each device logs in and is kicked, one after the other.
async fn kick_all(facts: &dyn Facts, name: &str, on: &[String]) {
    for (n, device) in on.iter().enumerate() {
        ok(facts.record_login(new_login(name, device, n as u64))).await;
        kick(facts, name, device, n as u64, false).await;
    }
}

async fn make_accounts(facts: &dyn Facts) {
    for name in ["alice", "bob", "carol"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
}

/// The devices with a login, in the order of the answer.
async fn devices(facts: &dyn Facts, name: &str) -> Vec<String> {
    ok(facts.logins(user(name))).await.iter().map(|login| login.device.to_string()).collect()
}

/// The friend list as text: `bob, mutual: the remark`.
async fn friends(facts: &dyn Facts, owner: &str) -> Vec<String> {
    let line =
        |Friend { id, remark, mutual, .. }| format!("{id}{}: {remark}", if mutual { ", mutual" } else { "" });
    all_friends(facts, user(owner)).await.into_iter().map(line).collect()
}

async fn all_friends(facts: &dyn Facts, owner: User) -> Vec<Friend> {
    ok(facts.friend_page(owner, None, usize::MAX)).await
}

async fn befriend(facts: &dyn Facts, owner: User, friend: UserId, both: bool, remark: String) -> Befriended {
    let (source, wording) = Default::default();
    let new =
        NewFriendship { owner, friend, both, remark, source, wording, at: at(1), limit: 100, ask: false };
    ok(facts.befriend(new)).await.outcome
}

async fn unfriend(facts: &dyn Facts, owner: User, friend: UserId, both: bool) -> bool {
    let done = ok(facts.unfriend(owner, friend, both)).await;
    done.forth || done.back
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_macro_lists_every_rule() {
        let source = include_str!("conformance.rs");
        let rules: Vec<&str> =
            source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        let list = source.split("@each $make:\n").nth(1).and_then(|rest| rest.split('}').next());
        let listed: Vec<&str> = list.unwrap().split_whitespace().collect();
        assert!(rules.len() > 30);
        assert_eq!(listed, rules);
    }
}
