//! The acts in the two worlds of one seed.

mod wider;

pub use wider::WIDER;

use crate::{DEVICES, Who};
use lamplight_model::Visibility;
use lamplight_sim::Random;
use std::collections::BTreeSet;

/// The user who hides.
pub const HIDER: Who = 0;
/// A user with whom the hider exchanges messages. Nothing that this user receives is compared.
pub const FRIEND: Who = 6;
/// The number of users.
pub const USERS: usize = 7;

/// One of the two worlds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// The hider hides, and goes on acting.
    Hidden,
    /// All connections of the hider close at the moment at which the hider hides in the other world.
    Away,
}

/// The way in which the hider hides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hiding {
    /// The visibility becomes `nobody`.
    Nobody,
    /// The visibility becomes `friends`.
    Friends,
    /// The hider blocks viewers.
    Block,
    /// A friendship ends while the status is restricted to friends. If `by_friend`, the friend ends it.
    Unfriend { by_friend: bool },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    Login {
        who: Who,
        device: usize,
        worker: usize,
        resume: bool,
    },
    Logout {
        who: Who,
        device: usize,
    },
    Close {
        who: Who,
        device: usize,
        timed_out: bool,
    },
    SigEnds {
        who: Who,
        device: usize,
    },
    Text {
        who: Who,
        device: usize,
        text: &'static str,
        seconds: u32,
    },
    Query {
        who: Who,
        device: usize,
        users: Vec<Who>,
    },
    Subscribe {
        who: Who,
        device: usize,
        users: Vec<Who>,
    },
    Unsubscribe {
        who: Who,
        device: usize,
        users: Vec<Who>,
    },
    List {
        who: Who,
        device: usize,
    },
    AddFriend {
        who: Who,
        device: usize,
        friend: Who,
        single: bool,
    },
    DeleteFriend {
        who: Who,
        device: usize,
        friend: Who,
        single: bool,
    },
    Friends {
        who: Who,
        device: usize,
    },
    Info {
        who: Who,
        device: usize,
        users: Vec<Who>,
    },
    Send {
        who: Who,
        device: usize,
        to: Who,
    },
    Conversations {
        who: Who,
        device: usize,
    },
    Stall {
        who: Who,
        device: usize,
        stalls: bool,
    },
    Kick {
        who: Who,
    },
    /// The operator deletes the account.
    Delete {
        who: Who,
    },
    /// The operator creates the account again.
    Create {
        who: Who,
    },
    SetVisibility {
        who: Who,
        visibility: Visibility,
    },
    Block {
        who: Who,
        users: Vec<Who>,
    },
    Unblock {
        who: Who,
        users: Vec<Who>,
    },
    Befriend {
        who: Who,
        friend: Who,
    },
    FriendNotification {
        on: bool,
    },
    UserStatus {
        on: bool,
    },
    /// The operator changes times of the app.
    Timing {
        retention_ms: u32,
        linger_ms: u32,
    },
    /// A worker stops or resumes reading the change log.
    Doze {
        worker: usize,
        dozes: bool,
    },
    Advance {
        millis: u64,
    },
    Upkeep,
    Kill,
    /// The directory loses all live records. The node then puts its open connections back. If `hider_goes`, the
    /// connections of the hider break at that moment.
    Lose {
        hider_goes: bool,
    },
    /// All connections of the hider close. The workers learn of it from the log at the next act.
    CloseAll,
}

/// An act, and the world in which it happens; `None` if it happens in both.
pub type Entry = (Option<World>, Act);

/// The shortest retention that an app may set.
const SHORT_RETENTION_MS: u32 = 60_000;

pub struct Plan {
    pub hiding: Hiding,
    pub linger_ms: u32,
    /// The time after which a login without a connection lapses.
    pub retention_ms: u32,
    pub rate: u16,
    pub limit: u16,
    /// The maximum number of changes of one user that a worker sends per second.
    pub changes_per_second: u32,
    pub entries: Vec<Entry>,
    /// Whether the directory may lose all live records. The service is then a node of a cluster.
    pub has_losses: bool,
    /// The index in `entries` of the first act after the hider has hidden.
    pub hides_at: usize,
    /// The viewers to compare. A viewer is not compared if the viewer may see the hider when the act at the index
    /// `hides_at` begins.
    pub compared: BTreeSet<Who>,
    /// Whether the hider's account is deleted in the end. The hider can then not be shown to everybody.
    pub deletes: bool,
}

struct Planner {
    random: Random,
    hiding: Hiding,
    entries: Vec<Entry>,
    compared: BTreeSet<Who>,
    is_hidden: bool,
    linger_ms: u32,
    /// `true` if this plan is slow: the rate limit often delays changes of the hider, and workers sometimes read the
    /// change log late.
    is_slow: bool,
    /// The viewers whom the hider has blocked, also if a block has ended.
    has_blocked: BTreeSet<Who>,
    has_losses: bool,
    is_wider: bool,
    deletes: bool,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let hiding = match random.below(8) {
            0..3 => Hiding::Nobody,
            3..5 => Hiding::Block,
            5 => Hiding::Friends,
            _ => Hiding::Unfriend { by_friend: random.once_in(2) },
        };
        let has_linger = random.once_in(5) && !matches!(hiding, Hiding::Unfriend { .. });
        let linger_ms = if has_linger { 800 } else { 0 };
        let rate = if random.once_in(4) { 2 } else { 1_000 };
        let limit = *random.pick(&[1, 3, 200]);
        let changes_per_second = *random.pick(&[1, 2, 20]);
        let retention_ms = *random.pick(&[SHORT_RETENTION_MS, 7 * 24 * 3_600_000]);
        let has_losses = random.once_in(2);
        let mut planner = Planner {
            random,
            hiding,
            entries: Vec::new(),
            compared: BTreeSet::new(),
            is_hidden: false,
            linger_ms,
            is_slow: changes_per_second < 20,
            has_blocked: BTreeSet::new(),
            has_losses,
            is_wider: seed >= WIDER,
            deletes: false,
        };
        let hides_at = planner.plan();
        let Planner { entries, compared, deletes, .. } = planner;
        Self {
            hiding,
            linger_ms,
            retention_ms,
            rate,
            limit,
            changes_per_second,
            entries,
            has_losses,
            hides_at,
            compared,
            deletes,
        }
    }
}

impl Planner {
    fn plan(&mut self) -> usize {
        self.settle_before();
        for _ in 0..5 + self.random.below(18) {
            self.step();
        }
        self.hide();
        let hides_at = self.entries.len();
        for _ in 0..10 + self.random.below(30) {
            match () {
                () if self.is_wider && self.random.once_in(4) => self.wider_step(),
                () if self.has_losses && self.random.once_in(12) => self.lose(),
                () if self.random.once_in(3) => self.hider_acts(true),
                () => self.step(),
            }
        }
        // In the end, every viewer looks, perhaps after the logins of a user who is away have lapsed.
        (0..2).for_each(|worker| self.both(Act::Doze { worker, dozes: false }));
        self.both(Act::Advance { millis: 40_000 });
        if self.random.once_in(2) {
            self.both(Act::Advance { millis: SHORT_RETENTION_MS.into() });
            self.hider_acts(true);
        }
        for who in 1..USERS {
            self.both(Act::Login { who, device: 0, worker: who % 2, resume: who % 2 == 0 });
            self.both(Act::Query { who, device: 0, users: vec![HIDER, FRIEND] });
            self.both(Act::Subscribe { who, device: 0, users: vec![HIDER] });
        }
        if self.is_wider && self.has_record() && !self.random.once_in(3) {
            self.delete();
        }
        hides_at
    }

    /// Adds the first acts: settings, logins, friendships and restrictions.
    fn settle_before(&mut self) {
        if self.random.once_in(2) {
            self.both(Act::FriendNotification { on: true });
        }
        let has_login = !self.random.once_in(6);
        for who in 0..USERS {
            // Some first log in later, and one never sees the hider before.
            if who != HIDER && self.random.once_in(4) {
                continue;
            }
            let worker = self.random.below(2);
            if who != HIDER || has_login {
                self.both(Act::Login { who, device: 0, worker, resume: false });
            }
        }
        for who in 1..USERS {
            if self.random.once_in(2) {
                self.befriend(who, HIDER);
            }
        }
        match self.hiding {
            Hiding::Unfriend { .. } => {
                let viewer = 1 + self.random.below(4);
                self.befriend(viewer, HIDER);
                self.compared.insert(viewer);
                self.both(Act::SetVisibility { who: HIDER, visibility: Visibility::Friends });
            }
            Hiding::Nobody | Hiding::Friends | Hiding::Block if self.random.once_in(5) => {
                let who = HIDER;
                let blocked = 1 + self.random.below(USERS - 1);
                self.has_blocked.insert(blocked);
                self.both(Act::Block { who, users: vec![blocked] });
            }
            Hiding::Nobody | Hiding::Friends | Hiding::Block => {}
        }
    }

    fn hide(&mut self) {
        let linger_ms = self.linger_ms;
        if self.random.once_in(2) {
            self.hider_acts(false);
        }
        if linger_ms > 0 {
            // The last connection closes one linger before the user counts as away, while no other user lingers.
            self.both(Act::Advance { millis: linger_ms.into() });
            self.entries.push((Some(World::Away), Act::CloseAll));
            self.both(Act::Advance { millis: linger_ms.into() });
            self.both(Act::Upkeep);
        }
        let who = HIDER;
        let hidden = match self.hiding {
            Hiding::Nobody => {
                self.compared.extend(1..USERS - 1);
                Act::SetVisibility { who, visibility: Visibility::Nobody }
            }
            Hiding::Friends => {
                self.compared.extend(1..USERS - 1);
                Act::SetVisibility { who, visibility: Visibility::Friends }
            }
            Hiding::Block => {
                let users: Vec<Who> = (1..USERS - 1).filter(|_| self.random.once_in(2)).chain([5]).collect();
                self.compared.extend(users.iter().chain(&self.has_blocked).filter(|who| **who != FRIEND));
                Act::Block { who, users }
            }
            Hiding::Unfriend { by_friend } => {
                let viewer = *self.compared.first().expect("settled before");
                let (who, friend) = if by_friend { (viewer, HIDER) } else { (HIDER, viewer) };
                let single = self.random.once_in(2);
                Act::DeleteFriend { who, device: 0, friend, single }
            }
        };
        if linger_ms == 0 {
            self.entries.push((Some(World::Away), Act::CloseAll));
        }
        // A friendship ends in both worlds, because the lists of the viewer are compared too.
        let is_shared = matches!(self.hiding, Hiding::Unfriend { .. });
        self.entries.push(((!is_shared).then_some(World::Hidden), hidden));
        self.both(Act::Upkeep);
        self.is_hidden = true;
    }

    fn both(&mut self, act: Act) {
        self.entries.push((None, act));
    }

    fn befriend(&mut self, who: Who, friend: Who) {
        self.both(Act::Befriend { who, friend });
    }

    /// Adds an act of any user, or lets time pass.
    fn step(&mut self) {
        let random = &mut self.random;
        match random.below(10) {
            0..2 => {
                let millis = *random.pick(&[0, 1, 1, 7, 30, 50, 400, 1_000, 2_000, 5_000, 20_000, 30_000]);
                self.both(Act::Advance { millis });
            }
            2 if random.once_in(3) => self.both(Act::Upkeep),
            2 if random.once_in(4) && self.is_hidden && !self.has_losses => {
                // Before the moment, a restart would leave connections in their grace.
                self.both(Act::Kill);
            }
            2 if random.once_in(3) => {
                let on = random.once_in(2);
                self.both(Act::FriendNotification { on });
            }
            2 if random.once_in(2) && self.is_slow => {
                let (worker, dozes) = (random.below(2), random.once_in(2));
                self.both(Act::Doze { worker, dozes });
            }
            2 if random.once_in(6) => {
                self.both(Act::UserStatus { on: false });
                self.step();
                self.both(Act::UserStatus { on: true });
            }
            2..4 => self.hider_acts(self.is_hidden),
            _ => self.viewer_acts(),
        }
    }

    /// Adds a loss of all live records, and acts before the records are known to be complete.
    fn lose(&mut self) {
        let hider_goes = self.random.once_in(3);
        if self.entries.iter().any(|(_, act)| matches!(act, Act::Lose { .. })) {
            // The versions after a loss begin one second after it. A second loss within that time may bring older ones.
            self.both(Act::Advance { millis: 1_100 });
        }
        self.both(Act::Lose { hider_goes });
        for _ in 0..self.random.below(10) {
            let (who, users) = (1 + self.random.below(USERS - 1), vec![HIDER]);
            match self.random.below(7) {
                0 => self.hider_acts(true),
                1 => self.both(Act::Query { who, device: 0, users }),
                2 => self.both(Act::Subscribe { who, device: 0, users }),
                3 | 4 => self.viewer_acts(),
                5 => self.both(Act::Advance { millis: 900 }),
                _ => self.both(Act::Advance { millis: 4_000 }),
            }
        }
    }

    fn viewer_acts(&mut self) {
        let who = 1 + self.random.below(USERS - 1);
        let device = self.device();
        let users = self.users();
        let friend = self.random.below(USERS);
        let (single, once_in_two) = (self.random.once_in(3), self.random.once_in(2));
        let is_about_hider = friend == HIDER && (self.is_hidden || self.has_blocked.contains(&who));
        let act = match self.random.below(24) {
            0..3 => {
                let worker = self.random.below(2);
                Act::Login { who, device, worker, resume: !single }
            }
            3..5 => Act::Close { who, device, timed_out: once_in_two },
            5 if once_in_two => Act::Logout { who, device },
            5..7 => {
                let text = self.random.pick::<&str>(&["", "here", "灯火"]);
                Act::Text { who, device, text, seconds: 0 }
            }
            7..12 => Act::Query { who, device, users },
            12..15 => Act::Subscribe { who, device, users },
            15 => Act::Unsubscribe { who, device, users: vec![] },
            16 => Act::Unsubscribe { who, device, users },
            17 => Act::List { who, device },
            18 => Act::Stall { who, device, stalls: once_in_two },
            19 if friend == who => return,
            // With such a call, a viewer may see the hider again, or learns of the block, as it must.
            19 if is_about_hider && self.hiding != Hiding::Nobody => return,
            19 if is_about_hider && self.has_blocked.contains(&who) => return,
            19 => Act::AddFriend { who, device, friend, single },
            20 if friend == who || is_about_hider && self.hiding == Hiding::Friends => return,
            20 if is_about_hider && matches!(self.hiding, Hiding::Unfriend { .. }) => return,
            // The friend whose friendship ends later.
            20 if friend == HIDER && self.compared.contains(&who) && !self.is_hidden => return,
            20 => Act::DeleteFriend { who, device, friend, single },
            21 => Act::Friends { who, device },
            22 => Act::Info { who, device, users },
            _ if is_about_hider => Act::Conversations { who, device },
            _ => Act::Send { who, device, to: friend },
        };
        self.both(act);
    }

    /// Adds an act of the hider that affects others only through the hider's status. If `is_hidden`, the act happens
    /// only in the world in which the hider hides.
    fn hider_acts(&mut self, is_hidden: bool) {
        let who = HIDER;
        let device = self.device();
        let users = self.users();
        let once_in_two = self.random.once_in(2);
        // A text that ends in the linger ends with it in one world, and before it in the other.
        let may_end = self.is_hidden || self.linger_ms == 0;
        let seconds = if may_end && self.random.once_in(3) { *self.random.pick(&[1, 2, 20]) } else { 0 };
        let act = match self.random.below(20) {
            // A login or a new friend reads the status. If the rate or a late worker delays a change, such a read ends
            // the delay.
            0..5 if is_hidden && self.is_slow => Act::Text { who, device, text: "slow", seconds },
            0..5 => Act::Login { who, device, worker: self.random.below(2), resume: once_in_two },
            5..7 => Act::Close { who, device, timed_out: once_in_two },
            7 => Act::Logout { who, device },
            8 => Act::SigEnds { who, device },
            9..14 => {
                let text = *self.random.pick(&["busy", "away", "lunch", "x"]);
                Act::Text { who, device, text, seconds }
            }
            14 => Act::Subscribe { who, device, users },
            15 => Act::Query { who, device, users },
            16 if is_hidden => Act::Send { who, device, to: FRIEND },
            17 if is_hidden => self.hider_restricts(),
            18 if once_in_two => Act::Kick { who },
            18 if is_hidden && !self.is_slow => Act::Befriend { who, friend: FRIEND },
            _ => Act::Text { who, device, text: "", seconds: 0 },
        };
        // The operator may kick a user who is away too. A login that waits for the status of a friend ends with a loss.
        // Everybody sees this end, so the friendship is the same in both worlds.
        let is_shared = matches!(act, Act::Kick { .. })
            || self.has_losses && matches!(act, Act::Befriend { friend: FRIEND, .. });
        if is_hidden && is_shared && self.is_slow {
            // The rate delays no change of a user who has been away for this time.
            self.both(Act::Advance { millis: 2_000 });
        }
        self.entries.push(((is_hidden && !is_shared).then_some(World::Hidden), act));
    }

    /// Returns an act that changes who may see the hider. It shows the hider to none of the compared viewers.
    fn hider_restricts(&mut self) -> Act {
        let who = HIDER;
        let any = [Visibility::Everyone, Visibility::Friends, Visibility::Nobody];
        match self.random.below(4) {
            0 => Act::Block { who, users: vec![FRIEND] },
            1 => Act::Unblock { who, users: vec![FRIEND] },
            _ => {
                let visibility = match self.hiding {
                    Hiding::Block => *self.random.pick(&any),
                    Hiding::Friends | Hiding::Unfriend { .. } => *self.random.pick(&any[1..]),
                    Hiding::Nobody => Visibility::Nobody,
                };
                Act::SetVisibility { who, visibility }
            }
        }
    }

    fn device(&mut self) -> usize {
        if self.random.once_in(3) { self.random.below(DEVICES.len()) } else { 0 }
    }

    /// Returns a random list of users, which often contains the hider.
    fn users(&mut self) -> Vec<Who> {
        let mut users = Vec::new();
        if !self.random.once_in(3) {
            users.push(HIDER);
        }
        for _ in 0..self.random.below(4) {
            let user = self.random.below(USERS);
            if !users.contains(&user) {
                users.push(user);
            }
        }
        if users.is_empty() { vec![HIDER] } else { users }
    }
}
