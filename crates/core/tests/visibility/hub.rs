//! A hub tells each watcher the status that the watcher may see.

use super::*;
use lamplight_core::{Hub, Told, WatcherKey, Why};

fn user(name: &str) -> User {
    User::new(AppId(1), id(name))
}

fn watcher(hub: &mut Hub<UserStatus>, name: &str) -> WatcherKey {
    let watcher = hub.attach(1);
    hub.watch(watcher, &user(name), Why::Own);
    hub.watch(watcher, &user("u"), Why::Subscribed);
    watcher
}

fn told(hub: &mut Hub<UserStatus>, watcher: WatcherKey) -> Vec<(u64, StatusType)> {
    let mut told = Vec::new();
    hub.drain(watcher, |status| {
        told.push((status.version.0, status.status_type));
        Told::More
    });
    told
}

#[test]
fn a_hub_tells_each_watcher_what_the_watcher_may_see() {
    use StatusType::{Offline, Online};
    let mut hub = Hub::<UserStatus>::default();
    let [own, friend, other] = ["u", "f", "o"].map(|name| watcher(&mut hub, name));
    let status = |version| UserStatus {
        user_id: id("u"),
        status_type: Online,
        custom_status: CustomStatus::new("here", 100).unwrap(),
        custom_expires: None,
        version: Version(version),
        since: Timestamp(1),
        reason: Reason::Login,
        last_seen: None,
        online_devices: Default::default(),
    };
    assert!(hub.tell(&user("u"), &status(10), None));
    for watcher in [own, friend, other] {
        assert_eq!(told(&mut hub, watcher), [(10, Online)]);
    }
    // The user hides from all but friends: only the other one is told.
    let friends = stored(1, Visibility::Friends, "f", "");
    let friends = Arc::new(Restrictions::changed(None, &friends, closed(11)).unwrap());
    assert!(hub.wants(&user("u"), Version(10), Some(&friends)));
    assert!(hub.tell(&user("u"), &status(10), Some(&friends)));
    assert!(!hub.tell(&user("u"), &status(10), Some(&friends)), "it is stored already");
    assert_eq!([own, friend, other].map(|it| told(&mut hub, it)), [vec![], vec![], vec![(11, Offline)]]);
    // A change is told to those who may see it.
    assert!(hub.tell(&user("u"), &status(20), Some(&friends)));
    assert_eq!(
        [own, friend, other].map(|it| told(&mut hub, it)),
        [vec![(20, Online)], vec![(20, Online)], vec![]]
    );
    // A new watcher, an answer, and a client that returns.
    let late = watcher(&mut hub, "l");
    assert_eq!(told(&mut hub, late), [(11, Offline)]);
    assert_eq!(hub.take(other, &user("u")).map(|status| status.version), Some(Version(11)));
    assert_eq!(hub.take(friend, &user("u")).map(|status| status.version), Some(Version(20)));
    assert!(hub.answer(other, &user("u"), Version(11)).is_none());
    assert_eq!(hub.answer(other, &user("u"), Version(9)).map(|status| status.version), Some(Version(11)));
    let [knows_it, knows_the_hidden] = [0; 2].map(|_| watcher(&mut hub, "o"));
    assert!(
        hub.known(knows_it, &user("u"), Version(11)) && hub.known(knows_the_hidden, &user("u"), Version(20))
    );
    assert_eq!(hub.known_all(knows_it, &[(user("u"), Version(11))]), [true]);
    assert_eq!(told(&mut hub, knows_it), []);
    assert_eq!(told(&mut hub, knows_the_hidden), [(11, Offline)]);
    // The friend is blocked, and the visibility ends.
    let blocked = stored(2, Visibility::Everyone, "", "f");
    let blocked = Arc::new(Restrictions::changed(Some(&friends), &blocked, closed(21)).unwrap());
    assert!(hub.tell(&user("u"), &status(20), Some(&blocked)));
    assert_eq!(
        [own, friend, other, late].map(|it| told(&mut hub, it)),
        [vec![], vec![(21, Offline)], vec![(20, Online)], vec![(20, Online)]]
    );
    // An entry of the log that comes late shows nothing again.
    assert!(!hub.tell(&user("u"), &status(20), Some(&friends)));
    assert_eq!(told(&mut hub, friend), []);
    hub.detach(own);
    hub.unwatch(other, &user("u"), Why::Subscribed);
    assert!(hub.tell(&user("u"), &status(30), Some(&blocked)));
    assert_eq!([friend, other, late].map(|it| told(&mut hub, it)), [vec![], vec![], vec![(30, Online)]]);
}

#[test]
fn whoever_may_not_see_a_user_is_told_when_the_logins_of_one_who_is_away_would_lapse() {
    let settings = AppSettings::default();
    let mut hiding = World::new(settings.clone());
    hiding.connect(0, 1, now(10));
    let nobody = stored(1, Visibility::Nobody, "", "");
    assert!(hiding.presence.restrict(&nobody, &settings, now(20)).restricted);
    let mut hub = Hub::<UserStatus>::default();
    let [own, other] = ["u", "o"].map(|name| watcher(&mut hub, name));
    let tell = |hub: &mut Hub<UserStatus>, presence: &Presence| {
        hub.tell_if_new(&user("u"), &presence.status(&id("u")), presence.restrictions())
    };
    assert!(tell(&mut hub, &hiding.presence));
    let types = |hub: &mut Hub<UserStatus>, watcher| {
        told(hub, watcher).into_iter().map(|(_, status_type)| status_type).collect::<Vec<_>>()
    };
    assert_eq!(types(&mut hub, own), [StatusType::Online]);
    assert_eq!(types(&mut hub, other), [StatusType::Offline]);
    let before = hiding.presence.clone();
    let due = now(20 + u64::from(settings.timing.login_retention_ms));
    assert_eq!(hiding.presence.next_deadline(), Some(due.moment));
    let lapse = hiding.presence.expire(&settings, due);
    assert!(lapse.changed && lapse.restricted && !lapse.visible);
    assert_eq!(hiding.presence.next_deadline(), None);
    assert!(tell(&mut hub, &hiding.presence));
    assert!(!tell(&mut hub, &before), "it is older");
    assert_eq!((types(&mut hub, own), types(&mut hub, other)), (vec![], vec![StatusType::Unlogined]));
    let shown = hiding.shown_to("o");
    assert_eq!((shown.reason, shown.since, shown.last_seen), (Reason::Lapsed, due.wall, Some(now(20).wall)));
}

#[test]
fn whoever_could_see_all_along_is_not_told_that_another_may_see_again() {
    let status = |version, reason| UserStatus {
        user_id: id("u"),
        status_type: StatusType::Online,
        custom_status: CustomStatus::new("here", 100).unwrap(),
        custom_expires: None,
        version: Version(version),
        since: Timestamp(1),
        reason,
        last_seen: None,
        online_devices: Default::default(),
    };
    // The same holds if another node has just read the record, and the last change of the status was not a login.
    for reason in [Reason::Login, Reason::Custom] {
        let mut hub = Hub::<UserStatus>::default();
        let [own, friend, other] = ["u", "f", "o"].map(|name| watcher(&mut hub, name));
        let hidden = stored(1, Visibility::Friends, "f", "");
        let hidden = Arc::new(Restrictions::changed(None, &hidden, closed(11)).unwrap());
        assert!(hub.tell(&user("u"), &status(10, reason), Some(&hidden)));
        for watcher in [own, friend, other] {
            assert_eq!(told(&mut hub, watcher).len(), 1);
        }
        let open = stored(2, Visibility::Everyone, "", "");
        let open = Arc::new(Restrictions::changed(Some(&hidden), &open, closed(12)).unwrap());
        assert!(hub.tell_if_new(&user("u"), &status(13, reason), Some(&open)));
        let online = vec![(13, StatusType::Online)];
        assert_eq!([own, friend, other].map(|it| told(&mut hub, it)), [vec![], vec![], online], "{reason:?}");
    }
}

/// Another device of the viewer has removed the user from the list before the answer to a subscription is made.
#[test]
fn the_answer_to_a_viewer_who_no_longer_watches_a_hidden_user_shows_what_is_shown_to_the_viewer() {
    let status = World::new(AppSettings::default()).presence.status(&id("u"));
    let status = UserStatus { version: Version(10), ..status };
    let mut hub = Hub::<UserStatus>::default();
    let [own, friend, other] = ["u", "f", "o"].map(|name| watcher(&mut hub, name));
    let hidden = stored(1, Visibility::Friends, "f", "");
    let hidden = Arc::new(Restrictions::changed(None, &hidden, closed(11)).unwrap());
    assert!(hub.tell(&user("u"), &status, Some(&hidden)));
    for watcher in [friend, other] {
        assert!(hub.unwatch(watcher, &user("u"), Why::Subscribed));
    }
    let taken = [own, friend, other].map(|it| hub.take(it, &user("u")).map(|status| status.version.0));
    assert_eq!(taken, [Some(10), Some(10), Some(11)]);
}
