//! Users of the tests, their operations, and a reader of the change log.

#![allow(dead_code, reason = "each test program uses a part")]

use lamplight_core::{Connect, LinkEnd, Presence, UserFacts};
use lamplight_directory::{ChangeLog, Directory, DirectoryError, Heard, LogReader, Logged, News, Partitions};
use lamplight_directory_redis::{RedisDirectory, RedisSettings};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, NodeId, Now, Platform, Timestamp, User,
    UserId, Version,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The longest time in which a test expects an event.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const NODE: NodeId = NodeId(0x1234_5678_9abc);

/// A directory, as one node of the cluster uses it.
pub struct Node {
    pub directory: Arc<dyn Directory>,
    pub log: Arc<dyn ChangeLog>,
    pub redis: Arc<RedisDirectory>,
}

impl Node {
    pub async fn open(settings: RedisSettings) -> Self {
        let directory = Arc::new(RedisDirectory::open(settings).await.unwrap());
        let (live, log) =
            (Arc::<RedisDirectory>::clone(&directory), Arc::<RedisDirectory>::clone(&directory));
        Self { directory: live, log, redis: directory }
    }

    pub async fn seed(&self, name: &str) -> Result<(), DirectoryError> {
        self.directory.seed(&user(name), blank(), now(0)).await
    }

    pub async fn connect(&self, name: &str, local: u64) -> Result<Option<Logged>, DirectoryError> {
        let (device, settings) = (DeviceId::new("0f8fad5b-d9cb-469f-a165").unwrap(), AppSettings::default());
        let (platform, connection) = (Platform::IPhone, ConnectionId::new(NODE, local));
        let (login, issued) = (local + 1, now(1).wall.as_secs());
        let connect =
            Connect { device: &device, platform, login, born: 1, issued, connection, address: None };
        let change = |presence: &mut Presence| presence.connect(&connect, &settings, now(1));
        Ok(self.directory.update_logged(&user(name), now(1), change).await?.map(|done| done.1))
    }

    /// Ends a connection that [`connect`](Self::connect) has made.
    pub async fn disconnect(&self, name: &str, local: u64) -> Result<Option<Logged>, DirectoryError> {
        let (settings, connection) = (AppSettings::default(), ConnectionId::new(NODE, local));
        let change = |presence: &mut Presence| {
            presence.disconnect(connection, LinkEnd::Closed, now(2).wall, &settings, now(2))
        };
        Ok(self.directory.update_logged(&user(name), now(2), change).await?.map(|done| done.1))
    }

    pub async fn set_custom(&self, name: &str, text: &str) -> Result<Option<Logged>, DirectoryError> {
        let (custom, settings) = (CustomStatus::new(text, 100).unwrap(), AppSettings::default());
        let change =
            |presence: &mut Presence| presence.set_custom_status(custom.clone(), None, &settings, now(2));
        Ok(self.directory.update_logged(&user(name), now(2), change).await?.map(|done| done.1))
    }

    /// The custom status of a user; `None` without a record.
    pub async fn custom(&self, name: &str) -> Result<Option<String>, DirectoryError> {
        let show = |_: &User, presence: Option<&Presence>| {
            presence.map(|presence| presence.custom_status().as_str().to_owned())
        };
        Ok(self.directory.read(&[user(name)], show).await?.remove(0))
    }

    pub fn follow(&self) -> Ear {
        Ear { reader: self.log.follow(), texts: Vec::new(), missed: BTreeSet::new() }
    }
}

/// A reader of the change log. It keeps the custom statuses that it has read, and the partitions reported as missed.
pub struct Ear {
    reader: LogReader,
    pub texts: Vec<String>,
    pub missed: BTreeSet<u16>,
}

impl Ear {
    /// Reads until a custom status has this text.
    pub async fn until_text(&mut self, text: &str) {
        while !self.texts.iter().any(|heard| heard == text) {
            self.listen().await;
        }
    }

    pub async fn until_missed(&mut self, partition: u16) {
        while !self.missed.contains(&partition) {
            self.listen().await;
        }
    }

    async fn listen(&mut self) {
        let ready = tokio::time::timeout(PATIENCE, self.reader.ready());
        assert!(ready.await.is_ok(), "heard no more than {:?}, missed {:?}", self.texts, self.missed);
        let mut entries = Vec::new();
        match self.reader.take(&mut entries) {
            Heard::All => {}
            Heard::Missed(Partitions::Some(some)) => self.missed.extend(some),
            Heard::Missed(Partitions::Every) => panic!("the reader is not slow"),
        }
        for entry in entries {
            if let News::Status(status) = &entry.news {
                self.texts.push(status.custom_status.as_str().to_owned());
            }
        }
    }
}

/// Waits until a condition is true. Fails after [`PATIENCE`].
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}");
}

pub fn user(name: &str) -> User {
    User::new(AppId(1), UserId::new(name).unwrap())
}

pub fn now(millis: u64) -> Now {
    Now { moment: Moment(1_000_000 + millis), wall: Timestamp(1_700_000_000_000 + millis) }
}

pub fn blank() -> Presence {
    let settings = AppSettings::default();
    Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0))
}
