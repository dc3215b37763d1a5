//! The duration of a custom status (SPEC section 2).

use crate::world::check;

#[test]
fn when_the_duration_has_passed_the_text_is_cleared_as_one_change() {
    check(
        "
        login phone iPhone
        wait 10s
        custom_for 60s busy => ONLINE custom 'busy'
        expires             => 70s
        wait 59s            => -
        text                => busy
        wait 1s             => ONLINE custom_expired
        text                => -
        expires             => -
        since               => 0s
        deadline            => -
        wait 1h             => -
        ",
    );
}

#[test]
fn setting_again_replaces_text_and_duration() {
    check(
        "
        login phone iPhone
        custom_for 60s busy  => ONLINE custom 'busy'
        wait 30s
        custom_for 60s lunch => ONLINE custom 'lunch'
        expires              => 90s
        wait 30s             => -
        custom_for 10s lunch => ONLINE custom 'lunch'
        expires              => 70s
        custom_for 10s lunch => -
        custom lunch         => ONLINE custom 'lunch'
        expires              => -
        deadline             => -
        wait 1h              => -
        custom_for 5s lunch  => ONLINE custom 'lunch'
        custom               => ONLINE custom
        deadline             => -
        ",
    );
}

#[test]
fn a_timer_of_an_earlier_text_clears_nothing() {
    check(
        "
        login phone iPhone
        custom_for 60s old
        wait 59s
        custom_for 60s new => ONLINE custom 'new'
        wait 1s            => -
        end_custom         => -
        text               => new
        wait 59s           => ONLINE custom_expired
        end_custom         => -
        ",
    );
}

#[test]
fn who_stops_being_online_loses_text_and_duration_in_that_change() {
    for end in ["close", "timeout", "logout", "sig_expired", "node_lost"] {
        check(&format!(
            "
            login phone iPhone
            custom_for 60s busy
            {end} phone        => {}
            expires            => -
            login phone iPhone => ONLINE login
            wait 60s           => -
            ",
            crate::world::type_and_reason_of(end)
        ));
    }
    check(
        "
        set linger_native 5s
        login phone iPhone
        custom_for 5s busy
        close phone => -
        wait 5s     => OFFLINE link_closed
        wait 1h     => -
        ",
    );
    check(
        "
        set linger_native 5s
        login phone iPhone
        login mac Mac
        custom_for 5s busy
        close phone => -
        wait 5s     => ONLINE custom_expired
        devices     => Mac
        ",
    );
}

#[test]
fn the_wall_clock_may_be_set_meanwhile() {
    for leap in ["+1h", "-1h"] {
        check(&format!(
            "
            login phone iPhone
            custom_for 60s busy
            clock {leap}
            expires        => 60s
            wait 59s       => -
            wait 1s        => ONLINE custom_expired
            "
        ));
    }
}

#[test]
fn a_restart_keeps_the_duration_and_what_fell_due_meanwhile_is_due_at_once() {
    check(
        "
        login phone iPhone
        custom_for 60s busy
        restart after 10s
        text               => busy
        expires            => 60s
        login phone iPhone => -
        wait 49s           => -
        wait 1s            => ONLINE custom_expired
        ",
    );
    check(
        "
        login phone iPhone
        custom_for 60s busy
        restart after 61s
        end_custom         => ONLINE custom_expired
        wait 1s            => -
        ",
    );
}

#[test]
fn the_app_is_told_of_the_duration_and_of_its_end() {
    check(
        "
        set webhook https://receiver.example/
        login phone iPhone
        custom_for 60s busy
        custom_for 60s busy
        wait 1s
        custom_for 60s busy
        on_behalf_for 30s lunch
        wait 30s
        events => Login/phone; Custom/phone busy until 60s; Custom/phone busy until 61s; Custom/- lunch until 31s; Expired/-
        ",
    );
}

#[test]
fn it_needs_a_login_like_every_text() {
    check(
        "
        custom_for 60s busy => -; refused 6014
        deadline            => -
        ",
    );
}
