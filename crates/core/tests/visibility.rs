//! Tests of the viewers who may see a status, and of the statuses that are shown to the other viewers.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "visibility/hub.rs"]
mod hub;

use lamplight_core::{
    Connect, LinkEnd, MOST_SHOWN_APART, Presence, Reassert, Restrictions, ShownStatus, UserFacts, status_for,
};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, NodeId, Now, Platform, Reason,
    StatusType, StoredRestrictions, Timestamp, User, UserId, UserStatus, Version, Visibility,
};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const START: u64 = 1_700_000_000_000;

fn id(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn ids(text: &str) -> Vec<UserId> {
    text.chars().map(|name| id(&name.to_string())).collect()
}

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(START + millis) }
}

fn stored(version: u64, visibility: Visibility, friends: &str, blocked: &str) -> StoredRestrictions {
    let (friends, blocked) = (ids(friends), ids(blocked));
    StoredRestrictions { version, visibility, friends, blocked, ..StoredRestrictions::default() }
}

/// The status that viewers are shown if the user has been hidden from them since the time `since`.
fn closed(since: u64) -> ShownStatus {
    ShownStatus {
        status_type: StatusType::Offline,
        version: Version(since),
        since: Timestamp(since),
        reason: Reason::LinkClosed,
        last_seen: Some(Timestamp(since)),
        until: None,
    }
}

/// Applies changes of the restrictions, written as `visibility friends/blocked`, at the times 1, 2, …. Then compares
/// the status that each viewer is shown: the time since which the user is hidden from the viewer, or `-` if the viewer
/// may see the status.
fn check(changes: &[&str], expected: &str) {
    let mut restrictions: Option<Restrictions> = None;
    for (version, change) in (1..).zip(changes) {
        let (visibility, lists) = change.split_once(' ').unwrap();
        let (friends, blocked) = lists.split_once('/').unwrap();
        let stored = stored(version, visibility.parse().unwrap(), friends, blocked);
        restrictions = Restrictions::changed(restrictions.as_ref(), &stored, closed(version));
    }
    let restrictions = restrictions.unwrap();
    for part in expected.split(' ') {
        let (viewer, since) = part.split_once('=').unwrap();
        let shown = restrictions.shown_to(&id(viewer)).map(|shown| shown.since.0.to_string());
        assert_eq!(shown.as_deref().unwrap_or("-"), since, "{viewer} after {changes:?}");
        assert_eq!(restrictions.may_see(&id(viewer)), since == "-");
    }
}

#[test]
fn whoever_may_not_see_a_status_is_shown_the_moment_from_which_that_is_so() {
    check(&["everyone /"], "a=- b=-");
    check(&["nobody /"], "a=1 b=1");
    check(&["friends a/"], "a=- b=1");
    check(&["everyone /a"], "a=1 b=-");
    check(&["friends ab/b"], "a=- b=1 c=1");
    // Later changes hide from others.
    check(&["everyone /a", "nobody /a"], "a=1 b=2");
    check(&["everyone /a", "everyone /ab"], "a=1 b=2 c=-");
    check(&["friends ab/", "friends b/"], "a=2 b=- c=1");
    check(&["friends a/", "nobody /"], "a=2 b=1");
    check(&["nobody /", "friends a/"], "a=- b=1");
    check(&["friends a/", "friends a/a", "nobody /a"], "a=2 b=1");
    // A block of somebody who was hidden from anyhow changes nothing.
    check(&["nobody /", "nobody /a"], "a=1 b=1");
    check(&["nobody /", "nobody /a", "everyone /a"], "a=1 b=-");
    check(&["nobody /a", "nobody /", "everyone /"], "a=- b=-");
    // A friend who was blocked stays hidden from when the friendship ends.
    check(&["friends a/", "friends a/a", "friends /a", "friends /"], "a=2 b=1");
    check(&["friends a/", "friends /", "friends a/", "friends /"], "a=4 b=1");
    check(&["friends a/", "everyone /", "friends a/"], "a=- b=3");
}

#[test]
fn an_older_snapshot_changes_nothing() {
    let first = Restrictions::changed(None, &stored(5, Visibility::Nobody, "", ""), closed(1)).unwrap();
    for version in [4, 5] {
        let late = stored(version, Visibility::Everyone, "", "");
        assert_eq!(Restrictions::changed(Some(&first), &late, closed(2)), None);
    }
    let same =
        Restrictions::changed(Some(&first), &stored(6, Visibility::Nobody, "", ""), closed(2)).unwrap();
    assert_eq!((same.version(), same.shown_to(&id("a"))), (6, first.shown_to(&id("a"))));
}

#[test]
fn a_long_list_of_former_friends_is_bounded_and_nobody_goes_back() {
    let friends: Vec<UserId> = (0..MOST_SHOWN_APART + 50).map(|n| id(&format!("{n:06}"))).collect();
    let mut before: Option<Restrictions> = None;
    // One friendship ends at a time.
    for (version, gone) in (1..).zip((0..=friends.len()).step_by(30)) {
        let left = friends[gone.min(friends.len())..].to_vec();
        let stored = StoredRestrictions {
            version,
            visibility: Visibility::Friends,
            friends: left,
            ..stored(0, Visibility::Friends, "", "")
        };
        let after = Restrictions::changed(before.as_ref(), &stored, closed(version)).unwrap();
        if let Some(before) = &before {
            for viewer in friends.iter().chain(&[id("stranger")]) {
                let versions = [before, &after].map(|it| it.shown_to(viewer).map(|shown| shown.version));
                assert!(versions[0] <= versions[1], "{viewer} goes back from {versions:?}");
            }
        }
        before = Some(after);
    }
    let after = before.unwrap();
    assert!(after.bytes() < (MOST_SHOWN_APART + 1_000) * size_of::<UserId>());
    let shown = after.shown_to(&id("stranger")).unwrap();
    assert!(shown.version > Version(1), "the oldest were dropped");
    assert_eq!(after.shown_to(&friends[0]), Some(shown));
}

/// A user with up to three devices, and the user's live record.
struct World {
    presence: Presence,
    settings: AppSettings,
    connections: Vec<ConnectionId>,
}

const DEVICES: [(&str, Platform); 3] =
    [("phone", Platform::IPhone), ("mac", Platform::Mac), ("web", Platform::Web)];

impl World {
    fn new(settings: AppSettings) -> Self {
        let facts = UserFacts::default();
        let presence = Presence::from_facts(facts, Version(7), Timestamp(START), false, &settings, Moment(0));
        Self { presence, settings, connections: Vec::new() }
    }

    fn connect(&mut self, device: usize, login: u64, at: Now) {
        let (name, platform) = DEVICES[device];
        let device = DeviceId::new(name).unwrap();
        let connection = ConnectionId::alone(login);
        let connect =
            Connect { device: &device, platform, login, born: 1, issued: 0, connection, address: None };
        let _ = self.presence.connect(&connect, &self.settings, at);
        self.connections = self.presence.connections().collect();
    }

    fn close_all(&mut self, at: Now) {
        for connection in std::mem::take(&mut self.connections) {
            let _ = self.presence.disconnect(connection, LinkEnd::Closed, at.wall, &self.settings, at);
        }
    }

    fn act(&mut self, step: u8, login: u64, at: Now) {
        match step % 6 {
            0..3 => self.connect(step as usize % 3, login, at),
            3 => {
                if let Some(connection) = self.connections.pop() {
                    let _ =
                        self.presence.disconnect(connection, LinkEnd::Closed, at.wall, &self.settings, at);
                }
            }
            4 => {
                let custom = CustomStatus::new(&format!("at {}", at.moment.0), 100).unwrap();
                let _ = self.presence.set_custom_status(custom, None, &self.settings, at);
            }
            _ => {
                if let Some(connection) = self.connections.pop() {
                    let _ = self.presence.logout(connection, &self.settings, at);
                }
            }
        }
        let _ = self.presence.expire(&self.settings, at);
    }

    /// Loses the record, and creates it again from the facts: from the logins of native devices, and the data about the
    /// statuses that are shown to viewers. For the time `grace`, the logins count as connected. With `put_back`, the
    /// node then puts the open connections back. With `kicked`, the facts have just recorded a kick, which has ended
    /// the logins up to this number.
    fn lose_record(
        &mut self,
        stored: Option<&StoredRestrictions>,
        grace: u64,
        put_back: bool,
        kicked: Option<u64>,
        at: Now,
    ) {
        let native = self.presence.devices().iter().filter(|device| !device.platform.is_web());
        let native = native.filter(|device| kicked.is_none_or(|through| device.login > through));
        let logins: Vec<_> =
            native.map(|device| (device.id.clone(), device.platform, device.login)).collect();
        let ended_through = self.presence.ended_through().max(kicked.unwrap_or(0));
        let rebuilt = |logins: Vec<(DeviceId, Platform, u64)>| {
            let (version, since) = (Version::at(at.wall.after(Duration::from_secs(1))), at.wall);
            let since = if logins.is_empty() { Timestamp(START) } else { since };
            let facts = UserFacts { logins, born: 1, ended_through, ..UserFacts::default() };
            let record = Presence::from_facts(facts, version, since, false, &self.settings, at.moment);
            match grace {
                0 => record,
                _ => record.held_until(at.moment + Duration::from_millis(grace), at.wall, |_| true),
            }
        };
        let open: Vec<_> = self
            .connections
            .iter()
            .filter_map(|it| Some((*it, self.presence.device_of(*it)?.clone())))
            .collect();
        let told = self.presence.status(&id("u"));
        let mut record = rebuilt(logins.clone());
        if let Some(stored) = stored {
            let away = [vec![(DeviceId::new("x").unwrap(), Platform::Mac, 0)], vec![]].map(rebuilt);
            let (_, logged_in) = self.presence.away_logins().unwrap();
            let stored = StoredRestrictions { away: logged_in, ..stored.clone() };
            record = record.restricted(&stored, !logins.is_empty(), [&away[0], &away[1]]);
        }
        self.presence = record;
        for (connection, device) in open.iter().filter(|_| put_back) {
            let (login, platform) = (device.login, device.platform);
            let connect = Connect {
                device: &device.id,
                platform,
                login,
                born: 0,
                issued: 0,
                connection: *connection,
                address: None,
            };
            let open = Reassert { connect, told: Some(&told), subscriptions: &[], is_lost: true };
            let _ = self.presence.reassert(&open, &self.settings, at);
        }
        self.connections = self.presence.connections().collect();
    }

    fn shown_to(&self, viewer: &str) -> UserStatus {
        let status = self.presence.status(&id("u"));
        status_for(status, self.presence.restrictions().map(|it| &**it), &id(viewer))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Two users have the same history. Then one user hides, and all connections of the other close at the same moment.
    /// A viewer must see the same status of both.
    #[test]
    fn a_hidden_user_looks_like_one_whose_connections_have_closed(
        before in proptest::collection::vec((0u8..6, 0u64..3_000), 0..12),
        after in proptest::collection::vec((0u8..12, prop_oneof![0u64..3_000, 0u64..80_000]), 0..12),
        by_block in any::<bool>(),
        grace in prop_oneof![Just(0u64), Just(5_000)],
        linger in prop_oneof![Just(0u64), Just(2_000)],
    ) {
        let mut settings = AppSettings::default();
        settings.timing.login_retention_ms = 60_000;
        settings.timing.linger_native_ms = linger as u32;
        settings.timing.linger_web_ms = linger as u32;
        let mut hiding = World::new(settings.clone());
        let (mut at, mut login) = (10_000, 1);
        for (step, wait) in before {
            (at, login) = (at + wait, login + 1);
            hiding.act(step, login, now(at));
        }
        let was_lingering = hiding.presence.status_type() == StatusType::Online
            && hiding.presence.connections().next().is_none();
        let mut leaving = World {
            presence: hiding.presence.clone(),
            settings: settings.clone(),
            connections: hiding.connections.clone(),
        };
        // With a linger, the user hides at the moment at which the linger ends.
        leaving.close_all(now(at));
        at += linger;
        let _ = leaving.presence.expire(&settings, now(at));
        let restrictions = match by_block {
            true => stored(9, Visibility::Everyone, "", "v"),
            false => stored(9, Visibility::Nobody, "", ""),
        };
        let _ = hiding.presence.restrict(&restrictions, &settings, now(at));
        let expected = leaving.shown_to("v");
        // A connection that was closed before and still lingers is not the same as one that closes now.
        let is_compared = linger == 0 || !was_lingering;
        let mut shown = hiding.shown_to("v");
        prop_assert!(!is_compared || shown == expected, "{:?} instead of {:?}", shown, expected);
        let mut may_differ = false;
        for (step, wait) in after {
            (at, login) = (at + wait, login + 1);
            match step {
                6..9 => {
                    let _ = hiding.presence.expire(&settings, now(at));
                    let _ = leaving.presence.expire(&settings, now(at));
                    hiding.lose_record(Some(&restrictions), grace, step == 6, None, now(at));
                    leaving.lose_record(None, grace, step == 6, None, now(at));
                    may_differ = true;
                }
                10 => {
                    for world in [&mut hiding, &mut leaving] {
                        let _ = world.presence.expire(&settings, now(at));
                        let _ = world.presence.kick(login, &Default::default(), &settings, now(at));
                        world.connections.clear();
                    }
                    may_differ = true;
                }
                11 => {
                    let _ = hiding.presence.expire(&settings, now(at));
                    let _ = leaving.presence.expire(&settings, now(at));
                    hiding.lose_record(Some(&restrictions), grace, false, Some(login), now(at));
                    leaving.lose_record(None, grace, false, Some(login), now(at));
                    may_differ = true;
                }
                9 => {
                    let _ = hiding.presence.expire(&settings, now(at));
                    let (moment, wall) = (now(at).moment, now(at).wall);
                    let _ = hiding.presence.lose_node(NodeId(0), moment, wall, &settings, now(at));
                }
                _ => hiding.act(step, login, now(at)),
            }
            let _ = leaving.presence.expire(&settings, now(at));
            // In the end, the logins of a user who is away lapse.
            let next = hiding.shown_to("v");
            let has_lapsed = (next.reason, next.status_type) == (Reason::Lapsed, StatusType::Unlogined);
            prop_assert!(may_differ || next == shown || has_lapsed);
            if step == 6 && !hiding.connections.is_empty() {
                prop_assert_eq!(hiding.presence.status_type(), StatusType::Online);
            }
            prop_assert!(!is_compared || next == leaving.shown_to("v"), "{:?} {:?}", next, leaving.shown_to("v"));
            shown = next;
            prop_assert_eq!(hiding.shown_to("u"), hiding.presence.status(&id("u")));
            let saved = hiding.presence.save(now(at));
            let restored = saved.restore(now(at), now(at).wall, now(at).moment);
            prop_assert_eq!(restored.restrictions(), hiding.presence.restrictions());
        }
        // Both accounts are deleted, exist again, and log in.
        let mut deleted = [&hiding, &leaving].map(|world| World {
            presence: world.presence.clone(),
            settings: settings.clone(),
            connections: Vec::new(),
        });
        let mut newest = hiding.presence.version();
        for (step, restored) in [(1_000, false), (2_000, true), (3_000, true)] {
            for world in &mut deleted {
                match (step, restored) {
                    (1_000, _) => drop(world.presence.delete(login, &Default::default(), &settings, now(at + step))),
                    (2_000, _) => drop(world.presence.restore_account(login + 1)),
                    _ => world.connect(0, login + 2, now(at + step)),
                }
            }
            let [hidden, away] = [0, 1].map(|index| deleted[index].shown_to("v"));
            prop_assert!(!is_compared || hidden == away, "{} ms: {:?} instead of {:?}", step, hidden, away);
            prop_assert!(!restored || deleted[0].presence.restrictions().is_none_or(|it| it.is_open()));
            // A version never goes back for those who could see the user.
            let seen = deleted[0].presence.version();
            prop_assert!(seen >= newest, "{:?} after {:?}", seen, newest);
            newest = seen;
        }
        // Whoever may see the user again is told a newer version, unless nothing is different.
        let open = StoredRestrictions { version: 10, ..StoredRestrictions::default() };
        let _ = hiding.presence.restrict(&open, &settings, now(at));
        let revealed = hiding.shown_to("v");
        prop_assert_eq!(&revealed, &hiding.presence.status(&id("u")));
        prop_assert!(revealed.version > shown.version || revealed == shown, "{:?} after {:?}", revealed, shown);
    }
}

#[test]
fn an_account_that_exists_again_is_shown_to_each_viewer_as_before() {
    let mut world = World::new(AppSettings::default());
    let settings = world.settings.clone();
    let _ = world.presence.restrict(&stored(1, Visibility::Everyone, "", "b"), &settings, now(500));
    world.connect(0, 1, now(1_000));
    world.close_all(now(2_000));
    let _ = world.presence.delete(2, &Default::default(), &settings, now(3_000));
    let both = |world: &World| ["a", "b"].map(|viewer| world.shown_to(viewer));
    let deleted = both(&world);
    assert_eq!(deleted.clone().map(|status| status.reason), [Reason::Deleted, Reason::None]);
    let _ = world.presence.restore_account(3);
    assert_eq!(both(&world), deleted);
    // The new account has no restrictions.
    let _ = world.presence.restrict(&stored(2, Visibility::Everyone, "", ""), &settings, now(3_500));
    assert_eq!(both(&world), deleted);
    // A change of the restrictions does not show when the deleted account was connected, which was hidden from `b`.
    let _ = world.presence.restrict(&stored(3, Visibility::Friends, "ab", ""), &settings, now(4_000));
    let [seen, blocked] = both(&world);
    assert_eq!((seen.since, seen.last_seen), (deleted[1].since, deleted[1].last_seen));
    assert_eq!(blocked, seen);
    assert!(deleted.iter().all(|before| before.version < seen.version), "{seen:?} after {deleted:?}");
}

#[test]
fn after_a_power_failure_the_version_of_a_hidden_user_is_raised_as_that_of_one_who_is_away() {
    let settings = AppSettings::default();
    let mut hiding = World::new(settings.clone());
    hiding.connect(0, 1, now(10));
    let mut leaving = World {
        presence: hiding.presence.clone(),
        settings: settings.clone(),
        connections: hiding.connections.clone(),
    };
    let _ = hiding.presence.restrict(&stored(1, Visibility::Nobody, "", ""), &settings, now(20));
    leaving.close_all(now(20));
    for world in [&mut hiding, &mut leaving] {
        let mut saved = world.presence.save(now(30));
        saved.lift_version(now(40).wall);
        world.presence = saved.restore(now(40), now(30).wall, now(50).moment);
    }
    assert_eq!(leaving.presence.version(), Version::at(now(40).wall));
    assert_eq!(hiding.shown_to("v"), leaving.shown_to("v"));
}

#[test]
fn a_record_that_was_lost_is_not_reported_before_a_connection_is_put_back() {
    let settings = AppSettings::default();
    let phone = (DeviceId::new("phone").unwrap(), Platform::IPhone, 1);
    let facts = UserFacts { logins: vec![phone], ..UserFacts::default() };
    let rebuilt = Presence::from_facts(facts, Version(7), Timestamp(START), true, &settings, Moment(0));
    let blocked = stored(1, Visibility::Everyone, "", "b");
    let mut held = rebuilt.clone().held_until(Moment(1_000), Timestamp(START), |_| true);
    assert_eq!((held.status_type(), held.waits_for_connections()), (StatusType::Online, true));
    let restricted = held.restrict(&blocked, &settings, now(5));
    assert!(restricted.changed && !restricted.restricted);
    assert!(held.is_restricted_as(&blocked));
    // The end of the wait is reported, and so are the restrictions of a user who is away.
    assert!(held.expire(&settings, now(2_000)).visible);
    let mut away = rebuilt;
    let restricted = away.restrict(&blocked, &settings, now(5));
    assert!(restricted.changed && restricted.restricted);
}

#[test]
fn a_record_is_compared_with_the_facts() {
    let settings = AppSettings::default();
    let mut record = World::new(settings.clone()).presence;
    assert!(record.is_restricted_as(&stored(9, Visibility::Everyone, "", "")), "nobody has restricted it");
    let friends = stored(1, Visibility::Friends, "fg", "b");
    assert!(!record.is_restricted_as(&friends));
    let _ = record.restrict(&friends, &settings, now(1));
    assert!(record.is_restricted_as(&StoredRestrictions { version: 5, ..friends.clone() }));
    for other in [
        stored(1, Visibility::Everyone, "fg", "b"),
        stored(1, Visibility::Friends, "f", "b"),
        stored(1, Visibility::Friends, "fg", ""),
    ] {
        assert!(!record.is_restricted_as(&other), "{other:?}");
    }
}
