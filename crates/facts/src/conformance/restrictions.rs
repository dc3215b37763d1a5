//! The rules of the [conformance suite](super) about who may see the status of a user: visibility and block lists.

use super::{
    APP, NOTHING_REVOKED, OTHER_APP, account, at, befriend, friends, history, id, make_accounts, new_message,
    ok, rows, send, state, unfriend, user,
};
use crate::{
    AppDeletion, Befriended, BlockOutcome, Blocking, Facts, ListsState, NewFriendship, NewMessage, Sent,
    Unblocking,
};
use futures_util::future::{join, join_all};
use lamplight_model::{
    AllowType, App, BlockedUser, Platform, ProfileChange, StoredRestrictions, User, UserId, Visibility,
};
use std::iter;

/// Everyone may see the status of a new account. The version of the restrictions is the lists version.
pub async fn a_new_account_is_not_restricted(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(7))).await;
    assert!(!account(facts, "alice").await.restricted);
    let none = StoredRestrictions { version: 7, ..StoredRestrictions::default() };
    assert_eq!(restrictions(facts, "alice").await, none);
    let list = ok(facts.block_list(user("alice"))).await.expect("there is an account");
    assert_eq!((list.visibility, list.blocked, list.version), (Visibility::Everyone, vec![], 7));
    assert_eq!(ok(facts.restricted_users(None, 10)).await, []);
}

/// The version is incremented by one if the value differs.
pub async fn a_visibility_counts_up_when_it_is_another(facts: &dyn Facts) {
    use Visibility::{Everyone, Friends, Nobody};
    make_accounts(facts).await;
    let mut was = Everyone;
    let table = [
        (Everyone, false, 1),
        (Friends, true, 2),
        (Friends, false, 2),
        (Nobody, true, 3),
        (Friends, true, 4),
        (Everyone, true, 5),
        (Everyone, false, 5),
    ];
    for (visibility, changed, version) in table {
        let set = ok(facts.set_visibility(user("alice"), visibility)).await.expect("there is an account");
        assert_eq!((set.was, set.state.version), (was, version), "{visibility}");
        assert_eq!(set.was != visibility, changed, "{visibility}");
        was = visibility;
        assert_eq!(state(facts, "alice").await, set.state);
        let stored = restrictions(facts, "alice").await;
        assert_eq!((stored.visibility, stored.version), (visibility, version));
        let list = ok(facts.block_list(user("alice"))).await.expect("there is an account");
        assert_eq!((list.visibility, list.version), (visibility, version));
        assert_eq!(account(facts, "alice").await.restricted, visibility != Everyone);
    }
    assert_eq!(restrictions(facts, "bob").await.version, 1, "it is another user");
}

/// The calls of a user without an account return nothing and store nothing.
pub async fn restrictions_need_an_account(facts: &dyn Facts) {
    make_accounts(facts).await;
    let nobody = || user("nobody");
    for visibility in Visibility::ALL {
        assert_eq!(ok(facts.set_visibility(nobody(), visibility)).await, None);
    }
    assert_eq!(ok(facts.block(nobody(), vec![id("alice")], at(5), 10)).await, None);
    assert_eq!(ok(facts.block(nobody(), vec![], at(5), 10)).await, None);
    assert_eq!(ok(facts.unblock(nobody(), vec![id("alice")])).await, None);
    assert_eq!(ok(facts.unblock(nobody(), vec![])).await, None);
    assert_eq!(ok(facts.block_list(nobody())).await, None);
    assert_eq!(ok(facts.restrictions(vec![nobody()])).await, [None]);
    assert_eq!(ok(facts.blocks_between(nobody(), vec![id("alice")])).await, [(false, false)]);
    ok(facts.create_account(nobody(), at(9))).await;
    assert_eq!(blocked(facts, "nobody").await, [""; 0]);
}

/// The users are added in the given order. Of several reasons against an entry, the first one is returned. The version
/// is incremented once for each call that adds at least one entry.
pub async fn each_user_to_block_has_an_outcome(facts: &dyn Facts) {
    use BlockOutcome::{AlreadyBlocked, Done, ListFull, NoSuchUser};
    make_accounts(facts).await;
    ok(facts.create_account(user("dave"), at(1))).await;
    type Row = (&'static [&'static str], u64, usize, &'static [BlockOutcome], u64);
    let table: [Row; 8] = [
        (&[], 5, 10, &[], 1),
        (&["nobody", "nobody"], 6, 10, &[NoSuchUser, NoSuchUser], 1),
        (&["carol", "nobody", "bob", "carol"], 7, 10, &[Done, NoSuchUser, Done, AlreadyBlocked], 2),
        (&["bob", "carol"], 8, 10, &[AlreadyBlocked, AlreadyBlocked], 2),
        // The list is full.
        (&["dave", "nobody", "bob"], 9, 2, &[ListFull, NoSuchUser, AlreadyBlocked], 2),
        (&["dave", "bob"], 9, 0, &[ListFull, AlreadyBlocked], 2),
        // The list becomes full during the call.
        (&["bob", "dave", "alice", "dave"], 10, 3, &[AlreadyBlocked, Done, ListFull, AlreadyBlocked], 3),
        (&["alice"], 11, usize::MAX, &[Done], 4),
    ];
    for (users, when, limit, expected, version) in table {
        let done = block(facts, "alice", users, when, limit).await;
        assert_eq!(done.outcomes, expected, "{users:?}");
        let added = users.iter().zip(expected).filter(|(_, outcome)| **outcome == Done);
        let added: Vec<_> = added.map(|(it, _)| BlockedUser { id: id(it), since: at(when) }).collect();
        assert_eq!(done.added, added, "{users:?}");
        assert_eq!(done.state, ListsState { version, total_unread: 0 }, "{users:?}");
        assert_eq!(state(facts, "alice").await, done.state);
        assert_eq!(account(facts, "alice").await.restricted, version > 1, "{users:?}");
    }
    // An entry keeps its time.
    assert_eq!(blocked(facts, "alice").await, ["alice 11", "bob 7", "carol 7", "dave 10"]);
    let stored = StoredRestrictions {
        version: 4,
        visibility: Visibility::Everyone,
        friends: vec![],
        blocked: ["alice", "bob", "carol", "dave"].map(id).into(),
        ..StoredRestrictions::default()
    };
    assert_eq!(restrictions(facts, "alice").await, stored);
    for name in ["bob", "carol", "dave"] {
        assert_eq!(state(facts, name).await.version, 1, "the list of {name} has not changed");
    }
}

/// A user who is given twice is removed once. The version is incremented once for each call that removes at least one
/// entry.
pub async fn users_are_unblocked(facts: &dyn Facts) {
    make_accounts(facts).await;
    block(facts, "alice", &["bob", "carol"], 5, 10).await;
    block(facts, "bob", &["alice"], 5, 10).await;
    let table: [(&[&str], &[bool], u64); 6] = [
        (&[], &[], 2),
        (&["nobody", "alice", "Bob"], &[false, false, false], 2),
        (&["nobody", "bob", "bob", "alice"], &[false, true, false, false], 3),
        (&["bob"], &[false], 3),
        (&["carol"], &[true], 4),
        (&["carol", "bob"], &[false, false], 4),
    ];
    for (users, removed, version) in table {
        let done = unblock(facts, "alice", users).await;
        assert_eq!((&*done.removed, done.state.version), (removed, version), "{users:?}");
        assert_eq!(state(facts, "alice").await, done.state);
        assert_eq!(account(facts, "alice").await.restricted, version < 4, "{users:?}");
    }
    assert_eq!(blocked(facts, "alice").await, [""; 0]);
    assert_eq!(blocked(facts, "bob").await, ["alice 5"]);
    // A removed entry makes room. The new entry has the new time.
    assert_eq!(block(facts, "alice", &["carol", "bob"], 6, 1).await.added.len(), 1);
    assert_eq!(blocked(facts, "alice").await, ["carol 6"]);
}

/// Many users are blocked and unblocked in one call.
pub async fn a_thousand_users_are_blocked_at_once(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    let names: Vec<UserId> = (0..1_001).map(|n| id(&format!("user {n:04}"))).collect();
    let made = names.iter().map(|name| facts.create_account(User::new(APP, name.clone()), at(1)));
    assert!(join_all(made).await.iter().all(Result::is_ok));
    let done = ok(facts.block(user("alice"), names.clone(), at(5), 1_000)).await.expect("it is there");
    assert_eq!(done.outcomes.iter().filter(|outcome| **outcome == BlockOutcome::Done).count(), 1_000);
    assert_eq!(done.outcomes.last(), Some(&BlockOutcome::ListFull));
    assert_eq!(restrictions(facts, "alice").await.blocked, names[..1_000]);
    let between = ok(facts.blocks_between(user("alice"), names.clone())).await;
    assert_eq!(between.iter().filter(|(forth, back)| *forth && !*back).count(), 1_000);
    let gone = ok(facts.unblock(user("alice"), names)).await.expect("it is there");
    assert_eq!(gone.removed.iter().filter(|removed| **removed).count(), 1_000);
    assert_eq!((gone.state.version, account(facts, "alice").await.restricted), (3, false));
}

/// Blocked users have the order of [`UserId`], and their ids are kept to the byte.
pub async fn blocked_users_are_listed_by_rising_id(facts: &dyn Facts) {
    ok(facts.create_account(user("owner"), at(1))).await;
    let longest = "x".repeat(UserId::MAX_BYTES);
    let mut names = ["b", "B", "a", "~", " ", "_", "10", "9", "a b", "ab", "%", "'", &longest].map(id);
    for name in &names {
        ok(facts.create_account(User::new(APP, name.clone()), at(1))).await;
    }
    let done = ok(facts.block(user("owner"), names.to_vec(), at(5), 100)).await.expect("it is there");
    assert!(done.added.iter().map(|entry| &entry.id).eq(&names), "new entries are in the order of the call");
    names.sort();
    let list = ok(facts.block_list(user("owner"))).await.expect("there is an account");
    assert!(list.blocked.iter().map(|entry| &entry.id).eq(&names), "{list:?}");
    assert_eq!(restrictions(facts, "owner").await.blocked, names);
}

/// For each user, the blocks in both directions are returned, in the order of the call.
pub async fn blocks_are_told_in_both_directions(facts: &dyn Facts) {
    make_accounts(facts).await;
    ok(facts.create_account(user("dave"), at(1))).await;
    block(facts, "alice", &["bob", "carol"], 5, 10).await;
    block(facts, "carol", &["alice"], 5, 10).await;
    block(facts, "dave", &["alice"], 5, 10).await;
    let between = |owner, users: &[&str]| {
        facts.blocks_between(user(owner), users.iter().map(|name| id(name)).collect())
    };
    let asked = ["dave", "bob", "nobody", "carol", "bob", "alice"];
    let expected =
        [(false, true), (true, false), (false, false), (true, true), (true, false), (false, false)];
    assert_eq!(ok(between("alice", &asked)).await, expected);
    assert_eq!(ok(between("bob", &["alice"])).await, [(false, true)]);
    assert_eq!(ok(between("bob", &[])).await, []);
}

/// A user who is given twice is returned twice. The mutual friends are returned only if the visibility is `friends`.
pub async fn restrictions_come_in_the_order_asked(facts: &dyn Facts) {
    make_accounts(facts).await;
    for friend in ["carol", "bob"] {
        befriend(facts, user("alice"), id(friend), true, String::new()).await;
    }
    ok(facts.create_account(user("dave"), at(1))).await;
    befriend(facts, user("alice"), id("dave"), false, String::new()).await;
    befriend(facts, user("dave"), id("bob"), false, String::new()).await;
    for (name, visibility) in
        [("alice", Visibility::Friends), ("bob", Visibility::Nobody), ("dave", Visibility::Friends)]
    {
        ok(facts.set_visibility(user(name), visibility)).await;
    }
    block(facts, "carol", &["dave", "alice"], 5, 10).await;
    block(facts, "alice", &["bob"], 5, 10).await;
    let asked = ["bob", "nobody", "alice", "carol", "alice", "dave", "Alice"];
    let found = ok(facts.restrictions(asked.map(user).to_vec())).await;
    let told: Vec<String> = found.iter().map(|it| it.as_ref().map_or_else(String::new, shown)).collect();
    let alice = "friends [bob carol] but [bob]";
    let bob = "nobody [] but []";
    assert_eq!(told, [bob, "", alice, "everyone [] but [alice dave]", alice, "friends [] but []", ""]);
    assert_eq!(ok(facts.restrictions(vec![])).await, []);

    // A batch of this size is read when a node starts.
    let many: Vec<User> = (0..500).map(|n| user(asked[n % asked.len()])).collect();
    let many = ok(facts.restrictions(many)).await;
    assert!(many.iter().enumerate().all(|(n, it)| *it == found[n % asked.len()]) && many.len() == 500);
}

/// The version increases with every change of the restrictions, even if another user causes the change.
pub async fn the_version_grows_with_every_change_of_a_restriction(facts: &dyn Facts) {
    make_accounts(facts).await;
    ok(facts.create_account(user("dave"), at(1))).await;
    ok(facts.set_visibility(user("alice"), Visibility::Friends)).await;
    // A call of the owner or of another user, and whether it changes Alice's restrictions.
    let steps = [
        ("alice adds bob", false),
        ("bob adds alice", true),
        ("bob adds alice", false),
        ("carol adds alice on both sides", true),
        ("alice adds dave on both sides", true),
        ("bob removes alice", true),
        ("alice removes carol", true),
        ("carol adds alice", false),
        ("alice adds bob on both sides", true),
        ("bob removes alice on both sides", true),
        ("alice blocks bob", true),
        ("bob blocks alice", false),
        ("alice unblocks bob", true),
        ("dave is deleted", true),
        ("everyone", true),
        ("alice adds carol on both sides", false),
        ("friends", true),
    ];
    let mut before = restrictions(facts, "alice").await;
    for (step, changes) in steps {
        match step.split(' ').collect::<Vec<_>>()[..] {
            [owner, "adds", friend] => {
                befriend(facts, user(owner), id(friend), false, String::new()).await;
            }
            [owner, "adds", friend, ..] => {
                befriend(facts, user(owner), id(friend), true, String::new()).await;
            }
            [owner, "removes", friend] => assert!(unfriend(facts, user(owner), id(friend), false).await),
            [owner, "removes", friend, ..] => assert!(unfriend(facts, user(owner), id(friend), true).await),
            [owner, "blocks", other] => assert_eq!(block(facts, owner, &[other], 5, 10).await.added.len(), 1),
            [owner, "unblocks", other] => assert!(unblock(facts, owner, &[other]).await.removed[0]),
            [name, "is", "deleted"] => drop(ok(facts.delete_account(user(name), NOTHING_REVOKED)).await),
            [visibility] => {
                let visibility = visibility.parse().expect("the steps name visibilities rightly");
                ok(facts.set_visibility(user("alice"), visibility)).await;
            }
            _ => panic!("{step}"),
        }
        let after = restrictions(facts, "alice").await;
        assert_eq!(after.version, state(facts, "alice").await.version);
        let is_other = StoredRestrictions { version: 0, ..after.clone() }
            != StoredRestrictions { version: 0, ..before.clone() };
        assert_eq!(is_other, changes, "{step}: {before:?} {after:?}");
        assert!(after.version >= before.version + u64::from(changes), "{step}");
        before = after;
    }
    assert_eq!(before.friends, [id("carol")]);
}

/// A page contains up to `limit` users after its cursor, in the order of apps and then of ids. The user of the cursor
/// need not be restricted.
pub async fn restricted_users_are_listed_in_pages(facts: &dyn Facts) {
    let other = |name: &str| User::new(OTHER_APP, id(name));
    for n in 0..20 {
        ok(facts.create_account(user(&format!("plain {n}")), at(1))).await;
    }
    for name in ["d", "b", "B", "a", "c"] {
        for of in [user(name), other(name)] {
            ok(facts.create_account(of, at(1))).await;
        }
    }
    for of in [user("d"), user("B"), other("a"), other("c")] {
        ok(facts.set_visibility(of, Visibility::Nobody)).await;
    }
    block(facts, "b", &["a"], 5, 10).await;
    block(facts, "d", &["a"], 5, 10).await;
    ok(facts.block(other("b"), vec![id("a")], at(5), 10)).await;
    let all = [user("B"), user("b"), user("d"), other("a"), other("b"), other("c")];
    let cases: [(Option<User>, usize, &[User]); 9] = [
        (None, usize::MAX, &all),
        (None, 0, &[]),
        (None, 2, &all[..2]),
        (Some(user("b")), 2, &all[2..4]),
        (Some(user("c")), 2, &all[2..4]),
        (Some(user("e")), 10, &all[3..]),
        (Some(other("B")), 1, &all[3..4]),
        (Some(other("b")), 10, &all[5..]),
        (Some(other("c")), 10, &[]),
    ];
    for (after, limit, expected) in cases {
        let page = ok(facts.restricted_users(after.clone(), limit)).await;
        assert_eq!(page, expected, "{limit} after {after:?}");
    }
    // With one of two restrictions left, the user stays in the list.
    ok(facts.set_visibility(user("d"), Visibility::Everyone)).await;
    ok(facts.unblock(user("b"), vec![id("a")])).await;
    ok(facts.delete_account(other("b"), NOTHING_REVOKED)).await;
    assert_eq!(ok(facts.restricted_users(None, 10)).await, [user("B"), user("d"), other("a"), other("c")]);
}

/// A message of a blocked sender is refused, and nothing is stored. The blocked user still gets messages.
pub async fn a_blocked_user_sends_no_message(facts: &dyn Facts) {
    make_accounts(facts).await;
    let first = send(facts, "alice", "bob", "before", 20).await;
    block(facts, "bob", &["alice"], 21, 10).await;
    let before = [state(facts, "alice").await, state(facts, "bob").await];
    let shown = [rows(facts, "alice").await, rows(facts, "bob").await];
    let pushed =
        NewMessage { push: Some(vec![Platform::IPhone]), ..new_message("alice", "bob", "during", 22) };
    for _ in 0..2 {
        assert_eq!(ok(facts.send_message(pushed.clone())).await, Sent::Blocked);
    }
    assert_eq!([state(facts, "alice").await, state(facts, "bob").await], before);
    assert_eq!([rows(facts, "alice").await, rows(facts, "bob").await], shown);
    assert_eq!(history(facts, "bob", "alice").await, ["1 alice: before"]);
    assert_eq!(ok(facts.lanes()).await, [], "there is no notice");
    // A retry of a message that was stored before the block is answered.
    let retry = ok(facts.send_message(new_message("alice", "bob", "before", 23))).await;
    assert_eq!(retry, Sent::Repeated(first.message));

    // No refused message has taken a sequence.
    assert_eq!(send(facts, "bob", "alice", "to the blocked", 24).await.message.sequence, 2);
    send(facts, "carol", "bob", "of another", 24).await;
    unblock(facts, "bob", &["alice"]).await;
    assert_eq!(send(facts, "alice", "bob", "during", 25).await.message.sequence, 3);
}

/// A missing account is reported before a block.
pub async fn a_missing_account_is_told_before_a_block(facts: &dyn Facts) {
    make_accounts(facts).await;
    block(facts, "bob", &["alice"], 5, 10).await;
    assert_eq!(ok(facts.send_message(new_message("alice", "bob", "1", 6))).await, Sent::Blocked);
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    assert_eq!(ok(facts.send_message(new_message("alice", "bob", "1", 6))).await, Sent::NoSuchSender);
    ok(facts.create_account(user("alice"), at(7))).await;
    assert_eq!(ok(facts.send_message(new_message("alice", "bob", "1", 8))).await, Sent::Blocked);
    ok(facts.delete_account(user("bob"), NOTHING_REVOKED)).await;
    assert_eq!(ok(facts.send_message(new_message("alice", "bob", "1", 9))).await, Sent::NoSuchRecipient);
}

/// A user whom the friend has blocked cannot add the friend, but the app can. Texts of existing entries can still be
/// changed. Blocking changes no friend list.
pub async fn a_blocked_user_is_added_by_the_app_only(facts: &dyn Facts) {
    make_accounts(facts).await;
    block(facts, "bob", &["alice"], 5, 10).await;
    let new = |owner, friend, both, ask| NewFriendship {
        owner: user(owner),
        friend: id(friend),
        both,
        remark: "r".into(),
        source: String::new(),
        wording: String::new(),
        at: at(6),
        limit: 100,
        ask,
    };
    let add = |both, ask| facts.befriend(new("alice", "bob", both, ask));
    for both in [false, true] {
        let before = [state(facts, "alice").await, state(facts, "bob").await];
        let denied = ok(add(both, true)).await;
        assert_eq!((denied.outcome, denied.entry), (Befriended::Denied, None));
        assert_eq!([denied.owner_state, denied.friend_state], before);
        assert_eq!([state(facts, "alice").await, state(facts, "bob").await], before);
    }
    let full = NewFriendship { limit: 0, ..new("alice", "bob", false, true) };
    assert_eq!(ok(facts.befriend(full)).await.outcome, Befriended::ListFull);
    assert_eq!(ok(add(false, false)).await.outcome, Befriended::Done);
    assert_eq!(ok(add(false, true)).await.outcome, Befriended::Done);
    assert_eq!(ok(add(true, true)).await.outcome, Befriended::Denied);
    assert_eq!(ok(add(true, false)).await.outcome, Befriended::Done);
    assert_eq!(ok(add(true, true)).await.outcome, Befriended::Done);

    // The blocking user may add the blocked user.
    assert!(unfriend(facts, user("alice"), id("bob"), true).await);
    assert_eq!(ok(facts.befriend(new("bob", "alice", true, true))).await.outcome, Befriended::Done);
    let lists = [friends(facts, "alice").await, friends(facts, "bob").await];
    block(facts, "alice", &["bob"], 7, 10).await;
    assert_eq!([friends(facts, "alice").await, friends(facts, "bob").await], lists);
    // Either reason alone denies, and both have one result.
    let deny = ProfileChange { allow: Some(AllowType::DenyAny), ..ProfileChange::default() };
    ok(facts.set_profile(user("bob"), deny)).await;
    assert_eq!(ok(facts.befriend(new("carol", "bob", false, true))).await.outcome, Befriended::Denied);
    unfriend(facts, user("alice"), id("bob"), true).await;
    assert_eq!(ok(add(false, true)).await.outcome, Befriended::Denied);
}

/// If an account is deleted, its visibility and its block list are deleted too. Entries of other users about the
/// account stay, and also block a new account with the same id.
pub async fn deleting_an_account_leaves_the_blocks_of_others(facts: &dyn Facts) {
    make_accounts(facts).await;
    ok(facts.set_visibility(user("alice"), Visibility::Nobody)).await;
    block(facts, "alice", &["bob", "carol"], 5, 10).await;
    block(facts, "bob", &["alice", "carol"], 6, 10).await;
    let before = state(facts, "bob").await;
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    assert_eq!(ok(facts.restrictions(vec![user("alice")])).await, [None]);
    assert_eq!(ok(facts.restricted_users(None, 10)).await, [user("bob")]);
    assert_eq!(ok(facts.blocks_between(user("bob"), vec![id("alice")])).await, [(true, false)]);
    assert_eq!(blocked(facts, "bob").await, ["alice 6", "carol 6"]);
    assert_eq!(state(facts, "bob").await, before);

    ok(facts.create_account(user("alice"), at(9))).await;
    assert!(!account(facts, "alice").await.restricted);
    assert_eq!(
        restrictions(facts, "alice").await,
        StoredRestrictions { version: 9, ..StoredRestrictions::default() }
    );
    assert_eq!(blocked(facts, "alice").await, [""; 0]);
    assert_eq!(ok(facts.send_message(new_message("alice", "bob", "1", 10))).await, Sent::Blocked);

    // An entry about a deleted account can be removed. It counts for the limit until then.
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    ok(facts.create_account(user("dave"), at(11))).await;
    let again = block(facts, "bob", &["alice", "dave"], 12, 2).await;
    assert_eq!(again.outcomes, [BlockOutcome::AlreadyBlocked, BlockOutcome::ListFull]);
    assert_eq!(unblock(facts, "bob", &["alice"]).await.removed, [true]);
    let again = block(facts, "bob", &["alice", "dave"], 12, 2).await;
    assert_eq!(again.outcomes, [BlockOutcome::NoSuchUser, BlockOutcome::Done]);
}

/// The block lists of a deleted app are deleted in steps of bounded size. The block lists of other apps stay.
pub async fn block_lists_go_with_their_app(facts: &dyn Facts) {
    let other = |name: &str| User::new(OTHER_APP, id(name));
    let app = |id| {
        let (keys, admins, settings) = Default::default();
        App { id, keys, admins, settings }
    };
    for id in [APP, OTHER_APP] {
        ok(facts.put_app(app(id))).await;
    }
    let names: Vec<UserId> = (0..10).map(|n| id(&format!("u{n}"))).collect();
    for app in [APP, OTHER_APP] {
        for name in &names {
            ok(facts.create_account(User::new(app, name.clone()), at(1))).await;
        }
    }
    ok(facts.block(user("u0"), names[1..].to_vec(), at(5), 100)).await;
    ok(facts.block(user("u1"), names[2..].to_vec(), at(5), 100)).await;
    assert!(!ok(facts.accounts(vec![other("u0")])).await[0].as_ref().expect("it is there").restricted);
    assert_eq!(ok(facts.blocks_between(other("u0"), vec![id("u1")])).await, [(false, false)]);
    ok(facts.block(other("u0"), vec![id("u1")], at(5), 100)).await;
    ok(facts.unblock(user("u0"), vec![id("u1")])).await;
    assert_eq!(ok(facts.blocks_between(other("u0"), vec![id("u1")])).await, [(true, false)]);

    assert_eq!(ok(facts.begin_app_deletion(APP)).await, AppDeletion::Begun);
    let mut steps = Vec::new();
    while steps.last().is_none_or(|deleted| *deleted == 5) {
        steps.push(ok(facts.delete_app_rows(APP, 5)).await);
        assert!(steps.len() < 100 && steps.last().is_some_and(|deleted| *deleted <= 5), "{steps:?}");
    }
    // Eight entries of each of the two owners, and ten accounts.
    assert_eq!(steps.iter().sum::<usize>(), 8 + 8 + 10);
    assert_eq!(ok(facts.restricted_users(None, 10)).await, [other("u0")]);
    ok(facts.put_app(app(APP))).await;
    ok(facts.create_account(user("u0"), at(9))).await;
    assert_eq!(blocked(facts, "u0").await, [""; 0]);
    assert_eq!(block(facts, "u0", &["u0"], 9, 1).await.added.len(), 1);
}

/// Many concurrent calls add entries to a list. The calls succeed until the list is full, and each successful call
/// increments the version once.
pub async fn many_who_block_at_once_do_not_pass_the_bound(facts: &dyn Facts) {
    make_accounts(facts).await;
    let names: Vec<String> = (0..40).map(|n| format!("user {n}")).collect();
    for name in &names {
        ok(facts.create_account(user(name), at(1))).await;
    }
    let calls = names.iter().map(|name| facts.block(user("alice"), vec![id(name)], at(5), 25));
    let done = join_all(calls).await.into_iter().map(|done| done.expect("no fault").expect("it is there"));
    let done: Vec<Blocking> = done.collect();
    let versions = done.iter().filter(|done| done.outcomes == [BlockOutcome::Done]);
    let mut versions: Vec<u64> = versions.map(|done| done.state.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..27).collect::<Vec<u64>>());
    assert!(done.iter().all(|done| done.outcomes == [BlockOutcome::Done] || done.added.is_empty()));
    assert_eq!(restrictions(facts, "alice").await.blocked.len(), 25);
    assert_eq!(state(facts, "alice").await.version, 26);
}

/// If concurrent calls block and unblock the same users, each change is counted once.
pub async fn each_change_of_many_writers_is_counted_once(facts: &dyn Facts) {
    make_accounts(facts).await;
    let blocks = (0..30).map(|n| facts.block(user("alice"), vec![id("bob"), id("carol")], at(n), 10));
    let unblocks = (0..30).map(|_| facts.unblock(user("alice"), vec![id("carol"), id("bob")]));
    let settings =
        (0..30).map(|n| facts.set_visibility(user("alice"), Visibility::ALL[n % Visibility::ALL.len()]));
    let ((blocks, unblocks), settings) =
        join(join(join_all(blocks), join_all(unblocks)), join_all(settings)).await;
    let (mut changes, mut added, mut removed) = (0, 0, 0);
    for done in blocks {
        let done = done.expect("no fault").expect("there is an account");
        // Both users are added in one transaction, or neither.
        assert!(done.added.is_empty() || done.added.len() == 2, "{done:?}");
        changes += u64::from(!done.added.is_empty());
        added += done.added.len();
    }
    for done in unblocks {
        let done = done.expect("no fault").expect("there is an account");
        assert_eq!(done.removed[0], done.removed[1], "{done:?}");
        changes += u64::from(done.removed[0]);
        removed += done.removed.iter().filter(|removed| **removed).count();
    }
    // In the order of their transactions, each call finds the visibility that the one before has set.
    let mut replaced: Vec<(u64, Visibility, Visibility)> = Vec::new();
    for (n, set) in settings.into_iter().enumerate() {
        let (set, to) = (set.expect("no fault").expect("there is an account"), Visibility::ALL[n % 3]);
        if set.was != to {
            replaced.push((set.state.version, set.was, to));
        }
    }
    changes += replaced.len() as u64;
    replaced.sort_unstable_by_key(|(version, ..)| *version);
    let found = replaced.iter().map(|(_, was, _)| *was);
    let set_before = replaced.iter().map(|(.., to)| *to);
    assert!(
        found.eq(iter::once(Visibility::Everyone).chain(set_before).take(replaced.len())),
        "{replaced:?}"
    );
    assert!(changes > 1, "some calls change something");
    let after = restrictions(facts, "alice").await;
    assert_eq!((after.version, after.blocked.len()), (1 + changes, added - removed));
}

/// Messages that are sent while the recipient blocks the sender are either stored or refused. None is stored after the
/// block.
pub async fn a_block_stops_the_messages_under_way(facts: &dyn Facts) {
    make_accounts(facts).await;
    let texts: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let sends = texts.iter().map(|text| facts.send_message(new_message("alice", "bob", text, 20)));
    let (sent, ()) = join(join_all(sends), async {
        block(facts, "bob", &["alice"], 21, 10).await;
        let late = ok(facts.send_message(new_message("alice", "bob", "late", 22))).await;
        assert_eq!(late, Sent::Blocked);
    })
    .await;
    let sent: Vec<Sent> = sent.into_iter().map(|sent| sent.expect("no fault")).collect();
    let stored = sent.iter().filter(|sent| matches!(sent, Sent::Stored(_))).count();
    assert_eq!(sent.iter().filter(|sent| **sent == Sent::Blocked).count(), sent.len() - stored);
    assert_eq!(history(facts, "bob", "alice").await.len(), stored);
    let version = 1 + 1 + stored as u64;
    assert_eq!(state(facts, "bob").await, ListsState { version, total_unread: stored as u32 });
}

// Helpers of the rules

async fn block(facts: &dyn Facts, owner: &str, users: &[&str], when: u64, limit: usize) -> Blocking {
    let users = users.iter().map(|name| id(name)).collect();
    ok(facts.block(user(owner), users, at(when), limit)).await.expect("the owner has an account")
}

async fn unblock(facts: &dyn Facts, owner: &str, users: &[&str]) -> Unblocking {
    let users = users.iter().map(|name| id(name)).collect();
    ok(facts.unblock(user(owner), users)).await.expect("the owner has an account")
}

/// Returns the block list as text, with entries such as `bob 5`.
async fn blocked(facts: &dyn Facts, owner: &str) -> Vec<String> {
    let list = ok(facts.block_list(user(owner))).await.expect("the owner has an account");
    list.blocked.iter().map(|BlockedUser { id, since }| format!("{id} {}", since.0)).collect()
}

async fn restrictions(facts: &dyn Facts, name: &str) -> StoredRestrictions {
    ok(facts.restrictions(vec![user(name)])).await.remove(0).expect("the user has an account")
}

/// Returns restrictions as text, such as `friends [bob carol] but [dave]`.
fn shown(it: &StoredRestrictions) -> String {
    let names = |ids: &[UserId]| ids.iter().map(UserId::as_str).collect::<Vec<_>>().join(" ");
    format!("{} [{}] but [{}]", it.visibility, names(&it.friends), names(&it.blocked))
}
