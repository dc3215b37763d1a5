//! The rules of presence as scripts: SPEC section 2, the devices of section 5, and how long a subscription list
//! lasts (section 3). The name of a test is the rule.
//!
//! A line is `action => what comes of it`: first what watchers see (`-` for nothing, or the status type, the
//! custom status and the reason), then which clients are told why their connection ends, and who enters (`+`)
//! or leaves (`-`) the subscription list. An action without `=>` sets the scene. `phone#1` is the first
//! connection of the phone, `phone` its newest. [`World::act`] is the list of all actions and questions.

// clippy.toml lets `#[test]` functions unwrap, but not what they call.
#![allow(clippy::unwrap_used)]

mod laws;

use lamplight_core::{EndCause, Ended, LinkEnd, Presence, Removed, Transition, UserFacts};
use lamplight_model::{
    ConnectionId, CustomStatus, DeviceId, Platform, Reason, Revoked, SessionEvent, SessionEventKind,
    Timestamp, UserId, Version,
};
use laws::Record;
use std::collections::BTreeMap;
use std::time::Duration;

// The status type

#[test]
fn the_status_type_is_derived_from_connections_and_logins() {
    check(
        "
        status            => UNLOGINED
        login phone iPhone
        status            => ONLINE
        close phone
        status            => OFFLINE
        login phone iPhone
        logout phone
        status            => UNLOGINED
        ",
    );
}

#[test]
fn the_login_of_the_first_device_is_online() {
    check("login phone iPhone => ONLINE login");
    check("login tab Web      => ONLINE login");
}

#[test]
fn a_further_device_changes_nothing_for_watchers() {
    check(
        "
        login phone iPhone => ONLINE login
        login mac Mac      => -
        login tab Web      => -
        devices            => iPhone Mac Web
        logout mac         => -
        close tab          => -
        devices            => iPhone
        ",
    );
}

#[test]
fn a_link_that_breaks_ends_at_once() {
    check(
        "
        login phone iPhone => ONLINE login
        close phone        => OFFLINE link_closed
        login phone iPhone => ONLINE login
        ",
    );
}

#[test]
fn a_link_that_is_silent_too_long_ends() {
    check(
        "
        login phone iPhone
        wait 400s          => -
        timeout phone      => OFFLINE timeout
        ",
    );
    check(
        "
        login tab Web
        wait 60s           => -
        timeout tab        => UNLOGINED timeout
        ",
    );
}

#[test]
fn a_native_device_keeps_its_login_when_its_connection_ends() {
    for end in ["close", "timeout", "node_lost"] {
        check(&format!(
            "
            login phone iPhone
            login pc Windows
            {end} phone         => -
            logins              => phone pc
            devices             => Windows
            {end} pc            => OFFLINE {}
            logins              => phone pc
            devices             => -
            ",
            reason_of(end)
        ));
    }
}

#[test]
fn the_end_of_a_web_connection_ends_its_login_too() {
    for end in ["close", "timeout", "node_lost"] {
        check(&format!(
            "
            login phone iPhone
            login tab Web
            {end} tab           => -
            logins              => phone
            "
        ));
    }
}

#[test]
fn a_web_only_user_never_shows_offline() {
    for end in ["close", "timeout", "logout", "sig_expired", "kick", "delete", "node_lost"] {
        let line = format!("login tab Web => ONLINE login\n {end} tab");
        let (_, seen) = World::default().run(&line);
        let (_, last) = seen.rsplit_once("=> ").unwrap();
        assert!(last.starts_with(&format!("UNLOGINED {}", reason_of(end))), "{seen}");
    }
}

#[test]
fn with_a_native_login_the_end_of_the_last_web_connection_is_offline() {
    check(
        "
        login phone iPhone
        login tab Web
        close phone => -
        close tab   => OFFLINE link_closed
        ",
    );
}

// Ends of a login

#[test]
fn logging_out_the_last_login_is_unlogined() {
    check(
        "
        login phone iPhone
        logout phone => UNLOGINED logout
        logins       => -
        ",
    );
}

#[test]
fn logging_out_one_of_two_connected_devices_changes_nothing_for_watchers() {
    check(
        "
        login phone iPhone
        login mac Mac
        logout phone => -
        logins       => mac
        status       => ONLINE
        ",
    );
}

#[test]
fn logging_out_the_only_connected_device_beside_another_login_is_offline() {
    check(
        "
        login phone iPhone
        login mac Mac
        close phone => -
        logout mac  => OFFLINE logout
        logins      => phone
        ",
    );
}

#[test]
fn a_usersig_that_expires_logs_its_device_out() {
    check(
        "
        login phone iPhone
        login mac Mac
        sig_expired phone => -
        logins            => mac
        sig_expired mac   => UNLOGINED sig_expired
        ",
    );
}

#[test]
fn a_kick_ends_every_login_and_every_client_is_told() {
    check(
        "
        login phone iPhone
        login mac Mac
        login tab Web
        close phone
        kick   => UNLOGINED kicked; told mac kicked; told tab kicked; phone was away
        logins => -
        kick   => -
        ",
    );
}

#[test]
fn a_kick_revokes_what_is_older_and_what_was_seen() {
    check(
        "
        login phone iPhone
        sig_issued 0s  => good
        wait 10s
        kick
        sig_issued 0s  => revoked
        sig_issued 9s  => revoked
        sig_issued 10s => good
        login phone iPhone
        kick
        sig_issued 10s => revoked
        sig_issued 11s => good
        restart
        sig_issued 10s => revoked
        sig_issued 11s => good
        wait 10s
        kick
        sig_issued 11s => revoked
        clock -1h
        kick
        sig_issued 11s => revoked
        ",
    );
}

#[test]
fn a_kick_revokes_a_usersig_from_the_future_that_was_in_use() {
    check(
        "
        renew 3600s
        kick
        sig_issued 3599s => good
        sig_issued 3600s => revoked
        sig_issued 3601s => good
        ",
    );
}

#[test]
fn a_login_again_is_the_newest() {
    check(
        "
        login phone iPhone
        login mac Mac
        login phone iPhone => -; told phone#1 superseded
        logins             => mac phone
        ",
    );
}

#[test]
fn a_device_that_changes_its_platform_has_one_login() {
    check(
        "
        login hybrid iPhone => ONLINE login
        login hybrid Web    => -; told hybrid#1 superseded
        devices             => Web
        close hybrid        => UNLOGINED link_closed
        login hybrid Web    => ONLINE login
        login hybrid iPhone => -; told hybrid#3 superseded
        close hybrid        => OFFLINE link_closed
        ",
    );
}

#[test]
fn the_deletion_of_an_account_ends_every_login_and_its_list() {
    check(
        "
        login phone iPhone
        login mac Mac
        subscribe bob
        delete   => UNLOGINED deleted; told phone deleted; told mac deleted; -bob
        logins   => -
        deadline => 604800s
        ",
    );
}

#[test]
fn a_login_without_a_connection_lapses_after_seven_days() {
    check(
        "
        login phone iPhone
        close phone => OFFLINE link_closed
        wait 6d     => -
        wait 86399s => -
        wait 1s     => UNLOGINED lapsed
        ",
    );
    check(
        "
        set login_retention 60s
        login phone iPhone
        close phone
        wait 60s => UNLOGINED lapsed
        ",
    );
}

#[test]
fn a_login_does_not_lapse_while_it_is_connected() {
    check(
        "
        login phone iPhone
        wait 30d           => -
        close phone        => OFFLINE link_closed
        wait 6d            => -
        login phone iPhone => ONLINE login
        wait 6d            => -
        close phone        => OFFLINE link_closed
        wait 6d            => -
        wait 1d            => UNLOGINED lapsed
        ",
    );
}

#[test]
fn the_lapse_of_one_login_beside_another_changes_nothing_for_watchers() {
    check(
        "
        login phone iPhone
        login mac Mac
        close phone
        wait 7d   => -
        logins    => mac
        close mac => OFFLINE link_closed
        wait 7d   => UNLOGINED lapsed
        ",
    );
}

#[test]
fn a_user_without_a_live_record_is_taken_up_from_the_facts() {
    check(
        "
        facts phone iPhone, mac Mac
        status             => OFFLINE
        last_seen          => never
        wait 7d            => UNLOGINED lapsed
        ",
    );
    check(
        "
        facts phone iPhone
        login phone iPhone => ONLINE login
        logins             => phone
        ",
    );
    check(
        "
        facts
        status             => UNLOGINED
        deadline           => -
        ",
    );
}

#[test]
fn a_login_that_was_being_ended_when_the_process_died_is_dropped_unless_it_is_web() {
    check(
        "
        login phone iPhone
        login mac Mac
        login tab Web
        restart
        adopt mac Mac => -
        logins        => mac tab
        adopt         => -
        logins        => tab
        ",
    );
    check(
        "
        login phone iPhone
        restart
        adopt         => UNLOGINED logout
        ",
    );
}

#[test]
fn who_was_kicked_while_no_node_ran_is_kicked_at_its_start_web_too() {
    check(
        "
        login phone iPhone
        login tab Web
        restart
        adopt kicked  => UNLOGINED kicked
        status        => UNLOGINED
        adopt         => -
        ",
    );
}

#[test]
fn the_record_of_a_deleted_account_is_kept_for_the_login_retention() {
    check(
        "
        login phone iPhone
        delete        => UNLOGINED deleted; told phone deleted
        deadline      => 604800s
        restart
        deadline      => 604800s
        wait 7d       => -
        deadline      => 60s
        ",
    );
    // An account that is made again numbers on: whoever watched it hears of it.
    check(
        "
        login phone iPhone
        delete             => UNLOGINED deleted; told phone deleted
        login phone iPhone => ONLINE login
        deadline           => -
        ",
    );
}

#[test]
fn a_login_that_was_being_made_when_the_process_died_is_taken_up() {
    check(
        "
        login tab Web
        restart
        adopt phone iPhone => -
        logins             => tab phone
        wait 30s           => OFFLINE node_lost
        wait 7d            => UNLOGINED lapsed
        ",
    );
    check(
        "
        adopt phone iPhone => OFFLINE login
        adopt phone iPhone => -
        ",
    );
}

// Custom status

#[test]
fn a_custom_status_is_told_and_cleared_by_an_empty_one() {
    check(
        "
        login phone iPhone
        custom in a meeting => ONLINE custom 'in a meeting'
        custom in a meeting => -
        custom at lunch     => ONLINE custom 'at lunch'
        custom              => ONLINE custom
        custom              => -
        ",
    );
}

#[test]
fn a_custom_status_needs_a_login() {
    check(
        "
        custom hello       => -; refused 6014
        login phone iPhone
        logout phone       => UNLOGINED logout
        custom hello       => -; refused 6014
        login phone iPhone => ONLINE login
        ",
    );
}

#[test]
fn a_custom_status_belongs_to_the_user_not_to_the_device() {
    check(
        "
        login phone iPhone
        custom busy   => ONLINE custom 'busy'
        login tab Web => -
        logout phone  => -
        text          => busy
        close tab     => UNLOGINED link_closed
        text          => -
        ",
    );
}

#[test]
fn custom_status_is_cleared_in_the_same_change_that_ends_online() {
    let ways = [
        ("close phone", "OFFLINE link_closed"),
        ("timeout phone", "OFFLINE timeout"),
        ("node_lost phone", "OFFLINE node_lost"),
        ("logout phone", "UNLOGINED logout"),
        ("sig_expired phone", "UNLOGINED sig_expired"),
        ("kick", "UNLOGINED kicked; told phone kicked"),
        ("delete", "UNLOGINED deleted; told phone deleted"),
    ];
    for (way, seen) in ways {
        check(&format!(
            "
            login phone iPhone => ONLINE login
            custom busy        => ONLINE custom 'busy'
            {way}              => {seen}
            text               => -
            wait 30d           => {}
            login phone iPhone => ONLINE login
            ",
            if seen.starts_with("OFFLINE") { "UNLOGINED lapsed" } else { "-" }
        ));
    }
}

#[test]
fn custom_status_is_cleared_when_a_linger_or_a_grace_is_over() {
    check(
        "
        set linger_native 5s
        login phone iPhone
        custom busy
        close phone => -
        text        => busy
        wait 5s     => OFFLINE link_closed
        text        => -
        ",
    );
    check(
        "
        login phone iPhone
        custom busy
        restart
        text        => busy
        wait 30s    => OFFLINE node_lost
        text        => -
        ",
    );
}

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

// Evidence

#[test]
fn the_version_grows_with_every_change_and_never_otherwise() {
    // That it does on each step is judged in `laws`; here, that the wall clock has no say in it.
    check(
        "
        login phone iPhone => ONLINE login
        clock -30d
        custom busy        => ONLINE custom 'busy'
        close phone        => OFFLINE link_closed
        restart
        login phone iPhone => ONLINE login
        clock +60d
        close phone        => OFFLINE link_closed
        ",
    );
}

#[test]
fn since_is_when_the_status_type_last_changed() {
    check(
        "
        wait 10s
        login phone iPhone => ONLINE login
        since              => 10s
        wait 10s
        login mac Mac      => -
        custom busy        => ONLINE custom 'busy'
        since              => 10s
        wait 10s
        close phone        => -
        since              => 10s
        close mac          => OFFLINE link_closed
        since              => 30s
        wait 7d            => UNLOGINED lapsed
        since              => 604830s
        ",
    );
}

#[test]
fn the_reason_is_that_of_the_last_change() {
    check(
        "
        reason             => none
        login phone iPhone
        reason             => login
        custom busy
        reason             => custom
        login mac Mac      => -
        close mac          => -
        reason             => custom
        close phone
        reason             => link_closed
        ",
    );
}

#[test]
fn last_seen_is_the_last_moment_with_a_connection() {
    check(
        "
        last_seen          => never
        login phone iPhone
        wait 10s
        last_seen          => never
        login mac Mac
        wait 10s
        close phone
        wait 10s
        last_seen          => never
        close mac
        last_seen          => 30s
        wait 7d
        last_seen          => 30s
        ",
    );
}

#[test]
fn last_seen_does_not_count_a_linger() {
    check(
        "
        set linger_native 5s
        login phone iPhone
        wait 10s
        close phone => -
        wait 4s     => -
        last_seen   => never
        wait 1s     => OFFLINE link_closed
        last_seen   => 10s
        ",
    );
}

#[test]
fn last_seen_after_a_timeout_is_when_the_last_bytes_came() {
    check(
        "
        login phone iPhone
        wait 500s
        heard 100s
        timeout phone => OFFLINE timeout
        since         => 500s
        last_seen     => 100s
        login phone iPhone
        wait 500s
        heard 200s
        timeout phone => OFFLINE timeout
        last_seen     => 500s
        ",
    );
}

#[test]
fn online_devices_are_the_platforms_connected_now() {
    check(
        "
        set native_instances 2
        login one Android
        login two Android
        login tab Web
        devices   => Android Web
        close one
        devices   => Android Web
        close two
        devices   => Web
        close tab
        devices   => -
        ",
    );
}

// Connections that follow each other

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

// Several devices

#[test]
fn single_allows_one_platform_at_a_time() {
    check(
        "
        set policy single
        login phone iPhone => ONLINE login
        login mac Mac      => -; told phone kicked by Mac
        login tab Web      => -; told mac kicked by Web
        login pad iPad     => -; told tab kicked by iPad
        logins             => pad
        ",
    );
}

#[test]
fn dual_allows_one_native_platform_and_web() {
    check(
        "
        set policy dual
        login phone iPhone
        login tab Web      => -
        login mac Mac      => -; told phone kicked by Mac
        login tab2 Web     => -; told tab kicked by Web
        logins             => mac tab2
        ",
    );
}

#[test]
fn triple_allows_one_mobile_one_desktop_and_web() {
    check(
        "
        set policy triple
        login phone iPhone
        login mac Mac      => -
        login tab Web      => -
        login pad iPad     => -; told phone kicked by iPad
        login droid Android => -; told pad kicked by Android
        login pc Windows   => -; told mac kicked by Windows
        login box Linux    => -; told pc kicked by Linux
        logins             => tab droid box
        ",
    );
}

#[test]
fn multi_allows_every_platform_and_is_the_default() {
    check(
        "
        login a iPhone
        login b Android => -
        login c iPad    => -
        login d Windows => -
        login e Mac     => -
        login f Linux   => -
        login g Web     => -
        logins          => a b c d e f g
        ",
    );
}

#[test]
fn one_instance_of_a_platform_unless_set_otherwise() {
    check(
        "
        login one Android
        login two Android => -; told one kicked by Android
        login tab1 Web    => -
        login tab2 Web    => -; told tab1 kicked by Web
        logins            => two tab2
        ",
    );
}

#[test]
fn the_oldest_login_of_a_full_platform_is_kicked() {
    check(
        "
        set native_instances 3
        set web_instances 2
        login a Android
        login b Android => -
        login c Android => -
        login d Android => -; told a kicked by Android
        login b Android => -; told b#1 superseded
        login e Android => -; told c kicked by Android
        login f Web     => -
        login g Web     => -
        login h Web     => -; told f kicked by Web
        logins          => d b e g h
        ",
    );
}

#[test]
fn a_device_kicked_while_it_had_no_connection_is_named() {
    check(
        "
        login one Android
        close one         => OFFLINE link_closed
        login two Android => ONLINE login; one was away
        logins            => two
        ",
    );
    check(
        "
        set linger_native 5s
        login one Android
        close one         => -
        login two Android => -; one was away
        wait 5s           => -
        ",
    );
}

#[test]
fn a_policy_that_was_tightened_holds_from_the_next_login() {
    check(
        "
        set web_instances 3
        login a Web
        login b Web
        login c Web
        set web_instances 1
        status      => ONLINE
        login d Web => -; told a kicked by Web; told b kicked by Web; told c kicked by Web
        ",
    );
}

#[test]
fn a_custom_status_stays_when_one_device_kicks_the_other() {
    check(
        "
        set policy single
        login phone iPhone
        custom busy
        login mac Mac => -; told phone kicked by Mac
        text          => busy
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

// How long a subscription list lasts

#[test]
fn the_subscription_list_outlives_a_disconnect_by_ten_minutes() {
    check(
        "
        login phone iPhone
        subscribe bob carol => -; +bob +carol
        close phone         => OFFLINE link_closed
        wait 599s           => -
        list                => bob carol
        wait 1s             => -; -bob -carol
        list                => -
        ",
    );
}

#[test]
fn the_subscription_list_outlives_a_logout_by_ten_minutes() {
    check(
        "
        login phone iPhone
        subscribe bob => -; +bob
        logout phone  => UNLOGINED logout
        wait 599s     => -
        wait 1s       => -; -bob
        ",
    );
}

#[test]
fn a_device_that_comes_back_in_time_finds_the_list() {
    check(
        "
        login phone iPhone
        subscribe bob
        close phone
        wait 599s
        login mac Mac => ONLINE login
        list          => bob
        lost          => no
        wait 1h       => -
        list          => bob
        ",
    );
}

#[test]
fn a_device_that_comes_back_too_late_is_told_that_the_list_is_lost() {
    check(
        "
        login phone iPhone
        subscribe bob
        close phone
        wait 600s          => -; -bob
        login phone iPhone => ONLINE login
        lost               => yes
        subscribe bob      => -; +bob
        close phone
        login phone iPhone
        lost               => no
        ",
    );
}

#[test]
fn the_retention_runs_from_the_end_of_the_last_connection() {
    check(
        "
        login phone iPhone
        login mac Mac
        subscribe bob
        close phone => -
        wait 1h     => -
        list        => bob
        close mac   => OFFLINE link_closed
        wait 599s   => -
        wait 1s     => -; -bob
        ",
    );
}

#[test]
fn the_retention_runs_from_the_end_of_a_linger_and_of_a_grace() {
    check(
        "
        set linger_native 5s
        login phone iPhone
        subscribe bob
        close phone
        wait 5s   => OFFLINE link_closed
        wait 599s => -
        wait 1s   => -; -bob
        ",
    );
    check(
        "
        login phone iPhone
        subscribe bob
        restart
        wait 30s  => OFFLINE node_lost
        wait 599s => -
        wait 1s   => -; -bob
        ",
    );
}

#[test]
fn the_retention_is_a_setting() {
    check(
        "
        set subscription_retention 5s
        login phone iPhone
        subscribe bob
        close phone => OFFLINE link_closed
        wait 5s     => -; -bob
        ",
    );
    check(
        "
        set subscription_retention 0s
        login phone iPhone
        subscribe bob
        close phone => OFFLINE link_closed
        wait 0s     => -; -bob
        ",
    );
}

#[test]
fn the_list_belongs_to_the_account_and_is_shared_by_its_devices() {
    check(
        "
        login phone iPhone
        subscribe bob    => -; +bob
        login mac Mac
        logout phone
        list             => bob
        unsubscribe bob  => -; -bob
        list             => -
        ",
    );
}

#[test]
fn beyond_the_limit_the_earliest_subscribed_is_evicted() {
    check(
        "
        set subscriptions 2
        login phone iPhone
        subscribe ann bob => -; +ann +bob
        subscribe ann     => -
        subscribe cat     => -; +cat -bob
        list              => ann cat
        subscribe ann ann => -
        list              => cat ann
        ",
    );
}

#[test]
fn unsubscribing_from_nobody_in_particular_is_from_all() {
    check(
        "
        login phone iPhone
        subscribe ann bob cat
        unsubscribe bob dan => -; -bob
        unsubscribe bob     => -
        unsubscribe_all     => -; -ann -cat
        list                => -
        ",
    );
}

#[test]
fn a_list_made_on_behalf_of_someone_absent_is_given_up_too() {
    check(
        "
        subscribe bob => -; +bob
        wait 599s     => -
        wait 1s       => -; -bob
        deadline      => -
        ",
    );
    check(
        "
        login phone iPhone
        close phone
        wait 1h
        subscribe bob => -; +bob
        wait 300s     => -
        subscribe cat => -; +cat
        wait 599s     => -
        wait 1s       => -; -bob -cat
        ",
    );
}

#[test]
fn a_list_emptied_on_purpose_is_not_lost() {
    check(
        "
        login phone iPhone
        subscribe bob
        close phone
        unsubscribe bob    => -; -bob
        wait 600s          => -
        login phone iPhone
        lost               => no
        ",
    );
}

// Session events, for the app's backend

#[test]
fn nobody_is_told_where_the_app_does_not_want_to_be() {
    check(
        "
        login phone iPhone
        custom busy
        close phone
        events => -
        ",
    );
}

#[test]
fn each_connection_is_a_login_returns_too() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        login tab Web
        login phone iPhone => -; told phone#1 superseded
        events             => Login/phone; Login/tab; Login/phone
        events             => -
        ",
    );
}

#[test]
fn a_disconnect_says_whether_the_link_broke_or_was_silent() {
    for (end, event) in [("close", "LinkClosed"), ("timeout", "TimedOut"), ("node_lost", "LinkClosed")] {
        for platform in ["iPhone", "Web"] {
            check(&format!(
                "
                set webhook https://a.example
                login phone {platform}
                {end} phone
                {end} phone
                wait 7d
                events => Login/phone; {event}/phone
                "
            ));
        }
    }
}

#[test]
fn every_login_that_the_user_or_the_app_ends_is_a_logout() {
    for end in ["logout phone", "sig_expired phone"] {
        check(&format!(
            "
            set webhook https://a.example
            login phone iPhone
            login tab Web
            events => Login/phone; Login/tab
            {end}
            events => Logout/phone
            "
        ));
    }
    for end in ["kick", "delete"] {
        check(&format!(
            "
            set webhook https://a.example
            login phone iPhone
            login tab Web
            close phone
            events => Login/phone; Login/tab; LinkClosed/phone
            {end}
            events => Logout/phone; Logout/tab
            "
        ));
    }
}

#[test]
fn being_kicked_by_another_login_is_told_with_that_login_alone() {
    check(
        "
        set webhook https://a.example
        set policy single
        login phone iPhone
        login pad iPad
        events => Login/phone; Login/pad kicks iPhone
        close phone#1
        events => -
        ",
    );
    check(
        "
        set webhook https://a.example
        set native_instances 3
        login one Android
        login two Android
        login tab Web
        set policy single
        events        => Login/one; Login/two; Login/tab
        login mac Mac => -; told one kicked by Mac; told two kicked by Mac; told tab kicked by Mac
        events        => Login/mac kicks Android Android Web
        ",
    );
}

#[test]
fn a_linger_holds_the_disconnect_back() {
    check(
        "
        set webhook https://a.example
        set linger_web 5s
        login tab Web
        close tab
        wait 4999ms
        events   => Login/tab
        wait 1ms
        events   => LinkClosed/tab
        ",
    );
    check(
        "
        set webhook https://a.example
        set linger_native 5s
        login phone iPhone
        close phone
        wait 4s
        login phone iPhone
        wait 1h
        events => Login/phone; Login/phone
        ",
    );
}

#[test]
fn a_device_that_is_back_before_its_disconnect_was_told_takes_it_away() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        login mac Mac
        close phone
        close mac
        login phone iPhone
        events => Login/phone; Login/mac; LinkClosed/mac; Login/phone
        ",
    );
    check(
        "
        set webhook https://a.example
        login phone iPhone
        close phone
        events => Login/phone; LinkClosed/phone
        login phone iPhone
        events => Login/phone
        ",
    );
}

#[test]
fn a_node_that_is_lost_breaks_the_links_of_who_does_not_return() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        login tab Web
        events   => Login/phone; Login/tab
        restart
        wait 10s
        login phone iPhone
        wait 1h
        events   => Login/phone; LinkClosed/tab
        ",
    );
}

#[test]
fn what_was_not_handed_over_survives_a_restart_and_what_was_does_not_come_again() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        custom busy
        restart
        events  => Login/phone; Custom/phone busy
        restart
        events  => -
        ",
    );
}

#[test]
fn what_ended_while_no_node_ran_is_told_at_its_start() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        login tab Web
        events       => Login/phone; Login/tab
        restart
        adopt kicked
        events       => Logout/phone; Logout/tab
        ",
    );
}

#[test]
fn a_custom_status_that_the_user_sets_or_clears_is_told_and_one_that_goes_by_itself_is_not() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        custom busy
        custom busy
        custom
        custom
        on_behalf away
        events      => Login/phone; Custom/phone busy; Custom/phone ; Custom/- away
        close phone => OFFLINE link_closed
        events      => LinkClosed/phone
        custom hi   => -; refused 6014
        events      => -
        ",
    );
}

#[test]
fn a_login_that_lapses_was_told_when_its_link_broke() {
    check(
        "
        set webhook https://a.example
        login phone iPhone
        close phone
        wait 7d => UNLOGINED lapsed
        events  => Login/phone; LinkClosed/phone
        ",
    );
}

// The door

/// Runs a script and compares what comes of each line with what the line says.
fn check(script: &str) {
    let (expected, actual) = World::default().run(script);
    assert!(expected == actual, "the script says\n\n{expected}\nbut it went\n\n{actual}");
}

/// One user, their devices and their clock.
struct World {
    record: Record,
    /// The connections of each device, oldest first.
    connections: BTreeMap<String, Vec<ConnectionId>>,
    next_connection: u64,
    /// The connection that sends the user's calls.
    newest: Option<ConnectionId>,
    last_login_lost_its_list: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            record: Record::new(Default::default()),
            connections: BTreeMap::new(),
            next_connection: 1,
            newest: None,
            last_login_lost_its_list: false,
        }
    }
}

impl World {
    /// The script as it is written and as it went, spaces evened out.
    fn run(mut self, script: &str) -> (String, String) {
        let (mut expected, mut actual) = (String::new(), String::new());
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (action, said) = match line.split_once("=>") {
                Some((action, said)) => (action.trim(), Some(said.trim())),
                None => (line, None),
            };
            let went = self.act(action);
            expected += &format!("{action} => {}\n", said.unwrap_or(&went));
            actual += &format!("{action} => {went}\n");
        }
        (expected, actual)
    }

    fn act(&mut self, action: &str) -> String {
        let (verb, rest) = action.split_once(' ').unwrap_or((action, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match verb {
            // Logins, links and ends of devices
            "login" => self.login(words[0], words[1].parse().unwrap()),
            "close" => self.disconnect(words[0], LinkEnd::Closed),
            "renew" => {
                let (issued, now) = (Record::START.as_secs() + duration(words[0]).as_secs(), self.record.now);
                let _ = self.record.step(|me, _, _| me.note_sig(None, issued, now.wall));
                "-".into()
            }
            "heard" => {
                self.record.heard = Some(Record::START.after(duration(words[0])));
                "-".into()
            }
            "timeout" => self.disconnect(words[0], LinkEnd::TimedOut),
            "node_lost" => self.disconnect(words[0], LinkEnd::NodeLost),
            "logout" => {
                let connection = self.connection(words[0]);
                let done = self.record.step(|me, settings, now| me.logout(connection, settings, now));
                self.tell(&done) + too_late(done.outcome.is_some())
            }
            "sig_expired" => {
                let connection = self.connection(words[0]);
                let done = self.record.step(|me, settings, now| me.expire_sig(connection, settings, now));
                self.tell(&done) + too_late(done.outcome.is_some())
            }
            "kick" => {
                let (through, revoked) = (self.record.last_login, self.record.revoked_now());
                let done = self.record.step(|me, settings, now| me.kick(through, &revoked, settings, now));
                self.tell(&done) + &who_was_away(&done.outcome.0)
            }
            "delete" => {
                let (through, revoked) = (self.record.last_login, self.record.revoked_now());
                let done = self.record.step(|me, settings, now| me.delete(through, &revoked, settings, now));
                self.tell(&done) + &who_was_away(&done.outcome.0)
            }

            // Calls of the user
            "custom" => {
                let by = self.newest;
                let text = CustomStatus::new(rest, 100).unwrap();
                let done =
                    self.record.step(|me, settings, now| me.set_custom_status(text, by, settings, now));
                let refused = done.outcome.map_err(|code| format!("; refused {}", code.number()));
                self.tell(&done) + &refused.err().unwrap_or_default()
            }
            "subscribe" => {
                let users = ids(&words);
                let done = self.record.step(|me, settings, now| me.subscribe(&users, settings, now.moment));
                self.tell(&done)
            }
            "unsubscribe" => {
                let users = ids(&words);
                let done = self.record.step(|me, _, _| me.unsubscribe(Some(&users)));
                self.tell(&done)
            }
            "unsubscribe_all" => {
                let done = self.record.step(|me, _, _| me.unsubscribe(None));
                self.tell(&done)
            }

            // Time, restarts and facts
            "wait" => self.wait(duration(words[0])),
            "clock" => {
                let millis = duration(&words[0][1..]).as_millis() as u64;
                let wall = self.record.now.wall.0;
                let back = words[0].starts_with('-');
                self.record.now.wall = Timestamp(if back { wall - millis } else { wall + millis });
                "-".into()
            }
            "restart" => {
                self.record.restart(words.get(1).map_or(Duration::ZERO, |down| duration(down)));
                "-".into()
            }
            "facts" => {
                let facts = UserFacts { logins: self.logins(rest), ..UserFacts::default() };
                let Record { settings, now, .. } = &self.record;
                let version = Version::at(now.wall);
                self.record.presence =
                    Presence::from_facts(facts, version, now.wall, true, settings, now.moment);
                "-".into()
            }
            // `adopt kicked …`: the facts say that the operator kicked the user meanwhile.
            "adopt" => {
                let (rest, kicked) = rest.strip_prefix("kicked").map_or((rest, false), |rest| (rest, true));
                let mut facts = UserFacts::default();
                if kicked {
                    facts.ended_through = self.record.last_login;
                    facts.revoked = Some(Revoked::new(self.record.now.wall, []));
                }
                facts.logins = self.logins(rest);
                self.record.adopts = true;
                let done = self.record.step(|me, settings, now| me.adopt_facts(&facts, settings, now));
                self.record.adopts = false;
                self.tell(&done)
            }
            "set" => self.set(words[0], words[1]),

            // Session events for the app's backend: shows them, and takes them over into the outbox.
            "events" => self.take_events(),
            "on_behalf" => {
                let text = CustomStatus::new(rest, 100).unwrap();
                let done =
                    self.record.step(|me, settings, now| me.set_custom_status(text, None, settings, now));
                self.tell(&done)
            }

            // Questions
            "status" => self.record.status().status_type.to_string(),
            "text" => or_dash(self.record.status().custom_status.as_str()),
            "reason" => self.record.status().reason.to_string(),
            "since" => self.time(self.record.status().since),
            "last_seen" => {
                self.record.status().last_seen.map_or("never".into(), |last_seen| self.time(last_seen))
            }
            "devices" => join(self.record.status().online_devices.iter()),
            "logins" => join(self.record.presence.devices().iter().map(|device| &device.id)),
            "sig_issued" => {
                let issued = Record::START.as_secs() + duration(words[0]).as_secs();
                if self.record.presence.sigs().has_revoked(issued) { "revoked" } else { "good" }.into()
            }
            "list" => join(self.record.presence.subscriptions().iter()),
            "lost" => if self.last_login_lost_its_list { "yes" } else { "no" }.into(),
            "deadline" => {
                let due = self.record.presence.next_deadline();
                due.map_or("-".into(), |due| format!("{:?}", due.since(self.record.now.moment)))
            }
            other => panic!("{other} is nothing that happens"),
        }
    }

    fn login(&mut self, name: &str, platform: Platform) -> String {
        let connection = ConnectionId::alone(self.next_connection);
        self.next_connection += 1;
        self.connections.entry(name.into()).or_default().push(connection);
        self.newest = Some(connection);
        let id = device(name);
        let done = self.record.connect(&id, platform, connection);
        self.last_login_lost_its_list = done.outcome.subscriptions_lost;
        self.tell(&done) + &who_was_away(&done.outcome.kicked)
    }

    fn disconnect(&mut self, name: &str, end: LinkEnd) -> String {
        let connection = self.connection(name);
        let heard = self.record.heard.unwrap_or(self.record.now.wall);
        let done = self.record.step(|me, settings, now| me.disconnect(connection, end, heard, settings, now));
        self.record.heard = None;
        self.tell(&done) + too_late(done.outcome)
    }

    /// `phone iPhone, mac Mac`: those of the record have their numbers, others new ones.
    fn logins(&mut self, text: &str) -> Vec<(DeviceId, Platform, u64)> {
        let words = text.split(',').filter_map(|login| login.trim().split_once(' '));
        let mut logins = Vec::new();
        for (id, platform) in words {
            let known = self.record.presence.devices().iter().find(|login| login.id == device(id));
            let number =
                known.map(|login| login.login).filter(|it| *it > self.record.presence.ended_through());
            let number = number.unwrap_or(self.record.last_login + 1);
            self.record.last_login = self.record.last_login.max(number);
            logins.push((device(id), platform.parse().unwrap(), number));
        }
        logins
    }

    fn wait(&mut self, time: Duration) -> String {
        let mut done = Vec::new();
        let mut shown = None;
        let start = self.record.status();
        self.record.wait(time, |transition| done.push(transition.clone()));
        for transition in &done {
            assert!(shown.is_none() || !transition.visible, "one change at a time: {done:?}");
            if transition.visible {
                shown = Some(self.seen(true));
            }
        }
        assert_eq!(shown.is_some(), start.version != self.record.status().version);
        let lists: Vec<_> = done.iter().map(list_changes).collect();
        shown.unwrap_or("-".into()) + &lists.concat()
    }

    /// Shows the pending session events, and takes them over.
    fn take_events(&mut self) -> String {
        let Some(events) = self.record.presence.pending_events() else { return "-".into() };
        let show = |event: &SessionEvent| {
            let device = event.device.as_ref().map_or("-".into(), |device| device.id.to_string());
            match &event.kind {
                SessionEventKind::Login { kicked } if kicked.is_empty() => format!("Login/{device}"),
                SessionEventKind::Login { kicked } => format!("Login/{device} kicks {}", join(kicked.iter())),
                SessionEventKind::CustomStatus(text) => format!("Custom/{device} {}", text.as_str()),
                SessionEventKind::Logout | SessionEventKind::LinkClosed | SessionEventKind::TimedOut => {
                    format!("{:?}/{device}", event.kind)
                }
            }
        };
        let shown: Vec<String> = events.waiting().map(show).collect();
        let (last, dropped) = (events.last_ordinal(), events.dropped());
        let _ = self.record.step(|me, _, _| me.events_recorded(last, dropped));
        assert_eq!(self.record.presence.pending_events(), None);
        shown.join("; ")
    }

    fn set(&mut self, setting: &str, value: &str) -> String {
        let settings = &mut self.record.settings;
        let millis = || duration(value).as_millis() as u32;
        match setting {
            "linger_web" => settings.timing.linger_web_ms = millis(),
            "linger_native" => settings.timing.linger_native_ms = millis(),
            "login_retention" => settings.timing.login_retention_ms = millis(),
            "subscription_retention" => settings.timing.subscription_retention_ms = millis(),
            "policy" => settings.multi_device.mode = value.parse().unwrap(),
            "native_instances" => settings.multi_device.native_instances = value.parse().unwrap(),
            "web_instances" => settings.multi_device.web_instances = value.parse().unwrap(),
            "subscriptions" => settings.limits.subscriptions = value.parse().unwrap(),
            "webhook" => settings.webhooks.state_change_url = value.into(),
            other => panic!("{other} is no setting"),
        }
        settings.validate().unwrap();
        "-".into()
    }

    fn tell<T>(&self, done: &Transition<T>) -> String {
        let told: Vec<String> = done.ended.iter().map(|ended| self.told(ended)).collect();
        self.seen(done.visible) + &told.concat() + &list_changes(done)
    }

    fn seen(&self, visible: bool) -> String {
        let status = self.record.status();
        match status.custom_status.as_str() {
            _ if !visible => "-".into(),
            "" => format!("{} {}", status.status_type, status.reason),
            text => format!("{} {} '{text}'", status.status_type, status.reason),
        }
    }

    fn told(&self, ended: &Ended) -> String {
        let holds = |(_, list): &(&String, &Vec<ConnectionId>)| list.contains(&ended.connection);
        let (name, list) = self.connections.iter().find(holds).unwrap();
        let number = list.iter().position(|connection| *connection == ended.connection).unwrap() + 1;
        let name = if number == list.len() { name.clone() } else { format!("{name}#{number}") };
        match ended.cause {
            EndCause::Superseded => format!("; told {name} superseded"),
            EndCause::KickedByLogin { by } => format!("; told {name} kicked by {by}"),
            EndCause::KickedByOperator => format!("; told {name} kicked"),
            EndCause::AccountDeleted => format!("; told {name} deleted"),
            EndCause::LoggedOut => format!("; told {name} logged out"),
        }
    }

    fn connection(&self, name: &str) -> ConnectionId {
        let (name, number) = name.split_once('#').unwrap_or((name, ""));
        let list = &self.connections[name];
        list[number.parse().unwrap_or(list.len()) - 1]
    }

    fn time(&self, at: Timestamp) -> String {
        format!("{}s", at.since(Record::START).as_secs_f64())
    }
}

fn list_changes<T>(done: &Transition<T>) -> String {
    let added = done.subscribed.iter().map(|user| format!("+{user}"));
    let removed = done.unsubscribed.iter().map(|user| format!("-{user}"));
    let changes: Vec<String> = added.chain(removed).collect();
    if changes.is_empty() { String::new() } else { format!("; {}", changes.join(" ")) }
}

fn who_was_away(removed: &[Removed]) -> String {
    let away = removed.iter().filter(|removed| !removed.connected);
    away.map(|removed| format!("; {} was away", removed.device)).collect()
}

fn too_late(in_time: bool) -> &'static str {
    if in_time { "" } else { "; too late" }
}

fn reason_of(end: &str) -> Reason {
    match end {
        "close" => Reason::LinkClosed,
        "kick" => Reason::Kicked,
        "delete" => Reason::Deleted,
        named => named.parse().unwrap(),
    }
}

fn type_and_reason_of(end: &str) -> String {
    let status = if ["logout", "sig_expired"].contains(&end) { "UNLOGINED" } else { "OFFLINE" };
    format!("{status} {}", reason_of(end))
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn ids(words: &[&str]) -> Vec<UserId> {
    words.iter().map(|id| UserId::new(id).unwrap()).collect()
}

fn join(words: impl Iterator<Item = impl ToString>) -> String {
    or_dash(&words.map(|word| word.to_string()).collect::<Vec<_>>().join(" "))
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-" } else { text }.into()
}

fn duration(text: &str) -> Duration {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().unwrap();
    Duration::from_millis(match unit {
        "ms" => number,
        "s" => number * 1_000,
        "h" => number * 3_600_000,
        "d" => number * 86_400_000,
        other => panic!("{other} is no unit of time"),
    })
}
