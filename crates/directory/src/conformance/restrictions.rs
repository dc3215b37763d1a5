//! The part of the conformance suite about users with restrictions.

use super::{Ports, connect, id, now, seed, user};
use crate::News;
use lamplight_core::{MOST_SHOWN_APART, Presence, Restrictions};
use lamplight_model::{AppSettings, MAX_BLOCKED, StatusType, StoredRestrictions, UserId, Visibility};
use std::sync::Arc;

/// The maximum number of friends, and also of subscriptions, that the settings of an app allow.
const MOST_LISTED: usize = 10_000;

/// Stores the record of a user with as many friends, blocked users, former friends and subscriptions as possible.
/// Checks that the record is stored, and that the log has the restrictions.
pub async fn restrictions_at_their_bounds_are_stored_and_logged(ports: Ports) {
    let named = |letter: &str, count: usize| -> Vec<UserId> {
        (0..count).map(|number| id(&format!("{letter}{number:031}"))).collect()
    };
    let (owner, all) = (user("a"), [user("a")]);
    let mut settings = AppSettings::default();
    settings.limits.subscriptions = MOST_LISTED as u16;
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let (former, watched) = (named("g", MOST_SHOWN_APART), named("s", MOST_LISTED));
    let subscribed = ports
        .directory
        .update(&owner, now(2), |presence| presence.subscribe(&watched, &settings, now(2).moment));
    assert_eq!(subscribed.await.unwrap().unwrap().added.len(), MOST_LISTED);
    let mut log = ports.follow();
    // A few friendships end at a time, so former friends are shown different statuses.
    const STEPS: usize = 20;
    for step in 0..=STEPS {
        let mut friends = named("f", MOST_LISTED);
        friends.extend_from_slice(&former[step * MOST_SHOWN_APART / STEPS..]);
        let (version, visibility, blocked) = (step as u64 + 1, Visibility::Friends, named("b", MAX_BLOCKED));
        friends.sort_unstable();
        let stored =
            StoredRestrictions { version, visibility, friends, blocked, ..StoredRestrictions::default() };
        let at = now(10 + step as u64);
        let restricted =
            ports.directory.update(&owner, at, |presence| presence.restrict(&stored, &settings, at));
        assert_eq!(restricted.await.unwrap(), Some(true));
    }
    let found = ports.directory.read(&all, |_, presence| presence.unwrap().restrictions().cloned());
    let stored: Arc<Restrictions> = found.await.unwrap().remove(0).unwrap();
    assert!(stored.may_see(&named("f", MOST_LISTED)[MOST_LISTED - 1]) && !stored.may_see(&former[0]));
    assert_ne!(stored.shown_to(&former[0]), stored.shown_to(&former[MOST_SHOWN_APART - 1]));
    let heard = log.heard().await;
    let Some(News::Restricted(last)) = heard.last() else { panic!("{} entries", heard.len()) };
    assert_eq!((&last.restrictions, last.status.status_type), (&stored, StatusType::Online));
    let lists = ports.directory.read(&all, |_, presence| presence.map(|it| it.subscriptions().len()));
    assert_eq!(lists.await.unwrap(), [Some(MOST_LISTED)]);
    // The statuses of former friends lapse one after another.
    let settings = AppSettings::default();
    let due = now(10 + u64::from(settings.timing.login_retention_ms));
    let expired =
        ports.directory.update(&owner, due, |presence: &mut Presence| presence.expire(&settings, due));
    expired.await.unwrap().unwrap();
    let heard = log.heard().await;
    let [News::Restricted(lapsed)] = &heard[..] else { panic!("{} entries", heard.len()) };
    let shown = lapsed.restrictions.shown_to(&id("stranger")).unwrap();
    assert_eq!((shown.status_type, shown.since), (StatusType::Unlogined, due.wall));
    assert_eq!(lapsed.status.version, last.status.version);
}
