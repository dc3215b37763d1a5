//! Connections: lingers, superseded connections, restarts and the loss of a node (SPEC section 2).

use crate::world::{check, type_and_reason_of};

// Linger

#[test]
fn linger_hides_a_reload() {
    check(
        "
        set linger_web 5s
        login tab Web => ONLINE login
        custom busy
        close tab     => -
        wait 4s       => -
        status        => ONLINE
        login tab Web => -
        text          => busy
        wait 1h       => -
        ",
    );
}

#[test]
fn a_linger_that_is_over_ends_the_connection_as_it_had_broken() {
    check(
        "
        set linger_web 5s
        login tab Web
        close tab => -
        wait 5s   => UNLOGINED link_closed
        logins    => -
        ",
    );
    check(
        "
        set linger_native 8s
        login phone iPhone
        close phone => -
        wait 7999ms => -
        wait 1ms    => OFFLINE link_closed
        wait 7d     => UNLOGINED lapsed
        ",
    );
}

#[test]
fn native_and_web_linger_apart() {
    check(
        "
        set linger_web 5s
        login phone iPhone
        close phone => OFFLINE link_closed
        ",
    );
    check(
        "
        set linger_native 5s
        login tab Web
        close tab => UNLOGINED link_closed
        ",
    );
}

#[test]
fn what_was_silent_or_went_on_purpose_does_not_linger() {
    for (end, reason) in [
        ("timeout", "OFFLINE timeout"),
        ("node_lost", "OFFLINE node_lost"),
        ("logout", "UNLOGINED logout"),
        ("sig_expired", "UNLOGINED sig_expired"),
    ] {
        check(&format!(
            "
            set linger_native 5s
            login phone iPhone
            {end} phone => {reason}
            "
        ));
    }
}

#[test]
fn a_device_that_lingers_counts_as_present_until_it_is_kicked() {
    check(
        "
        set linger_native 5s
        login phone iPhone
        close phone
        devices => iPhone
        kick    => UNLOGINED kicked; phone was away
        wait 5s => -
        ",
    );
}

// Successive connections

#[test]
fn a_takeover_does_not_flicker() {
    check(
        "
        login phone iPhone => ONLINE login
        custom busy        => ONLINE custom 'busy'
        login phone iPhone => -; told phone#1 superseded
        text               => busy
        logins             => phone
        ",
    );
}

#[test]
fn a_late_end_of_a_superseded_connection_changes_nothing() {
    for end in ["close", "timeout", "node_lost", "logout", "sig_expired"] {
        check(&format!(
            "
            login phone iPhone
            login phone iPhone => -; told phone#1 superseded
            {end} phone#1      => -; too late
            status             => ONLINE
            {end} phone        => {}
            {end} phone        => -; too late
            ",
            type_and_reason_of(end)
        ));
    }
}

#[test]
fn a_late_end_of_a_kicked_connection_changes_nothing() {
    check(
        "
        login one Android
        login two Android => -; told one kicked by Android
        close one         => -; too late
        login one Android => -; told two kicked by Android
        close one#1       => -; too late
        close two         => -; too late
        status            => ONLINE
        ",
    );
}

#[test]
fn a_late_end_changes_nothing_for_a_device_that_is_back_from_a_linger() {
    check(
        "
        set linger_native 5s
        login phone iPhone
        close phone        => -
        login phone iPhone => -
        timeout phone#1    => -; too late
        wait 5s            => -
        ",
    );
}

#[test]
fn a_device_that_comes_back_on_another_platform_is_still_one_device() {
    check(
        "
        login it iPad
        login it iPhone => -; told it#1 superseded
        logins          => it
        devices         => iPhone
        ",
    );
}

// Restart, and loss of a node

#[test]
fn a_restart_shows_nothing_of_those_who_come_back() {
    check(
        "
        login phone iPhone
        login tab Web
        custom busy
        restart
        status             => ONLINE
        devices            => iPhone Web
        wait 29s           => -
        login phone iPhone => -
        login tab Web      => -
        wait 1h            => -
        text               => busy
        ",
    );
}

#[test]
fn who_does_not_come_back_after_a_restart_is_seen_to_leave_once() {
    check(
        "
        login phone iPhone
        restart
        wait 29s           => -
        wait 1s            => OFFLINE node_lost
        wait 1h            => -
        ",
    );
    check(
        "
        login tab Web
        restart
        wait 30s           => UNLOGINED node_lost
        ",
    );
}

#[test]
fn one_device_that_comes_back_is_enough() {
    check(
        "
        login phone iPhone
        login mac Mac
        restart
        login mac Mac => -
        wait 30s      => -
        devices       => Mac
        logins        => phone mac
        ",
    );
}

#[test]
fn a_restart_does_not_forget_how_a_lingering_connection_had_ended() {
    check(
        "
        set linger_native 60s
        login phone iPhone
        close phone => -
        restart
        wait 30s    => OFFLINE link_closed
        ",
    );
}

#[test]
fn last_seen_after_a_restart_is_when_the_old_process_was_known_to_live() {
    check(
        "
        login phone iPhone
        wait 10s
        restart after 20s
        last_seen => never
        wait 30s  => OFFLINE node_lost
        last_seen => 10s
        ",
    );
}

#[test]
fn a_second_restart_does_not_make_the_missing_look_alive() {
    check(
        "
        login phone iPhone
        wait 10s
        restart
        wait 20s  => -
        restart
        last_seen => never
        wait 30s  => OFFLINE node_lost
        last_seen => 10s
        ",
    );
}

#[test]
fn deadlines_run_on_while_the_server_is_down() {
    check(
        "
        login phone iPhone
        close phone
        restart after 1d
        wait 5d  => -
        deadline => 86400s
        wait 1d  => UNLOGINED lapsed
        ",
    );
    check(
        "
        login phone iPhone
        subscribe bob
        close phone
        restart after 200s
        wait 399s => -
        wait 1s   => -; -bob
        ",
    );
    check(
        "
        login phone iPhone
        subscribe bob
        close phone
        restart after 8d
        status  => OFFLINE
        wait 0s => UNLOGINED lapsed; -bob
        ",
    );
}

#[test]
fn a_client_that_stays_away_from_a_lost_node_is_offline() {
    check(
        "
        login phone iPhone
        login mac Mac
        node_lost phone => -
        node_lost mac   => OFFLINE node_lost
        ",
    );
}
