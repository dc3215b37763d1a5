//! Batches of the change log. A batch has the log entries of one atomic step. It is pushed to the nodes and kept for a
//! while.

use lamplight_directory::{LogEntry, Logged, News};
use lamplight_model::{AppId, Timestamp, User};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// A batch in its stored form. Nodes of two versions may run together, so a new variant may only be added at the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Batch {
    /// A change of one record.
    Change { user: User, rev: u64, wall: Timestamp, moves: bool, news: Vec<News> },
    /// News that is not a change of a record.
    Appended(Vec<LogEntry>),
}

/// A batch as it is delivered to the readers of this node's change log.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) entries: Vec<Arc<LogEntry>>,
    /// Whether the step has moved a user in the status feed.
    pub(crate) moves: bool,
}

/// The readers that need a batch, according to its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Glimpse<'a> {
    /// All entries are about one user. Only readers with an interest in this user need the batch.
    OneUser { app: AppId, id: &'a str, moves: bool },
    /// The batch has to be decoded.
    Unknown,
}

/// The beginning of a [`Batch`], with the same encoding.
#[derive(Deserialize)]
enum Beginning<'a> {
    #[serde(borrow)]
    Change(ChangeBeginning<'a>),
    Appended(AppendedBeginning<'a>),
}

#[derive(Deserialize)]
struct ChangeBeginning<'a> {
    app: AppId,
    id: &'a str,
    _rev: u64,
    _wall: Timestamp,
    moves: bool,
}

#[derive(Deserialize)]
struct AppendedBeginning<'a> {
    /// The number of entries. The following fields are the beginning of the first entry.
    entries: u64,
    app: AppId,
    id: &'a str,
    _rev: u64,
    _wall: Option<Timestamp>,
    /// The number of the variant of [`News`].
    news: u32,
}

/// The last byte of a batch of a change with [`News::Events`]. The entry with this news is always the last one, and is
/// encoded as only the number of its variant.
const EVENTS: u8 = 8;

/// The variants of [`News`] that concern only the user of their entry, and that are not caused by a change of a record:
/// `Friend`, `Lists` and `ListsUnknown`.
const OF_ONE_USER: [u32; 3] = [3, 4, 5];

impl<'a> Glimpse<'a> {
    /// Reads the first bytes of a batch. Allocates no memory. The result may be `Unknown` even if all entries are about
    /// one user.
    pub(crate) fn of(batch: &'a [u8]) -> Self {
        match postcard::take_from_bytes(batch) {
            // The readers of events for the outbox need the entry.
            Ok((Beginning::Change(_), _)) if batch.last() == Some(&EVENTS) => Self::Unknown,
            Ok((Beginning::Change(ChangeBeginning { app, id, moves, .. }), _)) => {
                Self::OneUser { app, id, moves }
            }
            Ok((Beginning::Appended(AppendedBeginning { entries: 1, app, id, news, .. }), _))
                if OF_ONE_USER.contains(&news) =>
            {
                Self::OneUser { app, id, moves: false }
            }
            Ok((Beginning::Appended(_), _)) | Err(_) => Self::Unknown,
        }
    }
}

/// Encodes the log entries of a change.
pub(crate) fn encode_change(
    user: &User,
    logged: &Logged,
    wall: Timestamp,
    moves: bool,
) -> Result<Vec<u8>, postcard::Error> {
    let news = logged.entries.iter().map(|entry| entry.news.clone()).collect();
    postcard::to_stdvec(&Batch::Change { user: user.clone(), rev: logged.rev, wall, moves, news })
}

/// Encodes news that is not a change of a record.
pub(crate) fn encode_appended(entries: Vec<LogEntry>) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(&Batch::Appended(entries))
}

impl Delivery {
    /// Creates the delivery for a change that this node itself has made.
    pub(crate) fn of(logged: &Logged, moves: bool) -> Self {
        Self { entries: logged.entries.to_vec(), moves }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        Ok(match postcard::from_bytes(bytes)? {
            Batch::Change { user, rev, wall, moves, news } => {
                let at = Instant::now();
                let entry = |news| Arc::new(LogEntry { user: user.clone(), rev, wall: Some(wall), news, at });
                Self { entries: news.into_iter().map(entry).collect(), moves }
            }
            Batch::Appended(entries) => {
                Self { entries: entries.into_iter().map(Arc::new).collect(), moves: false }
            }
        })
    }
}

/// Splits a pushed message into the number of a batch and the bytes of the batch.
pub(crate) fn split_message(message: &[u8]) -> Option<(u64, &[u8])> {
    let colon = message.iter().position(|byte| *byte == b':')?;
    let number = std::str::from_utf8(&message[..colon]).ok()?.parse().ok()?;
    Some((number, &message[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::{EndCause, Ended, Restrictions, ShownStatus};
    use lamplight_directory::{FriendProfile, ListsChange, ListsNews};
    use lamplight_model::{
        AppId, ConnectionId, CustomStatus, Hook, Lane, Moment, Profile, Reason, StatusType,
        StoredRestrictions, UserId, UserStatus, Version, Visibility,
    };

    #[test]
    fn a_batch_is_read_back() {
        let user = User::new(AppId(1), UserId::new("a").unwrap());
        let wall = Timestamp(7);
        let entry = |news| LogEntry { rev: 9, wall: Some(wall), ..LogEntry::news(user.clone(), news) };
        let logged = Logged {
            rev: 9,
            entries: [News::Events, News::ListsUnknown]
                .map(|news| Arc::new(entry(news)))
                .into_iter()
                .collect(),
        };
        let untimed = |delivery: Delivery| -> Vec<(User, u64, Option<Timestamp>, News)> {
            let parts = |it: &Arc<LogEntry>| (it.user.clone(), it.rev, it.wall, it.news.clone());
            delivery.entries.iter().map(parts).collect()
        };
        for moves in [false, true] {
            let back = Delivery::decode(&encode_change(&user, &logged, wall, moves).unwrap()).unwrap();
            assert_eq!(back.moves, moves);
            assert_eq!(untimed(back), untimed(Delivery::of(&logged, moves)));
        }
        let news = vec![LogEntry::news(user.clone(), News::App(AppId(3)))];
        let back = Delivery::decode(&encode_appended(news).unwrap()).unwrap();
        assert_eq!(untimed(back), [(user, 0, None, News::App(AppId(3)))]);
        assert!(Delivery::decode(b"").is_err());
    }

    fn user() -> User {
        User::new(AppId(1_400_000_001), UserId::new("a user").unwrap())
    }

    /// Every kind of news, and whether it concerns only the user of its entry.
    fn every_news() -> Vec<(News, bool)> {
        let status = UserStatus {
            user_id: user().id,
            status_type: StatusType::Online,
            custom_status: CustomStatus::new("here", 100).unwrap(),
            custom_expires: None,
            version: Version(u64::MAX),
            since: Timestamp(1),
            reason: Reason::Custom,
            last_seen: None,
            online_devices: Default::default(),
        };
        let ended = Ended { connection: ConnectionId::alone(8), cause: EndCause::LoggedOut };
        let change = ListsChange::FriendGone(user().id);
        let lists = ListsNews { version: 5, by: None, total_unread: 6, change };
        let profile = FriendProfile { friends: vec![user().id], profile: Arc::new(Profile::default()) };
        let closed = ShownStatus {
            status_type: StatusType::Offline,
            version: Version(2),
            since: Timestamp(3),
            reason: Reason::LinkClosed,
            last_seen: Some(Timestamp(3)),
            until: Some(Moment(7)),
        };
        let stored = StoredRestrictions { version: 4, visibility: Visibility::Nobody, ..Default::default() };
        let restrictions = Restrictions::changed(None, &stored, closed).map(Arc::new);
        let restricted = News::of(status.clone(), restrictions);
        let all = vec![
            (News::Status(status), true),
            (restricted, true),
            (News::Ended(ended), true),
            (News::Subscriptions { subscribed: vec![user().id], unsubscribed: Vec::new() }, true),
            (News::Friend { friend: user().id, mutual: true }, true),
            (News::Lists(Arc::new(lists)), true),
            (News::ListsUnknown, true),
            (News::FriendProfile(Arc::new(profile)), false),
            (News::App(AppId(8)), false),
            (News::Events, false),
            (News::Notices(Lane { app: AppId(7), hook: Hook::Push }), false),
        ];
        // A new kind must get a row above.
        for (news, _) in &all {
            match news {
                News::Status(_)
                | News::Restricted(_)
                | News::Ended(_)
                | News::Subscriptions { .. }
                | News::Friend { .. }
                | News::Lists(_)
                | News::ListsUnknown
                | News::FriendProfile(_)
                | News::App(_)
                | News::Events
                | News::Notices(_) => {}
            }
        }
        all
    }

    fn change(news: Vec<News>, moves: bool) -> Vec<u8> {
        let entry = |news| Arc::new(LogEntry { rev: 300, ..LogEntry::news(user(), news) });
        let logged = Logged { rev: 300, entries: news.into_iter().map(entry).collect() };
        encode_change(&user(), &logged, Timestamp(1_700_000_000_000), moves).unwrap()
    }

    #[test]
    fn a_glimpse_tells_whom_a_change_concerns() {
        let one_user = |moves| Glimpse::OneUser { app: user().app, id: "a user", moves };
        let all = every_news();
        let of_record = || all.iter().take(4).map(|(news, _)| news.clone());
        for moves in [false, true] {
            assert_eq!(Glimpse::of(&change(Vec::new(), moves)), one_user(moves));
            for news in of_record() {
                assert_eq!(Glimpse::of(&change(vec![news.clone()], moves)), one_user(moves), "{news:?}");
                // The recorder of webhooks needs the events, whatever other news the change has.
                let batch = change(vec![news, News::Events], moves);
                assert_eq!(Glimpse::of(&batch), Glimpse::Unknown);
            }
            assert_eq!(Glimpse::of(&change(vec![News::Events], moves)), Glimpse::Unknown);
            assert_eq!(Glimpse::of(&change(of_record().collect(), moves)), one_user(moves));
        }
    }

    #[test]
    fn a_glimpse_tells_whom_appended_news_concerns() {
        for (news, is_of_user) in every_news().into_iter().skip(4) {
            let entry = LogEntry::news(user(), news.clone());
            let expected = match is_of_user {
                true => Glimpse::OneUser { app: user().app, id: "a user", moves: false },
                false => Glimpse::Unknown,
            };
            assert_eq!(Glimpse::of(&encode_appended(vec![entry.clone()]).unwrap()), expected, "{news:?}");
            let two = encode_appended(vec![entry.clone(), entry]).unwrap();
            assert_eq!(Glimpse::of(&two), Glimpse::Unknown, "{news:?}");
        }
        for bytes in [encode_appended(Vec::new()).unwrap(), Vec::new(), b"x".to_vec()] {
            assert_eq!(Glimpse::of(&bytes), Glimpse::Unknown);
        }
    }

    #[test]
    fn a_message_begins_with_its_number() {
        assert_eq!(split_message(b"17:a:b"), Some((17, &b"a:b"[..])));
        assert_eq!(split_message(b"17:"), Some((17, &b""[..])));
        for bad in ["", "17", ":a", "x:a", "-1:a"] {
            assert_eq!(split_message(bad.as_bytes()), None, "{bad}");
        }
    }
}
