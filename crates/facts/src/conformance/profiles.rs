//! The rules of the [conformance suite](super) about profiles and lists versions.

use super::{NOTHING_REVOKED, OTHER_APP, at, id, make_accounts, ok, state, user};
use crate::{Facts, ListsState, NickCursor};
use lamplight_model::{AllowType, FieldValue, Profile, ProfileChange, ProfileFields, User};

/// The profile of a new account is empty, and allows everybody to add the user. The lists version is the creation time.
pub async fn a_new_account_has_the_default_profile_and_its_time_as_version(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1_700_000_000_000))).await;
    assert_eq!(ok(facts.profiles(vec![user("alice")])).await, [Some(Profile::default())]);
    let state = ListsState { version: 1_700_000_000_000, total_unread: 0 };
    assert_eq!(ok(facts.lists_states(vec![user("alice")])).await, [Some(state)]);
    // Creating the account again changes nothing.
    ok(facts.create_account(user("alice"), at(1_800_000_000_000))).await;
    assert_eq!(ok(facts.lists_states(vec![user("alice")])).await, [Some(state)]);
}

/// The version can be incremented even if the creation time is the highest possible time.
pub async fn an_account_of_the_last_moment_counts_up(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(u64::MAX))).await;
    let before = state(facts, "alice").await.version;
    let set = ok(facts.set_profile(user("alice"), nick("a"))).await.expect("there is an account");
    assert_eq!(set.state.version, before + 1);
}

/// Further fields are stored unchanged and deleted with the account. They do not increment the version.
pub async fn further_fields_are_kept_as_they_come(facts: &dyn Facts) {
    make_accounts(facts).await;
    let text = |text: &str| FieldValue::Text(text.to_owned());
    let set = |name: &str, change: ProfileChange, fields: Vec<(&str, FieldValue)>| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        facts.set_profile_and_fields(user(name), change, fields)
    };
    let first = vec![("b", FieldValue::Number(u64::MAX)), ("a", text("\"爱\n\0"))];
    let done = ok(set("alice", nick("A"), first)).await.expect("there is an account");
    assert_eq!((&*done.profile.nick, done.changed), ("A", true));
    let before = state(facts, "alice").await;
    let done =
        ok(set("alice", ProfileChange::default(), vec![("a", FieldValue::Number(0)), ("c", text(""))])).await;
    let done = done.expect("there is an account");
    assert_eq!((&*done.profile.nick, done.changed, done.state), ("A", false, before));
    let expected = [("a", FieldValue::Number(0)), ("b", FieldValue::Number(u64::MAX)), ("c", text(""))];
    let expected: ProfileFields =
        expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let asked = || facts.profile_fields(vec![user("bob"), user("nobody"), user("alice")]);
    assert_eq!(ok(asked()).await, [Some(ProfileFields::new()), None, Some(expected)]);
    assert_eq!(ok(set("nobody", nick("N"), vec![("a", text("x"))])).await, None);
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    ok(facts.create_account(user("alice"), at(20))).await;
    assert_eq!(ok(asked()).await, [Some(ProfileFields::new()), None, Some(ProfileFields::new())]);
}

/// An account that is created again has neither the profile nor the version of the deleted account.
pub async fn a_profile_goes_with_its_account(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(10))).await;
    ok(facts.set_profile(user("alice"), nick("a"))).await;
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    assert_eq!(ok(facts.profiles(vec![user("alice")])).await, [None]);
    assert_eq!(ok(facts.lists_states(vec![user("alice")])).await, [None]);
    ok(facts.create_account(user("alice"), at(20))).await;
    assert_eq!(ok(facts.profiles(vec![user("alice")])).await, [Some(Profile::default())]);
    assert_eq!(state(facts, "alice").await, ListsState { version: 20, total_unread: 0 });
}

/// The nick, the avatar URL and the rule for being added are set and reset separately.
pub async fn a_profile_changes_in_what_is_named(facts: &dyn Facts) {
    make_accounts(facts).await;
    let none = ProfileChange::default();
    let url = Some("https://example.com/a.png".to_owned());
    let mut expected = Profile::default();
    let changes = [
        nick("爱丽丝"),
        ProfileChange { avatar_url: url.clone(), ..none.clone() },
        ProfileChange { allow: Some(AllowType::DenyAny), ..none.clone() },
        nick("Alice"),
        ProfileChange { nick: Some("A".into()), avatar_url: Some(String::new()), ..none.clone() },
        ProfileChange { allow: Some(AllowType::AllowAny), avatar_url: url, ..none.clone() },
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let set = ok(facts.set_profile(user("alice"), change.clone())).await.expect("there is an account");
        change.apply(&mut expected);
        assert_eq!((&set.profile, set.changed), (&expected, true), "{change:?}");
        assert_eq!(set.state, ListsState { version: 2 + n as u64, total_unread: 0 });
        assert_eq!(ok(facts.profiles(vec![user("alice")])).await, [Some(expected.clone())]);
        assert_eq!(state(facts, "alice").await, set.state);
    }
    assert_eq!(ok(facts.profiles(vec![user("bob")])).await, [Some(Profile::default())]);
    assert_eq!(state(facts, "bob").await.version, 1);
}

/// Setting equal values, or no values, is not a change.
pub async fn the_same_profile_counts_nothing_up(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    ok(facts.set_profile(user("alice"), nick("a"))).await;
    let allow = Some(AllowType::AllowAny);
    for change in [nick("a"), ProfileChange::default(), ProfileChange { allow, ..nick("a") }] {
        let set = ok(facts.set_profile(user("alice"), change)).await.expect("there is an account");
        assert_eq!((set.profile.nick.as_str(), set.changed, set.state.version), ("a", false, 2));
        assert_eq!(state(facts, "alice").await.version, 2);
    }
}

/// Setting the profile of a missing account does not create the account.
pub async fn a_profile_needs_an_account(facts: &dyn Facts) {
    assert_eq!(ok(facts.set_profile(user("alice"), nick("a"))).await, None);
    assert_eq!(ok(facts.accounts(vec![user("alice")])).await, [None]);
}

/// A user who is given twice is returned twice. Without users, the result is empty.
pub async fn profiles_and_states_come_in_the_order_asked(facts: &dyn Facts) {
    for (n, name) in ["alice", "bob", "carol"].into_iter().enumerate() {
        ok(facts.create_account(user(name), at(100 * n as u64))).await;
        ok(facts.set_profile(user(name), nick(&name.to_uppercase()))).await;
    }
    let asked = ["carol", "nobody", "alice", "carol", "Alice"].map(user).to_vec();
    let nicks: Vec<Option<String>> =
        ok(facts.profiles(asked.clone())).await.into_iter().map(|it| it.map(|it| it.nick)).collect();
    let [alice, carol] = ["ALICE", "CAROL"].map(|nick| Some(nick.to_owned()));
    assert_eq!(nicks, [carol.clone(), None, alice, carol, None]);
    let versions: Vec<Option<u64>> =
        ok(facts.lists_states(asked)).await.into_iter().map(|it| it.map(|it| it.version)).collect();
    assert_eq!(versions, [Some(201), None, Some(1), Some(201), None]);
    assert_eq!(ok(facts.profiles(Vec::new())).await, []);
    assert_eq!(ok(facts.lists_states(Vec::new())).await, []);
}

/// Texts are stored unchanged: they are not trimmed, folded, truncated or interpreted as numbers. Each app has its own
/// profiles.
pub async fn profiles_are_kept_to_the_byte(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    let other = User::new(OTHER_APP, id("alice"));
    ok(facts.create_account(other.clone(), at(1))).await;
    for text in ["007", " a ", "'); DROP TABLE accounts; --", "é", "e\u{301}", "\\0", "\0", "NULL", "😀"] {
        let change = ProfileChange { avatar_url: Some(text.into()), ..nick(text) };
        ok(facts.set_profile(user("alice"), change)).await;
        let profile = ok(facts.profiles(vec![user("alice")])).await.remove(0).expect("there is an account");
        assert_eq!((profile.nick.as_str(), profile.avatar_url.as_str()), (text, text));
    }
    assert_eq!(ok(facts.profiles(vec![other])).await, [Some(Profile::default())]);
}

fn nick(text: &str) -> ProfileChange {
    ProfileChange { nick: Some(text.into()), ..ProfileChange::default() }
}

/// Accounts of one app are found by their current nicks, ignoring case, in pages sorted by nick and then id.
pub async fn accounts_are_found_by_what_their_nick_begins_with(facts: &dyn Facts) {
    let nicks = [
        ("u1", "Anna"),
        ("u2", "anna"),
        ("u3", "ANNABEL"),
        ("u4", "Äpfel"),
        ("u5", "äpfel two"),
        ("u6", "Ann\u{10ffff}"),
        ("u7", "Ao"),
        ("u8", ""),
        ("u9", "爱丽丝"),
        ("ua", "Bob"),
    ];
    for (name, given) in nicks {
        ok(facts.create_account(user(name), at(7))).await;
        ok(facts.set_profile(user(name), nick(given))).await;
    }
    let elsewhere = User::new(OTHER_APP, id("u1"));
    ok(facts.create_account(elsewhere.clone(), at(1))).await;
    ok(facts.set_profile(elsewhere, nick("Anna"))).await;

    let find = async |prefix: &str, limit: usize| -> Vec<String> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = ok(facts.find_by_nick(super::APP, prefix.to_owned(), after, limit)).await;
            assert!(page.iter().all(|account| account.created == at(7)));
            after = page.last().map(|last| NickCursor { nick: last.nick.clone(), id: last.id.clone() });
            found.extend(page.iter().map(|account| format!("{} {}", account.id, account.nick)));
            if page.len() < limit {
                return found;
            }
        }
    };
    for limit in [1, 2, 100] {
        let anns = ["u1 Anna", "u2 anna", "u3 ANNABEL", "u6 Ann\u{10ffff}"];
        assert_eq!(find("ann", limit).await, anns, "{limit}");
        assert_eq!(find("ANN", limit).await, anns, "{limit}");
        assert_eq!(find("äP", limit).await, ["u4 Äpfel", "u5 äpfel two"], "{limit}");
        assert_eq!(find("爱", limit).await, ["u9 爱丽丝"]);
        assert_eq!(find("\u{10ffff}", limit).await, [] as [&str; 0]);
        assert_eq!(find("nobody", limit).await, [] as [&str; 0]);
        assert_eq!(find("", limit).await.len(), 9, "all that have a nick");
    }
    // With a cursor before all matching accounts, all of them are found.
    let before = Some(NickCursor { nick: "A".into(), id: id("zz") });
    assert_eq!(ok(facts.find_by_nick(super::APP, "anna".into(), before, 100)).await.len(), 3);
    ok(facts.set_profile(user("u1"), nick("Zoe"))).await;
    ok(facts.delete_account(user("u2"), NOTHING_REVOKED)).await;
    assert_eq!(find("anna", 10).await, ["u3 ANNABEL"]);
    assert_eq!(find("z", 10).await, ["u1 Zoe"]);
}
