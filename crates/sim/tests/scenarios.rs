//! Short histories, one for each known weakness of presence systems. Each test compares the notifications that come
//! after the line `---`, except those about the client's own user. The model also checks every step.

#![allow(clippy::unwrap_used, reason = "a script that cannot be played is a failure")]

use lamplight_sim::{DEVICES, Step, Told, Trial, USERS};

/// Bob is subscribed to Ann. Both are connected, to different workers.
const WATCHED: &str = "ann.phone login 0\nbob.phone login 1\nbob.phone subscribe ann\nadvance 1000\n";

/// Runs a script, and compares the notifications about other users that come after the line `---`.
fn check(script: &str, expected: &[&str]) {
    let mut trial = Trial::new().unwrap();
    let (mut told, mut listens) = (Vec::new(), false);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "---" {
            listens = true;
            continue;
        }
        let step: Step = line.parse().unwrap();
        match trial.step(&step) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("{line:?} makes no sense here"),
            Err(fault) => panic!("{line:?}: {fault}"),
        }
        if listens {
            told.extend(trial.told().iter().filter(|told| told.of != told.who).map(words));
        }
    }
    trial.step(&Step::Quiet).unwrap();
    told.extend(trial.told().iter().filter(|told| told.of != told.who).map(words));
    assert_eq!(told, expected);
}

fn words(told: &Told) -> String {
    let (who, device, of) = (USERS[told.who], DEVICES[told.device].0, USERS[told.of]);
    let (kind, reason) = (told.status.status_type, told.status.reason);
    let text = told.status.custom_status.as_str();
    let line = format!("{who}.{device}: {of} {kind} {reason} {text}");
    line.trim_end().to_owned()
}

fn after(script: &str) -> String {
    format!("{WATCHED}{script}")
}

// 1. Online for ever after an ungraceful death

#[test]
fn a_silent_link_ends_and_the_watchers_are_told_once() {
    check(
        &after("---\nann.phone timeout\nupkeep\nadvance 61000\nupkeep"),
        &["bob.phone: ann OFFLINE timeout"],
    );
}

#[test]
fn a_killed_node_with_watchers_elsewhere_tells_exactly_one_departure_each() {
    check(
        &after(
            "kill-9 0\nbob.phone resume 2\n---\nadvance 20000\nupkeep\nadvance 9999\nupkeep\nadvance 1\nupkeep\n\
             advance 61000\nupkeep",
        ),
        &["bob.phone: ann OFFLINE node_lost"],
    );
}

#[test]
fn who_is_back_within_the_grace_was_never_seen_to_leave() {
    for restart in ["kill-9 100", "restart 100"] {
        check(
            &after(&format!(
                "ann.phone text busy\n---\n{restart}\nbob.phone resume 2\nadvance 29000\nann.phone resume 0\n\
                 upkeep\nadvance 61000\nupkeep"
            )),
            &[],
        );
    }
}

#[test]
fn a_web_user_whose_node_is_lost_is_not_logged_in() {
    check(
        "ann.web login 0\nbob.phone login 1\nbob.phone subscribe ann\nkill-9 0\nbob.phone resume 1\n---\n\
         advance 30000\nupkeep",
        &["bob.phone: ann UNLOGINED node_lost"],
    );
}

#[test]
fn a_login_without_a_connection_lapses_once_and_for_good() {
    check(
        &after("---\nann.phone close\nadvance 310000\nupkeep\nupkeep\nkill-9 0\nbob.phone resume 1\nupkeep"),
        &["bob.phone: ann OFFLINE link_closed", "bob.phone: ann UNLOGINED lapsed"],
    );
}

// 2. An old offline after a new online

#[test]
fn the_late_end_of_a_superseded_connection_harms_nobody() {
    check(&after("---\ndoze 0\nann.phone resume 2\nann.phone late-close\nwake 0"), &[]);
}

#[test]
fn a_takeover_does_not_flicker() {
    check(&after("set mode 0\nann.phone text busy\n---\nann.mac login 2"), &[]);
}

// 3. Silent loss under overload

#[test]
fn a_stalled_watcher_reads_the_newest_state_and_no_other() {
    check(
        &after(
            "bob.phone stall\n---\nann.phone text one\nann.phone text two\nann.phone close\nann.phone resume 0\n\
             ann.phone text three\nbob.phone unstall",
        ),
        &["bob.phone: ann ONLINE custom three"],
    );
}

#[test]
fn a_frame_that_is_full_leaves_the_rest_for_the_next() {
    check(
        "ann.phone login 0\nbob.phone login 0\ncat.phone login 0\ndan.phone login 1\n\
         dan.phone subscribe ann bob cat\ndan.phone stall\n---\nann.phone text a\nbob.phone text b\n\
         cat.phone text c\ndan.phone read 2\nann.phone text d\ndan.phone read 1\ndan.phone read 1",
        &[
            "dan.phone: ann ONLINE custom a",
            "dan.phone: bob ONLINE custom b",
            "dan.phone: cat ONLINE custom c",
            "dan.phone: ann ONLINE custom d",
        ],
    );
}

#[test]
fn a_worker_that_missed_the_log_reads_everything_again() {
    check(
        &after("bob.mac login 2\ndoze 1\nflood\n---\nann.phone text busy\nbob.mac subscribe cat\nwake 1"),
        &["bob.mac: ann ONLINE custom busy", "bob.phone: ann ONLINE custom busy"],
    );
}

#[test]
fn a_connection_that_was_kicked_while_its_worker_missed_the_log_is_closed() {
    check(&after("doze 0\nann kick\nflood\nwake 0\n---"), &[]);
}

#[test]
fn a_user_flapping_a_thousand_times_leaves_the_last_state() {
    let flaps = "ann.phone close\nann.phone resume 0\n".repeat(1_000);
    check(
        &after(&format!("bob.phone stall\n---\n{flaps}ann.phone close\nbob.phone unstall")),
        &["bob.phone: ann OFFLINE link_closed"],
    );
}

// 4. False leaves and joins

#[test]
fn a_change_of_text_is_one_event() {
    check(
        &after("---\nann.phone text busy\nann.phone text busy\nann.phone text"),
        &["bob.phone: ann ONLINE custom busy", "bob.phone: ann ONLINE custom"],
    );
}

#[test]
fn a_page_reload_within_the_linger_is_not_seen() {
    check(
        "set linger-web 5000\nann.web login 0\nbob.phone login 1\nbob.phone subscribe ann\nann.web text busy\n---\n\
         ann.web close\nadvance 4999\nupkeep\nann.web login 2\nadvance 6000\nupkeep",
        &[],
    );
}

#[test]
fn a_linger_that_runs_out_tells_the_departure_with_its_reason() {
    check(
        &after("set linger-native 5000\n---\nann.phone close\nadvance 5000\nupkeep"),
        &["bob.phone: ann OFFLINE link_closed"],
    );
}

// 5. One stalled socket delays all others

#[test]
fn a_stalled_watcher_delays_nobody_else() {
    check(
        &after("cat.phone login 1\ncat.phone subscribe ann\nbob.phone stall\n---\nann.phone text busy"),
        &["cat.phone: ann ONLINE custom busy", "bob.phone: ann ONLINE custom busy"],
    );
}

// 6. Wrong status with several devices

#[test]
fn a_logout_of_one_of_two_devices_leaves_the_user_online() {
    check(
        &after("ann.mac login 2\n---\nann.phone logout\nann.mac close\nann.mac resume 0\nann.mac logout"),
        &[
            "bob.phone: ann OFFLINE link_closed",
            "bob.phone: ann ONLINE login",
            "bob.phone: ann UNLOGINED logout",
        ],
    );
}

#[test]
fn a_device_kicked_while_it_was_away_is_told_once_at_its_next_login() {
    let mut trial = Trial::new().unwrap();
    let script = "set mode 0\nann.phone login 0\nann.phone close\nann.mac login 1\nann.phone login 0\nann.phone login 0";
    let answers: Vec<String> = script
        .lines()
        .map(|line| format!("{:?}", trial.step(&line.parse().unwrap()).unwrap().unwrap()))
        .collect();
    assert_eq!(answers[4], "Refused(6208)");
    assert!(answers[5].starts_with("LoggedIn"), "{}", answers[5]);
}

#[test]
fn the_list_is_shared_by_the_devices_and_evicts_the_earliest() {
    check(
        "ann.phone login 0\nbob.phone login 0\ncat.phone login 0\ndan.phone login 0\neve.phone login 1\n\
         eve.mac login 2\neve.phone subscribe ann bob cat\neve.mac subscribe dan\n---\nann.phone text a\n\
         dan.phone text d",
        &["eve.phone: dan ONLINE custom d", "eve.mac: dan ONLINE custom d"],
    );
}

// 7. A custom status that is not cleared

#[test]
fn the_text_goes_with_the_change_that_ends_online() {
    for (end, told) in [
        ("ann.phone close", "OFFLINE link_closed"),
        ("ann.phone timeout", "OFFLINE timeout"),
        ("ann.phone logout", "UNLOGINED logout"),
        ("ann.phone sig-ends", "UNLOGINED sig_expired"),
        ("ann kick", "UNLOGINED kicked"),
        ("ann delete", "UNLOGINED deleted"),
    ] {
        check(&after(&format!("ann.phone text busy\n---\n{end}")), &[&format!("bob.phone: ann {told}")]);
    }
}

// 9. A flush logs all users out

#[test]
fn a_loss_of_the_live_records_logs_nobody_out() {
    check(
        &after("lose-live\nbob.phone login 1\nbob.phone subscribe ann\n---\nann.phone resume 0"),
        &["bob.phone: ann ONLINE login"],
    );
}

// 10. The user's other devices are not notified, and wrong until a reload

#[test]
fn the_own_other_devices_are_told_too() {
    let mut trial = Trial::new().unwrap();
    for line in ["ann.phone login 0", "ann.mac login 1", "ann.phone text busy"] {
        trial.step(&line.parse().unwrap()).unwrap();
    }
    let devices: Vec<&str> = trial.told().iter().map(|told| DEVICES[told.device].0).collect();
    assert_eq!(devices, ["phone", "mac"]);
}

#[test]
fn a_resume_tells_exactly_what_differs() {
    check(
        "ann.phone login 0\ncat.phone login 0\nbob.phone login 1\nbob.phone subscribe ann cat\nadvance 500\n\
         bob.phone close\nann.phone text busy\n---\nbob.phone resume 2",
        &["bob.phone: ann ONLINE custom busy"],
    );
}

#[test]
fn a_worker_that_is_late_does_not_tell_who_comes_back_what_he_knows() {
    check(
        &after(
            "doze 2\nann.phone text busy\ncat.mac login 2\ncat.mac subscribe ann\nbob.phone close\n---\nbob.phone resume 2\nwake 2",
        ),
        &[],
    );
}

// Accounts that are deleted and created again

#[test]
fn who_comes_back_after_a_deletion_is_told_of_it() {
    for end in ["close", "timeout"] {
        check(
            &after(&format!("bob.phone {end}\nann delete\n---\nbob.phone resume 2")),
            &["bob.phone: ann UNLOGINED deleted"],
        );
    }
    check(&after("ann delete\nbob.mac login 2\n---"), &[]);
    check(&after("ann delete\n---\nbob.mac login 2"), &["bob.mac: ann UNLOGINED deleted"]);
    check(
        &after(
            "set list-retention 400000\nbob.phone close\nann delete\nkill-9 0\nadvance 299000\nupkeep\n---\nbob.phone resume 2",
        ),
        // Meanwhile, Ann was removed from the list.
        &[],
    );
    check(&after("doze 1\nann delete\nflood\n---\nwake 1"), &["bob.phone: ann UNLOGINED deleted"]);
}

#[test]
fn an_account_made_again_does_not_inherit_its_watchers() {
    for (clock, made) in [("advance 1000", "ann create"), ("advance 1000", "upkeep")] {
        check(
            &after(&format!("---\nann delete\n{clock}\n{made}\nann.web login 2\nann.web text again")),
            &["bob.phone: ann UNLOGINED deleted"],
        );
    }
}

#[test]
fn versions_stay_above_after_a_loss_and_two_restarts() {
    check(
        &after(
            "bob.mac login 2\nann.phone logout\nlose-live\nkill-9 0\njump -3600000\nrestart 10\n---\n\
             bob.mac resume 2\nbob.mac subscribe ann\nann.phone login 0",
        ),
        &["bob.mac: ann ONLINE login"],
    );
}

#[test]
fn a_late_call_of_a_deleted_user_leaves_nothing_behind() {
    check(
        &after(
            "doze 1\nbob delete\nbob.phone subscribe ann\nbob.phone list\nwake 1\nbob.web login 1\n---\nann.phone text busy",
        ),
        &[],
    );
}

// Friends, switches and clocks

#[test]
fn friends_are_told_while_they_are_mutual_and_the_switch_is_on() {
    check(
        "ann.phone login 0\nbob.phone login 1\nadvance 10\nann befriend bob one\n---\nann.phone text a\n\
         bob befriend ann one\nann.phone text b\nset friend-notification 0\nann.phone text c\n\
         set friend-notification 1\nann unfriend bob one\nann.phone text d",
        &[
            "ann.phone: bob ONLINE login",
            "bob.phone: ann ONLINE custom a",
            "bob.phone: ann ONLINE custom b",
            "ann.phone: bob ONLINE login",
            "bob.phone: ann ONLINE custom c",
        ],
    );
}

#[test]
fn who_is_watched_for_another_reason_than_before_is_no_news() {
    check(
        &after("doze 1\n---\nset user-status 0\nbob befriend ann\nset user-status 1\nwake 1"),
        &["ann.phone: bob ONLINE login"],
    );
}

#[test]
fn the_switch_silences_subscriptions_and_keeps_the_list() {
    check(
        &after("set user-status 0\n---\nann.phone text a\nset user-status 1\nann.phone text b"),
        &["bob.phone: ann ONLINE custom a", "bob.phone: ann ONLINE custom b"],
    );
}

#[test]
fn a_wall_clock_that_jumps_ends_nothing_and_no_version_goes_back() {
    check(
        &after(
            "---\njump 3600000\nupkeep\nann.phone text a\njump -7200000\nupkeep\nann.phone text b\nkill-9 0\n\
             bob.phone resume 0\nann.phone resume 0\nupkeep\nann.phone text c",
        ),
        &[
            "bob.phone: ann ONLINE custom a",
            "bob.phone: ann ONLINE custom b",
            "bob.phone: ann ONLINE custom c",
        ],
    );
}

#[test]
fn the_list_is_given_up_only_after_its_retention() {
    check(
        &after(
            "bob.phone close\nadvance 39999\nupkeep\nbob.phone resume 1\nbob.phone close\n\
             advance 40000\nupkeep\nbob.phone resume 1\n---\nann.phone text busy",
        ),
        &[],
    );
}

#[test]
fn a_text_with_a_duration_runs_out_once_for_everybody() {
    check(
        &after(
            "---\nann.phone text busy for 5\nadvance 4999\nupkeep\nadvance 1\nupkeep\nadvance 60000\nupkeep",
        ),
        &["bob.phone: ann ONLINE custom busy", "bob.phone: ann ONLINE custom_expired"],
    );
}

#[test]
fn a_timer_of_an_earlier_text_clears_no_later_one() {
    check(
        &after(
            "---\nann.phone text old for 5\nadvance 4000\nann.phone text new for 60\nadvance 1001\nupkeep",
        ),
        &["bob.phone: ann ONLINE custom old", "bob.phone: ann ONLINE custom new"],
    );
    check(
        &after("---\nann.phone text old for 5\nadvance 4000\nann.phone text old\nadvance 60000\nupkeep"),
        &["bob.phone: ann ONLINE custom old", "bob.phone: ann ONLINE custom old"],
    );
}

#[test]
fn what_fell_due_while_no_node_ran_is_cleared_before_anybody_is_answered() {
    for down in [5_000, 5_001] {
        check(
            &after(&format!(
                "ann.phone text busy for 5\n---\nkill-9 {down}\nbob.phone resume 0\nann.phone resume 0\n\
                 bob.phone query ann\nadvance 2"
            )),
            &["bob.phone: ann ONLINE custom_expired"],
        );
    }
}
