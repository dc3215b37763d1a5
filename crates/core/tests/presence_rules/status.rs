//! The visible status: type, custom status and evidence (SPEC section 2).

use crate::world::{World, check, reason_of};

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

// Evidence

#[test]
fn the_version_grows_with_every_change_and_never_otherwise() {
    // `laws` checks the evidence after each step; this test checks that it does not depend on the wall clock.
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
