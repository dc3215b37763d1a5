//! The rules of the [conformance suite](super) about who is whose friend.

use super::{APP, all_friends, at, befriend, friends, id, make_accounts, ok, unfriend, user};
use crate::{Befriended, Facts};
use lamplight_model::{User, UserId};

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
