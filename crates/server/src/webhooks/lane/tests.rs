//! Tests of a lane's plan, with a list as the outbox and a number as the clock.

use super::*;
use lamplight_model::{AppId, Hook, Lane, NoticeContent, SessionEvent, SessionEventKind, UserId};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const NONE: [u64; 0] = [];

/// A plan with an outbox, a clock, and the requests that are running.
struct World {
    plan: LanePlan,
    outbox: Vec<Notice>,
    dead: Vec<u64>,
    under_way: Vec<Notice>,
    now: Timestamp,
    last_id: u64,
}

impl World {
    fn new(users: &[&str]) -> Self {
        let mut world = Self {
            plan: LanePlan::default(),
            outbox: Vec::new(),
            dead: Vec::new(),
            under_way: Vec::new(),
            now: Timestamp(1_000_000),
            last_id: 0,
        };
        users.iter().for_each(|user| world.enqueue(user));
        world
    }

    /// Adds a new notice of a user to the outbox.
    fn enqueue(&mut self, user: &str) {
        self.last_id += 1;
        let id = self.last_id;
        let event = SessionEvent {
            ordinal: id,
            at: self.now,
            device: None,
            kind: SessionEventKind::Logout,
            after: None,
        };
        self.outbox.push(Notice {
            id,
            lane: Lane { app: AppId(1), hook: Hook::StateChange },
            user: User::new(AppId(1), UserId::new(user).unwrap()),
            ordinal: id,
            content: NoticeContent::Session(event),
            queued: self.now,
            attempts: 0,
            due: self.now,
            error: String::new(),
        });
        self.plan.ring();
    }

    fn heads(&self, limit: usize) -> Vec<Notice> {
        let mut first: BTreeMap<&User, &Notice> = BTreeMap::new();
        for notice in &self.outbox {
            first.entry(&notice.user).or_insert(notice);
        }
        let mut heads: Vec<Notice> = first.into_values().cloned().collect();
        heads.sort_by_key(|head| (head.due, head.id));
        heads.truncate(limit);
        heads
    }

    /// Starts all requests that the plan allows now. Returns the ids of their notices.
    fn begin(&mut self) -> Vec<u64> {
        let mut begun = Vec::new();
        loop {
            while let Some(notice) = self.plan.next(self.now) {
                begun.push(notice.id);
                self.under_way.push(notice);
            }
            let Some(limit) = self.plan.start_reading(self.now) else { return begun };
            let heads = self.heads(limit);
            self.plan.offer(heads, limit, self.now);
        }
    }

    /// Ends a running request, and settles its notice in the outbox.
    fn end(&mut self, id: u64, is_delivered: bool) -> SettledAs {
        let at = self.under_way.iter().position(|notice| notice.id == id).expect("it is under way");
        let notice = self.under_way.remove(at);
        let sent = if is_delivered { Sent::Delivered } else { Sent::Failed("503".into()) };
        let settled = self.plan.done(&notice, sent, self.now, 0.0).settled;
        match &settled {
            SettledAs::Gone => self.outbox.retain(|notice| notice.id != id),
            SettledAs::Again { attempts, due, .. } => {
                let kept = self.outbox.iter_mut().find(|notice| notice.id == id).unwrap();
                (kept.attempts, kept.due) = (*attempts, *due);
            }
            SettledAs::Dead { .. } => {
                self.outbox.retain(|notice| notice.id != id);
                self.dead.push(id);
            }
        }
        self.plan.settled([id]);
        settled
    }

    fn wait(&mut self, millis: u64) {
        self.now = Timestamp(self.now.0 + millis);
    }

    /// Lets requests fail until the circuit breaker opens.
    fn open_breaker(&mut self) {
        for _ in 0..BREAKER_FAILURES {
            let begun = self.begin();
            for id in begun {
                self.end(id, false);
            }
            if matches!(self.plan.breaker(), Breaker::Open { .. }) {
                return;
            }
            self.wait(HOUR);
        }
        panic!("the breaker is closed");
    }
}

fn due_in(settled: &SettledAs, now: Timestamp) -> Duration {
    let SettledAs::Again { due, .. } = settled else { panic!("{settled:?}") };
    due.since(now)
}

#[test]
fn notices_of_one_user_go_one_after_the_other() {
    let mut world = World::new(&["alice", "alice", "bob"]);
    assert_eq!(world.begin(), [1, 3]);
    world.end(3, true);
    assert_eq!(world.begin(), NONE);
    world.end(1, true);
    assert_eq!(world.begin(), [2]);
}

#[test]
fn a_lane_has_so_many_under_way_and_no_more() {
    let names: Vec<String> = (0..MAX_LANE_IN_FLIGHT + 5).map(|n| format!("user {n}")).collect();
    let mut world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(world.begin().len(), MAX_LANE_IN_FLIGHT);
    assert_eq!(world.begin(), NONE);
    let first = world.under_way[0].id;
    world.end(first, true);
    assert_eq!(world.begin().len(), 1);
}

#[test]
fn what_failed_waits_twice_as_long_each_time_up_to_an_hour() {
    let mut plan = LanePlan::default();
    let mut world = World::new(&["alice"]);
    let mut notice = world.outbox.remove(0);
    let mut pauses = Vec::new();
    for _ in 1..MAX_ATTEMPTS {
        // The circuit breaker is reset, as if other requests succeeded in between.
        plan.forget_receiver();
        plan.in_flight = 1;
        let settled = plan.done(&notice, Sent::Failed(String::new()), world.now, 0.0).settled;
        pauses.push(due_in(&settled, world.now).as_secs());
        notice.attempts += 1;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
    plan.forget_receiver();
    plan.in_flight = 1;
    let settled = plan.done(&notice, Sent::Failed("500".into()), world.now, 0.0).settled;
    assert_eq!(settled, SettledAs::Dead { attempts: MAX_ATTEMPTS, error: "500".into() });
}

#[test]
fn chance_shortens_a_pause_by_up_to_a_half() {
    for (chance, millis) in [(0.0, 4_000), (0.5, 3_000), (1.0, 2_000)] {
        assert_eq!(pause(2, MAX_PAUSE, chance), Duration::from_millis(millis));
    }
    assert_eq!(pause(u32::MAX, MAX_PAUSE, 0.0), MAX_PAUSE);
}

#[test]
fn what_failed_does_not_go_before_its_time() {
    let mut world = World::new(&["alice", "bob"]);
    assert_eq!(world.begin(), [1, 2]);
    world.end(2, true);
    world.end(1, false);
    assert_eq!(world.begin(), NONE);
    assert_eq!(world.plan.wakes_at(), Some(world.now.after(FIRST_PAUSE)));
    world.wait(SECOND - 1);
    assert_eq!(world.begin(), NONE);
    world.wait(1);
    assert_eq!(world.begin(), [1]);
}

#[test]
fn a_receiver_that_fails_is_probed_by_one_request_at_a_time() {
    let mut world = World::new(&["alice", "bob", "carol", "dave"]);
    assert_eq!(world.begin(), [1, 2, 3, 4]);
    for id in [1, 2, 3] {
        world.end(id, false);
    }
    assert!(matches!(world.plan.breaker(), Breaker::Open { probing: false, .. }));
    // A request that started before the circuit breaker opened does not change its state.
    let breaker = world.plan.breaker();
    world.end(4, false);
    assert_eq!(world.plan.breaker(), breaker);
    assert_eq!(world.begin(), NONE);
    world.wait(SECOND);
    let probe = world.begin();
    assert_eq!(probe.len(), 1);
    world.wait(HOUR);
    assert_eq!(world.begin(), NONE, "while one probes, nobody else does");
    world.end(probe[0], false);
    assert_eq!(world.begin(), NONE);
    assert_eq!(world.plan.wakes_at(), Some(world.now.after(2 * FIRST_PAUSE)));
}

#[test]
fn probes_come_less_and_less_often_but_at_least_once_in_so_long() {
    let mut world = World::new(&["alice", "bob", "carol"]);
    world.open_breaker();
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let Breaker::Open { until, .. } = world.plan.breaker() else { panic!("it is closed") };
        pauses.push(until.since(world.now).as_secs());
        world.now = until;
        let probe = world.begin();
        world.end(probe[0], false);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn while_the_breaker_is_open_no_attempt_is_used_up_and_each_probe_is_another_notice() {
    let mut world = World::new(&["alice", "bob", "carol"]);
    world.open_breaker();
    let attempts: Vec<u32> = world.outbox.iter().map(|notice| notice.attempts).collect();
    let mut probes = Vec::new();
    for _ in 0..30 {
        world.wait(2 * 60 * SECOND);
        let probe = world.begin();
        assert_eq!(probe.len(), 1);
        probes.push(probe[0]);
        world.end(probe[0], false);
    }
    assert_eq!(world.outbox.iter().map(|notice| notice.attempts).collect::<Vec<_>>(), attempts);
    assert!(probes.windows(2).all(|two| two[0] != two[1]), "{probes:?}");
    assert_eq!(world.dead, NONE);
}

#[test]
fn one_success_closes_the_breaker() {
    let mut world = World::new(&["alice", "bob", "carol"]);
    world.open_breaker();
    world.wait(SECOND);
    let probe = world.begin();
    world.end(probe[0], true);
    assert_eq!(world.plan.breaker(), Breaker::Closed { failures: 0 });
    world.wait(SECOND);
    assert_eq!(world.begin().len(), 2);
}

#[test]
fn another_receiver_is_tried_at_once() {
    let mut world = World::new(&["alice", "bob", "carol"]);
    world.open_breaker();
    world.wait(SECOND - 1);
    assert_eq!(world.begin(), NONE);
    world.plan.forget_receiver();
    world.enqueue("dave");
    assert_eq!(world.begin(), [4], "the others wait their time");
}

#[test]
fn a_notice_that_is_too_old_when_it_fails_is_dead() {
    let mut world = World::new(&["alice"]);
    world.now = world.now.after(MAX_AGE);
    assert_eq!(world.begin(), [1]);
    assert!(matches!(world.end(1, false), SettledAs::Dead { attempts: 1, .. }));
}

#[test]
fn one_that_always_fails_dies_and_lets_the_others_pass() {
    let mut world = World::new(&["poison", "poison"]);
    let mut delivered = 0;
    for _ in 0..200 {
        world.enqueue("somebody");
        for id in world.begin() {
            let is_poison = id == 1;
            world.end(id, !is_poison);
            delivered += usize::from(!is_poison);
        }
        world.wait(HOUR);
    }
    assert_eq!(world.dead, [1]);
    assert_eq!(delivered, 201);
}

#[test]
fn an_empty_lane_sleeps() {
    let mut world = World::new(&[]);
    world.plan.ring();
    assert_eq!(world.begin(), NONE);
    assert_eq!(world.plan.wakes_at(), None);
    // A lane also sleeps while the circuit breaker is open, if the waiting notices have been withdrawn.
    let mut world = World::new(&["alice", "bob", "carol"]);
    world.open_breaker();
    world.outbox.clear();
    world.wait(HOUR);
    assert_eq!(world.begin(), NONE);
    assert_eq!(world.plan.wakes_at(), None);
}

#[test]
fn what_was_settled_while_heads_were_read_is_not_sent_again() {
    let mut world = World::new(&["alice", "bob"]);
    assert_eq!(world.begin(), [1, 2]);
    world.enqueue("carol");
    let limit = world.plan.start_reading(world.now).unwrap();
    let read = world.heads(limit);
    world.end(1, true);
    world.plan.offer(read, limit, world.now);
    assert_eq!(world.begin(), [3]);
}

#[test]
fn what_was_taken_away_under_way_holds_its_user_until_it_ends() {
    let mut world = World::new(&["alice", "bob"]);
    assert_eq!(world.begin(), [1, 2]);
    // The device has reconnected, so the disconnect notice is withdrawn and the login is the head now.
    world.outbox.retain(|notice| notice.id != 1);
    world.enqueue("alice");
    assert_eq!(world.begin(), NONE);
    let late = world.under_way.remove(0);
    let settled = world.plan.done(&late, Sent::Delivered, world.now, 0.0);
    world.plan.settled([settled.id]);
    assert_eq!(world.begin(), [3]);
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_up() {
    let mut world = World::new(&["alice"]);
    world.now = Timestamp(world.now.0 - 100);
    assert_eq!(world.begin(), NONE, "a little later");
    let mut world = World::new(&["alice"]);
    world.outbox[0].due = world.now.after(MAX_PAUSE * 2);
    assert_eq!(world.begin(), [1]);
}

#[test]
fn what_cannot_be_read_is_read_later() {
    let mut world = World::new(&["alice"]);
    assert!(world.plan.start_reading(world.now).is_some());
    assert_eq!(world.plan.start_reading(world.now), None);
    world.plan.reading_failed();
    assert_eq!(world.begin(), [1]);
}

/// Checks that, under random failures, each notice of a user arrives in order and once.
#[test]
fn everything_arrives_in_order_in_the_end() {
    use rand::{Rng, SeedableRng};
    for seed in 0..200 {
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let mut world = World::new(&[]);
        let mut arrived: BTreeMap<User, Vec<u64>> = BTreeMap::new();
        let mut sent = 0;
        for step in 0..2_000 {
            if sent < 150 && random.random_bool(0.3) {
                world.enqueue(["alice", "bob", "carol", "dave"][random.random_range(0..4)]);
                sent += 1;
            }
            world.begin();
            let users: HashSet<&User> = world.under_way.iter().map(|notice| &notice.user).collect();
            assert_eq!(users.len(), world.under_way.len(), "one at a time of each user");
            assert!(world.under_way.len() <= MAX_LANE_IN_FLIGHT);
            if !world.under_way.is_empty() && random.random_bool(0.7) {
                let notice = world.under_way[random.random_range(0..world.under_way.len())].clone();
                // The receiver is down for some of the steps, and fails at random in the other steps.
                let works = !(500..900).contains(&step) && random.random_bool(0.8);
                if works {
                    arrived.entry(notice.user.clone()).or_default().push(notice.ordinal);
                }
                world.end(notice.id, works);
            }
            let pause = random.random_range(0..3_000);
            world.wait(pause);
        }
        for _ in 0..2_000 {
            world.begin();
            while let Some(notice) = world.under_way.first().cloned() {
                arrived.entry(notice.user.clone()).or_default().push(notice.ordinal);
                world.end(notice.id, true);
            }
            world.wait(60 * SECOND);
        }
        assert_eq!((world.outbox.len(), world.dead.len()), (0, 0), "seed {seed}");
        assert_eq!(arrived.values().map(Vec::len).sum::<usize>(), sent);
        assert!(arrived.values().all(|ordinals| ordinals.is_sorted()), "seed {seed}: {arrived:?}");
    }
}

/// The outbox has more users than a read returns, and nothing is due yet. Checks that a lane does not read the same
/// page repeatedly.
#[test]
fn a_page_of_what_is_due_later_is_read_once() {
    let mut world = World::new(&[]);
    for n in 0..2 * READ_AHEAD {
        world.enqueue(&format!("user {n}"));
    }
    let now = world.now;
    for (n, notice) in world.outbox.iter_mut().enumerate() {
        notice.due = now.after(Duration::from_secs(60 + n as u64));
    }
    let limit = world.plan.start_reading(now).unwrap();
    world.plan.offer(world.heads(limit), limit, now);
    assert_eq!(world.plan.start_reading(now), None);
    assert_eq!(world.plan.wakes_at(), Some(now.after(Duration::from_secs(60))));
    // All notices arrive when they are due, including those that were not in the first page.
    let mut arrived = 0;
    for _ in 0..60 + 2 * READ_AHEAD {
        world.wait(SECOND);
        for id in world.begin() {
            world.end(id, true);
            arrived += 1;
        }
    }
    assert_eq!((arrived, world.outbox.len()), (2 * READ_AHEAD, 0));
}

#[test]
fn a_lane_without_room_does_not_wake_for_what_is_due() {
    let mut world = World::new(&[]);
    for n in 0..MAX_LANE_IN_FLIGHT + 1 {
        world.enqueue(&format!("user {n:02}"));
    }
    world.outbox[MAX_LANE_IN_FLIGHT].due = world.now.after(Duration::from_secs(1));
    assert_eq!(world.begin().len(), MAX_LANE_IN_FLIGHT);
    world.wait(SECOND);
    assert_eq!((world.begin(), world.plan.wakes_at()), (vec![], None));
    world.end(1, true);
    assert_eq!(world.begin(), [MAX_LANE_IN_FLIGHT as u64 + 1]);
}

#[test]
fn a_probe_that_was_not_sent_leaves_the_probe_to_another_at_once() {
    let error = "the disk".to_owned();
    for (not_sent, expected) in [
        (Sent::TakenBack, SettledAs::Gone),
        (
            Sent::NotHandedOut(error.clone()),
            // The delay is not reduced, because the random number is 0; the attempt does not count.
            SettledAs::Again { attempts: 0, due: Timestamp(1_000_000 + 60 * SECOND + SECOND), error },
        ),
    ] {
        let mut world = World::new(&["a", "b", "c", "d", "e"]);
        for id in world.begin().into_iter().take(3) {
            world.end(id, false);
        }
        let others: Vec<u64> = world.under_way.iter().map(|notice| notice.id).collect();
        for id in others {
            world.end(id, false);
        }
        world.now = Timestamp(1_000_000 + 60 * SECOND);
        let [probing] = world.begin()[..] else { panic!("one probes") };
        let notice = world.under_way.pop().unwrap();
        let settled = world.plan.done(&notice, not_sent, world.now, 0.0);
        let expected = match expected {
            SettledAs::Again { due, error, .. } => SettledAs::Again { attempts: notice.attempts, due, error },
            expected @ (SettledAs::Gone | SettledAs::Dead { .. }) => expected,
        };
        assert_eq!(settled.settled, expected);
        assert_eq!(world.begin().len(), 1, "another one probes");
        assert_ne!(world.under_way[0].id, probing);
    }
}
