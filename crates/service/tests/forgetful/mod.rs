//! The in-process directory, which can also lose records. It then reports a new epoch: records from before this epoch
//! may be missing.

#![allow(clippy::unwrap_used, missing_docs)]

use futures_util::future::{BoxFuture, FutureExt};
use lamplight_core::Presence;
use lamplight_directory::{
    Answer, Change, ChangeLog, ConnectionPage, Directory, DirectoryError, DirectoryErrorKind, DirectoryStats,
    FeedCursor, FeedPage, InProcessDirectory, Logged, RecordCursor, RecordFilter, RecordPage, View,
};
use lamplight_model::{AppId, Moment, NodeId, Now, Timestamp, User};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

pub struct Forgetful {
    inner: Arc<InProcessDirectory>,
    epoch: AtomicU64,
    /// The number of records that were created and lost at once; `None` if new records are kept.
    lost_seeds: Mutex<Option<usize>>,
    /// The number of searches of subscription lists.
    pub searches: AtomicU64,
    /// The epoch that begins at the next change of a record. The second value is `true` if that record is lost before
    /// the change, and `false` if it is lost after the change.
    lost_at_change: Mutex<Option<(Timestamp, bool)>>,
    /// Channels for the next record that is created: one reports that its creation begins, and one ends its wait.
    /// `None` if that record does not wait.
    held_seed: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
    /// A user whose record cannot be decoded.
    unreadable: Mutex<Option<User>>,
}

impl Default for Forgetful {
    fn default() -> Self {
        Self {
            inner: Arc::new(InProcessDirectory::in_memory()),
            epoch: AtomicU64::new(0),
            lost_seeds: Mutex::default(),
            searches: AtomicU64::new(0),
            lost_at_change: Mutex::default(),
            held_seed: Mutex::default(),
            unreadable: Mutex::default(),
        }
    }
}

impl Forgetful {
    pub fn log(&self) -> Arc<dyn ChangeLog> {
        Arc::<InProcessDirectory>::clone(&self.inner)
    }

    /// Loses the records of these users, and reports that records from before `epoch` may be missing.
    pub fn lose(&self, users: &[User], epoch: Timestamp) {
        let now = Now { moment: Moment(0), wall: epoch };
        for user in users {
            self.inner.remove(user, now).now_or_never().expect("nothing waits").expect("nothing fails");
        }
        self.epoch.store(epoch.0, Ordering::Relaxed);
    }
}

#[allow(dead_code)]
impl Forgetful {
    /// Loses each record that is created from now on, before anything else can use it.
    pub fn lose_seeds(&self) {
        *self.lost_seeds.lock().unwrap() = Some(0);
    }

    /// Loses the record that is changed next, and begins an epoch. If `before` is `true`, this happens before the
    /// change, otherwise after it.
    pub fn lose_at_change(&self, epoch: Timestamp, before: bool) {
        *self.lost_at_change.lock().unwrap() = Some((epoch, before));
    }

    /// Delays the next record that is created. Returns a channel that reports that its creation begins, and a channel
    /// that ends its wait.
    pub fn hold_seed(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((tell, reached), (release, held)) = (oneshot::channel(), oneshot::channel());
        *self.held_seed.lock().unwrap() = Some((tell, held));
        (reached, release)
    }

    /// Damages the record of a user: reads skip the record, and changes of it fail.
    pub fn damage(&self, user: &User) {
        *self.unreadable.lock().unwrap() = Some(user.clone());
    }

    /// Returns the number of records that were lost at once. From now on, new records are kept.
    pub fn keep_seeds(&self) -> usize {
        self.lost_seeds.lock().unwrap().take().unwrap_or_default()
    }
}

impl Directory for Forgetful {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>> {
        let lost = self.lost_at_change.lock().unwrap().take();
        let is_unreadable = self.unreadable.lock().unwrap().as_ref() == Some(user);
        async move {
            if is_unreadable {
                let (kind, doing) = (DirectoryErrorKind::Corrupt, "changing a damaged record");
                return Err(DirectoryError { kind, doing, source: None });
            }
            if let Some((epoch, true)) = lost {
                self.lose(std::slice::from_ref(user), epoch);
            }
            let done = self.inner.update_with(user, now, change).await;
            if let Some((epoch, false)) = lost {
                self.lose(std::slice::from_ref(user), epoch);
            }
            done
        }
        .boxed()
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        let unreadable = self.unreadable.lock().unwrap().clone();
        async move {
            let mut pass_over = |index: usize, record: Option<(&Presence, u64)>| {
                view(index, record.filter(|_| unreadable.as_ref() != Some(&users[index])));
            };
            self.inner.read_with(users, &mut pass_over).await
        }
        .boxed()
    }

    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        presence: Presence,
        read_in: Timestamp,
        now: Now,
    ) -> Answer<'a, ()> {
        let held = self.held_seed.lock().unwrap().take();
        async move {
            if let Some((tell, held)) = held {
                tell.send(()).unwrap();
                held.await.unwrap();
            }
            if read_in != self.epoch() {
                return Err(DirectoryError::read_in_other_epoch());
            }
            if let Some(lost) = self.lost_seeds.lock().unwrap().as_mut() {
                *lost += 1;
                return Ok(());
            }
            self.inner.seed(user, presence, now).await
        }
        .boxed()
    }

    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, now: Now) -> Answer<'a, ()> {
        self.inner.remove_if(user, condition, now)
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>> {
        self.searches.fetch_add(1, Ordering::Relaxed);
        self.inner.subscribed_to(users)
    }

    fn partition_of(&self, user: &User) -> u16 {
        self.inner.partition_of(user)
    }

    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>> {
        self.inner.due(partition, now, limit)
    }

    fn with_events<'a>(&'a self, of: u16, after: Option<&'a User>, limit: usize) -> Answer<'a, Vec<User>> {
        self.inner.with_events(of, after, limit)
    }

    fn connections_of(&self, node: NodeId, of: u16, after: Option<u64>) -> Answer<'_, ConnectionPage> {
        self.inner.connections_of(node, of, after)
    }

    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage> {
        self.inner.records_of(app, filter, after, limit)
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage> {
        self.inner.feed(app, after, limit)
    }

    fn epoch(&self) -> Timestamp {
        Timestamp(self.epoch.load(Ordering::Relaxed))
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        self.inner.feed_moved()
    }

    fn stats(&self) -> DirectoryStats {
        self.inner.stats()
    }
}
