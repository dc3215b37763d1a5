//! The rules of the [conformance suite](super) about logins and end marks.

use super::{
    APP, BY, KICKED, LOGGED_OUT, NO_ACCOUNT, OTHER_APP, RECORDED, REGISTERED, account, all_logins, at,
    devices, end, end_of, id, kick, kick_all, new_login, ok, record, user,
};
use crate::{
    EndMark, EndWhy, EndedLogin, Facts, Login, LoginRecorded, MAX_MARKS, MAX_WEB_LOGINS, NewLogin, Revoked,
};
use futures_util::future::join_all;
use lamplight_model::{Platform, User};

/// The first login creates the account, with the time of the login as its creation time. The next login creates no
/// account.
pub async fn the_first_login_registers_the_account(facts: &dyn Facts) {
    assert_eq!(record(facts, new_login("alice", "phone", 7)).await, REGISTERED);
    let found = account(facts, "alice").await;
    assert_eq!((found.created, found.revocation), (at(7), None));
    assert_eq!(record(facts, new_login("alice", "tablet", 8)).await, RECORDED);

    ok(facts.create_account(user("bob"), at(1))).await;
    assert_eq!(record(facts, new_login("bob", "phone", 8)).await, RECORDED);
}

/// A resume without an account is refused.
pub async fn a_resume_makes_no_account(facts: &dyn Facts) {
    let resume = NewLogin { resume: true, ..new_login("alice", "phone", 7) };
    assert_eq!(record(facts, resume.clone()).await, NO_ACCOUNT);
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [None]);
    ok(facts.create_account(user("alice"), at(1))).await;
    assert_eq!(record(facts, resume).await, RECORDED);
}

/// Each login has a higher number than every earlier login or account. This includes other users and Web devices.
pub async fn login_numbers_rise(facts: &dyn Facts) {
    let mut last = 0;
    for (name, device, durable) in
        [("alice", "phone", true), ("bob", "phone", true), ("alice", "tab", false), ("alice", "phone", true)]
    {
        let login = NewLogin { durable, ..new_login(name, device, 1) };
        let LoginRecorded::Recorded { number, born, .. } = ok(facts.record_login(login)).await else {
            panic!("{name} is not refused");
        };
        assert!(number > last && number > born, "{number} after {last} of an account made at {born}");
        let made = ok(facts.create_account(user(&format!("made after {number}")), at(1))).await;
        assert!(made.born > number);
        last = made.born;
    }
}

/// A login that is recorded twice is in the list once. A caller repeats the call if it got no acknowledgement.
pub async fn a_login_is_recorded_once(facts: &dyn Facts) {
    let login = NewLogin { platform: Platform::IPad, ..new_login("alice", "tablet", 3) };
    record(facts, login.clone()).await;
    record(facts, NewLogin { resume: true, ..login.clone() }).await;
    assert_eq!(record(facts, login.clone()).await, RECORDED);
    let logins = ok(facts.logins(user("alice"))).await;
    let NewLogin { device, platform, at, .. } = login;
    assert_eq!(logins, [Login { device, platform, at, number: logins[0].number }]);
    assert_eq!(all_logins(facts).await, [(user("alice"), logins[0].clone())]);
}

/// Of many concurrent first logins, one creates the account. All of these logins are recorded.
pub async fn a_login_of_many_at_once_is_recorded_once(facts: &dyn Facts) {
    let logins = (0..60).map(|n| record(facts, new_login("alice", &format!("{}", n % 20), n / 20)));
    let recorded = join_all(logins).await;
    assert_eq!(recorded.iter().filter(|it| **it == REGISTERED).count(), 1);
    assert_eq!(ok(facts.logins(user("alice"))).await.len(), 20);
}

/// A device has one login: the last recorded login, with its platform, time and number.
pub async fn a_login_again_replaces_that_of_its_device(facts: &dyn Facts) {
    record(facts, new_login("alice", "first", 1)).await;
    record(facts, new_login("alice", "second", 2)).await;
    let again = NewLogin { platform: Platform::Linux, ..new_login("alice", "first", 3) };
    record(facts, again).await;
    let logins = ok(facts.logins(user("alice"))).await;
    let shown: Vec<_> = logins.iter().map(|it| (it.device.as_str(), it.platform, it.at)).collect();
    assert_eq!(shown, [("second", Platform::Android, at(2)), ("first", Platform::Linux, at(3))]);
}

/// A login that is not durable creates an account, but is not listed.
pub async fn a_web_login_registers_the_account_and_leaves_no_login(facts: &dyn Facts) {
    let login = NewLogin { durable: false, platform: Platform::Web, ..new_login("alice", "browser", 4) };
    assert_eq!(record(facts, login.clone()).await, REGISTERED);
    assert_eq!(record(facts, login).await, RECORDED);
    assert_eq!(ok(facts.logins(user("alice"))).await, []);
    assert_eq!(all_logins(facts).await, []);
    assert_eq!(account(facts, "alice").await.created, at(4));
}

/// A device that changes its platform has only the new login. This holds for a change from native to Web, and from Web
/// to native.
pub async fn a_device_that_changes_its_platform_has_one_login(facts: &dyn Facts) {
    let native = new_login("alice", "hybrid", 1);
    let web = NewLogin { durable: false, platform: Platform::Web, ..native.clone() };
    record(facts, native.clone()).await;
    record(facts, web).await;
    assert_eq!(devices(facts, "alice").await, [""; 0]);
    record(facts, native).await;
    assert_eq!(devices(facts, "alice").await, ["hybrid"]);
}

/// Logins are sorted by the order in which they were recorded, not by their times.
pub async fn logins_are_listed_by_rising_number(facts: &dyn Facts) {
    for (device, when) in [("c", 30), ("a", 200), ("d", 10), ("b", 9), ("c", 3)] {
        record(facts, new_login("alice", device, when)).await;
    }
    assert_eq!(devices(facts, "alice").await, ["a", "d", "b", "c"]);
    let numbers: Vec<u64> = ok(facts.logins(user("alice"))).await.iter().map(|it| it.number).collect();
    assert!(numbers.is_sorted());
}

/// The pages contain each user with a durable login once, in ascending order over all apps.
pub async fn users_who_are_logged_in_are_listed_in_pages(facts: &dyn Facts) {
    let mut expected = Vec::new();
    for app in [APP, OTHER_APP] {
        // In the order of the bytes, capitals come first.
        for name in ["B", "Zoe", "a", "a b", "ab"] {
            let user = User::new(app, id(name));
            for device in ["phone", "tablet"] {
                record(facts, NewLogin { user: user.clone(), ..new_login(name, device, 1) }).await;
            }
            expected.push(user);
        }
    }
    expected.sort();
    ok(facts.create_account(user("carol"), at(1))).await;
    let tab = new_login("dave", "tab", 2);
    record(facts, NewLogin { durable: false, platform: Platform::Web, ..tab }).await;
    record(facts, new_login("erin", "phone", 1)).await;
    let ended = vec![end_of(facts, "erin", "phone").await];
    ok(facts.end_logins(user("erin"), ended)).await;
    for limit in [1, 3, 10, 100] {
        let mut all: Vec<User> = Vec::new();
        loop {
            let page = ok(facts.users_logged_in(all.last().cloned(), limit)).await;
            assert!(page.len() <= limit, "{page:?}");
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        assert_eq!(all, expected, "{limit}");
    }
    assert_eq!(ok(facts.users_logged_in(None, 0)).await, []);
}

/// The pages contain each durable login of the given times once, in ascending order over all apps. A page examines no
/// more logins than its limit.
pub async fn logins_of_a_time_are_listed_in_pages(facts: &dyn Facts) {
    let mut expected = Vec::new();
    for app in [APP, OTHER_APP] {
        // In the order of the bytes, capitals come first.
        for name in ["B", "a", "a b"] {
            for (device, when) in [("a tablet", 9), ("b phone", 10), ("c phone", 19), ("d phone", 20)] {
                let login = NewLogin { user: User::new(app, id(name)), ..new_login(name, device, when) };
                record(facts, login.clone()).await;
                if (10..20).contains(&when) {
                    expected.push((login.user, login.device, login.at));
                }
            }
        }
    }
    let tab = new_login("dave", "tab", 15);
    record(facts, NewLogin { durable: false, platform: Platform::Web, ..tab }).await;
    record(facts, new_login("erin", "phone", 15)).await;
    ok(facts.end_logins(user("erin"), vec![end_of(facts, "erin", "phone").await])).await;
    for limit in [1, 3, 10, 100] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = ok(facts.logins_recorded(at(10)..at(20), after, limit)).await;
            assert!(page.logins.len() <= limit, "{page:?}");
            for (user, login) in page.logins {
                assert!(ok(facts.logins(user.clone())).await.contains(&login), "{login:?}");
                all.push((user, login.device, login.at));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, expected, "{limit}");
    }
    let first = ok(facts.logins_recorded(at(10)..at(20), None, 1)).await;
    assert_eq!(
        (first.logins.len(), first.next.map(|it| it.device.to_string())),
        (0, Some("a tablet".into()))
    );
}

/// The answer has the accounts in the order of the request, each with its own logins. It contains no Web logins, and no
/// logins that a kick has ended.
pub async fn accounts_come_with_their_logins_in_the_order_asked(facts: &dyn Facts) {
    for (name, device) in [("alice", "phone"), ("bob", "phone"), ("alice", "tablet"), ("carol", "phone")] {
        record(facts, new_login(name, device, 1)).await;
    }
    record(facts, NewLogin { durable: false, platform: Platform::Web, ..new_login("dave", "tab", 2) }).await;
    ok(facts.kick(user("carol"), Revoked::new(at(5_000), []))).await;
    let asked = ["carol", "nobody", "alice", "dave", "alice"].map(user).to_vec();
    let found = ok(facts.accounts_with_logins(asked.clone())).await;
    assert_eq!(found.iter().map(|it| it.as_ref().map(|(account, _)| account.clone())).collect::<Vec<_>>(), {
        ok(facts.accounts(asked.clone())).await
    });
    for (user, found) in asked.into_iter().zip(found) {
        let logins = found.map(|(_, logins)| logins).unwrap_or_default();
        assert_eq!(logins, ok(facts.logins(user)).await);
    }
    assert_eq!(ok(facts.accounts_with_logins(Vec::new())).await, []);
}

// The ends of logins

/// Only the given logins of this user end.
pub async fn ending_a_login_leaves_the_others(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        for device in ["a", "b", "c"] {
            record(facts, new_login(name, device, 1)).await;
        }
    }
    let ended = vec![end_of(facts, "alice", "a").await, end_of(facts, "alice", "c").await];
    ok(facts.end_logins(user("alice"), ended)).await;
    assert_eq!(devices(facts, "alice").await, ["b"]);
    assert_eq!(devices(facts, "bob").await, ["a", "b", "c"]);
    ok(facts.end_logins(user("bob"), Vec::new())).await;
    assert_eq!(devices(facts, "bob").await, ["a", "b", "c"]);
}

/// Ending a login again has no effect, even for a user without an account.
pub async fn ending_a_login_again_changes_nothing(facts: &dyn Facts) {
    record(facts, new_login("alice", "phone", 1)).await;
    let phone = end_of(facts, "alice", "phone").await;
    for _ in 0..2 {
        ok(facts.end_logins(user("alice"), vec![phone.clone(), phone.clone(), end("unknown", 7)])).await;
        ok(facts.end_logins(user("nobody"), vec![phone.clone()])).await;
        assert_eq!(all_logins(facts).await, []);
    }
    assert_eq!(ok(facts.accounts(vec![user("nobody")])).await, [None]);
}

/// A late or repeated end does not end a later login of the device, and adds no mark.
pub async fn an_end_touches_no_later_login(facts: &dyn Facts) {
    for durable in [true, false] {
        let login = NewLogin { durable, ..new_login("alice", "phone", 1) };
        let LoginRecorded::Recorded { number, .. } = ok(facts.record_login(login.clone())).await else {
            panic!("not refused");
        };
        record(facts, login.clone()).await;
        let before = ok(facts.logins(user("alice"))).await;
        for why in [EndWhy::KickedBy(BY), EndWhy::LoggedOut] {
            let mark = Some(EndMark { why, told: false, at: at(2) });
            ok(facts.end_logins(user("alice"), vec![EndedLogin { mark, ..end("phone", number) }])).await;
        }
        assert_eq!(ok(facts.logins(user("alice"))).await, before);
        assert_eq!(record(facts, NewLogin { resume: true, ..login }).await, RECORDED);
    }
}

/// A login that lapsed leaves no mark, so the device can resume.
pub async fn a_login_that_ended_without_a_mark_is_not_refused(facts: &dyn Facts) {
    record(facts, new_login("alice", "phone", 1)).await;
    ok(facts.end_logins(user("alice"), vec![end_of(facts, "alice", "phone").await])).await;
    let resume = NewLogin { resume: true, ..new_login("alice", "phone", 2) };
    assert_eq!(record(facts, resume).await, RECORDED);
}

/// The next login is refused and not recorded. The login after that succeeds.
pub async fn a_kick_mark_refuses_a_login_once(facts: &dyn Facts) {
    for by in Platform::ALL {
        record(facts, new_login("alice", "phone", 1)).await;
        let mark = Some(EndMark { why: EndWhy::KickedBy(by), told: false, at: at(2) });
        let ended = EndedLogin { mark, ..end_of(facts, "alice", "phone").await };
        ok(facts.end_logins(user("alice"), vec![ended])).await;
        assert_eq!(ok(facts.logins(user("alice"))).await, []);

        let again = new_login("alice", "phone", 3);
        let refused = LoginRecorded::Ended(EndWhy::KickedBy(by));
        assert_eq!(ok(facts.record_login(again.clone())).await, refused);
        assert_eq!(ok(facts.logins(user("alice"))).await, []);
        assert_eq!(record(facts, again).await, RECORDED);
        assert_eq!(devices(facts, "alice").await, ["phone"]);
    }
}

/// A resume is refused until the application logs in. This holds for native and Web devices, whether or not they were
/// notified.
pub async fn a_mark_refuses_every_resume(facts: &dyn Facts) {
    for (durable, told) in [(true, true), (true, false), (false, true), (false, false)] {
        let login = NewLogin { durable, ..new_login("alice", "phone", 1) };
        let resume = NewLogin { resume: true, ..login.clone() };
        record(facts, login.clone()).await;
        kick(facts, "alice", "phone", 2, told).await;
        for _ in 0..3 {
            assert_eq!(record(facts, resume.clone()).await, KICKED);
        }
        assert_eq!(record(facts, login).await, RECORDED, "the device has been told");
        assert_eq!(record(facts, resume).await, RECORDED);
    }
}

/// After a logout, the device cannot resume, but the application can log in.
pub async fn a_device_that_logged_out_is_refused_a_resume_only(facts: &dyn Facts) {
    for durable in [true, false] {
        let login = NewLogin { durable, ..new_login("alice", "phone", 1) };
        let LoginRecorded::Recorded { number, .. } = ok(facts.record_login(login.clone())).await else {
            panic!("not refused");
        };
        let mark = Some(EndMark { why: EndWhy::LoggedOut, told: true, at: at(2) });
        ok(facts.end_logins(user("alice"), vec![EndedLogin { mark, ..end("phone", number) }])).await;
        let resume = NewLogin { resume: true, ..login.clone() };
        assert_eq!(record(facts, resume.clone()).await, LOGGED_OUT);
        assert_eq!(record(facts, resume).await, LOGGED_OUT);
        assert_eq!(record(facts, login).await, RECORDED);
    }
}

/// A login of a notified device removes the mark. Later resumes are then not refused because of the mark.
pub async fn a_login_takes_a_told_mark_away(facts: &dyn Facts) {
    record(facts, new_login("alice", "phone", 1)).await;
    kick(facts, "alice", "phone", 2, true).await;
    assert_eq!(record(facts, new_login("alice", "phone", 3)).await, RECORDED);
    ok(facts.end_logins(user("alice"), vec![end_of(facts, "alice", "phone").await])).await;
    let resume = NewLogin { resume: true, ..new_login("alice", "phone", 4) };
    assert_eq!(record(facts, resume).await, RECORDED);
}

/// The mark of a device does not refuse logins of the user's other devices, or of the same device of another user.
pub async fn a_kick_mark_concerns_its_device_only(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        record(facts, new_login(name, "phone", 1)).await;
    }
    kick(facts, "alice", "phone", 2, false).await;
    assert_eq!(record(facts, new_login("alice", "tablet", 3)).await, RECORDED);
    assert_eq!(record(facts, new_login("bob", "phone", 3)).await, RECORDED);
    assert_eq!(record(facts, new_login("alice", "phone", 3)).await, KICKED);
}

/// A device without a login can get a mark if its user has an account.
pub async fn a_device_without_a_login_is_marked_if_there_is_an_account(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    kick(facts, "alice", "tab", 2, true).await;
    let web = NewLogin { durable: false, ..new_login("alice", "tab", 3) };
    assert_eq!(record(facts, NewLogin { resume: true, ..web.clone() }).await, KICKED);
    assert_eq!(record(facts, web).await, RECORDED);

    kick(facts, "nobody", "phone", 2, false).await;
    assert_eq!(record(facts, new_login("nobody", "phone", 3)).await, REGISTERED);
}

/// Only the numbers of a user's newest Web logins are stored. If an earlier login of a device ends late, the device's
/// stored login is not affected.
pub async fn the_numbers_of_web_logins_are_bounded(facts: &dyn Facts) {
    let mut numbers = Vec::new();
    for n in 0..=MAX_WEB_LOGINS {
        let login = NewLogin { durable: false, ..new_login("alice", &format!("tab {n}"), 1) };
        let LoginRecorded::Recorded { number, .. } = ok(facts.record_login(login)).await else {
            panic!("not refused");
        };
        numbers.push(number);
    }
    let mark = Some(EndMark { why: EndWhy::LoggedOut, told: true, at: at(2) });
    let late = |n: usize| EndedLogin { mark, ..end(&format!("tab {n}"), numbers[n] - 1) };
    ok(facts.end_logins(user("alice"), vec![late(1), late(MAX_WEB_LOGINS)])).await;
    for n in [1, MAX_WEB_LOGINS] {
        let resume = NewLogin { durable: false, resume: true, ..new_login("alice", &format!("tab {n}"), 3) };
        assert_eq!(record(facts, resume).await, RECORDED, "{n}");
    }
}

/// A user can have [`MAX_MARKS`] marks.
pub async fn the_bound_of_marks_is_reached_without_loss(facts: &dyn Facts) {
    let kicked: Vec<String> = (0..MAX_MARKS).map(|n| format!("device {n}")).collect();
    kick_all(facts, "alice", &kicked).await;
    for device in &kicked {
        assert_eq!(record(facts, new_login("alice", device, 9_000)).await, KICKED, "{device}");
    }
}

/// Above [`MAX_MARKS`], new marks replace the oldest marks of the same user. This applies within one call and across
/// calls.
pub async fn beyond_the_bound_the_oldest_marks_go(facts: &dyn Facts) {
    let kicked: Vec<String> = (0..MAX_MARKS + 3).map(|n| format!("device {n}")).collect();
    kick_all(facts, "alice", &kicked).await;
    kick_all(facts, "bob", &kicked[..3]).await;

    // If marks in one call have the same time, those at the end of the list are the newest.
    let mut all = Vec::new();
    for device in &kicked {
        record(facts, new_login("carol", device, 1)).await;
        let mark = Some(EndMark { why: EndWhy::KickedBy(BY), told: false, at: at(2) });
        all.push(EndedLogin { mark, ..end_of(facts, "carol", device).await });
    }
    ok(facts.end_logins(user("carol"), all)).await;

    for name in ["alice", "carol"] {
        for (n, device) in kicked.iter().enumerate() {
            let expected = if n < 3 { RECORDED } else { KICKED };
            assert_eq!(record(facts, new_login(name, device, 9_000)).await, expected, "{name}, {device}");
        }
    }
    for device in &kicked[..3] {
        assert_eq!(record(facts, new_login("bob", device, 9_000)).await, KICKED, "{device}");
    }
}
