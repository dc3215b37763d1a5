//! Stores that record the names of the calls.

#![allow(clippy::unwrap_used, missing_docs)]

use futures_util::future::BoxFuture;
use lamplight_core::Presence;
use lamplight_directory::{
    Change, ConnectionPage, Directory, DirectoryStats, FeedCursor, FeedPage, InProcessDirectory, Logged,
    RecordCursor, RecordFilter, RecordPage, View,
};
use lamplight_facts::{
    Account, AccountDeleted, AccountMade, AccountWithLogins, AppDeletion, AuditSettled, Befriending,
    BlockList, Blocking, ConsoleDocument, ConversationSet, DeadLetter, EndedLogin, Enqueued, Facts, Figure,
    FiguresRead, LaneState, Lists, ListsState, Login, LoginCursor, LoginRecorded, LoginsRecorded,
    MissedMessages, NewFriendship, NewLogin, NewMessage, NewNotice, NickCursor, NickFound, Notice,
    Operations, Outbox, ProfileSet, RecorderTerm, RemarkSet, Revocation, Revoked, Sent, Settled, Unblocking,
    Unfriended, UsersRevoked, VisibilitySet,
};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AuditEntry, AwayLogins, Conversation, ConversationCursor, Friend, Lane, LaneLease, Message,
    Moment, NewAuditEntry, NodeId, Now, Profile, ProfileChange, ProfileFields, StoredRestrictions, Timestamp,
    User, UserId, Visibility,
};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Facts and a directory that record the names of their calls.
pub struct Recording {
    facts: SqliteFacts,
    directory: InProcessDirectory,
    calls: Mutex<Vec<String>>,
    /// Whether calls of the facts are never answered.
    hang: AtomicBool,
}

impl Recording {
    pub fn new(facts: SqliteFacts) -> Arc<Self> {
        let (directory, calls, hang) =
            (InProcessDirectory::in_memory(), Mutex::default(), AtomicBool::default());
        Arc::new(Self { facts, directory, calls, hang })
    }

    /// If `hang` is `true`, later calls of the facts are never answered. If it is `false`, they are answered again.
    #[allow(dead_code)]
    pub fn hang(&self, hang: bool) {
        self.hang.store(hang, Ordering::Relaxed);
    }

    /// Returns the calls since the last call of this function.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn note(&self, call: &str) {
        self.calls.lock().unwrap().push(call.to_owned());
    }
}

/// Implements methods of the facts that note their names.
macro_rules! recorded {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self $(, $argument: $type)*) -> lamplight_facts::Answer<'_, $answer> {
            self.note(stringify!($name));
            if self.hang.load(Ordering::Relaxed) {
                return Box::pin(std::future::pending());
            }
            self.facts.$name($($argument),*)
        }
    )*};
}

impl Facts for Recording {
    recorded! {
        apps() -> Vec<App>;
        put_app(app: App) -> ();
        replace_app(was: Option<App>, app: App) -> bool;
        begin_app_deletion(app: AppId) -> AppDeletion;
        deleted_apps() -> Vec<AppId>;
        delete_app_rows(app: AppId, limit: usize) -> usize;
        accounts(users: Vec<User>) -> Vec<Option<Account>>;
        accounts_with_logins(users: Vec<User>) -> Vec<Option<AccountWithLogins>>;
        list_accounts(app: AppId, after: Option<UserId>, limit: usize) -> Vec<Account>;
        create_account(user: User, at: Timestamp) -> AccountMade;
        delete_account(user: User, revoked: Revoked) -> Option<AccountDeleted>;
        kick(user: User, revoked: Revoked) -> Option<u64>;
        revocation(user: User) -> Option<Revocation>;
        users_revoked(since: Timestamp, after: Option<User>, limit: usize) -> UsersRevoked;
        revoke_sigs(user: User, revoked: Revoked) -> ();
        record_login(login: NewLogin) -> LoginRecorded;
        end_logins(user: User, ended: Vec<EndedLogin>) -> ();
        logins(user: User) -> Vec<Login>;
        users_logged_in(after: Option<User>, limit: usize) -> Vec<User>;
        logins_recorded(times: Range<Timestamp>, after: Option<LoginCursor>, limit: usize) -> LoginsRecorded;
    }
}

impl Lists for Recording {
    recorded! {
        lists_states(users: Vec<User>) -> Vec<Option<ListsState>>;
        profiles(users: Vec<User>) -> Vec<Option<Profile>>;
        set_profile(user: User, change: ProfileChange) -> Option<ProfileSet>;
        profile_fields(users: Vec<User>) -> Vec<Option<ProfileFields>>;
        set_profile_and_fields(user: User, change: ProfileChange, fields: ProfileFields) -> Option<ProfileSet>;
        find_by_nick(app: AppId, prefix: String, after: Option<NickCursor>, limit: usize) -> Vec<NickFound>;
        befriend(friendship: NewFriendship) -> Befriending;
        set_remark(owner: User, friend: UserId, remark: String) -> Option<RemarkSet>;
        unfriend(owner: User, friend: UserId, both: bool) -> Unfriended;
        friend(owner: User, friend: UserId) -> Option<Friend>;
        friend_page(owner: User, after: Option<UserId>, limit: usize) -> Vec<Friend>;
        count_friends(owner: User) -> usize;
        mutual_friends(owner: User) -> Vec<UserId>;
        set_visibility(user: User, visibility: Visibility) -> Option<VisibilitySet>;
        block(owner: User, users: Vec<UserId>, at: Timestamp, limit: usize) -> Option<Blocking>;
        unblock(owner: User, users: Vec<UserId>) -> Option<Unblocking>;
        block_list(owner: User) -> Option<BlockList>;
        blocks_between(owner: User, users: Vec<UserId>) -> Vec<(bool, bool)>;
        restrictions(users: Vec<User>) -> Vec<Option<StoredRestrictions>>;
        set_away_logins(user: User, version: u64, away: AwayLogins) -> ();
        restricted_users(after: Option<User>, limit: usize) -> Vec<User>;
        send_message(message: NewMessage) -> Sent;
        push_missed(missed: MissedMessages) -> Enqueued;
        history(owner: User, peer: UserId, before: Option<u64>, limit: usize) -> Vec<Message>;
        conversations(owner: User, after: Option<ConversationCursor>, limit: usize) -> Vec<Conversation>;
        conversation(owner: User, peer: UserId) -> Option<Conversation>;
        mark_read(owner: User, peer: UserId, sequence: Option<u64>) -> Option<ConversationSet>;
        pin_conversation(owner: User, peer: UserId, pinned: bool) -> Option<ConversationSet>;
        delete_conversation(owner: User, peer: UserId) -> Option<ListsState>;
        forget_messages(app: AppId, before: Timestamp, limit: usize) -> usize;
    }
}

impl Outbox for Recording {
    recorded! {
        enqueue(notices: Vec<NewNotice>, terms: Vec<RecorderTerm>) -> Option<Enqueued>;
        forget_taken_in(users: Vec<(User, u64)>, terms: Vec<RecorderTerm>) -> ();
        begin_recording(partitions: Vec<u16>) -> u64;
        heads(lane: Lane, limit: usize) -> Vec<Notice>;
        hand_out(id: u64) -> bool;
        take_lease(lane: Lane, node: NodeId, over: Option<u64>) -> LaneLease;
        release_lease(lane: Lane, beat: u64) -> ();
        settle(settled: Vec<Settled>, at: Timestamp) -> usize;
        lanes() -> Vec<LaneState>;
        dead_letters(app: AppId, after: Option<u64>, limit: usize) -> Vec<DeadLetter>;
        resend(app: AppId, ids: Vec<u64>, at: Timestamp) -> usize;
        drop_dead_letters(app: AppId, ids: Vec<u64>) -> usize;
    }
}

impl Operations for Recording {
    recorded! {
        begin_audit(entry: NewAuditEntry) -> u64;
        settle_audit(id: u64, settled: AuditSettled) -> ();
        audit_entries(app: Option<AppId>, before: Option<u64>, limit: usize) -> Vec<AuditEntry>;
        put_figures(figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> ();
        figures(which: FiguresRead, limit: usize) -> Vec<Figure>;
        console_documents() -> Vec<ConsoleDocument>;
        put_console_document(name: String, was: Option<u64>, content: String) -> bool;
    }
}

type Answer<'a, T> = lamplight_directory::Answer<'a, T>;

impl Directory for Recording {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>> {
        self.note("update");
        self.directory.update_with(user, now, change)
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        self.note("read");
        self.directory.read_with(users, view)
    }

    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        presence: Presence,
        read_in: Timestamp,
        now: Now,
    ) -> Answer<'a, ()> {
        self.note("seed");
        self.directory.seed_read_in(user, presence, read_in, now)
    }

    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, now: Now) -> Answer<'a, ()> {
        self.note("remove");
        self.directory.remove_if(user, condition, now)
    }

    fn partitions(&self) -> u16 {
        self.directory.partitions()
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>> {
        self.note("subscribed_to");
        self.directory.subscribed_to(users)
    }

    fn partition_of(&self, user: &User) -> u16 {
        self.directory.partition_of(user)
    }

    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>> {
        self.note("due");
        self.directory.due(partition, now, limit)
    }

    fn with_events<'a>(&'a self, of: u16, after: Option<&'a User>, limit: usize) -> Answer<'a, Vec<User>> {
        self.note("with_events");
        self.directory.with_events(of, after, limit)
    }

    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage> {
        self.note("connections_of");
        self.directory.connections_of(node, partition, after)
    }

    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage> {
        self.note("records_of");
        self.directory.records_of(app, filter, after, limit)
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage> {
        self.note("feed");
        self.directory.feed(app, after, limit)
    }

    fn epoch(&self) -> Timestamp {
        self.directory.epoch()
    }

    fn told_before(&self) -> Timestamp {
        self.directory.told_before()
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        self.directory.feed_moved()
    }

    fn stats(&self) -> DirectoryStats {
        self.directory.stats()
    }
}
