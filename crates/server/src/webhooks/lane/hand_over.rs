//! Random histories of one lane and several nodes that share its outbox. A seed determines each history. Calls of the
//! store, requests and rings overlap. Calls fail before or after their effect. Nodes stall and crash. Duties move, and
//! the views of the nodes differ. The clocks of the nodes have different rates. Time is a simulated number.
//!
//! The test checks two rules throughout each history. Two nodes never send notices of one user at the same time. No
//! notice follows a later notice of its user. At the end, the test checks that each notice has arrived.

use super::*;
use lamplight_core::{LANE_REQUEST, LANE_TAKE_OVER, LaneLeasing, LanePermit, LeaseCall};
use lamplight_model::{
    AppId, Hook, Lane, LaneLease, Moment, NodeId, NoticeContent, SessionEvent, SessionEventKind, UserId,
};
use std::collections::{BTreeMap, BTreeSet};

const USERS: u64 = 4;
const NODES: usize = 3;
/// The simulated time at which the disturbances end, in milliseconds.
const CALM: u64 = 150_000;
const END: u64 = CALM + 120_000;

/// A splitmix64 generator.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn once_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }
}

#[derive(Default)]
struct Store {
    notices: Vec<Notice>,
    lease: LaneLease,
    beats: u64,
}

impl Store {
    fn take(&mut self, node: NodeId, over: Option<u64>) -> LaneLease {
        let held = self.lease;
        if held.holder.is_some_and(|holder| holder != node) && over != Some(held.beat) {
            return held;
        }
        self.beats += 1;
        let term = if held.holder == Some(node) { held.term } else { self.beats };
        self.lease = LaneLease { holder: Some(node), term, beat: self.beats };
        self.lease
    }

    fn release(&mut self, beat: u64) {
        if self.lease.beat == beat {
            self.beats += 1;
            self.lease = LaneLease { holder: None, beat: self.beats, ..self.lease };
        }
    }

    fn heads(&self, limit: usize) -> Vec<Notice> {
        let mut first: BTreeMap<&User, &Notice> = BTreeMap::new();
        for notice in &self.notices {
            first.entry(&notice.user).or_insert(notice);
        }
        let mut heads: Vec<Notice> = first.into_values().cloned().collect();
        heads.sort_by_key(|head| (head.due, head.id));
        heads.truncate(limit);
        heads
    }

    fn settle(&mut self, settled: &[Settled]) {
        for Settled { id, term, settled } in settled {
            if *term != Some(self.lease.term) {
                continue;
            }
            match settled {
                SettledAs::Gone => self.notices.retain(|notice| notice.id != *id),
                SettledAs::Again { attempts, due, .. } => {
                    for notice in self.notices.iter_mut().filter(|notice| notice.id == *id) {
                        (notice.attempts, notice.due) = (*attempts, *due);
                    }
                }
                SettledAs::Dead { .. } => panic!("so many failures are not planned"),
            }
        }
    }
}

struct Node {
    id: NodeId,
    plan: LanePlan,
    leasing: LaneLeasing,
    has_duty: bool,
    results: Vec<Settled>,
    is_settling: bool,
    /// The rate of the clock in thousandths.
    rate: u64,
    stalled_until: u64,
}

impl Node {
    fn new(id: u64, rate: u64) -> Self {
        Self {
            id: NodeId(id),
            plan: LanePlan::default(),
            leasing: LaneLeasing::new(Some(NodeId(id))),
            has_duty: true,
            results: Vec::new(),
            is_settling: false,
            rate,
            stalled_until: 0,
        }
    }
}

/// An event of the simulation. A tick, a post or an answer waits while its node is stalled, and is lost if the node has
/// crashed. A call to the store happens even if the node is stalled or has crashed.
enum Event {
    Tick,
    Take {
        over: Option<u64>,
        begun: Moment,
        fails: bool,
    },
    Release {
        beat: u64,
        fails: bool,
    },
    Read {
        term: Option<u64>,
        limit: usize,
    },
    Settle {
        batch: Vec<Settled>,
        fails: bool,
    },
    Enqueue,
    /// The notice was handed out. It is posted if the permit has not expired.
    Post {
        notice: Notice,
        permit: LanePermit,
    },
    Answered(Answer),
    Disturb,
}

/// The result of a call or a request, for the node that began it.
#[expect(clippy::large_enum_variant, reason = "there are few events at a time")]
enum Answer {
    Leased { begun: Moment, lease: Option<LaneLease> },
    Released(bool),
    Read { term: Option<u64>, limit: usize, heads: Vec<Notice> },
    Settled { batch: Vec<Settled>, done: bool },
    Sent { notice: Notice, term: Option<u64>, sent: Sent },
    Rung,
}

/// A request that is being made.
struct Sending {
    node: NodeId,
    id: u64,
    user: User,
    until: u64,
}

struct World {
    random: Random,
    seed: u64,
    now: u64,
    events: BTreeMap<(u64, u64), (usize, NodeId, Event)>,
    scheduled: u64,
    store: Store,
    nodes: Vec<Node>,
    last_node: u64,
    last_id: u64,
    sending: Vec<Sending>,
    /// The ordinals of the notices that have arrived, by user.
    arrived: BTreeMap<User, BTreeSet<u64>>,
    take_overs: usize,
    late: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let nodes = (1..=NODES as u64).map(|id| Node::new(id, 950 + random.below(101))).collect();
        let mut world = Self {
            random,
            seed,
            now: 0,
            events: BTreeMap::new(),
            scheduled: 0,
            store: Store::default(),
            nodes,
            last_node: NODES as u64,
            last_id: 0,
            sending: Vec::new(),
            arrived: BTreeMap::new(),
            take_overs: 0,
            late: 0,
        };
        (0..NODES).for_each(|node| world.after(node, 1, Event::Tick));
        world.after(0, 5, Event::Enqueue);
        world.after(0, 3_000, Event::Disturb);
        world
    }

    fn after(&mut self, node: usize, wait: u64, event: Event) {
        self.scheduled += 1;
        let id = self.nodes[node].id;
        self.events.insert((self.now + wait, self.scheduled), (node, id, event));
    }

    /// Returns the time by the clock of a node.
    fn moment(&self, node: usize) -> Moment {
        Moment(1_000_000 + self.now * self.nodes[node].rate / 1_000)
    }

    fn wall(&self) -> Timestamp {
        Timestamp(1_000_000 + self.now)
    }

    fn run(&mut self) {
        while let Some(((at, _), (node, id, event))) = self.events.pop_first() {
            if at > END {
                break;
            }
            self.now = at;
            let is_local = matches!(event, Event::Tick | Event::Post { .. } | Event::Answered(_));
            let stalled = self.nodes[node].stalled_until;
            if is_local && stalled > at {
                self.scheduled += 1;
                self.events.insert((stalled, self.scheduled), (node, id, event));
            } else if is_local && self.nodes[node].id != id {
                // The run of the node to which the event belongs has crashed.
            } else {
                self.step(node, id, event);
            }
        }
        assert!(self.store.notices.is_empty(), "seed {}: {:?} are left", self.seed, self.store.notices);
        let arrived: usize = self.arrived.values().map(BTreeSet::len).sum();
        assert_eq!(arrived as u64, self.last_id, "seed {}", self.seed);
    }

    fn step(&mut self, node: usize, id: NodeId, event: Event) {
        let back = 1 + self.random.below(40);
        match event {
            Event::Tick => {
                if self.random.once_in(50) {
                    self.nodes[node].plan.ring(); // the poll of the lanes
                }
                let wait = 20 + self.random.below(100);
                self.after(node, wait, Event::Tick);
                self.begin(node);
            }
            Event::Take { over, begun, fails } => {
                let was = self.store.lease;
                let lease = self.store.take(id, over);
                self.take_overs += usize::from(was.holder.is_some() && lease.holder != was.holder);
                let lease = (!fails).then_some(lease);
                self.answer(node, id, back, Answer::Leased { begun, lease });
            }
            Event::Release { beat, fails } => {
                self.store.release(beat);
                self.answer(node, id, back, Answer::Released(!fails));
            }
            Event::Read { term, limit } => {
                let heads = self.store.heads(limit);
                self.answer(node, id, back, Answer::Read { term, limit, heads });
            }
            Event::Settle { batch, fails } => {
                let is_late = batch.iter().any(|settled| settled.term != Some(self.store.lease.term));
                self.late += usize::from(is_late);
                self.store.settle(&batch);
                self.answer(node, id, back, Answer::Settled { batch, done: !fails });
            }
            Event::Enqueue => self.enqueue(),
            Event::Post { notice, permit } => self.post(node, notice, permit),
            Event::Answered(answer) => {
                self.end(node, answer);
                self.begin(node);
            }
            Event::Disturb => self.disturb(),
        }
    }

    /// Schedules the answer to a call that the run `id` of a node has made. If the node crashes before the answer
    /// arrives, nobody receives the answer.
    fn answer(&mut self, node: usize, id: NodeId, wait: u64, answer: Answer) {
        self.scheduled += 1;
        self.events.insert((self.now + wait, self.scheduled), (node, id, Event::Answered(answer)));
    }

    /// Starts everything that the dispatcher of a node starts.
    fn begin(&mut self, node: usize) {
        let (now, wall) = (self.moment(node), self.wall());
        let is_hard = self.now < CALM;
        let (fails, wait) = (is_hard && self.random.once_in(10), self.wait());
        let it = &mut self.nodes[node];
        let (has_work, is_quiet) = (it.plan.has_work(wall), it.plan.is_quiet());
        match it.leasing.next_call(it.has_duty, has_work, is_quiet, now) {
            Some(LeaseCall::Take { over }) => {
                self.after(node, wait, Event::Take { over, begun: now, fails });
            }
            Some(LeaseCall::Release { beat }) => self.after(node, wait, Event::Release { beat, fails }),
            None => {}
        }
        let it = &mut self.nodes[node];
        if let Some(permit) = it.leasing.permit(now).filter(|_| it.has_duty) {
            let mut notices = Vec::new();
            while let Some(notice) = it.plan.next(wall) {
                notices.push(notice);
            }
            let reading = it.plan.start_reading(wall);
            for notice in notices {
                let wait = self.wait();
                self.after(node, wait, Event::Post { notice, permit });
            }
            if let Some(limit) = reading {
                let wait = self.wait();
                self.after(node, wait, Event::Read { term: permit.term, limit });
            }
        }
        let it = &mut self.nodes[node];
        if !it.is_settling && !it.results.is_empty() {
            it.is_settling = true;
            let batch = std::mem::take(&mut it.results);
            let wait = self.wait();
            self.after(node, wait, Event::Settle { batch, fails });
        }
    }

    /// Returns a random duration of a call to the store. Long durations are rare.
    fn wait(&mut self) -> u64 {
        if self.now < CALM && self.random.once_in(20) {
            self.random.below(6_000)
        } else {
            self.random.below(20)
        }
    }

    fn post(&mut self, node: usize, notice: Notice, permit: LanePermit) {
        if !permit.allows(self.moment(node)) {
            let wall = self.wall();
            self.nodes[node].plan.not_sent(&notice, wall);
            return;
        }
        let id = self.nodes[node].id;
        let now = self.now;
        self.sending.retain(|sending| sending.until > now);
        for other in &self.sending {
            assert!(
                other.node == id || other.user != notice.user,
                "seed {}: at {now}, {id:?} sends {} of {}, and {:?} is sending {}",
                self.seed,
                notice.id,
                notice.user,
                other.node,
                other.id
            );
        }
        let most = LANE_REQUEST.as_millis() as u64;
        let takes = match self.random.below(10) {
            0 if self.now < CALM => self.random.below(2 * most),
            _ => self.random.below(100),
        };
        // The request is cut off after the maximum duration by the clock of the node.
        let cut = most * 1_000 / self.nodes[node].rate;
        let sending =
            Sending { node: id, id: notice.id, user: notice.user.clone(), until: now + takes.min(cut) };
        self.sending.push(sending);
        let is_lost = self.now < CALM && self.random.once_in(10);
        if !is_lost {
            let arrived = self.arrived.entry(notice.user.clone()).or_default();
            let last = arrived.last().copied().unwrap_or(0);
            assert!(
                last <= notice.ordinal,
                "seed {}: at {now}, {} of {} comes after {last}",
                self.seed,
                notice.ordinal,
                notice.user
            );
            arrived.insert(notice.ordinal);
        }
        let failed = is_lost || takes >= cut;
        let sent = if failed { Sent::Failed("no answer".into()) } else { Sent::Delivered };
        self.after(node, takes.min(cut), Event::Answered(Answer::Sent { notice, term: permit.term, sent }));
    }

    fn end(&mut self, node: usize, answer: Answer) {
        let (now, wall) = (self.moment(node), self.wall());
        let it = &mut self.nodes[node];
        match answer {
            Answer::Leased { begun, lease: Some(lease) } => {
                if it.leasing.answered(lease, begun, now) {
                    it.plan.read_again();
                }
            }
            Answer::Leased { lease: None, .. } | Answer::Released(false) => it.leasing.failed(now),
            Answer::Released(true) => it.leasing.released(),
            Answer::Read { term, limit, heads } => {
                if it.leasing.term() == term {
                    it.plan.offer(heads, limit, wall);
                } else {
                    it.plan.reading_failed();
                }
            }
            Answer::Settled { batch, done } => {
                it.is_settling = false;
                if done {
                    it.plan.settled(batch.iter().map(|settled| settled.id));
                } else {
                    it.results.extend(batch);
                }
            }
            Answer::Sent { notice, term, sent } => {
                let settled = it.plan.done(&notice, sent, wall, 0.5);
                it.results.push(Settled { term, ..settled });
            }
            Answer::Rung => it.plan.ring(),
        }
    }

    fn enqueue(&mut self) {
        self.last_id += 1;
        let id = self.last_id;
        let event = SessionEvent {
            ordinal: id,
            at: self.wall(),
            device: None,
            kind: SessionEventKind::Logout,
            after: None,
        };
        let name = UserId::new(&format!("user {}", self.random.below(USERS))).unwrap();
        self.store.notices.push(Notice {
            id,
            lane: Lane { app: AppId(1), hook: Hook::StateChange },
            user: User::new(AppId(1), name),
            ordinal: id,
            content: NoticeContent::Session(event),
            queued: self.wall(),
            attempts: 0,
            due: self.wall(),
            error: String::new(),
        });
        for node in 0..NODES {
            if self.nodes[node].has_duty && !self.random.once_in(4) {
                let (id, wait) = (self.nodes[node].id, 1 + self.random.below(50));
                self.answer(node, id, wait, Answer::Rung);
            }
        }
        if self.now < CALM {
            let longest = if self.random.once_in(20) { 15_000 } else { 400 };
            let wait = 1 + self.random.below(longest);
            self.after(0, wait, Event::Enqueue);
        }
    }

    /// Moves duties, stalls a node or crashes a node.
    fn disturb(&mut self) {
        if self.now >= CALM {
            for (number, node) in self.nodes.iter_mut().enumerate() {
                node.has_duty = number == 0;
                node.stalled_until = 0;
            }
            return;
        }
        let node = self.random.below(NODES as u64) as usize;
        match self.random.below(8) {
            0 => {
                self.last_node += 1;
                let rate = 950 + self.random.below(101);
                self.nodes[node] = Node::new(self.last_node, rate);
                self.after(node, 1_000, Event::Tick);
            }
            1 | 2 => {
                let longest = 3 * LANE_TAKE_OVER.as_millis() as u64;
                self.nodes[node].stalled_until = self.now + self.random.below(longest);
            }
            3 => self.nodes[node].has_duty ^= true,
            _ => (0..NODES).for_each(|other| self.nodes[other].has_duty = other == node),
        }
        let wait = self.random.below(6_000);
        self.after(0, wait, Event::Disturb);
    }
}

#[test]
fn a_hand_over_sends_each_notice_in_its_order_and_from_one_node_at_a_time() {
    let (mut take_overs, mut late, mut notices) = (0, 0, 0);
    for seed in 0..300 {
        let mut world = World::new(seed);
        world.run();
        take_overs += world.take_overs;
        late += world.late;
        notices += world.last_id;
    }
    // Checks that the histories contain the situations that they are meant to test.
    assert!(take_overs > 300 && late > 30 && notices > 50_000, "{take_overs} {late} {notices}");
}
