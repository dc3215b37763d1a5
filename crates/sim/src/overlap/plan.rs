//! The plan of a run, which the seed determines: the kinds of operations, their frequencies, and the settings. The
//! fewer kinds a plan has, the more often each of them happens.

use super::weather::Climate;
use crate::random::Random;
use lamplight_model::{AppSettings, MultiDeviceMode, RateLimit};

/// The kind of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A device opens a connection and logs in.
    Login,
    /// A connected device opens a second connection and logs in.
    Again,
    /// A client whose login was refused repeats the login on the same connection.
    Retry,
    Logout,
    LinkEnds,
    SigEnds,
    Kick,
    /// A kick, immediately followed by a login of the same user.
    KickAndLogin,
    /// A logout, immediately followed by a login of the same device.
    LogoutAndLogin,
    Delete,
    Create,
    Text,
    TextFor,
    Query,
    Subscribe,
    SubscribeFor,
    Unsubscribe,
    List,
    Befriend,
    BefriendFor,
    Unfriend,
    /// The notification of friends is switched on or off for the app.
    Switch,
    /// A client stops or resumes reading its messages.
    Stall,
    /// A worker panics while it serves a connection.
    Bug,
    /// The process crashes, and a new process starts.
    Restart,
    /// The change log gets so many entries at once that every worker misses some of them.
    Flood,
    /// A node of the cluster is killed.
    KillNode,
    /// A node leaves the cluster in an orderly way.
    LeaveCluster,
    /// A node joins the cluster.
    JoinCluster,
    /// A node cannot reach the register of nodes for some seconds.
    CutOff,
    /// The directory and the register of nodes lose all data.
    Flush,
    /// A replica of the directory takes over. Its clock differs.
    FailOver,
    /// A client sets its visibility.
    Visible,
    VisibleFor,
    /// A client adds a user to its block list.
    Block,
    BlockFor,
    Unblock,
    UnblockFor,
    /// A client reads its block list.
    BlockList,
    /// A client sends a message.
    Message,
}

/// Each kind, its weight, and a number `n`. On average, one of `n` runs has operations of the kind. The weight counts
/// only in these runs.
const WEIGHTS: [(Kind, usize, usize); 26] = [
    (Kind::Login, 200, 1),
    (Kind::Again, 60, 2),
    (Kind::Retry, 60, 1),
    (Kind::Logout, 40, 2),
    (Kind::LinkEnds, 80, 1),
    (Kind::SigEnds, 15, 3),
    (Kind::Kick, 25, 3),
    (Kind::KickAndLogin, 40, 3),
    (Kind::LogoutAndLogin, 40, 3),
    (Kind::Delete, 15, 4),
    (Kind::Create, 20, 1),
    (Kind::Text, 80, 1),
    (Kind::TextFor, 20, 2),
    (Kind::Query, 50, 2),
    (Kind::Subscribe, 100, 1),
    (Kind::SubscribeFor, 20, 3),
    (Kind::Unsubscribe, 40, 2),
    (Kind::List, 20, 2),
    (Kind::Befriend, 40, 2),
    (Kind::BefriendFor, 20, 2),
    (Kind::Unfriend, 30, 2),
    (Kind::Switch, 30, 3),
    (Kind::Stall, 20, 3),
    (Kind::Bug, 15, 6),
    (Kind::Restart, 2, 6),
    (Kind::Flood, 4, 12),
];

/// Pairs of a kind and its weight, for plans with restrictions.
const RESTRICTIONS: [(Kind, usize); 12] = [
    (Kind::Visible, 50),
    (Kind::VisibleFor, 30),
    (Kind::Block, 40),
    (Kind::BlockFor, 20),
    (Kind::Unblock, 40),
    (Kind::UnblockFor, 20),
    (Kind::BlockList, 10),
    (Kind::Message, 30),
    (Kind::Query, 80),
    (Kind::Subscribe, 40),
    (Kind::BefriendFor, 40),
    (Kind::Unfriend, 30),
];

/// The bit of the seeds whose plans have restrictions.
const RESTRICTIONS_BIT: u64 = 1 << 44;

/// Returns a seed. Its plan is that of `seed`; in addition, users change who may see their statuses.
pub const fn with_restrictions(seed: u64) -> u64 {
    seed | RESTRICTIONS_BIT
}

/// The bit of the seeds with several nodes in whose plans the clock of the directory jumps.
const JUMPS_BIT: u64 = 1 << 45;

/// Returns a seed whose plan is that of `seed`, a seed with several nodes, with a directory whose clock jumps.
pub const fn with_clock_jumps(seed: u64) -> u64 {
    seed | JUMPS_BIT
}

/// The URL of the simulated backend, to which no connection is opened.
const RECEIVER: &str = "http://127.0.0.1:9/";

/// The divisor that selects the seeds with competing logins: those with the remainder [`RACES_AT`].
const RACES_EVERY: u64 = 8;
const RACES_AT: u64 = 3;

/// The first seed of the plans in which writes fail for users with a pending deadline.
const HELD_UP_FROM: u64 = 1 << 40;

/// The first seed of the plans in which devices return before the backend is notified of their disconnect.
const RETURNS_FROM: u64 = 1 << 41;

/// Returns the seed with this number among the seeds with competing logins.
pub const fn racing_seed(number: u64) -> u64 {
    number * RACES_EVERY + RACES_AT
}

/// Returns the seed with this number among the seeds in which writes fail for users with a pending deadline.
pub const fn held_up_seed(number: u64) -> u64 {
    HELD_UP_FROM + number
}

/// Returns the seed with this number among the seeds in which devices return early.
pub const fn returns_seed(number: u64) -> u64 {
    RETURNS_FROM + number
}

/// The first seed of the plans with several nodes.
const CLUSTER_FROM: u64 = 1 << 42;

/// Returns the seed with this number among the seeds with several nodes.
pub const fn cluster_seed(number: u64) -> u64 {
    CLUSTER_FROM + number
}

/// The first seed whose plan has several nodes and a backend that gets session events.
const TOLD_CLUSTER_FROM: u64 = 1 << 43;

/// Returns a seed whose plan has several nodes and a backend, by its number among such seeds.
pub const fn told_cluster_seed(number: u64) -> u64 {
    TOLD_CLUSTER_FROM + number
}

/// The plan of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub settings: AppSettings,
    pub kinds: Vec<(Kind, usize)>,
    /// Whether devices may change their platform.
    pub changes_platform: bool,
    /// Whether there are phases in which all writes for one user fail, either to the facts or to the live record.
    pub curses: bool,
    /// Whether, in the second half of each phase, writes to the live record fail for a user with a pending deadline.
    pub curses_who_is_due: bool,
    /// The longest delays and highest failure rates of the stores.
    worst: Climate,
    /// The number of users in the run.
    pub users: usize,
    /// The maximum number of nodes; 0 if a single process has the stores.
    pub nodes: usize,
    /// Whether the users change who may see their statuses.
    pub restricts: bool,
    /// Whether the clock of the directory is wrong and jumps.
    pub clock_jumps: bool,
}

impl Plan {
    /// Creates the plan of a seed. Tests choose the special plans by the value of the seed.
    pub fn new(seed: u64, random: &mut Random, users: usize) -> Self {
        let mut plan = Self::drawn(random, users);
        let restricts = seed & RESTRICTIONS_BIT != 0;
        let jumps = seed & JUMPS_BIT != 0;
        let seed = seed & !(RESTRICTIONS_BIT | JUMPS_BIT);
        if seed >= TOLD_CLUSTER_FROM {
            plan.return_early();
            plan.share_stores(random);
            plan.settings.webhooks.state_change_url = RECEIVER.to_owned();
        } else if seed >= CLUSTER_FROM {
            plan.share_stores(random);
        } else if seed >= RETURNS_FROM {
            plan.return_early();
        } else if seed >= HELD_UP_FROM {
            plan.hold_up_deadlines(random);
        } else if seed % RACES_EVERY == RACES_AT {
            plan.race_logins(random);
        }
        if restricts {
            plan.restrict();
        }
        if jumps && plan.nodes > 0 {
            plan.clock_jumps = true;
            plan.kinds.push((Kind::FailOver, 8));
        }
        plan
    }

    fn drawn(random: &mut Random, users: usize) -> Self {
        let mut settings = AppSettings::default();
        settings.limits.rate = RateLimit { calls: 1_000, window_ms: 1_000 };
        settings.limits.subscriptions = *random.pick(&[3, 5, 200]);
        settings.multi_device.mode = *random.pick(&[
            MultiDeviceMode::Single,
            MultiDeviceMode::Dual,
            MultiDeviceMode::Triple,
            MultiDeviceMode::Multi,
            MultiDeviceMode::Multi,
        ]);
        settings.switches.friend_notification = random.once_in(2);
        settings.timing.linger_native_ms = *random.pick(&[0, 500, 3_000]);
        settings.timing.linger_web_ms = *random.pick(&[0, 500, 3_000]);
        let curses = random.once_in(4);
        if curses || random.once_in(4) {
            settings.timing.login_retention_ms = 60_000;
        }
        if random.once_in(4) {
            settings.timing.subscription_retention_ms = 2_000;
        }
        if random.once_in(3) {
            settings.webhooks.state_change_url = RECEIVER.to_owned();
        }
        let chosen = WEIGHTS.into_iter().filter(|(_, _, one_in)| random.once_in(*one_in));
        let kinds = chosen.map(|(kind, weight, _)| (kind, weight)).collect();
        let mut rate = |fails: &[usize]| if random.once_in(2) { 0 } else { *random.pick(fails) };
        let worst = Climate {
            delay: 0,
            facts_fail: rate(&[200, 40, 8]),
            reads_fail: rate(&[200, 40, 8]),
            directory_fails: rate(&[400, 100, 20]),
            cursed: None,
            cursed_live: None,
        };
        let mut worst = if random.once_in(2) { Climate::default() } else { worst };
        worst.delay = *random.pick(&[2, 10, 40, 150]);
        let users = 3 + random.below(users - 2);
        let changes_platform = random.once_in(4);
        let mut plan = Self {
            settings,
            kinds,
            changes_platform,
            curses,
            curses_who_is_due: false,
            worst,
            users,
            nodes: 0,
            restricts: false,
            clock_jumps: false,
        };
        if random.once_in(4) {
            plan.watch_only(random);
        }
        plan
    }

    /// Removes the operations that end logins, so that most operations change friendships and subscriptions.
    fn watch_only(&mut self, random: &mut Random) {
        let ends = [
            Kind::Logout,
            Kind::SigEnds,
            Kind::Kick,
            Kind::KickAndLogin,
            Kind::LogoutAndLogin,
            Kind::Delete,
            Kind::Bug,
        ];
        self.kinds.retain(|(kind, _)| !ends.contains(kind));
        self.settings.multi_device.mode = MultiDeviceMode::Multi;
        self.settings.timing.login_retention_ms = AppSettings::default().timing.login_retention_ms;
        (self.changes_platform, self.curses) = (false, false);
        (self.worst.facts_fail, self.worst.directory_fails) = (0, 0);
        self.worst.reads_fail = *random.pick(&[0, 0, 100, 20]);
        for (kind, weight) in
            [(Kind::Befriend, 40), (Kind::Unfriend, 20), (Kind::Switch, 40), (Kind::LinkEnds, 100)]
        {
            self.kinds.retain(|(there, _)| *there != kind);
            self.kinds.push((kind, weight));
        }
        if random.once_in(8) {
            self.kinds.push((Kind::Flood, 4));
        }
    }

    /// Restricts the run to two users with competing devices. Most operations are logins.
    fn race_logins(&mut self, random: &mut Random) {
        self.kinds = vec![
            (Kind::Login, 300),
            (Kind::Again, 60),
            (Kind::Retry, 60),
            (Kind::LinkEnds, 60),
            (Kind::Create, 20),
            (Kind::Subscribe, 20),
        ];
        if random.once_in(2) {
            self.kinds.extend([(Kind::Delete, 20), (Kind::Logout, 20), (Kind::KickAndLogin, 20)]);
        }
        self.users = 2;
        self.settings.multi_device.mode =
            *random.pick(&[MultiDeviceMode::Single, MultiDeviceMode::Single, MultiDeviceMode::Dual]);
        self.worst.delay = *random.pick(&[40, 150, 400]);
    }

    /// Restricts the run to devices that connect and disconnect, so that several users have deadlines at the same time.
    fn hold_up_deadlines(&mut self, random: &mut Random) {
        self.kinds = vec![
            (Kind::Login, 200),
            (Kind::LinkEnds, 160),
            (Kind::Again, 30),
            (Kind::Text, 30),
            (Kind::Subscribe, 60),
            (Kind::Unsubscribe, 20),
        ];
        if random.once_in(2) {
            self.kinds.extend([(Kind::Logout, 20), (Kind::SigEnds, 20), (Kind::Restart, 1)]);
        }
        self.settings.multi_device.mode = MultiDeviceMode::Multi;
        self.settings.timing.login_retention_ms = 60_000;
        (self.curses, self.curses_who_is_due) = (false, true);
    }

    /// Restricts the run to two users whose devices disconnect and return. Some operations also cause other session
    /// events.
    fn return_early(&mut self) {
        self.kinds = vec![
            (Kind::Login, 100),
            (Kind::Again, 100),
            (Kind::LinkEnds, 200),
            (Kind::TextFor, 60),
            (Kind::Text, 20),
            (Kind::Logout, 40),
        ];
        self.users = 2;
        self.settings.multi_device.mode = MultiDeviceMode::Multi;
        self.settings.webhooks.state_change_url = RECEIVER.to_owned();
        self.settings.timing.linger_native_ms = 0;
        self.settings.timing.linger_web_ms = 0;
    }

    /// Makes several nodes share the stores. In such a run, either stores fail, or nodes and data are lost. With both,
    /// data that is not in the facts yet could be lost.
    fn share_stores(&mut self, random: &mut Random) {
        self.nodes = 2 + random.below(2);
        self.kinds.retain(|(kind, _)| *kind != Kind::Restart);
        (self.curses, self.curses_who_is_due, self.changes_platform) = (false, false, false);
        self.settings.webhooks.state_change_url = String::new();
        self.kinds.extend([(Kind::LeaveCluster, 3), (Kind::JoinCluster, 10)]);
        if random.once_in(3) {
            self.kinds.push((Kind::CutOff, 6));
            return;
        }
        let delay = self.worst.delay;
        self.worst = Climate { delay, ..Climate::default() };
        for kind in [Kind::KillNode, Kind::CutOff, Kind::Flush] {
            if random.once_in(2) {
                self.kinds.push((kind, 6));
            }
        }
    }

    /// Adds the operations that change who may see a status.
    fn restrict(&mut self) {
        self.restricts = true;
        self.users = self.users.max(3);
        self.kinds.retain(|(kind, _)| RESTRICTIONS.iter().all(|(other, _)| kind != other));
        self.kinds.extend(RESTRICTIONS);
    }

    /// Chooses the next operation, at random by the weights.
    pub fn next(&self, random: &mut Random) -> Kind {
        let total = self.kinds.iter().map(|(_, weight)| weight).sum();
        let mut drawn = random.below(total);
        for (kind, weight) in &self.kinds {
            if drawn < *weight {
                return *kind;
            }
            drawn -= weight;
        }
        Kind::Login
    }

    /// Chooses the delays and failure rates of the stores for a phase, at random.
    pub fn weather(&self, random: &mut Random) -> Climate {
        let mut climate = self.worst.clone();
        if random.once_in(3) {
            climate = Climate { delay: climate.delay, ..Climate::default() };
        }
        climate
    }
}
