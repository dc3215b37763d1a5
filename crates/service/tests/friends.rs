//! Friend lists: the refusals, the notifications, and the users that the connections of both sides watch.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use lamplight_model::{AllowType, Code, ProfileChange, UserId};
use lamplight_service::{By, MAX_DELETED_FRIENDS, MAX_FRIEND_PAGE, NewFriend};
use world::{MAC, PHONE, World, code, id, ids, user};

fn single(friend: &str) -> NewFriend {
    NewFriend { both: false, ..NewFriend::mutual(id(friend)) }
}

fn called(friend: &str, remark: &str) -> NewFriend {
    NewFriend { remark: remark.into(), ..NewFriend::mutual(id(friend)) }
}

#[tokio::test]
async fn both_sides_are_told_of_a_friendship_and_of_its_end() {
    let mut world = World::of(&["alice", "bob"]).await;
    let (alice, bob) = (user("alice"), user("bob"));
    let added = world.service.add_friend(&alice, called("bob", "Bobby"), PHONE, world.now).await.unwrap();
    assert_eq!((added.value.remark.as_str(), added.value.mutual), ("Bobby", true));
    assert_eq!(added.version, world.now.wall.0 + 1);
    assert_eq!(
        world.news(),
        [
            "alice+1 by 1: friend bob mutual \"Bobby\", 0 in all",
            "bob+1: friend alice mutual \"\", 0 in all",
            "alice and bob: true",
            "bob and alice: true",
        ]
    );
    // Only the texts of the owner's entry change.
    world.service.add_friend(&alice, called("bob", "Bob"), MAC, world.now).await.unwrap();
    let told: Vec<String> = world.news().into_iter().filter(|news| news.contains('+')).collect();
    assert_eq!(told, ["alice+2 by 2: friend bob mutual \"Bob\", 0 in all"]);

    let only_mine =
        world.service.delete_friends(&alice, &ids(&["bob"]), false, PHONE, world.now).await.unwrap();
    assert_eq!(only_mine.version, world.now.wall.0 + 3);
    assert_eq!(
        world.news(),
        [
            "alice+3 by 1: no friend bob, 0 in all",
            "bob+2: friend alice \"\", 0 in all",
            "alice and bob: false",
            "bob and alice: false",
        ]
    );
    world.service.add_friend(&bob, single("alice"), By::App, world.now).await.unwrap();
    assert_eq!(world.news(), Vec::<String>::new(), "that was so before");
    world.service.add_friend(&alice, single("bob"), By::App, world.now).await.unwrap();
    assert_eq!(
        world.news(),
        [
            "alice+4: friend bob mutual \"\", 0 in all",
            "bob+3: friend alice mutual \"\", 0 in all",
            "alice and bob: true",
            "bob and alice: true",
        ]
    );
    world.service.delete_friends(&bob, &ids(&["alice"]), true, MAC, world.now).await.unwrap();
    assert_eq!(
        world.news(),
        [
            "bob+4 by 2: no friend alice, 0 in all",
            "alice+5: no friend bob, 0 in all",
            "bob and alice: false",
            "alice and bob: false",
        ]
    );
}

#[tokio::test]
async fn a_friendship_that_cannot_be_is_refused_and_changes_nothing() {
    let mut world = World::with(&["alice", "bob", "cat"], |settings| settings.limits.friends = 1).await;
    let deny = ProfileChange { allow: Some(AllowType::DenyAny), ..ProfileChange::default() };
    world.service.set_profile(&user("cat"), deny, By::App, world.now).await.unwrap();
    world.news();
    let long = |length| NewFriend { wording: "x".repeat(length), ..NewFriend::mutual(id("bob")) };
    let source = NewFriend { source: "x".repeat(257), ..NewFriend::mutual(id("bob")) };
    let table = [
        ("alice", NewFriend::mutual(id("alice")), PHONE, Code::INVALID_PARAMETER),
        ("alice", called("bob", &"x".repeat(97)), PHONE, Code::INVALID_PARAMETER),
        ("alice", called("bob", "two\nlines"), PHONE, Code::INVALID_PARAMETER),
        ("alice", long(257), PHONE, Code::INVALID_PARAMETER),
        ("alice", source, PHONE, Code::INVALID_PARAMETER),
        ("alice", NewFriend::mutual(id("nobody")), PHONE, Code::NO_SUCH_ACCOUNT),
        ("nobody", NewFriend::mutual(id("alice")), By::App, Code::NO_SUCH_ACCOUNT),
        ("nobody", NewFriend::mutual(id("alice")), PHONE, Code::NOT_LOGGED_IN),
        ("alice", NewFriend::mutual(id("cat")), PHONE, Code::FRIEND_DENIED),
        ("alice", single("cat"), PHONE, Code::FRIEND_DENIED),
    ];
    for (owner, friend, by, expected) in table {
        let refused = world.service.add_friend(&user(owner), friend.clone(), by, world.now).await;
        assert_eq!(code(refused), expected, "{owner} {friend:?}");
    }
    assert_eq!(world.news(), Vec::<String>::new());
    // Texts at their limits are accepted, and the app does not need the friend's consent.
    let longest = NewFriend { remark: "x".repeat(96), source: "x".repeat(256), ..long(256) };
    world.service.add_friend(&user("alice"), longest, PHONE, world.now).await.unwrap();
    let full = world.service.add_friend(&user("alice"), single("cat"), By::App, world.now).await;
    assert_eq!(code(full), Code::FRIEND_LIST_FULL);
    let peer_full = world.service.add_friend(&user("cat"), called("alice", ""), By::App, world.now).await;
    assert_eq!(code(peer_full), Code::FRIEND_PEER_LIST_FULL);
    world.set(|settings| settings.limits.friends = 2).await;
    world.service.add_friend(&user("alice"), called("cat", ""), By::App, world.now).await.unwrap();
}

#[tokio::test]
async fn of_many_that_are_deleted_each_is_told_and_who_was_none_is_named() {
    let names: Vec<String> = (0..=MAX_DELETED_FRIENDS).map(|n| format!("f{n:03}")).collect();
    let mut accounts: Vec<&str> = names.iter().map(String::as_str).collect();
    accounts.push("alice");
    let mut world = World::of(&accounts).await;
    let alice = user("alice");
    let all: Vec<UserId> = names.iter().map(|name| id(name)).collect();
    for friend in &all {
        let friend = NewFriend::mutual(friend.clone());
        world.service.add_friend(&alice, friend, By::App, world.now).await.unwrap();
    }
    world.news();
    let delete = |friends: Vec<UserId>, by| {
        let (service, alice, now) = (&world.service, &alice, world.now);
        async move { service.delete_friends(alice, &friends, true, by, now).await }
    };
    assert_eq!(code(delete(all.clone(), PHONE).await), Code::BATCH_TOO_LARGE);
    assert_eq!(code(delete(Vec::new(), PHONE).await), Code::INVALID_PARAMETER);
    let some = delete(ids(&["f000", "f000", "nobody", "f001", "alice"]), PHONE).await.unwrap();
    assert_eq!(some.value.deleted, ids(&["f000", "f001"]));
    let none = |name: &str| (id(name), Code::NOT_A_FRIEND);
    assert_eq!(some.value.failures, [none("nobody"), none("alice")]);
    let rest = delete(all.clone(), By::App).await.unwrap();
    assert_eq!(rest.value.deleted.len(), all.len() - 2);
    let begun = 1 + all.len() as u64;
    assert_eq!(rest.version, world.now.wall.0 + begun + all.len() as u64 - 1);

    let news = world.news();
    for version in begun..begun + all.len() as u64 {
        let mine = news.iter().filter(|news| news.starts_with(&format!("alice+{version}")));
        assert_eq!(mine.count(), 1, "each change is told with its own version: {version} {news:?}");
    }
    for friend in &all {
        assert!(news.contains(&format!("{friend}+2: no friend alice, 0 in all")), "{friend}");
        assert!(news.contains(&format!("alice and {friend}: false")), "{friend}");
    }
}

#[tokio::test]
async fn a_remark_is_told_to_the_owner_alone() {
    let mut world = World::of(&["alice", "bob"]).await;
    let alice = user("alice");
    let set = |remark: String, by| {
        let (service, alice, now) = (&world.service, &alice, world.now);
        async move { service.set_friend_remark(alice, &id("bob"), &remark, by, now).await }
    };
    assert_eq!(code(set("x".into(), PHONE).await), Code::NOT_A_FRIEND);
    world.service.add_friend(&alice, NewFriend::mutual(id("bob")), By::App, world.now).await.unwrap();
    assert_eq!(code(set("x".repeat(97), PHONE).await), Code::INVALID_PARAMETER);
    assert_eq!(set("Bobby".into(), PHONE).await.unwrap().value.remark, "Bobby");
    set("Bobby".into(), MAC).await.unwrap();
    let told: Vec<String> = world.news().into_iter().skip(4).collect();
    assert_eq!(told, ["alice+2 by 1: friend bob mutual \"Bobby\", 0 in all"]);
}

#[tokio::test]
async fn a_friend_list_comes_in_pages() {
    let mut world = World::of(&["alice", "bob", "cat", "dan"]).await;
    let alice = user("alice");
    for friend in ["cat", "bob", "dan"] {
        world.service.add_friend(&alice, single(friend), By::App, world.now).await.unwrap();
    }
    world.news();
    let page = |after: Option<&'static str>, limit, by| {
        let (service, alice, now) = (&world.service, &alice, world.now);
        async move {
            let page = service.friend_list(alice, after.map(id).as_ref(), limit, by, now).await?;
            let friends: Vec<String> =
                page.value.friends.iter().map(|friend| friend.id.to_string()).collect();
            Ok((friends.join(" "), page.value.finished, page.version - now.wall.0))
        }
    };
    assert_eq!(page(None, 0, PHONE).await.unwrap(), ("bob cat dan".into(), true, 3));
    assert_eq!(page(None, 3, PHONE).await.unwrap(), ("bob cat dan".into(), true, 3));
    assert_eq!(page(None, 2, PHONE).await.unwrap(), ("bob cat".into(), false, 3));
    assert_eq!(page(Some("cat"), 2, PHONE).await.unwrap(), ("dan".into(), true, 3));
    assert_eq!(page(Some("zoe"), 2, PHONE).await.unwrap(), (String::new(), true, 3));
    assert_eq!(page(None, MAX_FRIEND_PAGE, PHONE).await.unwrap().2, 3);
    assert_eq!(code(page(None, MAX_FRIEND_PAGE + 1, PHONE).await), Code::INVALID_PARAMETER);
    let nobody = world.service.friend_list(&user("nobody"), None, 0, By::App, world.now).await;
    assert_eq!(code(nobody), Code::NO_SUCH_ACCOUNT);
}

#[tokio::test]
async fn friends_of_a_deleted_account_read_their_lists_again() {
    let mut world = World::of(&["alice", "bob"]).await;
    world.service.add_friend(&user("alice"), NewFriend::mutual(id("bob")), By::App, world.now).await.unwrap();
    world.news();
    let _at_once = world.service.delete_account(&user("bob"), world.now).await.unwrap();
    assert_eq!(world.news(), ["bob and alice: false", "alice and bob: false", "alice: unknown"]);
}

/// A user has the deleted account on their friend list, but is not on the friend list of that account. This user is
/// notified as well, because their list has changed.
#[tokio::test]
async fn one_sided_owners_of_a_deleted_friend_read_their_lists_again() {
    let mut world = World::of(&["alice", "bob"]).await;
    world.service.add_friend(&user("alice"), single("bob"), By::App, world.now).await.unwrap();
    world.news();
    let _at_once = world.service.delete_account(&user("bob"), world.now).await.unwrap();
    assert_eq!(world.news(), ["alice: unknown"]);
}
