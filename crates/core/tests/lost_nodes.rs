//! The links of a lost node, and connections that are put back into a record that was lost.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{
    Admission, Connect, EndCause, Ended, Link, LinkEnd, Presence, Reassert, Reasserted, Transition, UserFacts,
};
use lamplight_model::{
    AppSettings, ConnectionId, CustomDuration, CustomStatus, DeviceId, EndedLogin, Moment, MultiDeviceMode,
    NodeId, Now, Platform, Reason, Revoked, SessionEvent, SessionEventKind, StatusType, Timestamp, UserId,
    UserStatus, Version,
};
use std::time::Duration;

const HERE: NodeId = NodeId(7);
const ELSEWHERE: NodeId = NodeId(8);

fn now(secs: u64) -> Now {
    Now { moment: Moment(secs * 1_000), wall: Timestamp(1_700_000_000_000 + secs * 1_000) }
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn ids(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| UserId::new(name).unwrap()).collect()
}

fn platform(name: &str) -> Platform {
    match name {
        "tab" => Platform::Web,
        "mac" => Platform::Mac,
        _ => Platform::IPhone,
    }
}

/// The record of a user, with the settings of the app.
struct User {
    presence: Presence,
    settings: AppSettings,
    /// Whether the connections that are put back were in an earlier record.
    is_lost: bool,
}

impl User {
    /// A user who has never logged in.
    fn new() -> Self {
        let settings = AppSettings::default();
        let (facts, version) = (UserFacts::default(), Version::at(now(0).wall));
        let presence = Presence::from_facts(facts, version, Timestamp(5), false, &settings, Moment(0));
        Self { presence, settings, is_lost: false }
    }

    /// The record of a user, rebuilt from the facts after a loss.
    fn of_facts(logins: &[(&str, u64)], at: Now) -> Self {
        let settings = AppSettings::default();
        let logins = logins.iter().map(|(name, login)| (device(name), platform(name), *login)).collect();
        let facts = UserFacts { logins, ..UserFacts::default() };
        let version = Version::at(at.wall);
        let presence = Presence::from_facts(facts, version, Timestamp(5), true, &settings, at.moment);
        Self { presence, settings, is_lost: true }
    }

    fn log_in(&mut self, name: &str, login: u64, node: NodeId, at: Now) {
        self.log_in_as(name, platform(name), login, node, at);
    }

    fn log_in_as(&mut self, name: &str, platform: Platform, login: u64, node: NodeId, at: Now) {
        let device = device(name);
        let connection = ConnectionId::new(node, login);
        let connect =
            Connect { device: &device, platform, login, born: 0, issued: 1, connection, address: None };
        let _ = self.presence.connect(&connect, &self.settings, at);
    }

    fn lose(&mut self, node: NodeId, until: Now, at: Now) -> Transition<usize> {
        self.presence.lose_node(node, until.moment, at.wall, &self.settings, at)
    }

    fn reassert(
        &mut self,
        name: &str,
        login: u64,
        told: Option<&UserStatus>,
        list: &[&str],
        at: Now,
    ) -> Transition<Reasserted> {
        let device = device(name);
        let connection = ConnectionId::new(HERE, login);
        let connect = Connect {
            device: &device,
            platform: platform(name),
            login,
            born: 0,
            issued: 1,
            connection,
            address: None,
        };
        let subscriptions = ids(list);
        let open = Reassert { connect, told, subscriptions: &subscriptions, is_lost: self.is_lost };
        self.presence.reassert(&open, &self.settings, at)
    }

    fn status(&self) -> UserStatus {
        self.presence.status(&UserId::new("me").unwrap())
    }

    fn links(&self) -> Vec<(&str, &str)> {
        let link = |link: &Link| match link {
            Link::Connected(_) => "connected",
            Link::Held { .. } => "held",
            Link::Gone { .. } => "gone",
        };
        self.presence.devices().iter().map(|device| (device.id.as_str(), link(&device.link))).collect()
    }
}

/// A kick that overlapped the login has revoked the UserSig of the login, but has not ended the login.
#[test]
fn a_login_that_a_kick_has_not_ended_is_put_back_although_its_usersig_is_revoked() {
    for (login, expected) in [(5, Reasserted::PutBack), (3, Reasserted::Refused)] {
        let mut user = User::of_facts(&[], now(100));
        let revoked = Some(Revoked::new(now(50).wall, [1]));
        let facts = UserFacts { revoked, ended_through: 3, ..UserFacts::default() };
        let version = Version::at(now(100).wall);
        user.presence =
            Presence::from_facts(facts, version, Timestamp(5), true, &user.settings, now(100).moment);
        assert_eq!(user.reassert("tab", login, None, &[], now(101)).outcome, expected, "login {login}");
    }
}

/// The facts have a later login of the phone. It never entered the record, because the node of that login ended first.
#[test]
fn a_kick_by_a_login_ends_every_earlier_login_of_the_device_in_the_facts() {
    let mut user = User::new();
    user.settings.multi_device.mode = MultiDeviceMode::Single;
    user.log_in("phone", 5, HERE, now(1));
    user.log_in("mac", 12, ELSEWHERE, now(2));
    let ends: Vec<_> = user.presence.unsettled_ends().map(|end| (end.device.as_str(), end.login)).collect();
    assert_eq!(ends, [("phone", 11)]);
    // The end does not change the answer to a login that was on its way.
    let (phone, policy) = (device("phone"), user.settings.multi_device);
    let admission = user.presence.admission(&phone, Platform::IPhone, 1, Some((9, None)), policy);
    assert_eq!(admission, Admission::Beaten(Platform::Mac));
}

#[test]
fn the_links_of_a_lost_node_are_held_and_those_of_others_stay() {
    let mut user = User::new();
    user.log_in("phone", 1, HERE, now(1));
    user.log_in("mac", 2, ELSEWHERE, now(1));
    user.log_in("tab", 3, HERE, now(1));
    let lost = user.lose(HERE, now(40), now(10));
    assert_eq!((lost.outcome, lost.visible, lost.changed), (2, false, true));
    assert_eq!(user.links(), [("phone", "held"), ("mac", "connected"), ("tab", "held")]);
    let again = user.lose(HERE, now(50), now(11));
    assert_eq!((again.outcome, again.changed), (0, false), "done twice does no harm");
    assert_eq!(user.presence.next_deadline(), Some(now(40).moment));
    let _ = user.presence.expire(&user.settings, now(40));
    assert_eq!(user.links(), [("phone", "gone"), ("mac", "connected")], "a Web login ends");
    assert_eq!(user.status().status_type, StatusType::Online);
}

#[test]
fn where_the_grace_is_over_the_links_go_in_one_visible_step() {
    let mut user = User::new();
    user.settings.webhooks.state_change_url = "https://receiver".to_owned();
    user.log_in("phone", 1, HERE, now(1));
    user.log_in("tab", 3, HERE, now(1));
    let lost = user.presence.lose_node(HERE, now(90).moment, now(50).wall, &user.settings, now(90));
    assert!(lost.visible && lost.has_events, "{lost:?}");
    assert_eq!(user.links(), [("phone", "gone")]);
    let status = user.status();
    assert_eq!((status.status_type, status.reason), (StatusType::Offline, Reason::NodeLost));
    assert_eq!(status.last_seen, Some(now(50).wall), "when the node is known to have run");
    let events = user.presence.pending_events().unwrap();
    let ends = events.waiting().filter(|event| event.kind == SessionEventKind::LinkClosed).count();
    assert_eq!(ends, 2);
}

#[test]
fn a_device_that_came_back_elsewhere_is_not_lost() {
    let mut user = User::new();
    user.log_in("phone", 1, HERE, now(1));
    user.log_in("phone", 1, ELSEWHERE, now(2));
    let lost = user.lose(HERE, now(3), now(3));
    assert_eq!((lost.outcome, lost.changed), (0, false));
    assert_eq!(user.links(), [("phone", "connected")]);
}

#[test]
fn who_is_rebuilt_after_a_loss_counts_as_connected_until_the_grace_ends() {
    let rebuilt = User::of_facts(&[("phone", 1)], now(100));
    let held = rebuilt.presence.clone().held_until(u64::MAX, now(130).moment, now(100).wall);
    let mut user = User { presence: held, ..rebuilt };
    assert_eq!(user.status().status_type, StatusType::Online);
    let _ = user.presence.expire(&user.settings, now(129));
    assert_eq!(user.status().status_type, StatusType::Online);
    let _ = user.presence.expire(&user.settings, now(130));
    let status = user.status();
    assert_eq!((status.status_type, status.reason), (StatusType::Offline, Reason::NodeLost));
    assert_eq!(status.last_seen, Some(now(100).wall), "messages before that were handed to the push webhook");
    let nobody = User::of_facts(&[], now(100)).presence.held_until(u64::MAX, now(130).moment, now(100).wall);
    assert_eq!((nobody.status_type(), nobody.next_deadline()), (StatusType::Unlogined, None));
}

#[test]
fn a_flush_shows_nobody_to_leave_and_keeps_what_the_node_knows() {
    let mut before = User::new();
    before.log_in("phone", 1, HERE, now(10));
    before.log_in("tab", 2, HERE, now(11));
    let custom = CustomStatus::new("busy", 100).unwrap();
    let _ = before.presence.set_custom_status(custom, None, &before.settings, now(12));
    let told = before.status();

    let rebuilt = User::of_facts(&[("phone", 1)], now(100));
    let held = rebuilt.presence.clone().held_until(u64::MAX, now(130).moment, now(100).wall);
    let mut user = User { presence: held, ..rebuilt };
    let phone = user.reassert("phone", 1, Some(&told), &["b", "c"], now(101));
    assert_eq!((phone.outcome, phone.subscribed), (Reasserted::PutBack, ids(&["b", "c"])));
    let tab = user.reassert("tab", 2, Some(&told), &["b", "c"], now(102));
    assert_eq!((tab.outcome, tab.visible, tab.subscribed), (Reasserted::PutBack, false, vec![]));
    let now_shown = user.status();
    assert!(now_shown.version > told.version);
    let but_for_reason =
        |status: &UserStatus| UserStatus { version: Version(0), reason: Reason::None, ..status.clone() };
    assert_eq!(but_for_reason(&now_shown), but_for_reason(&told));
    let again = user.reassert("phone", 1, Some(&told), &["b", "c"], now(103));
    assert_eq!((again.outcome, again.changed), (Reasserted::Current, false));
    assert_eq!(user.presence.next_deadline(), None);
}

#[test]
fn the_version_rises_above_the_one_that_was_told_though_a_clock_was_ahead() {
    let mut user = User::of_facts(&[("phone", 1)], now(100));
    user.presence = user.presence.held_until(u64::MAX, now(130).moment, now(100).wall);
    let told = UserStatus { version: Version::at(now(500).wall), ..user.status() };
    let put_back = user.reassert("phone", 1, Some(&told), &[], now(101));
    assert!(put_back.changed);
    assert!(user.status().version > told.version);
}

/// A replica of the directory has taken over without the last writes. The record of the replica has the connection, but
/// lacks a change.
#[test]
fn a_change_that_a_replica_lacks_comes_back_with_its_version() {
    let mut user = User::new();
    user.log_in("phone", 1, HERE, now(1));
    let outdated = user.presence.clone();
    let custom = |text: &str| CustomStatus::new(text, 100).unwrap();
    let _ = user.presence.set_custom_status(custom("busy"), None, &user.settings, now(2));
    let told = user.status();
    user.presence = outdated.clone();
    let restored = user.reassert("phone", 1, Some(&told), &[], now(50));
    assert_eq!((restored.outcome, restored.visible, restored.changed), (Reasserted::Current, true, true));
    assert_eq!(user.status(), told);
    let again = user.reassert("phone", 1, Some(&told), &[], now(51));
    assert_eq!((again.outcome, again.changed), (Reasserted::Current, false));

    // A change that led to the same status as that of the record is not visible.
    user.presence = outdated.clone();
    let same = UserStatus { custom_status: custom(""), ..told.clone() };
    let restored = user.reassert("phone", 1, Some(&same), &[], now(52));
    assert_eq!((restored.visible, restored.changed, user.status()), (false, true, same));

    // A later change of the record is newer than the status that was told. If the told status is OFFLINE, nothing is
    // restored, because the worker itself writes the end of the connection.
    let offline = UserStatus { status_type: StatusType::Offline, ..told.clone() };
    for (since, told) in [(Some("new"), &told), (None, &offline)] {
        user.presence = outdated.clone();
        if let Some(text) = since {
            let _ = user.presence.set_custom_status(custom(text), None, &user.settings, now(60));
        }
        let before = user.presence.clone();
        let current = user.reassert("phone", 1, Some(told), &[], now(61));
        assert_eq!((current.outcome, current.changed), (Reasserted::Current, false));
        assert_eq!(user.presence, before);
    }
}

/// The text of a lost or outdated record is put back with its duration. If the duration has passed, one change clears
/// the text, because watchers still see it.
#[test]
fn a_text_with_a_duration_is_put_back_until_it_is_over() {
    let busy = CustomStatus::new("busy", 100).unwrap();
    let lasts = CustomDuration::of(&busy, 60).unwrap();
    let mut before = User::new();
    before.log_in("phone", 1, HERE, now(1));
    let outdated = before.presence.clone();
    let _ = before.presence.set_custom_status_for(busy, lasts, None, &before.settings, now(2));
    let told = before.status();
    let rebuilt = || {
        User::of_facts(&[("phone", 1)], now(20)).presence.held_until(u64::MAX, now(90).moment, now(20).wall)
    };

    for (record, is_rebuilt) in [(rebuilt(), true), (outdated, false)] {
        let mut user = User::new();
        user.presence = record.clone();
        let put_back = user.reassert("phone", 1, Some(&told), &[], now(21));
        assert!(put_back.visible);
        let status = user.status();
        assert_eq!(
            (&status.custom_status, status.custom_expires),
            (&told.custom_status, told.custom_expires)
        );
        assert_eq!(user.presence.next_deadline(), Some(now(62).moment));
        assert_eq!((status.since, status.version == told.version), (told.since, !is_rebuilt));

        user.presence = record;
        let put_back = user.reassert("phone", 1, Some(&told), &[], now(62));
        assert!(put_back.visible && put_back.changed);
        let status = user.status();
        assert_eq!((status.custom_status.as_str(), status.custom_expires), ("", None));
        assert_eq!((status.reason, status.since), (Reason::CustomExpired, told.since));
        assert!(status.version > told.version);
        assert_eq!(user.presence.next_deadline(), None);
        let again = user.reassert("phone", 1, Some(&told), &[], now(63));
        assert_eq!((again.outcome, again.changed), (Reasserted::Current, false));
    }
}

#[test]
fn what_has_happened_since_the_loss_is_not_undone() {
    let mut user = User::of_facts(&[("phone", 1), ("mac", 2)], now(100));
    user.log_in("mac", 2, ELSEWHERE, now(101));
    let custom = CustomStatus::new("new", 100).unwrap();
    let _ = user.presence.set_custom_status(custom, None, &user.settings, now(102));
    let _ = user.presence.subscribe(&ids(&["x"]), &user.settings, now(102).moment);
    let told = UserStatus { custom_status: CustomStatus::new("old", 100).unwrap(), ..user.status() };
    let put_back = user.reassert("phone", 1, Some(&told), &["b"], now(103));
    assert_eq!((put_back.outcome, put_back.subscribed), (Reasserted::PutBack, vec![]));
    assert_eq!(user.status().custom_status.as_str(), "new");
    assert_eq!(user.presence.subscriptions().iter().collect::<Vec<_>>(), ids(&["x"]));
}

#[test]
fn a_connection_is_not_put_back_over_what_has_ended_its_login() {
    type Meanwhile = fn(&mut User);
    let table: [(&str, &str, Meanwhile); 6] = [
        ("a logout that reached the facts", "mac", |_| {}),
        ("a kick", "phone", |user| {
            let revoked = Revoked::new(now(102).wall, []);
            let _ = user.presence.kick(1, &revoked, &user.settings, now(102));
        }),
        ("a deletion", "tab", |user| {
            let revoked = Revoked::new(now(102).wall, []);
            let _ = user.presence.delete(9, &revoked, &user.settings, now(102));
        }),
        ("the device on another node", "phone", |user| user.log_in("phone", 1, ELSEWHERE, now(102))),
        ("a later login of the device", "phone", |user| {
            user.log_in("phone", 5, ELSEWHERE, now(102));
            let connection = ConnectionId::new(ELSEWHERE, 5);
            let _ = user.presence.disconnect(
                connection,
                LinkEnd::Closed,
                now(103).wall,
                &user.settings,
                now(103),
            );
        }),
        ("a later login in its way", "tab", |user| {
            user.settings.multi_device.web_instances = 1;
            let tab = device("tab 2");
            let connect = Connect {
                device: &tab,
                platform: Platform::Web,
                login: 9,
                born: 0,
                issued: 1,
                connection: ConnectionId::new(ELSEWHERE, 9),
                address: None,
            };
            let _ = user.presence.connect(&connect, &user.settings, now(102));
        }),
    ];
    for (what, name, meanwhile) in table {
        let mut user = User::of_facts(&[("phone", 1)], now(100));
        user.presence = user.presence.held_until(u64::MAX, now(130).moment, now(100).wall);
        meanwhile(&mut user);
        let before = user.presence.clone();
        let refused = user.reassert(name, 1, None, &["b"], now(104));
        assert_eq!((refused.outcome, refused.changed), (Reasserted::Refused, false), "{what}");
        assert_eq!(user.presence, before, "{what}");
    }
}

/// A node was only cut off from the directory. Other nodes have counted it as lost, and have cleared its connections.
#[test]
fn who_was_taken_for_lost_is_shown_to_come_back() {
    let mut user = User::new();
    user.settings.webhooks.state_change_url = "https://receiver".to_owned();
    user.log_in("phone", 1, HERE, now(1));
    let _ = user.lose(HERE, now(60), now(60));
    assert_eq!(user.status().status_type, StatusType::Offline);
    let told = UserStatus { version: Version(3), ..user.status() };
    let back = user.reassert("phone", 1, Some(&told), &["b"], now(70));
    assert!(back.visible && back.has_events && back.subscribed.is_empty(), "{back:?}");
    let status = user.status();
    assert_eq!((status.status_type, status.since), (StatusType::Online, now(70).wall));
    assert!(user.presence.next_deadline().is_none_or(|due| due > now(70).moment + Duration::from_secs(60)));
}

/// The session events that a connection produces when it is put back. Each row of the table is one state of the record.
#[test]
fn the_app_is_told_of_a_connection_that_is_put_back_only_if_it_was_told_of_its_end() {
    type Record = fn() -> User;
    fn rebuilt(logins: &[(&str, u64)], held_until: u64) -> User {
        let mut user = User::of_facts(logins, now(100));
        user.settings.webhooks.state_change_url = "https://receiver".to_owned();
        if held_until > 0 {
            user.presence = user.presence.held_until(u64::MAX, now(held_until).moment, now(100).wall);
        }
        user
    }
    fn kept(name: &str) -> User {
        let mut user = User::new();
        user.settings.webhooks.state_change_url = "https://receiver".to_owned();
        user.log_in(name, 1, HERE, now(1));
        let _ = user.presence.events_recorded(u64::MAX, 0);
        user
    }
    let table: [(&str, &str, Record, &[&str]); 10] = [
        ("the record was lost", "phone", || rebuilt(&[("phone", 1)], 130), &[]),
        ("the record of a Web device was lost", "tab", || rebuilt(&[], 130), &[]),
        ("the record was lost, and another device was there", "tab", || rebuilt(&[("phone", 1)], 130), &[]),
        ("the record was rebuilt after the grace", "phone", || rebuilt(&[("phone", 1)], 0), &[]),
        (
            "the record was lost, and another device has come meanwhile",
            "tab",
            || {
                let mut user = rebuilt(&[], 130);
                user.log_in("mac", 2, ELSEWHERE, now(101));
                user
            },
            &["mac Login []"],
        ),
        (
            "the record was lost, and the grace has ended",
            "phone",
            || {
                let mut user = rebuilt(&[("phone", 1)], 130);
                let _ = user.presence.expire(&user.settings, now(130));
                user
            },
            &["phone LinkClosed", "phone Login []"],
        ),
        (
            "the record was lost, and the login kicks an earlier one",
            "tab",
            || {
                let mut user = rebuilt(&[], 130);
                user.settings.multi_device.web_instances = 1;
                user.log_in_as("tab 0", Platform::Web, 0, ELSEWHERE, now(101));
                user
            },
            &["tab 0 Login []", "tab LinkClosed", "tab Login [Web]"],
        ),
        (
            "other nodes hold the connection",
            "phone",
            || {
                let mut user = kept("phone");
                let _ = user.lose(HERE, now(130), now(100));
                user
            },
            &[],
        ),
        (
            "other nodes have ended the connection",
            "phone",
            || {
                let mut user = kept("phone");
                let _ = user.lose(HERE, now(100), now(100));
                user
            },
            &["phone LinkClosed", "phone Login []"],
        ),
        (
            "other nodes have ended the connection of a Web device",
            "tab",
            || {
                let mut user = kept("tab");
                let _ = user.lose(HERE, now(100), now(100));
                user
            },
            &["tab LinkClosed", "tab Login []"],
        ),
    ];
    for (what, name, record, expected) in table {
        let mut user = record();
        let told = UserStatus { version: Version::at(now(500).wall), ..user.status() };
        let before = user.presence.pending_events().map_or(0, |events| events.last_ordinal());
        let back = user.reassert(name, 1, Some(&told), &[], now(140));
        assert_eq!(back.outcome, Reasserted::PutBack, "{what}");
        let shown: Vec<String> = user.presence.pending_events().map_or(vec![], |events| {
            let of_put_back = events.waiting().filter(|event| event.ordinal > before);
            for event in of_put_back {
                let version = event.after.unwrap().version;
                assert_eq!(version, user.presence.version(), "{what}: the version of the status after it");
            }
            events.waiting().map(show).collect()
        });
        assert_eq!(shown, expected, "{what}");
    }
}

fn show(event: &SessionEvent) -> String {
    let device = event.device.as_ref().unwrap();
    if let SessionEventKind::Login { kicked } = &event.kind {
        format!("{} Login {kicked:?}", device.id)
    } else {
        format!("{} {:?}", device.id, event.kind)
    }
}

#[test]
fn the_log_tells_of_each_connection_that_is_ended_at_once() {
    let mut user = User::new();
    user.log_in("phone", 1, HERE, now(1));
    user.log_in("mac", 2, ELSEWHERE, now(2));
    assert_eq!(user.lose(HERE, now(40), now(10)).ended, []);
    let mut user = User::new();
    user.log_in("phone", 1, HERE, now(1));
    user.log_in("mac", 2, ELSEWHERE, now(2));
    let connection = ConnectionId::new(HERE, 1);
    let told = [Ended { connection, cause: EndCause::NodeLost }];
    assert_eq!(user.lose(HERE, now(40), now(40)).ended, told);
}

#[test]
fn a_record_is_as_rebuilt_until_a_connection_is_put_back_or_something_visible_happens() {
    let mut user = User::of_facts(&[("phone", 1)], now(100));
    assert!(user.presence.is_as_rebuilt());
    user.presence = user.presence.clone().held_until(u64::MAX, now(130).moment, now(100).wall);
    assert!(user.presence.is_as_rebuilt());
    let mut expired =
        User { presence: user.presence.clone(), settings: AppSettings::default(), is_lost: true };
    let _ = expired.presence.expire(&user.settings, now(130));
    assert!(!expired.presence.is_as_rebuilt());
    assert_eq!(user.reassert("phone", 1, None, &[], now(101)).outcome, Reasserted::PutBack);
    assert!(!user.presence.is_as_rebuilt());
}

/// A record in which logins had ended was lost. The new record was created from facts that still had the logins, and a
/// connection was put back. Once the facts have the ends, the ended logins leave the record.
#[test]
fn logins_that_have_ended_in_the_facts_leave_a_record_that_was_made_from_older_ones() {
    let end = |name, login| EndedLogin { device: device(name), login, mark: None };
    type Row<'a> = (&'a str, u64, &'a [(&'a str, &'a str)]);
    let table: [Row<'_>; 4] = [
        ("the login", 1, &[]),
        ("an earlier one of the device", 0, &[("phone", "connected")]),
        ("a later one of the device", 2, &[]),
        ("an unknown device", 9, &[("phone", "connected")]),
    ];
    for (what, login, links) in table {
        let mut user = User::of_facts(&[("phone", 1)], now(100));
        let _ = user.reassert("phone", 1, None, &[], now(101));
        let name = if login == 9 { "mac" } else { "phone" };
        let ends = [end(name, login)];
        let settled = user.presence.ends_settled_after_loss(&ends, &user.settings, now(102));
        assert_eq!(user.links(), links, "{what}");
        assert_eq!(settled.ended.len(), 1 - links.len(), "{what}");
        assert_eq!(user.presence.unsettled_ends().count(), 0, "{what}");
    }
}
