//! The entries of the change log.

use crate::{FriendProfile, ListsNews};
use lamplight_core::{Ended, Presence, Restrictions, Transition};
use lamplight_model::{AppId, Lane, Now, Timestamp, User, UserId, UserStatus};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Instant;

/// An entry of the change log: a change that is reported to other parts of the system or to other nodes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogEntry {
    /// The user that the entry is about.
    pub user: User,
    /// The revision of the user's record after the change; 0 for a change outside of a record.
    pub rev: u64,
    /// The time of the change; `None` if it was unknown when the entry was appended.
    pub wall: Option<Timestamp>,
    /// The change.
    pub news: News,
    /// The time when the entry was appended or received on this machine. Used only for measurements, and not
    /// serialised.
    #[serde(skip, default = "Instant::now")]
    pub at: Instant,
}

/// The kinds of changes in the change log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum News {
    /// The user's status has changed visibly.
    Status(UserStatus),
    /// A connection of the user must be closed by the worker that serves it.
    Ended(Ended),
    /// The user's subscription list changed.
    Subscriptions {
        /// Users who are new on the list.
        subscribed: Vec<UserId>,
        /// Users who were removed from the list.
        unsubscribed: Vec<UserId>,
    },
    /// The user and another user became mutual friends, or stopped being mutual friends.
    Friend {
        /// The other user.
        friend: UserId,
        /// Whether both users now have each other in their friend lists.
        mutual: bool,
    },
    /// The user's lists changed.
    Lists(Arc<ListsNews>),
    /// The user's lists may have changed in an unknown way, so they must be read again.
    ListsUnknown,
    /// The user's profile has changed, so that mutual friends of the user have to be notified.
    FriendProfile(Arc<FriendProfile>),
    /// An app was created, changed or deleted. The user of the entry has no meaning.
    App(AppId),
    /// The user's record has session events that are not in the outbox yet. Only readers of
    /// [`follow_events`](crate::ChangeLog::follow_events) get this entry.
    Events,
    /// A lane of webhooks has new notices, which another node has to send. The user of the entry has no meaning. Only
    /// readers of [`follow_events`](crate::ChangeLog::follow_events) get this entry.
    Notices(Lane),
    /// The status of a user with restrictions has changed visibly, or the restrictions have changed.
    Restricted(Arc<RestrictedStatus>),
}

/// The status of a user, and the restrictions that decide which status each watcher is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RestrictedStatus {
    /// The status for watchers who may see it.
    pub status: UserStatus,
    /// The users who may not see the status, and the statuses that they are shown.
    pub restrictions: Arc<Restrictions>,
}

/// The log entries of one change of a record, which were appended in the same step. The caller of the change may
/// process them at once. The caller then ignores these entries when the log delivers them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Logged {
    /// The revision of the record after the change.
    pub rev: u64,
    /// The entries, in the order of the log.
    pub entries: SmallVec<[Arc<LogEntry>; 2]>,
}

impl Logged {
    /// Moves the visible parts of a transition into log entries, in the order of the log. `rev` is the revision after
    /// the change.
    pub fn of<T>(
        user: &User,
        presence: &Presence,
        rev: u64,
        transition: &mut Transition<T>,
        now: Now,
    ) -> Self {
        let mut logged = Self { rev, entries: SmallVec::new() };
        let mut tell = |news| {
            let (user, wall, at) = (user.clone(), Some(now.wall), Instant::now());
            logged.entries.push(Arc::new(LogEntry { user, rev, wall, news, at }));
        };
        if transition.visible || transition.restricted {
            tell(News::of(presence.status(&user.id), presence.restrictions().cloned()));
        }
        for ended in transition.ended.drain(..) {
            tell(News::Ended(ended));
        }
        if !transition.subscribed.is_empty() || !transition.unsubscribed.is_empty() {
            let subscribed = std::mem::take(&mut transition.subscribed);
            let unsubscribed = std::mem::take(&mut transition.unsubscribed);
            tell(News::Subscriptions { subscribed, unsubscribed });
        }
        if transition.has_events {
            tell(News::Events);
        }
        logged
    }
}

impl LogEntry {
    /// Creates an entry about a change that is not in a record.
    pub fn news(user: User, news: News) -> Self {
        Self { user, rev: 0, wall: None, news, at: Instant::now() }
    }
}

impl News {
    /// Creates the entry about a status. `restrictions` is `None` if the user has never restricted the status.
    pub fn of(status: UserStatus, restrictions: Option<Arc<Restrictions>>) -> Self {
        match restrictions {
            Some(restrictions) => Self::Restricted(Arc::new(RestrictedStatus { status, restrictions })),
            None => Self::Status(status),
        }
    }

    /// The status and the restrictions in the entry; `None` if the entry is about something else.
    pub fn status(&self) -> Option<(&UserStatus, Option<&Arc<Restrictions>>)> {
        match self {
            Self::Status(status) => Some((status, None)),
            Self::Restricted(restricted) => Some((&restricted.status, Some(&restricted.restrictions))),
            Self::Ended(_)
            | Self::Subscriptions { .. }
            | Self::Friend { .. }
            | Self::Lists(_)
            | Self::ListsUnknown
            | Self::FriendProfile(_)
            | Self::App(_)
            | Self::Events
            | Self::Notices(_) => None,
        }
    }

    /// Returns the approximate size on the heap in bytes. Changes that cannot be large count as 0.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Lists(news) => news.bytes(),
            Self::FriendProfile(news) => news.bytes(),
            Self::Subscriptions { subscribed, unsubscribed } => {
                (subscribed.len() + unsubscribed.len()) * size_of::<UserId>()
            }
            Self::Restricted(restricted) => restricted.restrictions.bytes(),
            Self::Status(_)
            | Self::Ended(_)
            | Self::Friend { .. }
            | Self::ListsUnknown
            | Self::App(_)
            | Self::Events
            | Self::Notices(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ListsChange, MAX_FRIENDS_IN_ENTRY, MessageNews};
    use lamplight_core::{EndCause, ShownStatus};
    use lamplight_model::{
        AllowType, BlockedUser, ClientMessageId, ConnectionId, Conversation, CustomStatus, Friend, Hook,
        Message, Moment, Platform, Profile, Reason, StatusType, StoredRestrictions, Version, Visibility,
    };

    fn id(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    fn profile() -> Profile {
        Profile { nick: "é".into(), avatar_url: "https://a".into(), allow: AllowType::default() }
    }

    fn every_lists_change() -> Vec<ListsChange> {
        let message = Message {
            from: id("a"),
            to: id("b"),
            sequence: 7,
            at: Timestamp(8),
            body: "hello".into(),
            client_id: ClientMessageId::new("x").unwrap(),
        };
        let conversation = Conversation {
            peer: id("b"),
            last: Some(message.clone()),
            unread: 2,
            read_sequence: 3,
            pinned: true,
            active: Timestamp(9),
            profile: profile(),
            remark: "r".into(),
        };
        let friend = Friend {
            id: id("b"),
            remark: "r".into(),
            mutual: true,
            added: Timestamp(4),
            source: "s".into(),
            wording: "w".into(),
            profile: profile(),
        };
        vec![
            ListsChange::Profile(profile()),
            ListsChange::Friend(Box::new(friend)),
            ListsChange::FriendGone(id("b")),
            ListsChange::Message(Box::new(MessageNews { message, conversation: conversation.clone() })),
            ListsChange::Conversation(Box::new(conversation)),
            ListsChange::ConversationGone(id("b")),
            ListsChange::Blocked(vec![BlockedUser { id: id("b"), since: Timestamp(5) }]),
            ListsChange::Unblocked(vec![id("b"), id("c")]),
            ListsChange::Visibility(Visibility::Friends),
        ]
    }

    fn every_news() -> Vec<News> {
        let status = UserStatus {
            user_id: id("a"),
            status_type: StatusType::Online,
            custom_status: CustomStatus::new("here", 100).unwrap(),
            custom_expires: None,
            version: Version(u64::MAX),
            since: Timestamp(1),
            reason: Reason::Custom,
            last_seen: Some(Timestamp(2)),
            online_devices: [Platform::Mac, Platform::Web].into_iter().collect(),
        };
        let ending = UserStatus { custom_expires: Some(Timestamp(300)), last_seen: None, ..status.clone() };
        let restrictions = StoredRestrictions {
            version: 3,
            visibility: Visibility::Friends,
            friends: vec![id("b")],
            blocked: vec![id("c"), id("d")],
            ..StoredRestrictions::default()
        };
        let closed = ShownStatus {
            status_type: StatusType::Offline,
            version: Version(4),
            since: Timestamp(5),
            reason: Reason::LinkClosed,
            last_seen: Some(Timestamp(6)),
            until: Some(Moment(7)),
        };
        let ended = [
            EndCause::Superseded,
            EndCause::KickedByLogin { by: Platform::Mac },
            EndCause::KickedByOperator,
            EndCause::AccountDeleted,
            EndCause::LoggedOut,
            EndCause::NodeLost,
        ];
        let ended =
            ended.map(|cause| News::Ended(Ended { connection: ConnectionId::alone(u64::MAX), cause }));
        let lists = every_lists_change().into_iter().map(|change| {
            let by = Some(ConnectionId::alone(3));
            News::Lists(Arc::new(ListsNews { version: 5, by, total_unread: 6, change }))
        });
        let shown = FriendProfile { friends: vec![id("b"), id("c")], profile: Arc::new(profile()) };
        let mut all = vec![
            News::Status(status.clone()),
            News::Status(ending),
            News::of(status, Restrictions::changed(None, &restrictions, closed).map(Arc::new)),
            News::Subscriptions { subscribed: vec![id("b")], unsubscribed: vec![id("c"), id("d")] },
            News::Friend { friend: id("b"), mutual: true },
            News::ListsUnknown,
            News::FriendProfile(Arc::new(shown)),
            News::App(AppId(7)),
            News::Events,
            News::Notices(Lane { app: AppId(7), hook: Hook::Push }),
        ];
        all.extend(ended);
        all.extend(lists);
        all
    }

    #[test]
    fn every_entry_is_read_back_from_its_bytes() {
        for news in every_news() {
            let user = User::new(AppId(1), id("a"));
            let entry = LogEntry { rev: 9, wall: Some(Timestamp(10)), ..LogEntry::news(user, news.clone()) };
            let bytes = postcard::to_stdvec(&entry).unwrap();
            let back: LogEntry = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(LogEntry { at: entry.at, ..back }, entry, "{news:?}");
        }
    }

    /// A node of the previous version of Lamplight reads and writes these bytes.
    #[test]
    fn a_status_without_a_duration_has_the_bytes_of_the_version_before() {
        for (last_seen, seen) in [(None, &[0][..]), (Some(Timestamp(2)), &[1, 2])] {
            let status = UserStatus {
                user_id: id("a"),
                status_type: StatusType::Online,
                custom_status: CustomStatus::new("hi", 100).unwrap(),
                custom_expires: None,
                version: Version(300),
                since: Timestamp(1),
                reason: Reason::Custom,
                last_seen,
                online_devices: Default::default(),
            };
            let expected = [&[1, b'a', 1, 2, b'h', b'i', 0xac, 2, 1, 9], seen, &[0]].concat();
            assert_eq!(postcard::to_stdvec(&status).unwrap(), expected);
        }
    }

    #[test]
    fn the_bytes_of_a_list_are_counted() {
        let many: Vec<UserId> = (0..1_000).map(|n| id(&n.to_string())).collect();
        let news = News::Subscriptions { subscribed: many.clone(), unsubscribed: many };
        assert!(news.bytes() >= 2_000 * size_of::<UserId>(), "{}", news.bytes());
    }

    #[test]
    fn a_profile_for_many_friends_is_told_in_parts() {
        let friends: Vec<UserId> = (0..1_201).map(|n| id(&n.to_string())).collect();
        let parts: Vec<FriendProfile> = FriendProfile::in_parts(&friends, profile()).collect();
        assert!(parts.iter().all(|part| part.friends.len() <= MAX_FRIENDS_IN_ENTRY));
        assert_eq!(parts.into_iter().flat_map(|part| part.friends).collect::<Vec<_>>(), friends);
    }
}
