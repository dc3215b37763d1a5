//! Checks, with random scripts, that the machine keeps its guarantees to the driver.

use super::super::*;
use super::LIVE;
use super::script::World;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The inputs of the random scripts, both common and unusual.
const HAPPENINGS: &[&str] = &[
    "login",
    "login me other",
    "login you sig",
    "renew fresh",
    "logout",
    "set hi",
    "get ann bob",
    "sub ann bob cid",
    "unsub bob",
    "unsub",
    "list",
    "up",
    "up",
    "up",
    "down",
    "failed",
    "network",
    "next",
    "next",
    "wait 3000",
    "wait 20000",
    "push ann:2 bob:3",
    "push ann:1 zoe:4",
    "changed +dan -ann",
    "changed +ann !dan",
    "ended RECONNECT 500",
    "ended TOO_MANY_CONNECTIONS 500",
    "ended KICKED_BY_OPERATOR",
    "ended SUPERSEDED",
    "answer @ login me:1 ann:1",
    "answer @ login me:2 ann:3 lost not_watched=bob,ann",
    "answer @ login me:2 not_watched=zoe",
    "answer @ login me:2 subscriptions=eve,bob",
    "answer @ login",
    "answer @ login me:1 more",
    "answer @ login bob:1 off",
    "last ann:1",
    "last",
    "app off",
    "app on",
    "say hi",
    "answer @ said 4",
    "ended PROTOCOL_ERROR",
    "ended TIMEOUT",
    "ended LOGGED_OUT",
    "answer @ no 7008",
    "answer @ no 6208",
    "answer @ no 70206",
    "answer @ set me:4",
    "answer @ sub ann:1 bob:1 cid:1",
    "answer @ sub failed=ann evicted=zoe",
    "answer @ sub failed=cid evicted=ann,zoe not_watched=zoe",
    "answer @2 sub bob:2",
    "answer @ unsub",
    "answer @ unsub not_watched=bob,ann",
    "answer @ get ann:9",
    "answer @ list bob cid",
    "answer @ heartbeat",
    "answer @ logout",
];

/// Reads the effects of a transcript in order, as a driver would. Checks each effect against the state.
fn check_promises(world: &World) {
    let (mut opening, mut open) = (false, false);
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    for line in world.transcript.lines() {
        match line.trim_start_matches("> ").trim() {
            // The driver reports an open link only once, and only if the machine has requested the link.
            "up" => (opening, open) = (false, true),
            "down" | "failed" => (opening, open) = (false, false),
            "close" => (opening, open) = (false, false),
            "open" => {
                assert!(!opening && !open, "one link at a time");
                opening = true;
            }
            line if line.starts_with("send ") && !line.contains('>') => assert!(open, "{line}"),
            line if line.starts_with("call ") => {
                let (call, _) = line.split_once(':').unwrap();
                *answered.entry(call).or_default() += 1;
            }
            line if line.starts_with("! ") => {
                let over = ["LoggedOut", "KickedOffline", "kicked", "Superseded", "LoginRefused"];
                if over.iter().any(|end| line[2..].starts_with(end)) || line.ends_with("retry None") {
                    versions.clear();
                }
                if line.starts_with("! Connected") {
                    // A snapshot replaces statuses of any version, because the server may have lost versions.
                    versions.clear();
                }
                if let Some(gone) = line.strip_prefix("! not watched: ") {
                    versions.retain(|user, _| !gone.split_whitespace().any(|left| left == user));
                }
                let told = line[2..].split_whitespace().map(|word| word.split_once(':'));
                for (user, version) in told.map_while(|word| Some((word?.0, word?.1.parse().ok()?))) {
                    let before = versions.insert(user.to_owned(), version);
                    assert!(before.is_none_or(|before| before < version), "{line}");
                }
            }
            _ => {}
        }
    }
    assert!(answered.values().all(|count| *count == 1), "{answered:?}");
    assert_eq!(answered.len() as u64, world.calls, "each call was answered: {}", world.transcript);
}

proptest! {
    #[test]
    fn whatever_happens_the_promises_hold(
        live in any::<bool>(),
        happenings in proptest::collection::vec(proptest::sample::select(HAPPENINGS), 0..150),
    ) {
        let mut world = World::new(Platform::Linux);
        world.run("timeout 10000");
        if live {
            world.run(LIVE);
        }
        let (mut opening, mut open) = (false, live);
        for happening in happenings {
            let asked = world.sent.iter().filter(|message| message.id != 0).count();
            let possible = match happening.split_whitespace().next().unwrap() {
                "next" => world.machine.next_deadline().is_some(),
                "up" => opening,
                "failed" => opening,
                "down" => open,
                "push" | "changed" | "ended" => open,
                "answer" => open && asked >= 2,
                _ => true,
            };
            if !possible {
                continue;
            }
            let seen = world.transcript.len();
            world.run(happening);
            for line in world.transcript[seen..].lines() {
                match line {
                    "> up" => (opening, open) = (false, true),
                    "> down" | "> failed" | "  close" => (opening, open) = (false, false),
                    "  open" => opening = true,
                    _ => {}
                }
            }
        }
        // Processing a due deadline must always make progress.
        for _ in 0..200 {
            let Some(due) = world.machine.next_deadline() else { break };
            world.now = world.now.max(due);
            world.step(Input::Tick);
            prop_assert!(world.machine.next_deadline().is_none_or(|next| next > world.now));
        }
        check_promises(&world);
    }
}
