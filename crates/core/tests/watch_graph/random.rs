//! Compares random operations with a model of plain maps.

use crate::{quick, state, unwatch_all, who};
use lamplight_core::{Hub, Told, WatcherKey, Why};
use lamplight_model::{User, UserStatus, Version};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// There are few connections and users, so that operations often collide.
#[derive(Clone, Debug)]
enum Event {
    Attach(u8),
    Detach(u8),
    Watch(u8, u8, Why),
    Unwatch(u8, u8, Why),
    UnwatchAll(u8, Why),
    Tell(u8, u64),
    Take(u8, u8),
    Seen(u8, u8, u64),
    Unconfirm,
    Confirm(u8),
    Drain(u8, usize),
    TakeTouched,
}

const USERS: u8 = 12;

fn event() -> impl Strategy<Value = Event> {
    use Event::*;
    let connection = || 0..5_u8;
    let user = || 0..USERS;
    let why = || prop::sample::select(&[Why::Own, Why::Subscribed, Why::Subscribed, Why::Friend][..]);
    let version = || 1..30_u64;
    prop_oneof![
        2 => connection().prop_map(Attach),
        1 => connection().prop_map(Detach),
        12 => (connection(), user(), why()).prop_map(|(c, u, why)| Watch(c, u, why)),
        6 => (connection(), user(), why()).prop_map(|(c, u, why)| Unwatch(c, u, why)),
        1 => (connection(), why()).prop_map(|(c, why)| UnwatchAll(c, why)),
        10 => (user(), version()).prop_map(|(u, version)| Tell(u, version)),
        2 => (connection(), user()).prop_map(|(c, u)| Take(c, u)),
        2 => (connection(), user(), version()).prop_map(|(c, u, version)| Seen(c, u, version)),
        1 => Just(Unconfirm),
        4 => user().prop_map(Confirm),
        3 => (connection(), 1..6_usize).prop_map(|(c, room)| Drain(c, room)),
        1 => Just(TakeTouched),
    ]
}

/// The same behaviour as a hub, implemented with maps and sets only.
#[derive(Default)]
struct Model {
    /// The newest state of each watched user. Users without a state are missing.
    states: BTreeMap<u8, u64>,
    /// The users with an unconfirmed state.
    unconfirmed: BTreeSet<u8>,
    connections: BTreeMap<u8, Watching>,
}

#[derive(Default)]
struct Watching {
    /// The users that the connection watches, with the reasons.
    edges: BTreeMap<u8, Vec<Why>>,
    /// The watched users in the order of the edges. If an edge is removed, the last edge takes its place.
    order: Vec<u8>,
    /// The watched users of whom the client was told nothing yet.
    untold: BTreeSet<u8>,
    /// The users in the mailbox, in the order of marking.
    pending: Vec<u8>,
    touched: bool,
    /// For each watched user: the last change that was sent to the client.
    picture: BTreeMap<u8, u64>,
}

impl Watching {
    fn mark(&mut self, user: u8) {
        self.touched = true;
        if !self.pending.contains(&user) {
            self.pending.push(user);
        }
    }

    fn unmark(&mut self, user: u8) {
        self.untold.remove(&user);
        self.pending.retain(|pending| *pending != user);
    }

    /// Moves the users of whom the client was told nothing to the front, in the order of the edges.
    fn sort_pending(&mut self) {
        let (untold, told): (Vec<u8>, Vec<u8>) =
            self.pending.iter().partition(|user| self.untold.contains(user));
        let first = self.order.iter().copied().filter(|user| untold.contains(user));
        self.pending = first.chain(told).collect();
    }

    fn drop_reason(&mut self, user: u8, why: Why) -> bool {
        let Some(reasons) = self.edges.get_mut(&user) else { return false };
        reasons.retain(|reason| *reason != why);
        if !reasons.is_empty() {
            return false;
        }
        self.edges.remove(&user);
        let place = self.order.iter().position(|other| *other == user);
        self.order.swap_remove(place.expect("an edge has a place"));
        self.picture.remove(&user);
        self.unmark(user);
        true
    }
}

impl Model {
    fn is_watched(&self, user: u8) -> bool {
        self.connections.values().any(|connection| connection.edges.contains_key(&user))
    }

    fn forget_the_unwatched(&mut self) {
        let unwatched: Vec<u8> = self.states.keys().copied().filter(|user| !self.is_watched(*user)).collect();
        for user in unwatched {
            self.states.remove(&user);
            self.unconfirmed.remove(&user);
        }
    }

    /// Whether the state of a user is as none for a connection.
    fn is_unconfirmed(&self, c: u8, user: u8) -> bool {
        let connection = &self.connections[&c];
        let is_untold = connection.untold.contains(&user) || !connection.edges.contains_key(&user);
        self.unconfirmed.contains(&user) && is_untold
    }

    fn size(&self) -> (usize, usize) {
        let users: BTreeSet<u8> =
            self.connections.values().flat_map(|connection| connection.edges.keys().copied()).collect();
        (users.len(), self.connections.values().map(|connection| connection.edges.len()).sum())
    }
}

proptest! {
    #![proptest_config(quick::cases(400))]

    #[test]
    fn a_hub_is_its_model(traffic in prop::collection::vec(event(), 1..150)) {
        let mut world = World::default();
        for event in traffic {
            world.happen(event);
            world.compare();
        }
        world.end();
    }
}

#[derive(Default)]
struct World {
    hub: Hub<UserStatus>,
    keys: BTreeMap<u8, WatcherKey>,
    model: Model,
}

impl World {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Attach(c) => {
                if !self.keys.contains_key(&c) {
                    self.keys.insert(c, self.hub.attach(usize::from(c)));
                    self.model.connections.insert(c, Watching::default());
                }
            }
            Event::Detach(c) => {
                if let Some(key) = self.keys.remove(&c) {
                    self.hub.detach(key);
                    self.model.connections.remove(&c);
                }
            }
            Event::Watch(c, user, why) => self.on(c, |hub, key, model| {
                let is_unconfirmed = model.is_unconfirmed(c, user);
                let state = model.states.get(&user).copied().filter(|_| !is_unconfirmed);
                let connection = model.connections.get_mut(&c).unwrap();
                let reasons = connection.edges.entry(user).or_default();
                let is_new = reasons.is_empty();
                if !reasons.contains(&why) {
                    reasons.push(why);
                }
                if is_new {
                    connection.order.push(user);
                    connection.untold.insert(user);
                }
                if is_new && state.is_some() {
                    connection.mark(user);
                }
                assert_eq!(hub.watch(key, &number(user), why), state.is_some());
            }),
            Event::Unwatch(c, user, why) => self.on(c, |hub, key, model| {
                let gone = model.connections.get_mut(&c).unwrap().drop_reason(user, why);
                assert_eq!(hub.unwatch(key, &number(user), why), gone);
            }),
            Event::UnwatchAll(c, why) => self.on(c, |hub, key, model| {
                let connection = model.connections.get_mut(&c).unwrap();
                for user in connection.order.clone() {
                    connection.drop_reason(user, why);
                }
                unwatch_all(hub, key, why);
            }),
            Event::Tell(user, version) => {
                let newer = self.model.states.get(&user).is_none_or(|known| *known < version);
                let is_news = newer && self.model.is_watched(user);
                if is_news {
                    self.model.states.insert(user, version);
                    for connection in self.model.connections.values_mut() {
                        if connection.edges.contains_key(&user) {
                            connection.mark(user);
                        }
                    }
                }
                let user = number(user);
                assert_eq!(self.hub.wants(&user, Version(version), None), is_news);
                assert_eq!(self.hub.tell(&user, &state(user.id.as_str(), version), None), is_news);
            }
            Event::Take(c, user) => self.on(c, |hub, key, model| {
                let is_unconfirmed = model.is_unconfirmed(c, user);
                let known = model.states.get(&user).copied().filter(|_| !is_unconfirmed);
                let connection = model.connections.get_mut(&c).unwrap();
                let is_untold = connection.untold.contains(&user);
                connection.unmark(user);
                if is_unconfirmed && is_untold {
                    connection.untold.insert(user);
                }
                if let (Some(version), true) = (known, connection.edges.contains_key(&user)) {
                    connection.picture.insert(user, version);
                }
                assert_eq!(hub.take(key, &number(user)).map(|state| state.version.0), known);
            }),
            Event::Seen(c, user, version) => self.on(c, |hub, key, model| {
                let is_confirmed = !model.is_unconfirmed(c, user);
                let connection = model.connections.get_mut(&c).unwrap();
                let watching = connection.edges.contains_key(&user);
                if is_confirmed && model.states.get(&user).is_some_and(|known| *known <= version) {
                    connection.unmark(user);
                    connection.picture.extend(watching.then(|| (user, model.states[&user])));
                }
                assert_eq!(hub.seen(key, &number(user), Version(version)), watching);
            }),
            Event::Unconfirm => {
                self.model.unconfirmed = self.model.states.keys().copied().collect();
                self.hub.unconfirm();
            }
            Event::Confirm(user) => {
                if self.model.unconfirmed.remove(&user) {
                    for connection in self.model.connections.values_mut() {
                        if connection.untold.contains(&user) {
                            connection.mark(user);
                        }
                    }
                }
                self.hub.confirm(&number(user));
            }
            Event::Drain(c, room) => self.drain(c, room),
            Event::TakeTouched => {
                let mut touched = Vec::new();
                self.hub.take_touched(&mut touched);
                let mut expected = Vec::new();
                for (c, connection) in &mut self.model.connections {
                    if std::mem::take(&mut connection.touched) {
                        expected.push(self.keys[c]);
                    }
                }
                touched.sort_unstable();
                expected.sort_unstable();
                assert_eq!(touched, expected, "each connection whose mailbox got something, once");
            }
        }
        self.model.forget_the_unwatched();
    }

    /// Applies an operation to a connection, if the connection exists.
    fn on(&mut self, c: u8, act: impl FnOnce(&mut Hub<UserStatus>, WatcherKey, &mut Model)) {
        if let Some(key) = self.keys.get(&c) {
            act(&mut self.hub, *key, &mut self.model);
        }
    }

    fn drain(&mut self, c: u8, room: usize) {
        self.on(c, |hub, key, model| {
            let connection = model.connections.get_mut(&c).unwrap();
            let mut loaded: Vec<(u8, u64)> = Vec::new();
            hub.preload(&[key], |state| {
                loaded.push((state.user_id.as_str()[1..].parse().unwrap(), state.version.0));
            });
            let marked = connection.pending.iter().take(8).map(|u| (*u, model.states[u]));
            assert_eq!(loaded, marked.collect::<Vec<_>>(), "the first eight marked states");
            connection.sort_pending();
            let rest = connection.pending.split_off(room.min(connection.pending.len()));
            let expected: Vec<(u8, u64)> = std::mem::replace(&mut connection.pending, rest)
                .iter()
                .map(|u| (*u, model.states[u]))
                .collect();
            let mut told = Vec::new();
            let left = hub.drain(key, |state| {
                told.push((state.user_id.as_str()[1..].parse().unwrap(), state.version.0));
                if told.len() == room { Told::Full } else { Told::More }
            });
            assert_eq!(
                told, expected,
                "new edges first, then longest waiting, newest state, until the frame is full"
            );
            assert_eq!(left, !connection.pending.is_empty());
            for (user, version) in told {
                connection.untold.remove(&user);
                let before = connection.picture.insert(user, version);
                assert!(before.is_none_or(|before| before < version), "versions never go back");
            }
        });
    }

    fn compare(&self) {
        assert_eq!(self.hub.size(), self.model.size());
        let users: BTreeSet<&User> = self.hub.users().collect();
        for user in 0..USERS {
            assert_eq!(users.contains(&number(user)), self.model.is_watched(user));
            let watchers: Option<BTreeSet<WatcherKey>> =
                self.hub.watchers(&number(user)).map(|watchers| watchers.map(|(key, _)| key).collect());
            let expected = self.model.connections.iter().filter(|(_, model)| model.edges.contains_key(&user));
            let expected: BTreeSet<WatcherKey> = expected.map(|(c, _)| self.keys[c]).collect();
            assert_eq!(watchers.unwrap_or_default(), expected);
            for (key, reasons) in self.hub.watchers(&number(user)).into_iter().flatten() {
                for why in [Why::Own, Why::Subscribed, Why::Friend] {
                    assert_eq!(reasons.has(why), self.hub.is_watching_for(key, &number(user), why));
                }
            }
        }
        for (c, connection) in &self.model.connections {
            let key = self.keys[c];
            assert_eq!(self.hub.has_pending(key), !connection.pending.is_empty());
            for user in 0..USERS {
                assert_eq!(self.hub.is_watching(key, &number(user)), connection.edges.contains_key(&user));
            }
            for why in [Why::Own, Why::Subscribed, Why::Friend] {
                let watched: BTreeSet<User> = self.hub.watched(key, why).cloned().collect();
                let edges = connection.edges.iter().filter(|(_, reasons)| reasons.contains(&why));
                assert_eq!(watched, edges.map(|(user, _)| number(*user)).collect());
            }
        }
    }

    /// Lets every client read until its mailbox is empty, and checks that the client has the newest states. Then
    /// removes the connections, and checks that the hub is empty.
    fn end(mut self) {
        (0..USERS).for_each(|user| self.happen(Event::Confirm(user)));
        self.happen(Event::TakeTouched);
        for c in self.keys.keys().copied().collect::<Vec<_>>() {
            while self.hub.has_pending(self.keys[&c]) {
                self.drain(c, 3);
            }
            let connection = &self.model.connections[&c];
            for user in connection.edges.keys() {
                assert_eq!(connection.picture.get(user), self.model.states.get(user));
            }
            self.happen(Event::Detach(c));
            self.compare();
        }
        assert_eq!(self.hub.size(), (0, 0));
        assert_eq!(self.hub.users().count(), 0);
    }
}

fn number(user: u8) -> User {
    who(&format!("u{user}"))
}
