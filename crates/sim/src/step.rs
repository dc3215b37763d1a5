//! The steps of a history, and their form as text.
//!
//! A step is one line: the subject, the action and its arguments, such as `ann.phone subscribe bob cat` or `advance
//! 500`. A failing history is printed as such lines, which can be run again.

use lamplight_model::{AppId, AppSettings, Edition, MultiDeviceMode, Platform, User, UserId};
use std::fmt;
use std::str::FromStr;

/// A user of a history, as an index into [`USERS`].
pub type Who = usize;

/// A device of a user, as an index into [`DEVICES`].
pub type Device = usize;

/// The ids of the users.
pub const USERS: [&str; 8] = ["ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal"];

/// The devices that each user may have.
pub const DEVICES: [(&str, Platform); 6] = [
    ("phone", Platform::IPhone),
    ("web", Platform::Web),
    ("mac", Platform::Mac),
    ("tab", Platform::Web),
    ("kiosk", Platform::Web),
    ("droid", Platform::Android),
];

/// The number of workers. All of them belong to one node, or each belongs to a node of its own.
pub(crate) const WORKERS: usize = 3;

/// Stands for an invalid `userID` in a list of users. The text form is `?`.
pub const UNREADABLE: Who = USERS.len();

/// The app of all users.
pub(crate) const APP: AppId = AppId(1_400_000_001);

/// The user with this index.
pub(crate) fn user_of(who: Who) -> User {
    User::new(APP, UserId::new(USERS[who]).expect("names are ids"))
}

/// The index of the user with this id.
pub(crate) fn who_is(id: &UserId) -> Who {
    USERS.iter().position(|name| *name == id.as_str()).expect("only users of the history have accounts")
}

/// The kind of UserSig in a login.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sig {
    /// A valid UserSig that was issued at the time of the login.
    Good,
    /// A UserSig that expired one second before the login.
    Expired,
    /// A UserSig that was signed with a key which the app does not have.
    Forged,
}

/// The way in which a link ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The client closed the link, or the link broke.
    Closed,
    /// The server received nothing for the heartbeat timeout.
    TimedOut,
    /// The worker reports the end of its oldest connection of the device. This connection may have been superseded long
    /// ago.
    LateClosed,
}

/// The friend lists that a step changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Friends {
    /// Both friend lists.
    Both,
    /// The friend list of the user who makes the change.
    One,
}

/// A setting of the app that a step changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is the setting of its name")]
pub enum Knob {
    Edition,
    UserStatus,
    FriendNotification,
    Mode,
    WebInstances,
    NativeInstances,
    LingerNative,
    LingerWeb,
    LoginRetention,
    ListRetention,
    Subscriptions,
    QueryBatch,
    SubscribeBatch,
    UnsubscribeBatch,
    TextBytes,
    RateCalls,
}

impl Knob {
    /// Pairs of a setting and its name in the text of a step.
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::Edition, "edition"),
        (Self::UserStatus, "user-status"),
        (Self::FriendNotification, "friend-notification"),
        (Self::Mode, "mode"),
        (Self::WebInstances, "web-instances"),
        (Self::NativeInstances, "native-instances"),
        (Self::LingerNative, "linger-native"),
        (Self::LingerWeb, "linger-web"),
        (Self::LoginRetention, "login-retention"),
        (Self::ListRetention, "list-retention"),
        (Self::Subscriptions, "subscriptions"),
        (Self::QueryBatch, "query-batch"),
        (Self::SubscribeBatch, "subscribe-batch"),
        (Self::UnsubscribeBatch, "unsubscribe-batch"),
        (Self::TextBytes, "text-bytes"),
        (Self::RateCalls, "rate-calls"),
    ];

    /// Changes the setting. For an enumeration, `value` selects the variant.
    pub fn turn(self, settings: &mut AppSettings, value: u32) {
        let (small, tiny) = (value as u16, value as u8);
        match self {
            Self::Edition => {
                settings.edition = [Edition::Trial, Edition::Standard, Edition::Flagship][value as usize % 3];
            }
            Self::UserStatus => settings.switches.user_status = value != 0,
            Self::FriendNotification => settings.switches.friend_notification = value != 0,
            Self::Mode => {
                use MultiDeviceMode::{Dual, Multi, Single, Triple};
                settings.multi_device.mode = [Single, Dual, Triple, Multi][value as usize % 4];
            }
            Self::WebInstances => settings.multi_device.web_instances = tiny,
            Self::NativeInstances => settings.multi_device.native_instances = tiny,
            Self::LingerNative => settings.timing.linger_native_ms = value,
            Self::LingerWeb => settings.timing.linger_web_ms = value,
            Self::LoginRetention => settings.timing.login_retention_ms = value,
            Self::ListRetention => settings.timing.subscription_retention_ms = value,
            Self::Subscriptions => settings.limits.subscriptions = small,
            Self::QueryBatch => settings.limits.query_batch = small,
            Self::SubscribeBatch => settings.limits.subscribe_batch = small,
            Self::UnsubscribeBatch => settings.limits.unsubscribe_batch = small,
            Self::TextBytes => settings.limits.custom_status_bytes = small,
            Self::RateCalls => settings.limits.rate.calls = small,
        }
    }
}

/// One event of a history.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub enum Step {
    /// A device connects to a worker and logs in. If `resume`, the client resumes automatically, and sends the versions
    /// that the device has cached.
    Login { who: Who, device: Device, worker: usize, resume: bool, sig: Sig },
    /// A device logs out.
    Logout { who: Who, device: Device },
    /// The link of a device ends.
    Close { who: Who, device: Device, end: End },
    /// The UserSig of a connected device expires.
    SigEnds { who: Who, device: Device },
    /// `setSelfStatus`. The text stays for `seconds`; 0 means that it stays until it is cleared.
    Text { who: Who, device: Device, text: String, seconds: u32 },
    /// `getUserStatus`
    Query { who: Who, device: Device, users: Vec<Who> },
    /// `subscribeUserStatus`
    Subscribe { who: Who, device: Device, users: Vec<Who> },
    /// `unsubscribeUserStatus`
    Unsubscribe { who: Who, device: Device, users: Vec<Who> },
    /// `getSubscriptions`
    List { who: Who, device: Device },
    /// The client of a device stops reading notifications.
    Stall { who: Who, device: Device },
    /// A stalled client reads this number of statuses.
    Read { who: Who, device: Device, statuses: usize },
    /// A stalled client starts to read again.
    Unstall { who: Who, device: Device },
    /// A user adds a friend.
    Befriend { who: Who, friend: Who, lists: Friends },
    /// A user removes a friend.
    Unfriend { who: Who, friend: Who, lists: Friends },
    /// The app's backend creates an account.
    Create { who: Who },
    /// The app's backend deletes an account.
    Delete { who: Who },
    /// The app's backend kicks a user.
    Kick { who: Who },
    /// An operator changes a setting.
    Set { knob: Knob, value: u32 },
    /// The monotonic clock and the wall clock advance.
    Advance { millis: u64 },
    /// The wall clock jumps by this time; the monotonic clock does not.
    Jump { millis: i64 },
    /// The server does the work that is due.
    Upkeep,
    /// A worker stops reading the change log.
    Doze { worker: usize },
    /// The worker starts to read the change log again.
    Wake { worker: usize },
    /// The change log gets more entries than the queue of a worker can have.
    Flood,
    /// The process ends, and `millis` later a new process starts. If `orderly`, the process shuts down; otherwise it
    /// crashes.
    Restart { orderly: bool, millis: u64 },
    /// The process restarts without its live records.
    LoseLive,
    /// The node of a worker is killed. The step lasts until the node's lease ends. Used only with several nodes.
    LoseNode { worker: usize },
    /// The killed node of a worker starts again. Other nodes have already ended its connections.
    StartNode { worker: usize },
    /// All workers read the whole change log, and all clients read their notifications.
    Quiet,
}

/// The error of a line that is not a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownStep(pub String);

impl fmt::Display for UnknownStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such step: {:?}", self.0)
    }
}

impl std::error::Error for UnknownStep {}

/// The id of a user, or `?` for [`UNREADABLE`].
fn name(who: Who) -> &'static str {
    USERS.get(who).copied().unwrap_or("?")
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |who: &Who, device: &Device| format!("{}.{}", name(*who), DEVICES[*device].0);
        let list = |users: &[Who]| users.iter().map(|who| format!(" {}", name(*who))).collect::<String>();
        let one = |lists: &Friends| if *lists == Friends::One { " one" } else { "" };
        match self {
            Self::Login { who, device, worker, resume, sig } => {
                let verb = match (sig, resume) {
                    (Sig::Good, false) => "login",
                    (Sig::Good, true) => "resume",
                    (Sig::Expired, _) => "login-expired",
                    (Sig::Forged, _) => "login-forged",
                };
                write!(f, "{} {verb} {worker}", on(who, device))
            }
            Self::Logout { who, device } => write!(f, "{} logout", on(who, device)),
            Self::Close { who, device, end } => {
                let verb = match end {
                    End::Closed => "close",
                    End::TimedOut => "timeout",
                    End::LateClosed => "late-close",
                };
                write!(f, "{} {verb}", on(who, device))
            }
            Self::SigEnds { who, device } => write!(f, "{} sig-ends", on(who, device)),
            Self::Text { who, device, text, seconds } => {
                write!(f, "{} text {text}", on(who, device))?;
                if *seconds > 0 { write!(f, " for {seconds}") } else { Ok(()) }
            }
            Self::Query { who, device, users } => write!(f, "{} query{}", on(who, device), list(users)),
            Self::Subscribe { who, device, users } => {
                write!(f, "{} subscribe{}", on(who, device), list(users))
            }
            Self::Unsubscribe { who, device, users } => {
                write!(f, "{} unsubscribe{}", on(who, device), list(users))
            }
            Self::List { who, device } => write!(f, "{} list", on(who, device)),
            Self::Stall { who, device } => write!(f, "{} stall", on(who, device)),
            Self::Read { who, device, statuses } => write!(f, "{} read {statuses}", on(who, device)),
            Self::Unstall { who, device } => write!(f, "{} unstall", on(who, device)),
            Self::Befriend { who, friend, lists } => {
                write!(f, "{} befriend {}{}", name(*who), name(*friend), one(lists))
            }
            Self::Unfriend { who, friend, lists } => {
                write!(f, "{} unfriend {}{}", name(*who), name(*friend), one(lists))
            }
            Self::Create { who } => write!(f, "{} create", name(*who)),
            Self::Delete { who } => write!(f, "{} delete", name(*who)),
            Self::Kick { who } => write!(f, "{} kick", name(*who)),
            Self::Set { knob, value } => {
                let word = Knob::ALL.iter().find(|(other, _)| other == knob).map_or("", |(_, word)| word);
                write!(f, "set {word} {value}")
            }
            Self::Advance { millis } => write!(f, "advance {millis}"),
            Self::Jump { millis } => write!(f, "jump {millis}"),
            Self::Upkeep => f.write_str("upkeep"),
            Self::Doze { worker } => write!(f, "doze {worker}"),
            Self::Wake { worker } => write!(f, "wake {worker}"),
            Self::Flood => f.write_str("flood"),
            Self::Restart { orderly: true, millis } => write!(f, "restart {millis}"),
            Self::Restart { orderly: false, millis } => write!(f, "kill-9 {millis}"),
            Self::LoseLive => f.write_str("lose-live"),
            Self::LoseNode { worker } => write!(f, "lose-node {worker}"),
            Self::StartNode { worker } => write!(f, "start-node {worker}"),
            Self::Quiet => f.write_str("quiet"),
        }
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        parse(&line.split_whitespace().collect::<Vec<_>>()).ok_or_else(|| UnknownStep(line.to_owned()))
    }
}

fn parse(words: &[&str]) -> Option<Step> {
    let (first, rest) = words.split_first()?;
    if let Some((who, device)) = first.split_once('.') {
        let device = DEVICES.iter().position(|(word, _)| *word == device)?;
        return parse_of_device(user(who)?, device, rest);
    }
    match (*first, rest) {
        ("set", [knob, value]) => {
            let knob = Knob::ALL.iter().find(|(_, word)| word == knob)?.0;
            Some(Step::Set { knob, value: value.parse().ok()? })
        }
        ("advance", [millis]) => Some(Step::Advance { millis: millis.parse().ok()? }),
        ("jump", [millis]) => Some(Step::Jump { millis: millis.parse().ok()? }),
        ("upkeep", []) => Some(Step::Upkeep),
        ("doze", [worker]) => Some(Step::Doze { worker: worker.parse().ok()? }),
        ("wake", [worker]) => Some(Step::Wake { worker: worker.parse().ok()? }),
        ("flood", []) => Some(Step::Flood),
        ("restart", [millis]) => Some(Step::Restart { orderly: true, millis: millis.parse().ok()? }),
        ("kill-9", [millis]) => Some(Step::Restart { orderly: false, millis: millis.parse().ok()? }),
        ("lose-live", []) => Some(Step::LoseLive),
        ("lose-node", [worker]) => Some(Step::LoseNode { worker: worker.parse().ok()? }),
        ("start-node", [worker]) => Some(Step::StartNode { worker: worker.parse().ok()? }),
        ("quiet", []) => Some(Step::Quiet),
        (who, [verb, rest @ ..]) => parse_of_user(user(who)?, verb, rest),
        (_, []) => None,
    }
}

fn parse_of_device(who: Who, device: Device, words: &[&str]) -> Option<Step> {
    let (verb, rest) = words.split_first()?;
    let number = || rest.first().and_then(|word| word.parse::<usize>().ok());
    let users = || rest.iter().map(|word| user(word)).collect::<Option<Vec<Who>>>();
    let login = |resume, sig| Some(Step::Login { who, device, worker: number()?, resume, sig });
    match *verb {
        "login" => login(false, Sig::Good),
        "resume" => login(true, Sig::Good),
        "login-expired" => login(false, Sig::Expired),
        "login-forged" => login(false, Sig::Forged),
        "logout" => Some(Step::Logout { who, device }),
        "close" => Some(Step::Close { who, device, end: End::Closed }),
        "timeout" => Some(Step::Close { who, device, end: End::TimedOut }),
        "late-close" => Some(Step::Close { who, device, end: End::LateClosed }),
        "sig-ends" => Some(Step::SigEnds { who, device }),
        "text" => {
            let (text, seconds) = match rest {
                [text @ .., "for", seconds] => (text.first(), seconds.parse().ok()?),
                text => (text.first(), 0),
            };
            Some(Step::Text { who, device, text: text.copied().unwrap_or("").to_owned(), seconds })
        }
        "query" => Some(Step::Query { who, device, users: users()? }),
        "subscribe" => Some(Step::Subscribe { who, device, users: users()? }),
        "unsubscribe" => Some(Step::Unsubscribe { who, device, users: users()? }),
        "list" => Some(Step::List { who, device }),
        "stall" => Some(Step::Stall { who, device }),
        "read" => Some(Step::Read { who, device, statuses: number()? }),
        "unstall" => Some(Step::Unstall { who, device }),
        _ => None,
    }
}

fn parse_of_user(who: Who, verb: &str, rest: &[&str]) -> Option<Step> {
    let friend = || rest.first().and_then(|word| user(word));
    let lists = if rest.get(1) == Some(&"one") { Friends::One } else { Friends::Both };
    match verb {
        "befriend" => Some(Step::Befriend { who, friend: friend()?, lists }),
        "unfriend" => Some(Step::Unfriend { who, friend: friend()?, lists }),
        "create" => Some(Step::Create { who }),
        "delete" => Some(Step::Delete { who }),
        "kick" => Some(Step::Kick { who }),
        _ => None,
    }
}

fn user(word: &str) -> Option<Who> {
    if word == "?" { Some(UNREADABLE) } else { USERS.iter().position(|name| *name == word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_as_it_is_written() {
        let lines = "ann.phone login 0\nbob.web resume 2\ncat.mac login-expired 1\ndan.tab login-forged 0\n\
            ann.phone logout\nann.phone close\nann.web timeout\nann.web late-close\nann.mac sig-ends\n\
            ann.phone query bob ? ann\nann.phone subscribe\nann.phone unsubscribe cat\nann.phone list\n\
            ann.phone text busy\nann.phone text busy for 5\nann.phone stall\nann.phone read 2\nann.phone unstall\nann befriend bob\n\
            ann befriend bob one\nann unfriend bob one\nann create\nann delete\nann kick\nset linger-web 500\n\
            advance 10\njump -300\nupkeep\ndoze 0\nwake 0\nflood\nrestart 5\nkill-9 5\nlose-live\nlose-node 1\nstart-node 1\nquiet";
        for line in lines.lines() {
            assert_eq!(line.parse::<Step>().map(|step| step.to_string()), Ok(line.to_owned()));
        }
        assert!("ann.phone dances".parse::<Step>().is_err());
    }
}
