//! Written histories on several nodes. Steps that need no connection go to the nodes in turn.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_sim::{Step, replay_on_nodes};

fn check(history: &str) {
    let steps: Vec<Step> = history
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.parse().unwrap())
        .collect();
    if let Err(verdict) = replay_on_nodes(&steps) {
        panic!("{verdict}");
    }
}

#[test]
fn a_status_a_list_and_a_kick_reach_devices_on_other_nodes() {
    check(
        "
        bob create
        ann.phone login 0
        ann.mac login 1
        ann.phone subscribe bob
        bob.phone login 2
        bob.phone text busy
        quiet
        ann kick
        quiet
        ",
    );
}

#[test]
fn a_login_on_one_node_kicks_a_device_on_another() {
    check(
        "
        set mode 0
        ann.phone login 0
        ann.mac login 1
        quiet
        ann.phone resume 2
        quiet
        ",
    );
}

#[test]
fn users_of_a_lost_node_who_are_back_in_time_were_never_away_and_the_others_leave_once() {
    check(
        "
        cat.phone login 2
        ann.phone login 0
        bob.phone login 0
        bob.web login 0
        cat.phone subscribe ann bob
        bob.phone text busy
        lose-node 0
        ann.phone resume 1
        advance 29000
        upkeep
        quiet
        advance 1000
        upkeep
        quiet
        start-node 0
        bob.phone resume 0
        quiet
        ",
    );
}

#[test]
fn an_account_that_is_deleted_on_one_node_and_made_again_on_another_inherits_no_watchers() {
    check(
        "
        bob create
        ann.phone login 0
        ann.phone subscribe bob
        bob delete
        bob create
        quiet
        ann.phone list
        ann.phone subscribe bob
        upkeep
        ann.phone list
        quiet
        ",
    );
}

#[test]
fn the_rate_of_a_user_is_one_rate_on_all_nodes() {
    check(
        "
        set rate-calls 2
        ann.phone login 0
        ann.mac login 1
        ann.phone list
        ann.mac list
        ann.phone list
        ann.mac list
        ",
    );
}

/// The subscription list ends after its retention. One node has the duty to end it, and another node removes the
/// deleted user from it.
#[test]
fn a_list_ends_before_a_deleted_user_is_taken_off_it_whichever_node_does_either() {
    for turns in 0..3 {
        let others = "advance 1\n".repeat(turns);
        check(&format!(
            "
            set list-retention 60000
            bob create
            ann.phone login 0
            ann.phone subscribe bob
            ann.phone close
            advance 61000
            {others}
            bob delete
            upkeep
            ann.phone resume 1
            quiet
            "
        ));
    }
}
