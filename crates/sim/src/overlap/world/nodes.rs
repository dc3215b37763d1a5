//! Several nodes in a run. Nodes join, leave, are killed and are cut off, and the directory loses its records.

use super::World;
use crate::overlap::cluster::PATIENCE;
use crate::overlap::executor::{block_on, directory_time, wall};
use crate::overlap::judge::Name;
use crate::overlap::lease::TIMES;
use crate::overlap::node::Node;
use crate::overlap::people::{
    Client, NAMES, Request, Stage, Who, is_over, seconds_of, shown, user_of, who_is,
};
use crate::overlap::weather::Climate;
use crate::overlap::worker::Worker;
use lamplight_directory::{ChangeLog, Nodes};
use lamplight_model::{ConnectionId, StatusType, UserStatus};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The time in milliseconds within which all connections must be put back after a loss of the directory's records.
const ALL_PUT_BACK: u64 = 30_000;
/// The number of calls of clients, half a second apart, after a loss of the directory's records.
const CALLS_AFTER_LOSS: u64 = 16;
/// The longest time, in milliseconds, for which a node is cut off. It exceeds lease and grace together.
const LONGEST_CUT: usize = 15_000;
/// The time in milliseconds within which the connections of a node must be in the records again after it was cut off.
const LATEST_PUT_BACK: u64 = 8_000;

/// The jumps of the directory's clock, in milliseconds.
const JUMPS: [i64; 6] = [-600_000, -60_000, -10_000, -1_000, 10_000, 60_000];

/// An operation that was interrupted because its node was killed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Interrupted {
    Login(Who, usize),
    Kick(Who),
    Delete(Who),
    Create(Who),
}

/// A call of the server API that was not answered yet.
pub(super) struct UnderWay {
    count: Rc<Cell<usize>>,
    repeat: Option<Interrupted>,
    interrupted: Rc<RefCell<Vec<Interrupted>>>,
}

impl UnderWay {
    pub fn begin(
        count: Rc<Cell<usize>>,
        repeat: Option<Interrupted>,
        interrupted: Rc<RefCell<Vec<Interrupted>>>,
    ) -> Self {
        count.set(count.get() + 1);
        Self { count, repeat, interrupted }
    }

    /// Records that the call was answered.
    pub fn end(mut self) {
        self.repeat = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.count.set(self.count.get() - 1);
        self.interrupted.borrow_mut().extend(self.repeat);
    }
}

impl World {
    /// A node that accepts connections and calls.
    pub(super) fn node_for_client(&mut self) -> &Node {
        let some: Vec<usize> =
            (0..self.nodes.len()).filter(|index| !self.nodes[*index].is_leaving()).collect();
        let index =
            if some.len() < 2 { some.first().copied().unwrap_or(0) } else { *self.random.pick(&some) };
        &self.nodes[index]
    }

    /// The worker of a client. It exists, because a client is removed together with its node.
    pub(super) fn worker_of(&self, id: ConnectionId, client: &Client) -> &Rc<Worker> {
        let node = self.nodes.iter().find(|node| node.shared.node == id.node);
        &node.expect("the clients of ended nodes are removed").workers[client.worker]
    }

    fn staying(&self) -> usize {
        self.nodes.iter().filter(|node| !node.is_leaving()).count()
    }

    /// Kills a node. Returns `false` if there is only one node.
    pub(super) fn kill_node(&mut self) -> bool {
        if self.staying() < 2 {
            return false;
        }
        let index = self.random.below(self.nodes.len());
        if !self.nodes[index].is_leaving() {
            self.end_node(index, "is killed");
        }
        true
    }

    fn end_node(&mut self, index: usize, how: &str) {
        let node = self.nodes.remove(index);
        self.judge.note(|| format!("node {} {how}", node.shared.group));
        self.executor.kill(node.shared.group);
        let id = node.shared.node;
        let of_node = self.connections.iter().filter(|(_, connection)| connection.node == id);
        let numbers: Vec<u64> = of_node.map(|(number, _)| *number).collect();
        for number in numbers {
            self.connections.remove(&number);
            if let Some(client) = self.people.clients.borrow().get(&number)
                && let Some((_, Request::Login(_))) = client.awaits
            {
                self.interrupted.borrow_mut().push(Interrupted::Login(client.who, client.device));
            }
            self.people.leave(number);
        }
    }

    /// Makes a node leave in an orderly way. Returns `false` if there is only one node.
    pub(super) fn leave_cluster(&mut self) -> bool {
        if self.staying() < 2 {
            return false;
        }
        let index = self.random.below(self.nodes.len());
        if !self.nodes[index].is_leaving() {
            self.judge.note(|| format!("node {} begins to leave", self.nodes[index].shared.group));
            self.nodes[index].begin_to_leave();
        }
        true
    }

    /// Removes the nodes that have left in an orderly way.
    pub(super) fn remove_nodes_that_left(&mut self) {
        let has_left = |node: &Node| node.shared.lease.as_ref().is_some_and(|lease| lease.has_left.get());
        while let Some(index) = self.nodes.iter().position(has_left) {
            self.end_node(index, "has left");
        }
    }

    /// Whether the register tells a starting node the time of the other nodes. If each renewal of a lease takes longer than
    /// a second, it does not; the simulation then starts no node.
    fn is_time_known(&self) -> bool {
        let Some(stores) = &self.stores else { return true };
        let now = directory_time(self.executor.clock().directory());
        let Ok(register) = block_on(stores.register.read(now)) else { return false };
        let is_over = self.now() >= self.epoch_began + TIMES.lease.as_millis() as u64;
        register.common_ahead(TIMES.lease).is_some() || register.nodes.is_empty() && is_over
    }

    /// Starts another node. Returns `false` if the plan allows no more nodes.
    pub(super) fn join_cluster(&mut self) -> bool {
        if self.nodes.len() >= self.plan.nodes.max(1) || self.plan.clock_jumps && !self.is_time_known() {
            return false;
        }
        let Some(stores) = &self.stores else { return false };
        self.restarts += 1;
        self.weather.set(Climate::default());
        let group = self.restarts;
        match Node::join(stores, &self.around, group, self.seed) {
            Ok(node) => {
                self.judge.note(|| format!("node {group} joins as {:?}", node.shared.node));
                self.nodes.push(node);
            }
            Err(error) => self.judge.found(Name::Panic, format!("cannot start a node: {error}")),
        }
        self.weather.set(self.climate.clone());
        true
    }

    /// Makes the register unreachable for a node for some seconds.
    pub(super) fn cut_off(&mut self) {
        let (index, millis) = (self.random.below(self.nodes.len()), self.random.below(LONGEST_CUT) as u64);
        let shared = &self.nodes[index].shared;
        self.judge.note(|| format!("node {} is cut off for {millis} ms", shared.group));
        if let Some(lease) = &shared.lease {
            lease.cut_off(self.executor.clock().now(), millis);
        }
    }

    /// Makes a replica of the directory take over, whose clock differs.
    pub(super) fn fail_over(&mut self) {
        self.jump();
        if let Some(stores) = &self.stores {
            stores.live.fail_over(wall(self.executor.clock().directory()));
            self.epoch_began = self.now();
        }
    }

    fn jump(&mut self) {
        let millis = *self.random.pick(&JUMPS);
        self.judge.note(|| format!("the clock of the directory moves by {millis} ms"));
        self.judge.count("clock of the directory moved");
        self.executor.clock().jump(millis);
    }

    /// Makes the directory lose all records, and the register lose all nodes.
    pub(super) fn flush(&mut self) {
        // The directory may have moved to another machine.
        if self.plan.clock_jumps && self.random.once_in(2) {
            self.jump();
        }
        let Some(stores) = &self.stores else { return };
        self.judge.note(|| "the directory loses all records".to_owned());
        stores.live.lose(wall(self.executor.clock().directory()));
        self.epoch_began = self.now();
        self.around.sight.lose_records();
        self.log = stores.live.now().follow();
        self.last_told.clear();
        self.lose_register();
    }

    /// Makes the register lose all nodes.
    fn lose_register(&self) {
        let Some(stores) = &self.stores else { return };
        self.judge.note(|| "the register loses all nodes".to_owned());
        let now = directory_time(self.executor.clock().directory());
        let nodes = block_on(stores.register.read(now)).map(|register| register.nodes).unwrap_or_default();
        for node in nodes {
            let _ = block_on(stores.register.leave(node.entry.id));
        }
    }

    /// Repeats the operations that were interrupted because their nodes were killed, as their callers do.
    pub fn repeat_what_was_interrupted(&mut self) {
        let mut interrupted = self.interrupted.take();
        interrupted.sort_unstable();
        interrupted.dedup();
        for operation in interrupted {
            match operation {
                Interrupted::Login(who, device) => self.log_in(who, device),
                Interrupted::Kick(who) => self.kick(who),
                Interrupted::Delete(who) => self.delete(who),
                Interrupted::Create(who) => self.create(who),
            }
            self.finish(60_000);
        }
    }

    /// Waits until the connections of ended nodes are cleared, and leaving nodes have left.
    pub fn wait_for_nodes(&mut self) {
        if self.plan.nodes > 0 {
            self.pass((TIMES.lease + TIMES.grace).as_millis() as u64 + PATIENCE);
        }
    }

    /// In a quiet world, makes the directory lose its records, or kills a node. Checks the statuses that watchers are
    /// then sent.
    pub fn lose_something_quietly(&mut self) {
        if self.staying() < 2 || self.random.once_in(2) { self.flush_quietly() } else { self.kill_quietly() }
    }

    /// Makes the register unreachable for a node until another node has begun to end its connections. The world is
    /// quiet. The node returns in time to stay in the register, so it learns of the ended connections only from the
    /// log. Checks that all its connections are soon in the records again.
    pub fn cut_off_quietly(&mut self) {
        let open: BTreeSet<ConnectionId> = self.open_connections().into_values().flatten().collect();
        if self.staying() < 2 || open.is_empty() {
            return;
        }
        self.judge.count("quiet cut");
        let handed_on = self.handed_on();
        let all: Vec<ConnectionId> = open.iter().copied().collect();
        let node = self.random.pick(&all).node;
        let shared = self.nodes.iter().find(|it| it.shared.node == node).map(|it| Rc::clone(&it.shared));
        let Some(shared) = shared else { return };
        let Some(lease) = &shared.lease else { return };
        // Slow stores give the node time to be back before it is removed from the register.
        let delay = 200 + self.random.below(200);
        self.set_weather(Climate { delay, ..Climate::default() });
        self.judge.note(|| format!("node {} is cut off until it is lost", shared.group));
        let until = self.now() + (TIMES.lease + TIMES.grace).as_millis() as u64 + PATIENCE;
        lease.cut_off(self.now(), until - self.now());
        let is_ended = |id: &ConnectionId, recorded: &BTreeSet<ConnectionId>| {
            id.node == node && !handed_on.contains(id) && !recorded.contains(id)
        };
        while self.now() < until {
            let recorded = self.recorded_connections();
            if open.iter().any(|id| is_ended(id, &recorded)) {
                self.judge.count("ended while cut off");
                break;
            }
            self.pass(50);
        }
        lease.cut_off(self.now(), 0);
        self.pass(LATEST_PUT_BACK);
        self.set_weather(Climate::default());
        self.pass(1_000);
        let still_open: BTreeSet<ConnectionId> = self.open_connections().into_values().flatten().collect();
        let recorded = self.recorded_connections();
        for id in open.difference(&handed_on).filter(|id| !still_open.contains(id) || !recorded.contains(id))
        {
            let is_open = still_open.contains(id);
            let is_recorded = recorded.contains(id);
            let what = format!("{}: open {is_open}, recorded {is_recorded} after a cut", id.local);
            self.judge.found(Name::LostNode, what);
        }
        self.wait_for_texts();
        self.judge_pictures(&self.expect_watched());
    }

    /// The connections in the records of all users.
    fn recorded_connections(&self) -> BTreeSet<ConnectionId> {
        let all = self.everybody().flat_map(|who| self.devices(who));
        all.filter_map(|(_, _, connection)| connection).collect()
    }

    /// For each user: the open connections, with their nodes.
    fn open_connections(&self) -> BTreeMap<Who, BTreeSet<ConnectionId>> {
        let mut open: BTreeMap<Who, BTreeSet<ConnectionId>> = BTreeMap::new();
        for worker in self.nodes.iter().flat_map(|node| &node.workers) {
            for (id, _, user, _) in worker.logged_in() {
                open.entry(who_is(&user.id)).or_default().insert(id);
            }
        }
        open
    }

    /// The open connections whose login has another number in the record or the facts than on the worker. After a loss,
    /// a node asks the clients of these connections to reconnect. It cannot tell them from connections that a later
    /// login has replaced.
    ///
    /// The numbers differ in two cases:
    ///
    /// - A later login of the same device failed, and the record gave its number to the earlier login.
    /// - A node was killed during a later login of the device, between the write to the facts and the write to the
    ///   record.
    fn handed_on(&self) -> BTreeSet<ConnectionId> {
        let mut handed_on = BTreeSet::new();
        for worker in self.nodes.iter().flat_map(|node| &node.workers) {
            for (id, _, user, device) in worker.logged_in() {
                let recorded = self.node().peek(&user, |presence| Some(presence?.device_of(id)?.login));
                let in_facts = block_on(self.node().facts().logins(user)).unwrap_or_default();
                let is_later = in_facts
                    .iter()
                    .any(|login| login.device == device && Some(login.number) > worker.login_number(id));
                if is_later || recorded.is_some() && recorded != worker.login_number(id) {
                    handed_on.insert(id);
                }
            }
        }
        handed_on
    }

    /// Makes a connected client send a call in the time after a loss. The client reads its own list, or the status of
    /// another connected user.
    fn call_after_loss(&mut self, turn: u64) {
        let ready = |client: &Client| client.stage == Stage::LoggedIn && client.awaits.is_none();
        let clients: Vec<(u64, Who)> = {
            let clients = self.people.clients.borrow();
            clients.iter().filter(|(_, it)| ready(it)).map(|(number, it)| (*number, it.who)).collect()
        };
        let stay: Vec<Who> = self.people.must_stay.borrow().iter().copied().collect();
        let callers: Vec<u64> =
            clients.iter().filter(|(_, who)| stay.contains(who)).map(|(number, _)| *number).collect();
        let (Some(caller), Some(other)) =
            (pick_in_turn(&callers, turn / 2), pick_in_turn(&stay, turn / 2 + 1))
        else {
            return;
        };
        let request = if turn.is_multiple_of(2) { Request::List } else { Request::Query(vec![other]) };
        self.ask(caller, request);
    }

    /// Makes some connected clients set their custom status shortly before a loss. At the time of the loss, some calls
    /// have been answered, some have changed the record, and some have not. Returns the new texts.
    ///
    /// If a user has several connections, only one client of the user takes part. Another node may put its connection
    /// back first, with an older text. One of the two texts then stays, and everybody must have that one.
    fn change_at_loss(
        &mut self,
        open: &BTreeMap<Who, BTreeSet<ConnectionId>>,
        delay: usize,
    ) -> BTreeMap<Who, String> {
        self.people.texts_set.borrow_mut().clear();
        let is_ready = |client: &Client| client.stage == Stage::LoggedIn && client.awaits.is_none();
        let ready: Vec<(u64, Who)> = {
            let clients = self.people.clients.borrow();
            clients.iter().filter(|(_, it)| is_ready(it)).map(|(number, it)| (*number, it.who)).collect()
        };
        let mut asked = BTreeMap::new();
        for (number, who) in ready {
            if open.contains_key(&who) && !asked.contains_key(&who) && !self.random.once_in(4) {
                let wait = self.random.below(20) as u64;
                self.pass(wait);
                let text = format!("moment {number}");
                self.ask(number, Request::Text(text.clone()));
                asked.insert(who, text);
            }
        }
        // The usual delay of a call there and back. Some log entries take longer.
        let wait = self.random.below(2 * delay + 20) as u64;
        self.pass(wait);
        asked
    }

    fn flush_quietly(&mut self) {
        self.judge.count("quiet flush");
        let (mut open, before) = (self.open_connections(), self.statuses());
        let handed_on = self.handed_on();
        open.values_mut().for_each(|connections| connections.retain(|id| !handed_on.contains(id)));
        open.retain(|_, connections| !connections.is_empty());
        let lists: Vec<BTreeSet<Who>> = self.everybody().map(|who| self.listed(who)).collect();
        let must_stay = open.keys().copied().filter(|who| self.is_open(*who)).collect();
        *self.people.must_stay.borrow_mut() = must_stay;
        self.people.asked_about.borrow_mut().clear();
        let delay = self.random.below(100);
        self.set_weather(Climate { delay, ..Climate::default() });
        let asked = self.change_at_loss(&open, delay);
        self.flush();
        // A node that joins after the others are in the register again knows that records were lost.
        let joins = 8 + self.random.below(8) as u64;
        for half in 0..ALL_PUT_BACK / 500 {
            if half == joins {
                self.join_cluster();
            }
            if half < CALLS_AFTER_LOSS {
                self.call_after_loss(half);
            }
            self.pass(500);
        }
        self.set_weather(Climate::default());
        self.pass(1_000);
        self.people.must_stay.borrow_mut().clear();
        let mut still_open = self.open_connections();
        still_open.values_mut().for_each(|connections| connections.retain(|id| !handed_on.contains(id)));
        self.wait_for_texts();
        let after = self.statuses();
        self.judge_pictures(&self.expect_watched());
        let texts_set = self.people.texts_set.take();
        for (who, connections) in &open {
            if still_open.get(who) != Some(connections) {
                let what = format!("{}: {connections:?}, then {:?}", NAMES[*who], still_open.get(who));
                self.judge.found(Name::LostByFlush, what);
            }
            let (was, is) = (&before[*who], &after[*who]);
            let is_right = |was: &UserStatus, is: &UserStatus| {
                let text = is.custom_status.as_str();
                // The text of before, with its end. Nothing if that has passed.
                let is_as_before = match is_over(was, self.time_of_nodes()) {
                    true => text.is_empty(),
                    false => text == was.custom_status.as_str() && is.custom_expires == was.custom_expires,
                };
                let is_as = |asked: &str| match u64::from(seconds_of(asked)) * 1_000 {
                    0 => text == asked && is.custom_expires.is_none(),
                    lasts if lasts < ALL_PUT_BACK => text.is_empty(),
                    _ => text == asked && is.custom_expires.is_some(),
                };
                let is_text_right = match (asked.get(who), texts_set.get(who)) {
                    (None, _) => is_as_before,
                    (Some(asked), Some(_)) if connections.len() > 1 => is_as(asked) || is_as_before,
                    (Some(asked), Some(_)) => is_as(asked),
                    // The call may or may not have been carried out.
                    (Some(asked), None) => is_as(asked) || is_as_before,
                };
                is_text_right
                    && (was.status_type, was.since) == (is.status_type, is.since)
                    && was.version <= is.version
            };
            if !was.as_ref().zip(is.as_ref()).is_some_and(|(was, is)| is_right(was, is)) {
                let text = |status: &Option<_>| status.as_ref().map(shown);
                let what = format!("{}: {:?}, then {:?}", NAMES[*who], text(was), text(is));
                self.judge.found(Name::LostByFlush, what);
            }
            let list = self.listed(*who);
            if list != lists[*who] {
                let what = format!("{}: the list {:?}, then {list:?}", NAMES[*who], lists[*who]);
                self.judge.found(Name::LostByFlush, what);
            }
        }
    }

    fn kill_quietly(&mut self) {
        self.judge.count("quiet kill");
        let index = self.random.below(self.nodes.len());
        let node = self.nodes[index].shared.node;
        let (open, before) = (self.open_connections(), self.statuses());
        let leave: BTreeSet<Who> = open
            .iter()
            .filter(|(_, connections)| connections.iter().all(|connection| connection.node == node))
            .map(|(who, _)| *who)
            .collect();
        let delay = self.random.below(100);
        self.set_weather(Climate { delay, ..Climate::default() });
        let mut log = self.nodes[index].shared.live.now().follow();
        self.end_node(index, "is killed");
        let mut left = (TIMES.lease + TIMES.grace).as_millis() as u64 + PATIENCE;
        // These values are not drawn from the random generator, so that existing seeds give the same runs as before.
        if self.now().is_multiple_of(2) {
            let waits = self.now() % 7_000;
            self.pass(waits);
            self.lose_register();
            self.judge.count("register lost after a quiet kill");
            left -= waits;
        }
        self.pass(left);
        self.set_weather(Climate::default());
        let mut entries = Vec::new();
        log.take(&mut entries);
        let mut told: BTreeMap<Who, Vec<StatusType>> = BTreeMap::new();
        for entry in entries {
            if let Some((status, _)) = entry.news.status() {
                told.entry(who_is(&entry.user.id)).or_default().push(status.status_type);
            }
        }
        for who in self.everybody() {
            let heard = told.remove(&who).unwrap_or_default();
            let was = before[who].as_ref().map(|status| status.status_type);
            // After OFFLINE, the retention of a login may end.
            let (mut last, mut goes) = (was, 0);
            for is in &heard {
                goes += usize::from(last == Some(StatusType::Online) && *is != StatusType::Online);
                last = Some(*is);
            }
            let expected = usize::from(leave.contains(&who) && was == Some(StatusType::Online));
            if goes != expected {
                let what = format!("{} was {was:?}, connected {:?}: {heard:?}", NAMES[who], open.get(&who));
                self.judge.found(Name::LostNode, what);
            }
        }
    }

    /// Checks that no subscription list contains a deleted account.
    pub fn judge_lists(&self) {
        for who in self.everybody() {
            for of in self.listed(who) {
                let account = block_on(self.node().facts().accounts(vec![user_of(of)]));
                if account.is_ok_and(|accounts| accounts[0].is_none()) {
                    let what = format!("{} is on the list of {}", NAMES[of], NAMES[who]);
                    self.judge.found(Name::ListsDeleted, what);
                }
            }
        }
    }
}

fn pick_in_turn<T: Copy>(some: &[T], turn: u64) -> Option<T> {
    some.get(turn as usize % some.len().max(1)).copied()
}
