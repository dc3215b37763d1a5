//! The rules of the [conformance suite](super) about apps and accounts.

use super::outbox::enqueue_all;
use super::{
    APP, KICKED, NO_ACCOUNT, NOTHING_REVOKED, OTHER_APP, RECORDED, REGISTERED, REVOKED, account, all_friends,
    all_logins, at, befriend, devices, friends, id, kick, new_login, ok, record, unfriend, user,
};
use crate::{AppDeletion, Facts, NewLogin, NewNotice, Revocation, Revoked, UsersRevoked};
use futures_util::future::join_all;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, DeviceId, Edition, NoticeContent, PushContent, User, UserId,
};

// Apps

/// All fields of an app are read back unchanged. Storing the app again replaces all of its fields.
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

/// A caller passes the stored app that it expects, or `None` if it expects no app. If the store has something else, the
/// call changes nothing.
pub async fn an_app_is_replaced_by_who_saw_it_last(facts: &dyn Facts) {
    let named = |name: &str| {
        let (keys, admins) = Default::default();
        App { id: APP, keys, admins, settings: AppSettings { name: name.into(), ..AppSettings::default() } }
    };
    let [a, b, c] = ["a", "b", "c"].map(named);
    let elsewhere = App { id: OTHER_APP, ..a.clone() };
    assert!(ok(facts.replace_app(None, elsewhere.clone())).await);
    let table = [
        (Some(&a), &b, false),
        (None, &a, true),
        (None, &b, false),
        (Some(&b), &c, false),
        (Some(&elsewhere), &c, false),
        (Some(&a), &b, true),
        (Some(&a), &c, false),
        (Some(&b), &b, true),
        (Some(&b), &a, true),
    ];
    let mut there = None;
    for (was, app, done) in table {
        assert_eq!(ok(facts.replace_app(was.cloned(), app.clone())).await, done, "{was:?} {app:?}");
        if done {
            there = Some(app.clone());
        }
        let apps = ok(facts.apps()).await;
        assert_eq!(apps, there.iter().chain([&elsewhere]).cloned().collect::<Vec<_>>());
    }
}

/// If several concurrent callers expect the same app, only the first replaces the app. Such callers are operators on
/// several nodes.
pub async fn of_many_who_replace_an_app_at_once_one_does(facts: &dyn Facts) {
    let app = |key: u32| {
        let (keys, admins, settings) = Default::default();
        let app = App { id: APP, keys, admins, settings };
        App { keys: vec![AppKey { id: key, text: "0123456789abcdef".repeat(4) }], ..app }
    };
    ok(facts.put_app(app(0))).await;
    let changes = (1..=20).map(|key| facts.replace_app(Some(app(0)), app(key)));
    let done: Vec<bool> = join_all(changes).await.into_iter().map(|done| done.expect("no fault")).collect();
    let winner = done.iter().position(|done| *done).expect("one wins") as u32 + 1;
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    assert_eq!(ok(facts.apps()).await, [app(winner)]);
}

/// Apps are sorted by the number of their ids, up to the highest possible number.
pub async fn apps_are_listed_by_rising_id(facts: &dyn Facts) {
    for number in [10, u32::MAX, 9, 1_400_000_001] {
        let (keys, admins, settings) = Default::default();
        ok(facts.put_app(App { id: AppId(number), keys, admins, settings })).await;
    }
    let ids: Vec<u32> = ok(facts.apps()).await.into_iter().map(|app| app.id.0).collect();
    assert_eq!(ids, [9, 10, 1_400_000_001, u32::MAX]);
}

/// The rows of the app are deleted in several steps. Other apps keep their data.
pub async fn an_app_is_deleted_with_all_that_it_had(facts: &dyn Facts) {
    make_two_apps(facts).await;
    for n in 0..10 {
        ok(facts.create_account(user(&format!("u{n}")), at(1))).await;
        record(facts, new_login(&format!("u{n}"), "phone", 2)).await;
        befriend(facts, user("u0"), id(&format!("u{n}")), true, String::new()).await;
    }
    kick(facts, "u1", "phone", 3, false).await;
    ok(facts.kick(user("u2"), Revoked::new(at(5_000), []))).await;
    let stays = User::new(OTHER_APP, id("u0"));
    ok(facts.create_account(stays.clone(), at(1))).await;

    assert_eq!(ok(facts.begin_app_deletion(APP)).await, AppDeletion::Begun);
    let apps: Vec<AppId> = ok(facts.apps()).await.into_iter().map(|app| app.id).collect();
    assert_eq!((apps, ok(facts.deleted_apps()).await), (vec![OTHER_APP], vec![APP]));
    let (mut deleted, mut steps) = (0, 0);
    loop {
        let done = ok(facts.delete_app_rows(APP, 7)).await;
        assert!(done <= 7, "{done}");
        (deleted, steps) = (deleted + done, steps + 1);
        if done < 7 {
            break;
        }
    }
    assert!(deleted > 10 + 9 + 18 && steps == deleted / 7 + 1, "{deleted} rows in {steps} steps");
    assert_eq!(ok(facts.deleted_apps()).await, []);
    assert_eq!(ok(facts.list_accounts(APP, None, 100)).await, []);
    assert_eq!(ok(facts.revocation(user("u2"))).await, None);
    assert!(all_logins(facts).await.is_empty());
    assert!(ok(facts.accounts(vec![stays])).await[0].is_some());
    assert_eq!(ok(facts.delete_app_rows(APP, 7)).await, 0, "there is nothing left to do");
    assert_eq!(ok(facts.delete_app_rows(OTHER_APP, 7)).await, 0, "that one is not to be deleted");
    assert_eq!(ok(facts.begin_app_deletion(APP)).await, AppDeletion::NoSuchApp);
}

/// Writes during or after the deletion of the app store nothing.
pub async fn an_app_being_deleted_takes_nothing_in(facts: &dyn Facts) {
    make_two_apps(facts).await;
    let there = ok(facts.create_account(user("there"), at(1))).await;
    assert_eq!(ok(facts.begin_app_deletion(APP)).await, AppDeletion::Begun);
    for ended in [false, true] {
        if ended {
            while ok(facts.delete_app_rows(APP, 1)).await == 1 {}
        }
        let late = ok(facts.create_account(user("late"), at(2))).await;
        assert!(!late.made && late.born == 0, "{late:?}");
        assert_eq!(record(facts, new_login("late", "phone", 3)).await, NO_ACCOUNT);
        ok(facts.revoke_sigs(user("late"), Revoked::new(at(4_000), []))).await;
        assert_eq!(ok(facts.revocation(user("late"))).await, None);
        let content = NoticeContent::Push(PushContent {
            from: id("there"),
            sequence: 1,
            at: at(1),
            text: "hi".into(),
            unread: 1,
            devices: Vec::new(),
        });
        let notice = NewNotice { user: user("late"), content, at: at(5) };
        let taken = enqueue_all(facts, vec![notice]).await;
        assert_eq!((taken.added, taken.dropped), (0, 1));
        assert_eq!(ok(facts.lanes()).await, []);
        let accounts = ok(facts.list_accounts(APP, None, 10)).await;
        let born: Vec<u64> = accounts.iter().map(|account| account.born).collect();
        assert_eq!(born, if ended { vec![] } else { vec![there.born] });
    }
}

/// The app cannot be created again before the deletion is complete.
pub async fn an_app_that_was_deleted_is_made_again_empty(facts: &dyn Facts) {
    make_two_apps(facts).await;
    ok(facts.create_account(user("alice"), at(1))).await;
    let app = ok(facts.apps()).await.into_iter().find(|app| app.id == APP).expect("it was made");
    assert_eq!(ok(facts.begin_app_deletion(APP)).await, AppDeletion::Begun);
    assert!(!ok(facts.replace_app(None, app.clone())).await);
    assert!(facts.put_app(app.clone()).await.is_err());
    while ok(facts.delete_app_rows(APP, 100)).await == 100 {}
    assert!(ok(facts.replace_app(None, app)).await);
    assert_eq!(ok(facts.list_accounts(APP, None, 10)).await, []);
    assert!(ok(facts.create_account(user("alice"), at(2))).await.made);
}

/// If the last two apps are deleted concurrently, one of the deletions finds that its app is the last one. A store may do
/// them in any order.
pub async fn the_last_app_is_not_deleted(facts: &dyn Facts) {
    assert_eq!(ok(facts.begin_app_deletion(APP)).await, AppDeletion::NoSuchApp);
    make_two_apps(facts).await;
    let done = join_all([APP, OTHER_APP].map(|app| facts.begin_app_deletion(app))).await;
    for outcome in [AppDeletion::Begun, AppDeletion::LastApp] {
        let same = done.iter().filter(|it| matches!(it, Ok(it) if *it == outcome));
        assert_eq!(same.count(), 1, "{outcome:?} among {done:?}");
    }
    assert_eq!(ok(facts.apps()).await.len(), 1);
}

async fn make_two_apps(facts: &dyn Facts) {
    for id in [APP, OTHER_APP] {
        let (keys, admins, settings) = Default::default();
        ok(facts.put_app(App { id, keys, admins, settings })).await;
    }
}

// Accounts

/// Creating an account again changes nothing, and reports that the account exists.
pub async fn an_account_is_made_once(facts: &dyn Facts) {
    let first = ok(facts.create_account(user("alice"), at(1))).await;
    let second = ok(facts.create_account(user("alice"), at(2))).await;
    assert!(first.made && !second.made && first.born == second.born);
    let found = account(facts, "alice").await;
    assert_eq!((found.created, found.born, found.revocation), (at(1), first.born, None));
}

/// If many calls create an account concurrently, exactly one of them reports that it has created the account.
pub async fn an_account_made_by_many_at_once_is_made_once(facts: &dyn Facts) {
    let makers = (0..50).map(|n| facts.create_account(user("alice"), at(n)));
    let made =
        join_all(makers).await.into_iter().filter(|made| made.as_ref().expect("no fault").made).count();
    assert_eq!(made, 1);
}

/// A user who is given twice is returned twice. Without given users, the result is empty.
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

/// A page contains up to `limit` accounts after its cursor. The account of the cursor need not exist.
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

/// Ids have the order of [`UserId`], which depends on no locale.
pub async fn ids_are_ordered_by_their_bytes(facts: &dyn Facts) {
    let mut names = ["b", "B", "a", "~", " ", "_", "10", "9", "a b", "ab", "A", "-"].map(id).to_vec();
    for name in &names {
        ok(facts.create_account(User::new(APP, name.clone()), at(1))).await;
    }
    let page = ok(facts.list_accounts(APP, None, 100)).await;
    names.sort();
    assert_eq!(page.into_iter().map(|account| account.user.id).collect::<Vec<_>>(), names);
}

/// Texts are stored unchanged: they are not trimmed, folded, truncated, or interpreted as numbers or patterns.
pub async fn ids_and_remarks_are_kept_to_the_byte(facts: &dyn Facts) {
    let longest = "x".repeat(UserId::MAX_BYTES);
    let names = ["007", "7", "1e5", "NULL", "%", "_", " a", "a ", "a", "A", "'", "\"", "\\", &longest];
    ok(facts.create_account(user("owner"), at(1))).await;
    let remarks = ["", " ", "备注", "line\nline", "'); DROP TABLE friends; --", "\\0", "é", "e\u{301}"];
    for (n, name) in names.into_iter().enumerate() {
        assert!(ok(facts.create_account(user(name), at(1))).await.made, "{name:?} is like an earlier one");
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

/// A revocation extends an earlier revocation, and never reduces it.
pub async fn a_revocation_never_goes_back(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    let table: [(u64, &[u64], u64, &[u64]); 4] = [
        (5_000, &[5], 5_000, &[5]),
        (3_000, &[9], 5_000, &[5, 9]),
        (7_900, &[], 7_900, &[9]),
        (0, &[], 7_900, &[9]),
    ];
    for (given, seen, expected, also) in table {
        ok(facts.revoke_sigs(user("alice"), Revoked::new(at(given), seen.iter().copied()))).await;
        let revocation = account(facts, "alice").await.revocation.expect("some are revoked");
        let revoked = Revoked { at: at(expected), also: also.to_vec() };
        assert_eq!(revocation, Revocation { revoked, through: 0 });
    }
}

/// A kick ends all earlier logins and no later login. It returns the number up to which logins have ended.
pub async fn a_kick_ends_every_login_up_to_its_number(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        for device in ["phone", "tablet"] {
            record(facts, new_login(name, device, 1)).await;
        }
    }
    let last = ok(facts.logins(user("alice"))).await[1].number;
    let through =
        ok(facts.kick(user("alice"), Revoked::new(at(5_500), [5]))).await.expect("there is an account");
    assert!(through >= last);
    assert_eq!(devices(facts, "alice").await, [""; 0]);
    assert_eq!(devices(facts, "bob").await, ["phone", "tablet"]);
    let revocation = account(facts, "alice").await.revocation.expect("some are revoked");
    assert_eq!(revocation, Revocation { revoked: Revoked::new(at(5_500), [5]), through });

    for (issued, expected) in [(4, REVOKED), (5, REVOKED), (6, RECORDED)] {
        let login = NewLogin { issued, ..new_login("alice", "phone", 6) };
        assert_eq!(record(facts, login).await, expected, "dated {issued}");
    }
    assert!(ok(facts.logins(user("alice"))).await[0].number > through);
    assert_eq!(ok(facts.kick(user("nobody"), Revoked::new(at(5_500), []))).await, None);
}

/// A device whose login a kick has ended cannot resume, but can log in at once.
pub async fn a_kick_leaves_marks_that_refuse_a_resume(facts: &dyn Facts) {
    record(facts, new_login("alice", "phone", 1)).await;
    record(facts, NewLogin { durable: false, ..new_login("alice", "tab", 1) }).await;
    ok(facts.kick(user("alice"), Revoked::new(at(5_000), []))).await;
    for (device, durable) in [("phone", true), ("tab", false)] {
        let resume = NewLogin { resume: true, durable, ..new_login("alice", device, 6) };
        for _ in 0..2 {
            assert_eq!(record(facts, resume.clone()).await, super::LOGGED_OUT, "{device}");
        }
        assert_eq!(record(facts, NewLogin { resume: false, ..resume }).await, RECORDED, "{device}");
    }
}

/// Revoking creates no account and does not affect other users.
pub async fn a_revocation_touches_its_user_only(facts: &dyn Facts) {
    ok(facts.create_account(user("bob"), at(1))).await;
    ok(facts.revoke_sigs(user("alice"), Revoked::new(at(5_000), []))).await;
    assert_eq!(ok(facts.list_accounts(APP, None, 10)).await.len(), 1);
    assert_eq!(account(facts, "bob").await.revocation, None);
}

/// The revocation that a deletion makes is kept, and all earlier logins stay ended. A login with a later UserSig is
/// valid.
pub async fn a_revocation_outlives_its_account(facts: &dyn Facts) {
    record(facts, new_login("alice", "phone", 1)).await;
    let deleted = ok(facts.delete_account(user("alice"), Revoked::new(at(5_000), [7]))).await;
    let through = deleted.expect("there was an account").through;
    let left = Revocation { revoked: Revoked::new(at(5_000), [7]), through };
    assert_eq!(ok(facts.revocation(user("alice"))).await, Some(left));
    assert_eq!(ok(facts.revocation(user("bob"))).await, None);
    for (issued, expected) in [(4, REVOKED), (7, REVOKED), (5, REGISTERED)] {
        let login = NewLogin { issued, ..new_login("alice", "phone", 6) };
        assert_eq!(record(facts, login).await, expected, "dated {issued}");
    }
    let made_again = account(facts, "alice").await;
    assert!(made_again.born > through);
    let revoked = Revoked::new(at(5_000), [7]);
    assert_eq!(made_again.revocation, Some(Revocation { revoked, through }));
}

/// The deletion returns the users in whose friend lists the account was, and whether each friendship was mutual.
pub async fn a_deletion_names_whose_lists_it_changed(facts: &dyn Facts) {
    for name in ["alice", "bob", "carol", "dave"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
    befriend(facts, user("alice"), id("bob"), true, String::new()).await;
    befriend(facts, user("carol"), id("alice"), false, String::new()).await;
    befriend(facts, user("alice"), id("dave"), false, String::new()).await;
    let deleted =
        ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await.expect("there was an account");
    assert_eq!(deleted.owners, [(id("bob"), true), (id("carol"), false)]);
}

/// The pages contain each user with a revocation of the given time or later, in ascending order over all apps, also if
/// the account was deleted. A page examines no more revocations than its limit.
pub async fn users_with_a_late_revocation_are_listed_in_pages(facts: &dyn Facts) {
    assert_eq!(ok(facts.users_revoked(at(0), None, 10)).await, UsersRevoked::default());
    let mut expected = Vec::new();
    for app in [APP, OTHER_APP] {
        // In the order of the bytes, capitals come first.
        for (name, when) in [("B", 1_999), ("a", 2_000), ("a b", 2_001), ("ab", 1_000), ("b", 9_000)] {
            let user = User::new(app, id(name));
            ok(facts.create_account(user.clone(), at(1))).await;
            match name {
                "a" | "B" => {
                    let deleted = ok(facts.delete_account(user.clone(), Revoked::new(at(when), []))).await;
                    assert!(deleted.is_some());
                }
                _ => assert!(ok(facts.kick(user.clone(), Revoked::new(at(when), []))).await.is_some()),
            }
            if when >= 2_000 {
                expected.push(user);
            }
        }
        ok(facts.create_account(User::new(app, id("not revoked")), at(1))).await;
    }
    for limit in [1, 3, 10, 100] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = ok(facts.users_revoked(at(2_000), after, limit)).await;
            assert!(page.users.len() <= limit, "{page:?}");
            all.extend(page.users);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, expected, "{limit}");
    }
    let first = ok(facts.users_revoked(at(2_000), None, 1)).await;
    assert_eq!(first, UsersRevoked { users: Vec::new(), next: Some(User::new(APP, id("B"))) });
}

/// A second deletion of an account reports that there is no account.
pub async fn an_account_is_deleted_once(facts: &dyn Facts) {
    assert_eq!(ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await, None);
    ok(facts.create_account(user("alice"), at(1))).await;
    ok(facts.create_account(user("bob"), at(1))).await;
    assert!(ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await.is_some());
    assert_eq!(ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await, None);
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [None]);
    assert_eq!(ok(facts.list_accounts(APP, None, 10)).await.len(), 1);
}

/// No friendship with the account remains on either side. Other users keep their own data.
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

    assert!(ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await.is_some());

    assert_eq!(ok(facts.logins(user("alice"))).await, []);
    assert_eq!(all_friends(facts, user("alice")).await, []);
    assert_eq!(record(facts, new_login("alice", "kicked", 3)).await, REGISTERED);
    assert_eq!(all_friends(facts, user("alice")).await, []);

    assert_eq!(devices(facts, "bob").await, ["phone", "tablet"]);
    assert_eq!(friends(facts, "bob").await, ["carol, mutual: c"]);
    assert_eq!(record(facts, new_login("bob", "kicked", 3)).await, KICKED);
}

/// An account that is created again has none of the data of the deleted account.
pub async fn an_account_made_again_starts_empty(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        ok(facts.record_login(new_login(name, "phone", 1))).await;
    }
    befriend(facts, user("bob"), id("alice"), true, "a".into()).await;
    let deleted = ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await.expect("there was one");
    let again = ok(facts.create_account(user("alice"), at(9))).await;
    assert!(again.made && again.born > deleted.through);
    assert_eq!(account(facts, "alice").await.created, at(9));
    assert_eq!(ok(facts.logins(user("alice"))).await, []);
    assert_eq!(friends(facts, "alice").await, [""; 0]);
    assert_eq!(friends(facts, "bob").await, [""; 0]);
}

/// In all calls, users with the same `userID` in two apps are different users.
pub async fn users_of_other_apps_have_nothing_in_common(facts: &dyn Facts) {
    let other = |name: &str| User::new(OTHER_APP, id(name));
    for name in ["alice", "bob"] {
        ok(facts.record_login(new_login(name, "phone", 1))).await;
        let login = NewLogin { user: other(name), ..new_login(name, "phone", 2) };
        assert_eq!(record(facts, login).await, REGISTERED);
    }
    befriend(facts, user("alice"), id("bob"), true, String::new()).await;
    assert_eq!(all_friends(facts, other("alice")).await, []);
    befriend(facts, other("alice"), id("bob"), false, "o".into()).await;
    let friends = all_friends(facts, other("alice")).await;
    assert_eq!(
        (friends.len(), &friends[0].id, &*friends[0].remark, friends[0].mutual),
        (1, &id("bob"), "o", false)
    );

    ok(facts.kick(other("alice"), Revoked::new(at(5_000), []))).await;
    assert_eq!(account(facts, "alice").await.revocation, None);
    let again = NewLogin { user: other("alice"), issued: 6, ..new_login("alice", "phone", 6) };
    assert_eq!(record(facts, again).await, RECORDED);

    kick(facts, "alice", "phone", 3, false).await;
    assert_eq!(ok(facts.logins(other("alice"))).await.len(), 1);
    let login = NewLogin { user: other("alice"), issued: 6, ..new_login("alice", "phone", 7) };
    assert_eq!(record(facts, login).await, RECORDED);

    unfriend(facts, user("alice"), id("bob"), true).await;
    assert_eq!(all_friends(facts, other("alice")).await.len(), 1);
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    assert_eq!(all_friends(facts, other("alice")).await.len(), 1);
    assert_eq!(ok(facts.logins(other("alice"))).await.len(), 1);
    assert_eq!(ok(facts.list_accounts(OTHER_APP, None, 10)).await.len(), 2);
}
