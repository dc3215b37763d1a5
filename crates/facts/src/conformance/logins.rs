//! The rules of the [conformance suite](super) about logins and kick marks.

use super::{
    APP, BY, KICKED, OTHER_APP, RECORDED, at, devices, ended, id, kick, kick_all, new_login, ok, user,
};
use crate::{Account, EndedLogin, Facts, KickMark, Login, LoginRecorded, MAX_KICK_MARKS, NewLogin};
use futures_util::future::join_all;
use lamplight_model::{Platform, User};

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
