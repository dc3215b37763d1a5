//! Directory and facts that behave like remote stores. Calls are delayed before and after their effect. Changes may run
//! more than once, and some calls fail.

use super::receiver::Truths;
use super::weather::{Failure, Kind, Weather};
use lamplight_core::Presence;
use lamplight_directory::{
    Change, ChangeLog, ConnectionPage, Directory, DirectoryError, DirectoryErrorKind, DirectoryStats,
    FeedCursor, FeedPage, InProcessDirectory, Interest, Interests, LogEntry, LogReader, Logged, RecordCursor,
    RecordFilter, RecordPage, View,
};
use lamplight_facts::{
    Account, AccountDeleted, AccountMade, AccountWithLogins, AppDeletion, AuditSettled, Befriending,
    BlockList, Blocking, ConsoleDocument, ConversationSet, DeadLetter, EndedLogin, Enqueued, Facts,
    FactsError, FactsErrorKind, Figure, FiguresRead, LaneState, Lists, ListsState, Login, LoginCursor,
    LoginRecorded, LoginsRecorded, MissedMessages, NewFriendship, NewLogin, NewMessage, NewNotice,
    NickCursor, NickFound, Notice, Operations, Outbox, ProfileSet, RecorderTerm, RemarkSet, Revocation,
    Revoked, Sent, Settled, Unblocking, Unfriended, UsersRevoked, VisibilitySet,
};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AuditEntry, AwayLogins, Conversation, ConversationCursor, DeviceId, Friend, Lane, LaneLease,
    Message, Moment, NewAuditEntry, NodeId, Now, Profile, ProfileChange, ProfileFields, StoredRestrictions,
    Timestamp, User, UserId, Visibility,
};
use parking_lot::{Mutex, MutexGuard};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The directory without delays and failures. When it loses its records, an empty directory takes its place.
pub(crate) struct Live {
    current: Mutex<Arc<InProcessDirectory>>,
    /// The interests of all nodes' workers; `None` for a single process. An entry that concerns none of them is dropped
    /// when it is appended. This is the earliest time at which a node could ignore it.
    interests: Option<Arc<Interests>>,
    /// The epoch of a directory that several nodes share. `None` for a single process, which has the epoch of
    /// `current`.
    epoch: Option<AtomicU64>,
    losses: AtomicU64,
}

impl Live {
    /// The directory of a single process.
    pub fn of_process(directory: InProcessDirectory) -> Arc<Self> {
        let current = Mutex::new(Arc::new(directory));
        Arc::new(Self { current, interests: None, epoch: None, losses: AtomicU64::new(0) })
    }

    /// A directory that several nodes share, without records.
    pub fn shared(epoch: Timestamp) -> Arc<Self> {
        let interests = Arc::new(Interests::default());
        let current = Mutex::new(Arc::new(InProcessDirectory::in_memory_for(Arc::clone(&interests), 0)));
        let epoch = Some(AtomicU64::new(epoch.0));
        Arc::new(Self { current, interests: Some(interests), epoch, losses: AtomicU64::new(0) })
    }

    /// The current directory. [`lose`](Self::lose) replaces it.
    pub fn now(&self) -> Arc<InProcessDirectory> {
        Arc::clone(&self.current.lock())
    }

    /// The interest of a new worker; `None` if the readers of the log get all entries.
    pub fn interest(&self) -> Option<Interest> {
        self.interests.as_ref().map(Interests::reader)
    }

    /// Returns a reader of the log of the current directory, for a worker with this interest. [`lose`](Self::lose)
    /// replaces the directory together with its log.
    pub fn follow(&self, interest: Option<&Interest>) -> LogReader {
        match interest {
            Some(interest) => self.now().follow_as(interest.clone()),
            None => self.now().follow(),
        }
    }

    /// Loses all records, and begins the epoch `epoch`, or a later one if that is not a second later than the last epoch.
    /// The clock of the directory may have moved back.
    pub fn lose(&self, epoch: Timestamp) {
        let losses = self.losses.fetch_add(1, Ordering::Relaxed) + 1;
        let empty = match &self.interests {
            Some(interests) => {
                InProcessDirectory::in_memory_for(Arc::clone(interests), losses * REVISIONS_OF_EPOCH)
            }
            None => InProcessDirectory::in_memory(),
        };
        *self.current.lock() = Arc::new(empty);
        self.begin_epoch(epoch);
    }

    /// Begins an epoch without a loss of records, because a replica of the directory has taken over. The readers of the log
    /// have missed entries.
    pub fn fail_over(&self, epoch: Timestamp) {
        self.losses.fetch_add(1, Ordering::Relaxed);
        self.begin_epoch(epoch);
    }

    fn begin_epoch(&self, epoch: Timestamp) {
        if let Some(of) = &self.epoch {
            let least = of.load(Ordering::Relaxed) + 1_000;
            of.store(epoch.0.max(least), Ordering::Relaxed);
        }
    }

    /// The time before which records may be missing.
    pub fn epoch(&self) -> Timestamp {
        match &self.epoch {
            Some(epoch) => Timestamp(epoch.load(Ordering::Relaxed)),
            None => self.now().epoch(),
        }
    }

    /// The number of times that the records were lost.
    pub fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }
}

/// An upper limit for the changes that one user makes between two losses of records.
const REVISIONS_OF_EPOCH: u64 = 1_000_000;

/// A directory with delays and failures.
pub(crate) struct DelayedDirectory {
    pub live: Arc<Live>,
    pub weather: Arc<Weather>,
    pub older_wins: Arc<OlderWins>,
    pub truths: Arc<Truths>,
}

/// The number of partitions of a shared directory.
const PARTITIONS: u16 = 4;

/// Finds earlier logins that have kicked later logins. Compares each record before and after its changes.
#[derive(Default)]
pub(crate) struct OlderWins(Mutex<Vec<String>>);

impl OlderWins {
    /// Removes and returns the findings since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen())
    }

    /// Compares the logins of a record before and after a change. A login is a device with a number.
    fn look(&self, user: &User, before: &[(DeviceId, u64)], after: &[(DeviceId, u64)]) {
        let is_in = |list: &[(DeviceId, u64)], device: &DeviceId| list.iter().any(|(it, _)| it == device);
        let entered = after.iter().filter(|login| !before.contains(login));
        let Some((winner, entered)) = entered.max_by_key(|(_, login)| *login) else { return };
        let mut left = before.iter().filter(|(device, _)| !is_in(after, device));
        if let Some((loser, newer)) = left.find(|(_, login)| login > entered) {
            let what = format!("{user}: {winner} entered as {entered} and kicked {loser}, which was {newer}");
            self.seen().push(what);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock()
    }
}

fn logins_of(presence: &Presence) -> Vec<(DeviceId, u64)> {
    presence.devices().iter().map(|device| (device.id.clone(), device.login)).collect()
}

/// A facts store with delays and failures.
pub(crate) struct DelayedFacts {
    pub inner: Arc<SqliteFacts>,
    pub weather: Arc<Weather>,
}

/// A change log with delays and failures.
pub(crate) struct DelayedLog {
    pub live: Arc<Live>,
    pub weather: Arc<Weather>,
}

pub(crate) fn directory_error(failure: Failure) -> DirectoryError {
    let kind = match failure {
        Failure::Overloaded => DirectoryErrorKind::Contended,
        Failure::Lost | Failure::Unanswered => DirectoryErrorKind::Unavailable,
    };
    DirectoryError { kind, doing: "going there and back", source: None }
}

fn facts_error(failure: Failure) -> FactsError {
    let kind = match failure {
        Failure::Overloaded => FactsErrorKind::Overloaded,
        Failure::Lost | Failure::Unanswered => FactsErrorKind::Unavailable,
    };
    FactsError { kind, doing: "going there and back", source: None }
}

type Directed<'a, T> = lamplight_directory::Answer<'a, T>;

impl Directory for DelayedDirectory {
    fn update_with<'a>(
        &'a self,
        user: &'a User,
        now: Now,
        change: Change<'a>,
    ) -> Directed<'a, Option<Logged>> {
        let trip = self.weather.trip(Kind::DirectoryWrite, Some(user));
        let effect = async move {
            if self.weather.runs_twice() {
                let mut copy: Option<Presence> = None;
                self.live
                    .now()
                    .read_with(std::slice::from_ref(user), &mut |_, record| {
                        copy = record.map(|(presence, _)| presence.clone());
                    })
                    .await?;
                if let Some(mut copy) = copy {
                    // The directory may run a change more than once, and only the last run counts. The result of this
                    // first run is therefore discarded.
                    let _ = change(&mut copy);
                }
            }
            let (mut before, mut after, mut shows) = (Vec::new(), Vec::new(), None);
            let mut watched = |presence: &mut Presence| {
                before = logins_of(presence);
                let transition = change(presence);
                after = logins_of(presence);
                shows = Some((presence.version(), presence.status_type()));
                transition
            };
            let logged = self.live.now().update_with(user, now, &mut watched).await;
            self.older_wins.look(user, &before, &after);
            if let Some((version, status_type)) = shows {
                self.truths.note(user, version, status_type);
            }
            logged
        };
        Box::pin(trip.go(effect, directory_error))
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Directed<'a, ()> {
        let trip = self.weather.trip(Kind::DirectoryRead, users.first());
        Box::pin(trip.go(async move { self.live.now().read_with(users, view).await }, directory_error))
    }

    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        presence: Presence,
        read_in: Timestamp,
        now: Now,
    ) -> Directed<'a, ()> {
        let trip = self.weather.trip(Kind::DirectoryWrite, Some(user));
        let effect = async move {
            if read_in != self.live.epoch() {
                return Err(DirectoryError::read_in_other_epoch());
            }
            self.live.now().seed(user, presence, now).await
        };
        Box::pin(trip.go(effect, directory_error))
    }

    fn remove_if<'a>(
        &'a self,
        user: &'a User,
        condition: fn(&Presence) -> bool,
        now: Now,
    ) -> Directed<'a, ()> {
        let trip = self.weather.trip(Kind::DirectoryWrite, Some(user));
        Box::pin(
            trip.go(async move { self.live.now().remove_if(user, condition, now).await }, directory_error),
        )
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Directed<'a, Vec<User>> {
        let trip = self.weather.trip(Kind::DirectoryRead, None);
        let effect = async move {
            let mut users = self.live.now().subscribed_to(users).await?;
            // The trait defines no order of the users, but a run must depend only on its seed.
            users.sort_unstable();
            Ok(users)
        };
        Box::pin(trip.go(effect, directory_error))
    }

    fn partitions(&self) -> u16 {
        if self.live.epoch.is_some() { PARTITIONS } else { self.live.now().partitions() }
    }

    fn partition_of(&self, user: &User) -> u16 {
        match self.live.epoch {
            Some(_) => user.id.as_str().bytes().map(u16::from).sum::<u16>() % PARTITIONS,
            None => self.live.now().partition_of(user),
        }
    }

    fn due(&self, partition: u16, now: Moment, limit: usize) -> Directed<'_, Vec<User>> {
        let trip = self.weather.trip(Kind::DirectoryRead, None);
        let effect = async move {
            let mut due = self.live.now().due(0, now, usize::MAX).await?;
            due.retain(|user| self.partition_of(user) == partition);
            due.truncate(limit);
            Ok(due)
        };
        Box::pin(trip.go(effect, directory_error))
    }

    fn with_events<'a>(
        &'a self,
        partition: u16,
        after: Option<&'a User>,
        limit: usize,
    ) -> Directed<'a, Vec<User>> {
        let trip = self.weather.trip(Kind::DirectoryRead, None);
        let effect = async move {
            let mut users = self.live.now().with_events(0, after, usize::MAX).await?;
            users.retain(|user| self.partition_of(user) == partition);
            users.truncate(limit);
            Ok(users)
        };
        Box::pin(trip.go(effect, directory_error))
    }

    fn connections_of(
        &self,
        node: NodeId,
        partition: u16,
        after: Option<u64>,
    ) -> Directed<'_, ConnectionPage> {
        let trip = self.weather.trip(Kind::DirectoryRead, None);
        let effect = async move {
            if self.live.epoch.is_none() {
                return self.live.now().connections_of(node, partition, after).await;
            }
            // One page in ascending order. The pages of the inner directory differ between two runs of a seed.
            let mut users = self.live.now().users();
            users.retain(|user| self.partition_of(user) == partition);
            users.sort_unstable();
            let mut connections = Vec::new();
            let mut view = |index: usize, record: Option<(&Presence, u64)>| {
                let of_node = record.into_iter().flat_map(|(presence, _)| presence.connections());
                let of_node = of_node.filter(|connection| connection.node == node);
                connections.extend(of_node.map(|connection| (users[index].clone(), connection)));
            };
            self.live.now().read_with(&users, &mut view).await?;
            Ok(ConnectionPage { connections, next: None })
        };
        Box::pin(trip.go(effect, directory_error))
    }

    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Directed<'a, RecordPage> {
        let trip = self.weather.trip(Kind::DirectoryRead, None);
        let effect = async move { self.live.now().records_of(app, filter, after, limit).await };
        Box::pin(trip.go(effect, directory_error))
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Directed<'_, FeedPage> {
        let trip = self.weather.trip(Kind::DirectoryRead, None);
        Box::pin(trip.go(async move { self.live.now().feed(app, after, limit).await }, directory_error))
    }

    fn epoch(&self) -> Timestamp {
        self.live.epoch()
    }

    fn told_before(&self) -> Timestamp {
        self.live.now().told_before().max(self.live.epoch())
    }

    fn feed_moved(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move { self.live.now().feed_moved().await })
    }

    fn stats(&self) -> DirectoryStats {
        self.live.now().stats()
    }
}

impl ChangeLog for DelayedLog {
    fn append(&self, entries: Vec<LogEntry>) -> Directed<'_, ()> {
        let trip = self.weather.trip(Kind::DirectoryWrite, None);
        Box::pin(trip.go(async move { self.live.now().append(entries).await }, directory_error))
    }

    fn follow(&self) -> LogReader {
        self.live.now().follow()
    }

    fn follow_events(&self) -> LogReader {
        self.live.now().follow_events()
    }
}

/// Implements methods of the facts with delays and failures. `of` is the user whom a write concerns.
macro_rules! delayed {
    ($($kind:ident $name:ident($($argument:ident: $type:ty),*) -> $answer:ty $(, of $user:expr)?;)*) => {$(
        fn $name(&self $(, $argument: $type)*) -> lamplight_facts::Answer<'_, $answer> {
            let user: Option<&User> = None $(.or(Some($user)))?;
            let trip = self.weather.trip(Kind::$kind, user);
            Box::pin(trip.go(async move { self.inner.$name($($argument),*).await }, facts_error))
        }
    )*};
}

impl Facts for DelayedFacts {
    delayed! {
        FactsRead apps() -> Vec<App>;
        FactsWrite put_app(app: App) -> ();
        FactsWrite replace_app(was: Option<App>, app: App) -> bool;
        FactsWrite begin_app_deletion(app: AppId) -> AppDeletion;
        FactsRead deleted_apps() -> Vec<AppId>;
        FactsWrite delete_app_rows(app: AppId, limit: usize) -> usize;
        FactsRead accounts(users: Vec<User>) -> Vec<Option<Account>>;
        FactsRead accounts_with_logins(users: Vec<User>) -> Vec<Option<AccountWithLogins>>;
        FactsRead list_accounts(app: AppId, after: Option<UserId>, limit: usize) -> Vec<Account>;
        FactsWrite create_account(user: User, at: Timestamp) -> AccountMade, of &user;
        FactsWrite delete_account(user: User, revoked: Revoked) -> Option<AccountDeleted>, of &user;
        FactsWrite kick(user: User, revoked: Revoked) -> Option<u64>, of &user;
        FactsRead revocation(user: User) -> Option<Revocation>;
        FactsRead users_revoked(since: Timestamp, after: Option<User>, limit: usize) -> UsersRevoked;
        FactsWrite revoke_sigs(user: User, revoked: Revoked) -> (), of &user;
        FactsWrite record_login(login: NewLogin) -> LoginRecorded, of &login.user;
        FactsWrite end_logins(user: User, ended: Vec<EndedLogin>) -> (), of &user;
        FactsRead logins(user: User) -> Vec<Login>;
        FactsRead users_logged_in(after: Option<User>, limit: usize) -> Vec<User>;
        FactsRead logins_recorded(times: Range<Timestamp>, after: Option<LoginCursor>, limit: usize) -> LoginsRecorded;
    }
}

impl Lists for DelayedFacts {
    delayed! {
        FactsRead lists_states(users: Vec<User>) -> Vec<Option<ListsState>>;
        FactsRead profiles(users: Vec<User>) -> Vec<Option<Profile>>;
        FactsWrite set_profile(user: User, change: ProfileChange) -> Option<ProfileSet>, of &user;
        FactsRead profile_fields(users: Vec<User>) -> Vec<Option<ProfileFields>>;
        FactsWrite set_profile_and_fields(user: User, change: ProfileChange, fields: ProfileFields) -> Option<ProfileSet>, of &user;
        FactsRead find_by_nick(app: AppId, prefix: String, after: Option<NickCursor>, limit: usize) -> Vec<NickFound>;
        FactsWrite befriend(friendship: NewFriendship) -> Befriending, of &friendship.owner;
        FactsWrite set_remark(owner: User, friend: UserId, remark: String) -> Option<RemarkSet>, of &owner;
        FactsWrite unfriend(owner: User, friend: UserId, both: bool) -> Unfriended, of &owner;
        FactsRead friend(owner: User, friend: UserId) -> Option<Friend>;
        FactsRead friend_page(owner: User, after: Option<UserId>, limit: usize) -> Vec<Friend>;
        FactsRead count_friends(owner: User) -> usize;
        FactsRead mutual_friends(owner: User) -> Vec<UserId>;
        FactsWrite set_visibility(user: User, visibility: Visibility) -> Option<VisibilitySet>, of &user;
        FactsWrite block(owner: User, users: Vec<UserId>, at: Timestamp, limit: usize) -> Option<Blocking>, of &owner;
        FactsWrite unblock(owner: User, users: Vec<UserId>) -> Option<Unblocking>, of &owner;
        FactsRead block_list(owner: User) -> Option<BlockList>;
        FactsRead blocks_between(owner: User, users: Vec<UserId>) -> Vec<(bool, bool)>;
        FactsRead restrictions(users: Vec<User>) -> Vec<Option<StoredRestrictions>>;
        FactsWrite set_away_logins(user: User, version: u64, away: AwayLogins) -> (), of &user;
        FactsRead restricted_users(after: Option<User>, limit: usize) -> Vec<User>;
        FactsWrite send_message(message: NewMessage) -> Sent, of &message.from;
        FactsWrite push_missed(missed: MissedMessages) -> Enqueued;
        FactsRead history(owner: User, peer: UserId, before: Option<u64>, limit: usize) -> Vec<Message>;
        FactsRead conversations(owner: User, after: Option<ConversationCursor>, limit: usize) -> Vec<Conversation>;
        FactsRead conversation(owner: User, peer: UserId) -> Option<Conversation>;
        FactsWrite mark_read(owner: User, peer: UserId, sequence: Option<u64>) -> Option<ConversationSet>, of &owner;
        FactsWrite pin_conversation(owner: User, peer: UserId, pinned: bool) -> Option<ConversationSet>, of &owner;
        FactsWrite delete_conversation(owner: User, peer: UserId) -> Option<ListsState>, of &owner;
        FactsWrite forget_messages(app: AppId, before: Timestamp, limit: usize) -> usize;
    }
}

impl Outbox for DelayedFacts {
    fn enqueue(
        &self,
        notices: Vec<NewNotice>,
        terms: Vec<RecorderTerm>,
    ) -> lamplight_facts::Answer<'_, Option<Enqueued>> {
        let trip = self.weather.late_trip(Kind::FactsWrite);
        Box::pin(trip.go(async move { self.inner.enqueue(notices, terms).await }, facts_error))
    }

    delayed! {
        FactsWrite forget_taken_in(users: Vec<(User, u64)>, terms: Vec<RecorderTerm>) -> ();
        FactsWrite begin_recording(partitions: Vec<u16>) -> u64;
        FactsRead heads(lane: Lane, limit: usize) -> Vec<Notice>;
        FactsWrite hand_out(id: u64) -> bool;
        FactsWrite take_lease(lane: Lane, node: NodeId, over: Option<u64>) -> LaneLease;
        FactsWrite release_lease(lane: Lane, beat: u64) -> ();
        FactsWrite settle(settled: Vec<Settled>, at: Timestamp) -> usize;
        FactsRead lanes() -> Vec<LaneState>;
        FactsRead dead_letters(app: AppId, after: Option<u64>, limit: usize) -> Vec<DeadLetter>;
        FactsWrite resend(app: AppId, ids: Vec<u64>, at: Timestamp) -> usize;
        FactsWrite drop_dead_letters(app: AppId, ids: Vec<u64>) -> usize;
    }
}

impl Operations for DelayedFacts {
    delayed! {
        FactsWrite begin_audit(entry: NewAuditEntry) -> u64;
        FactsWrite settle_audit(id: u64, settled: AuditSettled) -> ();
        FactsRead audit_entries(app: Option<AppId>, before: Option<u64>, limit: usize) -> Vec<AuditEntry>;
        FactsWrite put_figures(figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> ();
        FactsRead figures(which: FiguresRead, limit: usize) -> Vec<Figure>;
        FactsRead console_documents() -> Vec<ConsoleDocument>;
        FactsWrite put_console_document(name: String, was: Option<u64>, content: String) -> bool;
    }
}
