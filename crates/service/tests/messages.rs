//! Messages and conversations: the refusals, the notifications, and correct counts for every order of reads and sends.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use futures_util::FutureExt;
use futures_util::future::join_all;
use lamplight_core::STEADY_FOR;
use lamplight_model::{Code, Now, RateLimit};
use lamplight_service::{By, MAX_CONVERSATION_PAGE, MAX_HISTORY_PAGE};
use std::collections::BTreeSet;
use std::time::Duration;
use world::{MAC, PHONE, World, code, id, user};

#[tokio::test]
async fn a_message_is_told_to_both_and_a_retry_to_nobody() {
    let mut world = World::of(&["alice", "bob"]).await;
    let sent = world.send("alice", "bob", "hello", "m1", PHONE).await.unwrap();
    assert_eq!((sent.value.message.sequence, sent.value.repeated), (1, false));
    assert_eq!(sent.version, world.now.wall.0 + 1);
    assert_eq!(
        world.news(),
        [
            "alice+1 by 1: message 1 \"hello\" in bob unread 0, 0 in all",
            "bob+1: message 1 \"hello\" in alice unread 1, 1 in all",
        ]
    );
    let retry = world.send("alice", "bob", "hello", "m1", MAC).await.unwrap();
    assert_eq!((&retry.value.message, retry.value.repeated), (&sent.value.message, true));
    assert_eq!((retry.version, world.news()), (sent.version, Vec::new()));
    // Another sender, or the same one, may use the same client id for another message.
    world.send("alice", "bob", "something else", "m1", PHONE).await.unwrap();
    assert_eq!(
        world.news(),
        [
            "alice+2 by 1: message 2 \"something else\" in bob unread 0, 0 in all",
            "bob+2: message 2 \"something else\" in alice unread 2, 2 in all",
        ]
    );
    assert!(!world.send("bob", "alice", "hi", "m1", By::App).await.unwrap().value.repeated);
    assert_eq!(
        world.news(),
        [
            "bob+3: message 3 \"hi\" in alice unread 2, 2 in all",
            "alice+3: message 3 \"hi\" in bob unread 1, 1 in all",
        ]
    );
}

#[tokio::test]
async fn a_message_to_oneself_is_told_once() {
    let mut world = World::of(&["alice"]).await;
    world.send("alice", "alice", "a note", "m1", PHONE).await.unwrap();
    assert_eq!(world.news(), ["alice+1 by 1: message 1 \"a note\" in alice unread 0, 0 in all"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_refused_and_not_stored() {
    let mut world = World::with(&["alice", "bob"], |settings| settings.limits.message_bytes = 10).await;
    let table = [
        ("alice", "bob", "", PHONE, Code::INVALID_PARAMETER),
        ("alice", "bob", "elevenbytes", PHONE, Code::MESSAGE_TOO_LONG),
        ("alice", "bob", "四个字符", PHONE, Code::MESSAGE_TOO_LONG),
        ("alice", "nobody", "hello", PHONE, Code::NO_SUCH_ACCOUNT),
        ("nobody", "bob", "hello", PHONE, Code::NOT_LOGGED_IN),
        ("nobody", "bob", "hello", By::App, Code::NO_SUCH_ACCOUNT),
    ];
    for (from, to, text, by, expected) in table {
        assert_eq!(code(world.send(from, to, text, "m", by).await), expected, "{from} {to} {text:?}");
    }
    assert_eq!(world.news(), Vec::<String>::new());
    assert!(!world.send("alice", "bob", "ten bytes.", "m", PHONE).await.unwrap().value.repeated);
    assert!(!world.send("alice", "bob", "两行\n", "n", PHONE).await.unwrap().value.repeated);
}

#[tokio::test]
async fn who_sends_too_much_is_told_to_wait_and_what_was_refused_does_not_count() {
    let mut world = World::with(&["alice", "bob"], |settings| {
        settings.limits.message_rate = RateLimit { calls: 2, window_ms: 1_000 };
    })
    .await;
    assert_eq!(code(world.send("alice", "bob", "", "m0", PHONE).await), Code::INVALID_PARAMETER);
    world.send("alice", "bob", "1", "m1", PHONE).await.unwrap();
    world.send("alice", "bob", "2", "m2", MAC).await.unwrap();
    assert_eq!(code(world.send("alice", "bob", "3", "m3", PHONE).await), Code::CALLED_TOO_OFTEN);
    world.send("alice", "bob", "app", "m3", By::App).await.unwrap();
    world.send("bob", "alice", "4", "m4", PHONE).await.unwrap();
    world.now = world.now.after(Duration::from_secs(1));
    world.send("alice", "bob", "5", "m5", PHONE).await.unwrap();
}

#[tokio::test]
async fn each_of_many_at_once_is_told_with_a_version_of_its_own() {
    let mut world = World::of(&["alice", "bob", "cat"]).await;
    let sends: Vec<(&str, String)> = (0..100).map(|n| (["alice", "cat"][n % 2], format!("m{n}"))).collect();
    let sending = sends.iter().map(|(from, client_id)| world.send(from, "bob", "x", client_id, By::App));
    assert!(join_all(sending).await.iter().all(Result::is_ok));
    let news = world.news();
    let versions = |of: &str| -> BTreeSet<u64> {
        let version = |news: &String| news.strip_prefix(&format!("{of}+"))?.split(':').next()?.parse().ok();
        news.iter().filter_map(version).collect()
    };
    assert_eq!(versions("bob"), (1..=100).collect());
    assert_eq!(versions("alice"), (1..=50).collect());
    assert_eq!(versions("cat"), (1..=50).collect());
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_lists_to_be_read_again() {
    let mut world = World::of(&["alice", "bob"]).await;
    assert!(world.send("alice", "bob", "hello", "m1", PHONE).now_or_never().is_none());
    assert_eq!(world.news(), ["alice: unknown", "bob: unknown"]);
    // The message may have been stored. A retry returns it if it was, and stores it otherwise.
    let retry = world.send("alice", "bob", "hello", "m1", PHONE).await.unwrap();
    assert_eq!(retry.value.message.sequence, 1);
}

#[tokio::test]
async fn unread_counts_follow_reads_and_sends() {
    let mut world = World::of(&["alice", "bob"]).await;
    for n in 1..=3 {
        world.send("bob", "alice", "x", &format!("m{n}"), By::App).await.unwrap();
    }
    world.news();
    let read = |sequence, by| {
        let (service, now) = (&world.service, world.now);
        async move { service.mark_read(&user("alice"), &id("bob"), sequence, by, now).await }
    };
    let row = read(Some(2), PHONE).await.unwrap();
    assert_eq!((row.value.unread, row.value.read_sequence), (1, 2));
    // The read position never moves back, and the attempt causes no notification.
    let back = read(Some(1), MAC).await.unwrap();
    assert_eq!((back.value.unread, back.version), (1, row.version));
    let all = read(None, MAC).await.unwrap();
    assert_eq!((all.value.unread, all.value.read_sequence), (0, 3));
    assert_eq!(
        world.news(),
        [
            "alice+4 by 1: row bob unread 1 read 2, 1 in all",
            "alice+5 by 2: row bob unread 0 read 3, 0 in all",
        ]
    );
    // A position beyond the last message counts as the last message.
    world.service.mark_read(&user("alice"), &id("bob"), Some(99), PHONE, world.now).await.unwrap();
    world.send("bob", "alice", "x", "m4", By::App).await.unwrap();
    assert_eq!(world.news()[1], "alice+6: message 4 \"x\" in bob unread 1, 1 in all");
}

#[tokio::test]
async fn of_a_conversation_that_is_not_there_nothing_can_be_done() {
    let mut world = World::of(&["alice", "bob"]).await;
    let (alice, bob, now) = (user("alice"), id("bob"), world.now);
    let service = &world.service;
    assert_eq!(code(service.mark_read(&alice, &bob, None, PHONE, now).await), Code::INVALID_PARAMETER);
    assert_eq!(code(service.pin_conversation(&alice, &bob, true, PHONE, now).await), Code::INVALID_PARAMETER);
    assert_eq!(code(service.delete_conversation(&alice, &bob, PHONE, now).await), Code::INVALID_PARAMETER);
    let empty = service.history(&alice, &bob, None, 0, PHONE, now).await.unwrap();
    assert!(empty.messages.is_empty() && empty.finished);
    assert_eq!(world.news(), Vec::<String>::new());
}

#[tokio::test]
async fn a_conversation_is_pinned_and_deleted_for_the_owner_alone() {
    let mut world = World::of(&["alice", "bob"]).await;
    world.send("bob", "alice", "x", "m1", By::App).await.unwrap();
    world.news();
    let (alice, bob, now) = (user("alice"), id("bob"), world.now);
    world.service.pin_conversation(&alice, &bob, true, PHONE, now).await.unwrap();
    world.service.pin_conversation(&alice, &bob, true, MAC, now).await.unwrap();
    world.service.delete_conversation(&alice, &bob, PHONE, now).await.unwrap();
    assert_eq!(
        world.news(),
        ["alice+2 by 1: row bob pinned unread 1 read 0, 1 in all", "alice+3 by 1: no row bob, 0 in all"]
    );
    assert!(world.service.history(&alice, &bob, None, 0, PHONE, now).await.unwrap().messages.is_empty());
    let theirs = world.service.history(&user("bob"), &alice.id, None, 0, PHONE, now).await.unwrap();
    assert_eq!(theirs.messages.len(), 1);
    world.send("bob", "alice", "again", "m2", By::App).await.unwrap();
    let mine = world.service.history(&alice, &bob, None, 0, PHONE, now).await.unwrap();
    assert_eq!(mine.messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_history_comes_in_pages_newest_first() {
    let world = World::of(&["alice", "bob"]).await;
    for n in 1..=25 {
        world.send("bob", "alice", "x", &format!("m{n}"), By::App).await.unwrap();
    }
    let page = |before, limit| {
        let (service, now) = (&world.service, world.now);
        async move {
            let page = service.history(&user("alice"), &id("bob"), before, limit, By::App, now).await?;
            let ends = (page.messages.first(), page.messages.last());
            let sequence = |message: Option<&lamplight_model::Message>| message.map_or(0, |it| it.sequence);
            Ok((sequence(ends.0), sequence(ends.1), page.finished))
        }
    };
    assert_eq!(page(None, 0).await.unwrap(), (25, 6, false), "twenty unless said otherwise");
    assert_eq!(page(Some(6), 0).await.unwrap(), (5, 1, true));
    assert_eq!(page(None, 25).await.unwrap(), (25, 1, true));
    assert_eq!(page(None, 24).await.unwrap(), (25, 2, false));
    assert_eq!(page(Some(1), 10).await.unwrap(), (0, 0, true));
    assert_eq!(page(None, MAX_HISTORY_PAGE).await.unwrap(), (25, 1, true));
    assert_eq!(code(page(None, MAX_HISTORY_PAGE + 1).await), Code::INVALID_PARAMETER);
}

#[tokio::test]
async fn long_texts_make_a_page_shorter() {
    let world = World::with(&["alice", "bob"], |settings| settings.limits.message_bytes = 65_535).await;
    let long = "x".repeat(65_535);
    for n in 0..20 {
        world.send("bob", "alice", &long, &format!("m{n}"), By::App).await.unwrap();
    }
    let page = world.service.history(&user("alice"), &id("bob"), None, 100, PHONE, world.now).await.unwrap();
    assert_eq!((page.messages.len(), page.finished), (16, false), "a mebibyte");
    let before = page.messages.last().map(|message| message.sequence);
    let rest =
        world.service.history(&user("alice"), &id("bob"), before, 100, PHONE, world.now).await.unwrap();
    assert_eq!((rest.messages.len(), rest.finished), (4, true));
}

#[tokio::test]
async fn a_conversation_list_comes_in_pages_pinned_first() {
    let mut world = World::of(&["alice", "bob", "cat", "dan", "eve"]).await;
    for (n, peer) in ["bob", "cat", "dan", "eve"].into_iter().enumerate() {
        world.now = world.now.after(Duration::from_millis(1));
        world.send(peer, "alice", "x", &format!("m{n}"), By::App).await.unwrap();
    }
    world.service.pin_conversation(&user("alice"), &id("bob"), true, By::App, world.now).await.unwrap();
    let page = |cursor: String, limit| {
        let (service, now) = (&world.service, world.now);
        async move { service.conversation_list(&user("alice"), &cursor, limit, By::App, now).await }
    };
    let (mut peers, mut cursor) = (Vec::new(), String::new());
    for _ in 0..2 {
        let next = page(cursor, 2).await.unwrap().value;
        assert_eq!(next.total_unread, 4);
        peers.extend(next.conversations.iter().map(|row| row.peer.to_string()));
        cursor = next.next.unwrap_or_default();
    }
    assert_eq!((peers.join(" ").as_str(), cursor.as_str()), ("bob eve dan cat", ""));
    assert_eq!(page(String::new(), 0).await.unwrap().value.conversations.len(), 4);
    assert_eq!(page(String::new(), 4).await.unwrap().value.next, None);
    assert_eq!(code(page(String::new(), MAX_CONVERSATION_PAGE + 1).await), Code::INVALID_PARAMETER);
    assert_eq!(code(page("nonsense".into(), 0).await), Code::INVALID_PARAMETER);
}

#[tokio::test]
async fn messages_are_forgotten_when_their_app_has_kept_them_long_enough() {
    let mut world =
        World::with(&["alice", "bob"], |settings| settings.timing.message_retention_days = 2).await;
    for n in 0..5 {
        world.send("alice", "bob", "x", &format!("m{n}"), By::App).await.unwrap();
    }
    let day = Duration::from_secs(24 * 3_600);
    let (begin, forget) = (world.now, |limit, now| world.service.forget_messages(limit, now));
    assert_eq!(forget(10, begin).await.unwrap(), 0, "the first reading of the clock");
    assert_eq!(forget(10, begin.after(2 * day)).await.unwrap(), 0, "to the millisecond");
    let late = begin.after(2 * day + Duration::from_millis(1));
    assert_eq!(forget(3, late).await.unwrap(), 3);
    assert_eq!(forget(3, late).await.unwrap(), 2);
    assert_eq!(forget(3, late).await.unwrap(), 0);
    let history = world.service.history(&user("bob"), &id("alice"), None, 0, By::App, late).await.unwrap();
    assert!(history.messages.is_empty());
    world.set(|settings| settings.timing.message_retention_days = 0).await;
    world.send("alice", "bob", "for ever", "m9", By::App).await.unwrap();
    assert_eq!(world.service.forget_messages(10, begin.after(4_000 * day)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_clock_that_leaps_ahead_for_a_while_takes_no_message() {
    let world = World::with(&["alice", "bob"], |settings| settings.timing.message_retention_days = 2).await;
    for n in 0..5 {
        world.send("alice", "bob", "x", &format!("m{n}"), By::App).await.unwrap();
    }
    let (begin, day, minute) = (world.now, Duration::from_secs(24 * 3_600), Duration::from_secs(60));
    let forget = |now| world.service.forget_messages(10, now);
    let ahead = |now: Now| Now { wall: now.wall.after(3_000 * day), ..now };
    // Two cases: a node that starts while the clock is wrong, and one whose clock goes wrong later.
    assert_eq!(forget(ahead(begin)).await.unwrap(), 0);
    let steady = STEADY_FOR + minute;
    assert_eq!(forget(begin.after(minute)).await.unwrap(), 0, "the clock is set right");
    assert_eq!(forget(begin.after(minute + steady)).await.unwrap(), 0, "nothing is old yet");
    let wrong = begin.after(2 * minute + steady);
    for minutes in 0..30 {
        assert_eq!(forget(ahead(wrong.after(minutes * minute))).await.unwrap(), 0, "{minutes}");
    }
    assert_eq!(forget(wrong.after(30 * minute)).await.unwrap(), 0, "set right again");
    // A clock that stays ahead is right, because the node was stopped or suspended for that long.
    let leapt = ahead(wrong.after(31 * minute));
    assert_eq!(forget(leapt).await.unwrap(), 0);
    assert_eq!(forget(leapt.after(STEADY_FOR)).await.unwrap(), 5);
}
