//! Tests of records with restrictions of the status.

use super::{World, finish, log_in, now, status, user};
use crate::Directory;
use lamplight_core::{MOST_SHOWN_APART, Presence, Transition};
use lamplight_model::{
    AppSettings, CustomStatus, MAX_BLOCKED, StatusType, StoredRestrictions, User, UserId, Visibility,
};

#[test]
fn restrictions_survive_a_kill_with_what_viewers_are_shown() {
    let world = World::new();
    log_in(&*world.directory, &user(1), "one", now(0));
    let (settings, viewer) = (AppSettings::default(), user(2).id);
    let stored = StoredRestrictions {
        version: 7,
        visibility: Visibility::Friends,
        friends: vec![user(3).id],
        blocked: vec![user(4).id],
        ..StoredRestrictions::default()
    };
    let restrict = |presence: &mut Presence| presence.restrict(&stored, &settings, now(1_000));
    finish((&*world.directory as &dyn Directory).update(&user(1), now(1_000), restrict)).unwrap();
    let restrictions = |directory: &dyn Directory| {
        let look = |_: &User, presence: Option<&Presence>| presence.unwrap().restrictions().cloned();
        finish(directory.read(&[user(1)], look)).unwrap().remove(0).unwrap()
    };
    let before = restrictions(&*world.directory);
    assert_eq!(before.shown_to(&viewer).unwrap().since, now(1_000).wall);

    let (directory, _) = world.killed("one", now(9_000));
    assert_eq!(restrictions(&directory), before);
    assert_eq!(status(&directory, &user(1), now(9_000)).status_type, StatusType::Online);
}

#[test]
fn the_largest_record_is_read_back() {
    let named = |letter: &str, count: usize| -> Vec<UserId> {
        (0..count).map(|number| UserId::new(&format!("{letter}{number:031}")).unwrap()).collect()
    };
    let world = World::new();
    let mut settings = AppSettings::default();
    settings.limits.subscriptions = 10_000;
    settings.webhooks.state_change_url = "https://receiver".to_owned();
    log_in(&*world.directory, &user(1), "one", now(0));
    let directory = &*world.directory as &dyn Directory;
    // The friendships end a few at a time, so former friends are shown different statuses.
    let former = named("g", MOST_SHOWN_APART);
    let (friends, blocked) = (named("f", 10_000), named("b", MAX_BLOCKED));
    let grow = |presence: &mut Presence| {
        let _ = presence.subscribe(&named("s", 10_000), &settings, now(1).moment);
        for gone in (0..=former.len()).step_by(40) {
            let friends = [&friends[..], &former[gone..]].concat();
            let (version, visibility) = (gone as u64 + 1, Visibility::Friends);
            let stored = StoredRestrictions {
                version,
                visibility,
                friends,
                blocked: blocked.clone(),
                ..StoredRestrictions::default()
            };
            let _ = presence.restrict(&stored, &settings, now(1_000 + gone as u64));
        }
        for number in 0..1_000 {
            let text = CustomStatus::new(&format!("{number:01000}"), 1_000).unwrap();
            let _ = presence.set_custom_status(text, None, &settings, now(10_000));
        }
        Transition { changed: true, ..Transition::quiet(()) }
    };
    finish(directory.update(&user(1), now(10_000), grow)).unwrap();
    let found = |directory: &dyn Directory| {
        let look = |_: &User, presence: Option<&Presence>| {
            presence.map(|it| (it.restrictions().cloned(), it.subscriptions().len()))
        };
        finish(directory.read(&[user(1)], look)).unwrap().remove(0)
    };
    let before = found(directory);
    let (restarted, recovered) = world.killed("one", now(20_000));
    assert!(!recovered.in_doubt);
    assert_eq!(found(&restarted), before);
}
