//! The rules of the [conformance suite](super) about friend lists.

use super::{
    APP, NOTHING_REVOKED, all_friends, at, befriend, friends, id, make_accounts, ok, state, unfriend, user,
};
use crate::{Befriended, Facts, NewFriendship};
use lamplight_model::{AllowType, Friend, Profile, ProfileChange, User, UserId};

/// The owner's list gets an entry. If requested, the friend's list also gets an entry, without a remark.
pub async fn a_friend_is_added_on_one_side_or_on_both(facts: &dyn Facts) {
    make_accounts(facts).await;
    let add = |friend, both| befriend(facts, user("alice"), id(friend), both, "r".into());
    assert_eq!(add("bob", false).await, Befriended::Done);
    assert_eq!(add("carol", true).await, Befriended::Done);
    assert_eq!(friends(facts, "alice").await, ["bob: r", "carol, mutual: r"]);
    assert_eq!(friends(facts, "bob").await, [""; 0]);
    assert_eq!(friends(facts, "carol").await, ["alice, mutual: "]);
}

/// Two entries that were added separately are mutual. A single entry is not mutual.
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

/// Adding a friend again creates no second entry. The other user's remark stays.
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

/// If either user has no account, no list gets an entry.
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

/// With `both`, a deletion succeeds even if only one entry exists. A second deletion reports that no entry existed.
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

/// Friends have the order of [`UserId`].
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

/// The owner's entry has all given texts. The friend's entry has no remark and no wording.
pub async fn a_new_entry_has_its_words_and_its_time(facts: &dyn Facts) {
    make_accounts(facts).await;
    let nick = ProfileChange { nick: Some("B".into()), ..ProfileChange::default() };
    ok(facts.set_profile(user("bob"), nick)).await;
    let both = NewFriendship { both: true, at: at(7), ..with_words("alice", "bob", "r") };
    let done = ok(facts.befriend(both)).await;
    let bob = Friend {
        id: id("bob"),
        remark: "remark r".into(),
        mutual: true,
        added: at(7),
        source: "source r".into(),
        wording: "wording r".into(),
        profile: Profile { nick: "B".into(), ..Profile::default() },
    };
    let (remark, wording, profile) = Default::default();
    let alice = Friend { id: id("alice"), remark, wording, profile, ..bob.clone() };
    assert_eq!((&done.entry, &done.back), (&Some(bob.clone()), &Some(alice.clone())));
    assert_eq!(ok(facts.friend(user("alice"), id("bob"))).await, Some(bob));
    assert_eq!(ok(facts.friend(user("bob"), id("alice"))).await, Some(alice));
    assert_eq!(ok(facts.friend(user("bob"), id("carol"))).await, None);
}

/// Existing entries of both users keep their times. The owner's entry gets the new texts.
pub async fn adding_again_keeps_the_time(facts: &dyn Facts) {
    make_accounts(facts).await;
    ok(facts.befriend(NewFriendship { at: at(7), ..with_words("bob", "alice", "of bob") })).await;
    ok(facts.befriend(NewFriendship { at: at(8), ..with_words("alice", "bob", "old") })).await;
    let again = NewFriendship { both: true, at: at(9), ..with_words("alice", "bob", "new") };
    let done = ok(facts.befriend(again)).await;
    let entry = done.entry.expect("it was done");
    assert_eq!((entry.added, &*entry.remark, &*entry.source), (at(8), "remark new", "source new"));
    let back = done.back.expect("it was there");
    assert_eq!((back.added, &*back.remark, &*back.source), (at(7), "remark of bob", "source of bob"));
    // An empty text does not replace the stored text.
    for given in 0..4 {
        let before = ok(facts.friend(user("alice"), id("bob"))).await.expect("it is there");
        let mut again = with_words("alice", "bob", &format!("{given}"));
        let texts = [&mut again.remark, &mut again.source, &mut again.wording];
        texts.into_iter().enumerate().filter(|(nth, _)| *nth != given).for_each(|(_, text)| text.clear());
        let expected = [
            (&again.remark, &before.remark),
            (&again.source, &before.source),
            (&again.wording, &before.wording),
        ];
        let expected = expected.map(|(new, old)| if new.is_empty() { old.clone() } else { new.clone() });
        let done = ok(facts.befriend(again)).await;
        let after = done.entry.expect("it was done");
        assert_eq!([after.remark, after.source, after.wording], expected, "{given}");
        assert_eq!(done.owner_changed, given < 3, "{given}");
    }
}

/// A list can have as many entries as the limit. In a full list, existing entries can still be changed.
pub async fn the_bound_of_a_list_is_reached_and_not_passed(facts: &dyn Facts) {
    make_accounts(facts).await;
    ok(facts.create_account(user("dave"), at(1))).await;
    let add = |friend, limit| facts.befriend(NewFriendship { limit, ..with_words("alice", friend, "r") });
    assert_eq!(ok(add("bob", 0)).await.outcome, Befriended::ListFull);
    assert_eq!(ok(add("bob", 2)).await.outcome, Befriended::Done);
    assert_eq!(ok(add("carol", 2)).await.outcome, Befriended::Done);
    let refused = ok(add("dave", 2)).await;
    assert_eq!((refused.outcome, refused.entry, refused.back), (Befriended::ListFull, None, None));
    assert_eq!(refused.owner_state.version, state(facts, "alice").await.version);
    assert_eq!(ok(facts.count_friends(user("alice"))).await, 2);
    assert_eq!(ok(add("carol", 1)).await.outcome, Befriended::Done);
    assert_eq!(ok(add("dave", 3)).await.outcome, Befriended::Done);
}

/// The limit of the friend's list applies only to calls that would add an entry to that list. If the friend's list is
/// full, no list gets an entry.
pub async fn the_bound_of_the_friends_list_counts_when_it_gets_an_entry(facts: &dyn Facts) {
    make_accounts(facts).await;
    befriend(facts, user("bob"), id("carol"), false, String::new()).await;
    let add = |owner, both| facts.befriend(NewFriendship { both, limit: 1, ..with_words(owner, "bob", "r") });
    let before = [state(facts, "alice").await, state(facts, "bob").await];
    let refused = ok(add("alice", true)).await;
    assert_eq!((refused.outcome, refused.entry), (Befriended::FriendListFull, None));
    assert_eq!([refused.owner_state, refused.friend_state], before);
    assert_eq!((refused.owner_changed, refused.friend_changed), (false, false));
    assert_eq!([state(facts, "alice").await, state(facts, "bob").await], before);
    assert_eq!(friends(facts, "alice").await, [""; 0]);
    assert_eq!(ok(add("alice", false)).await.outcome, Befriended::Done);
    // Carol is already in Bob's list.
    assert_eq!(ok(add("carol", true)).await.outcome, Befriended::Done);
}

/// If a user allows nobody to add them, only the app can add entries about the user. Texts of existing entries can
/// still be changed.
pub async fn who_lets_nobody_add_them_is_added_by_the_app_only(facts: &dyn Facts) {
    make_accounts(facts).await;
    let deny = ProfileChange { allow: Some(AllowType::DenyAny), ..ProfileChange::default() };
    ok(facts.set_profile(user("bob"), deny)).await;
    let add = |both, ask| facts.befriend(NewFriendship { both, ask, ..with_words("alice", "bob", "r") });
    for both in [false, true] {
        assert_eq!(ok(add(both, true)).await.outcome, Befriended::Denied);
        assert_eq!(friends(facts, "alice").await, [""; 0]);
        assert_eq!(state(facts, "alice").await.version, 1);
    }
    assert_eq!(ok(add(false, false)).await.outcome, Befriended::Done);
    assert_eq!(ok(add(false, true)).await.outcome, Befriended::Done);
    assert_eq!(ok(add(true, true)).await.outcome, Befriended::Denied);
    assert_eq!(ok(add(true, false)).await.outcome, Befriended::Done);
    assert_eq!(ok(add(true, true)).await.outcome, Befriended::Done);
    // A user who allows nobody to add them may add others.
    let new = NewFriendship { ask: true, both: true, ..with_words("bob", "carol", "r") };
    assert_eq!(ok(facts.befriend(new)).await.outcome, Befriended::Done);
}

/// A full list is reported before a denial, and a missing account before both.
pub async fn of_many_reasons_the_first_is_told(facts: &dyn Facts) {
    make_accounts(facts).await;
    let deny = ProfileChange { allow: Some(AllowType::DenyAny), ..ProfileChange::default() };
    ok(facts.set_profile(user("bob"), deny)).await;
    befriend(facts, user("bob"), id("carol"), false, String::new()).await;
    let add = |limit, friend| {
        facts.befriend(NewFriendship { both: true, ask: true, limit, ..with_words("alice", friend, "r") })
    };
    assert_eq!(ok(add(0, "nobody")).await.outcome, Befriended::NoSuchFriend);
    assert_eq!(ok(add(0, "bob")).await.outcome, Befriended::ListFull);
    assert_eq!(ok(add(1, "bob")).await.outcome, Befriended::FriendListFull);
    assert_eq!(ok(add(2, "bob")).await.outcome, Befriended::Denied);
}

/// A list's version is incremented by one exactly when the list changes.
pub async fn adding_counts_up_the_lists_that_changed(facts: &dyn Facts) {
    make_accounts(facts).await;
    // The columns: owner, friend, `both`, texts; then whether the owner's list and the friend's list have changed.
    let steps = [
        ("alice", "bob", false, "r", (true, false)),
        ("alice", "bob", false, "r", (false, false)),
        ("alice", "bob", false, "s", (true, false)),
        // Creates Bob's entry, which makes Alice's entry mutual.
        ("alice", "bob", true, "s", (true, true)),
        ("alice", "bob", true, "s", (false, false)),
        ("alice", "bob", true, "t", (true, false)),
        ("bob", "carol", false, "r", (true, false)),
        // Makes Bob's entry mutual.
        ("carol", "bob", false, "r", (true, true)),
        ("carol", "alice", true, "r", (true, true)),
    ];
    for (owner, friend, both, words, expected) in steps {
        let before = [state(facts, owner).await, state(facts, friend).await];
        let done = ok(facts.befriend(NewFriendship { both, ..with_words(owner, friend, words) })).await;
        assert_eq!((done.owner_changed, done.friend_changed), expected, "{owner}, {friend}, {both}, {words}");
        let after = [state(facts, owner).await, state(facts, friend).await];
        assert_eq!([done.owner_state, done.friend_state], after);
        let counted = |n: usize| after[n].version - before[n].version;
        assert_eq!((counted(0) == 1, counted(1) == 1), expected, "{before:?} {after:?}");
        assert!(counted(0) < 2 && counted(1) < 2);
    }
}

/// A version is incremented when an entry is removed or is no longer mutual.
pub async fn deleting_counts_up_the_lists_that_changed(facts: &dyn Facts) {
    make_accounts(facts).await;
    // The columns: the existing entries and `both`; then the result, and the increments of Alice's and Bob's versions.
    let cases = [
        (true, true, false, (true, false, true), (1, 1)),
        (true, true, true, (true, true, false), (1, 1)),
        (true, false, false, (true, false, false), (1, 0)),
        (true, false, true, (true, false, false), (1, 0)),
        (false, true, false, (false, false, true), (0, 0)),
        (false, true, true, (false, true, false), (0, 1)),
        (false, false, true, (false, false, false), (0, 0)),
    ];
    for (forth, back, both, expected, counted) in cases {
        unfriend(facts, user("alice"), id("bob"), true).await;
        if forth {
            befriend(facts, user("alice"), id("bob"), false, "b".into()).await;
        }
        if back {
            befriend(facts, user("bob"), id("alice"), false, "a".into()).await;
        }
        let before = [state(facts, "alice").await, state(facts, "bob").await];
        let done = ok(facts.unfriend(user("alice"), id("bob"), both)).await;
        let case = (forth, back, both);
        assert_eq!((done.forth, done.back, done.left.is_some()), expected, "{case:?}");
        assert!(done.left.is_none_or(|left| left.id == id("alice") && left.remark == "a" && !left.mutual));
        let after = [state(facts, "alice").await, state(facts, "bob").await];
        assert_eq!([done.owner_state, done.friend_state], after);
        let versions = (after[0].version - before[0].version, after[1].version - before[1].version);
        assert_eq!(versions, counted, "{case:?}");
    }
}

/// A remark can be changed only in an existing entry. The version is incremented only if the remark differs.
pub async fn a_remark_counts_up_when_it_is_another(facts: &dyn Facts) {
    make_accounts(facts).await;
    befriend(facts, user("alice"), id("bob"), true, "r".into()).await;
    let set = |friend, remark: &str| facts.set_remark(user("alice"), id(friend), remark.into());
    for (remark, changed, version) in [("s", true, 3), ("s", false, 3), ("S", true, 4), ("", true, 5)] {
        let done = ok(set("bob", remark)).await.expect("there is an entry");
        assert_eq!((done.entry.remark.as_str(), done.entry.mutual), (remark, true));
        assert_eq!((done.changed, done.state.version), (changed, version));
        assert_eq!(state(facts, "alice").await, done.state);
    }
    assert_eq!(friends(facts, "bob").await, ["alice, mutual: "]);
    assert_eq!(state(facts, "bob").await.version, 2);
    assert_eq!(ok(set("carol", "r")).await, None);
    assert_eq!(ok(set("nobody", "r")).await, None);
    assert_eq!(state(facts, "alice").await.version, 5);
}

/// A page contains up to `limit` entries after its cursor. The entry of the cursor need not exist.
pub async fn friends_are_listed_in_pages_and_counted(facts: &dyn Facts) {
    for name in ["owner", "d", "b", "e", "a", "c"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
    assert_eq!(ok(facts.count_friends(user("owner"))).await, 0);
    for name in ["d", "b", "e", "a", "c"] {
        befriend(facts, user("owner"), id(name), name > "c", String::new()).await;
    }
    let cases: [(Option<&str>, usize, &str); 7] = [
        (None, 2, "a b"),
        (Some("b"), 2, "c d"),
        (Some("bbb"), 2, "c d"),
        (Some("d"), 2, "e"),
        (Some("e"), 2, ""),
        (None, 0, ""),
        (None, usize::MAX, "a b c d e"),
    ];
    for (after, limit, expected) in cases {
        let page = ok(facts.friend_page(user("owner"), after.map(id), limit)).await;
        let names: Vec<&str> = page.iter().map(|friend| friend.id.as_str()).collect();
        assert_eq!(names.join(" "), expected, "{limit} after {after:?}");
    }
    assert_eq!(ok(facts.count_friends(user("owner"))).await, 5);
    assert_eq!(ok(facts.mutual_friends(user("owner"))).await, ["d", "e"].map(id));
    assert_eq!(ok(facts.mutual_friends(user("a"))).await, []);
    assert_eq!(ok(facts.count_friends(user("nobody"))).await, 0);
}

/// The version of each list that contained the account is incremented. If the list of a friend did not contain the
/// account, its version stays.
pub async fn deleting_an_account_counts_up_the_lists_it_was_in(facts: &dyn Facts) {
    make_accounts(facts).await;
    ok(facts.create_account(user("dave"), at(1))).await;
    befriend(facts, user("alice"), id("bob"), true, String::new()).await;
    befriend(facts, user("carol"), id("alice"), false, String::new()).await;
    befriend(facts, user("alice"), id("dave"), false, String::new()).await;
    let names = ["bob", "carol", "dave"];
    let mut before = Vec::new();
    for name in names {
        before.push(state(facts, name).await.version);
    }
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    for (n, counted) in [1, 1, 0].into_iter().enumerate() {
        assert_eq!(state(facts, names[n]).await.version - before[n], counted, "{}", names[n]);
    }
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    assert_eq!(state(facts, "bob").await.version, before[0] + 1);
}

/// A one-sided friendship with texts that contain `words`.
fn with_words(owner: &str, friend: &str, words: &str) -> NewFriendship {
    NewFriendship {
        owner: user(owner),
        friend: id(friend),
        both: false,
        remark: format!("remark {words}"),
        source: format!("source {words}"),
        wording: format!("wording {words}"),
        at: at(1),
        limit: 100,
        ask: false,
    }
}
