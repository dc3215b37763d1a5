//! The names of keys and channels, and the texts by which users are stored in Redis.

use lamplight_directory::Limited;
use lamplight_model::{AppId, NodeId, User, UserId};

/// The number of hexadecimal digits at the start of a member. They are the app's id.
const APP_DIGITS: usize = 8;

/// The number of log batches that a partition keeps.
pub(crate) const KEPT_BATCHES: u64 = 1000;

/// The field of a partition's head that has the log batch with this number. Its name is the last three digits of the
/// number; the scripts compute it in the same way.
pub(crate) fn slot_of(number: u64) -> String {
    format!("{:03}", number % KEPT_BATCHES)
}

/// The names of the keys of a directory. The keys of one partition have the same hash tag, so that a script can use
/// them together on a Redis Cluster.
pub(crate) struct Keys {
    prefix: String,
    partitions: u16,
}

impl Keys {
    pub(crate) fn new(prefix: &str, partitions: u16) -> Self {
        Self { prefix: prefix.to_owned(), partitions }
    }

    /// The partition of a user. All nodes and all versions of Lamplight must compute the same partition.
    pub(crate) fn partition_of(&self, user: &User) -> u16 {
        self.partition_of_name(user.app, user.id.as_str())
    }

    /// The partition in which the calls `of` are counted.
    pub(crate) fn partition_of_calls(&self, of: Limited<'_>) -> u16 {
        match of {
            Limited::User(user, _) => self.partition_of(user),
            Limited::App(app, command) => self.partition_of_name(app, command),
        }
    }

    fn partition_of_name(&self, app: AppId, name: &str) -> u16 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&app.0.to_be_bytes());
        hasher.update(name.as_bytes());
        u16::try_from(hasher.finalize() % u32::from(self.partitions)).unwrap_or_default()
    }

    pub(crate) fn meta(&self) -> String {
        format!("{}:meta", self.prefix)
    }

    pub(crate) fn head(&self, partition: u16) -> String {
        self.of(partition, "head")
    }

    pub(crate) fn records(&self, partition: u16, app: AppId) -> String {
        self.of(partition, &format!("rec:{}", app.0))
    }

    pub(crate) fn feed(&self, partition: u16, app: AppId) -> String {
        self.of(partition, &format!("feed:{}", app.0))
    }

    /// The keys of the last log batches in earlier versions: a stream and a hash.
    pub(crate) fn former_logs(&self, partition: u16) -> [String; 2] {
        ["log", "batches"].map(|name| self.of(partition, name))
    }

    pub(crate) fn due(&self, partition: u16) -> String {
        self.of(partition, "due")
    }

    pub(crate) fn events(&self, partition: u16) -> String {
        self.of(partition, "events")
    }

    pub(crate) fn node(&self, partition: u16, node: NodeId) -> String {
        self.of(partition, &format!("node:{:x}", node.0))
    }

    /// The names of the three keys in which the node register is stored: the entries, the beats, the requests to drain.
    pub(crate) fn register(&self, partition: u16) -> [String; 3] {
        ["nodes", "beats", "drains"].map(|name| self.of(partition, name))
    }

    /// The key that has the mark of the facts to which the live records belong.
    pub(crate) fn facts(&self, partition: u16) -> String {
        self.of(partition, "facts")
    }

    /// The key of recent calls that are counted together. It contains the name of the call in Rust. If a call is
    /// renamed, its recent calls are forgotten.
    pub(crate) fn calls(&self, partition: u16, of: Limited<'_>) -> String {
        match of {
            Limited::User(user, call) => self.of(partition, &format!("calls:{call:?}:{}", member(user))),
            Limited::App(app, command) => self.of(partition, &format!("api:{}:{command}", app.0)),
        }
    }

    /// The channel on which the log batches of a partition are pushed.
    pub(crate) fn channel(&self, partition: u16) -> String {
        format!("{}:{{{partition}}}", self.prefix)
    }

    /// The partition of a channel.
    pub(crate) fn partition_of_channel(&self, channel: &[u8]) -> Option<u16> {
        let text = std::str::from_utf8(channel).ok()?;
        let number = text.strip_prefix(&self.prefix)?.strip_prefix(":{")?.strip_suffix('}')?;
        number.parse().ok().filter(|partition| *partition < self.partitions)
    }

    fn of(&self, partition: u16, name: &str) -> String {
        format!("{}:{{{partition}}}:{name}", self.prefix)
    }
}

/// The text that stands for a user in a set or sorted set of Redis. The texts sort in the same order as users.
pub(crate) fn member(user: &User) -> String {
    format!("{:08x}{}", user.app.0, user.id)
}

/// Reads the user from a member.
pub(crate) fn user_of(member: &[u8]) -> Option<User> {
    let text = std::str::from_utf8(member).ok()?;
    let (app, id) = text.split_at_checked(APP_DIGITS)?;
    let app = AppId(u32::from_str_radix(app, 16).ok()?);
    Some(User::new(app, UserId::new(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(app: u32, id: &str) -> User {
        User::new(AppId(app), UserId::new(id).unwrap())
    }

    #[test]
    fn members_sort_as_users_do_and_are_read_back() {
        let users =
            [user(1, "a"), user(1, "a b"), user(1, "ab"), user(2, "a"), user(16, "0"), user(u32::MAX, "~")];
        assert!(users.is_sorted());
        let members: Vec<String> = users.iter().map(member).collect();
        assert!(members.is_sorted(), "{members:?}");
        for (user, member) in users.iter().zip(&members) {
            assert_eq!(user_of(member.as_bytes()).as_ref(), Some(user));
        }
        for bad in ["", "0000001", "00000001", "0000000xa", "00000001\u{e9}"] {
            assert_eq!(user_of(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_user_has_the_same_partition_for_ever() {
        let keys = Keys::new("lm", 256);
        let found: Vec<u16> = ["a", "b", "alice"].iter().map(|id| keys.partition_of(&user(1, id))).collect();
        assert_eq!(found, PINNED);
        assert_eq!(Keys::new("lm", 1).partition_of(&user(1, "a")), 0);
    }

    /// The partitions of three users. If the computation gave other values, existing records could no longer be found.
    const PINNED: [u16; 3] = [146, 40, 81];

    #[test]
    fn a_channel_names_its_partition() {
        let keys = Keys::new("lm", 256);
        assert_eq!(keys.channel(7), "lm:{7}");
        for (channel, expected) in
            [("lm:{7}", Some(7)), ("lm:{256}", None), ("lm:{}", None), ("x:{7}", None), ("lm:7", None)]
        {
            assert_eq!(keys.partition_of_channel(channel.as_bytes()), expected, "{channel}");
        }
    }
}
