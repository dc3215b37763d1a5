//! Session events for the app's backend (SPEC section 9).

use crate::world::check;

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
fn each_device_that_connects_is_a_login_and_so_is_its_return() {
    check_phone(
        "
        login tab Web
        close phone
        login phone iPhone
        events             => Login/phone; Login/tab; LinkClosed/phone; Login/phone
        events             => -
        ",
    );
}

#[test]
fn a_device_that_takes_its_connection_over_has_nothing_to_tell() {
    check_phone(
        "
        login phone iPhone => -; told phone#1 superseded
        close phone#1
        close phone#2
        events             => Login/phone; LinkClosed/phone
        ",
    );
}

#[test]
fn a_connected_device_whose_login_says_more_is_told_to_have_gone_first() {
    check_phone(
        "
        login pad iPad
        set policy single
        login phone iPhone => -; told pad kicked by iPhone; told phone#1 superseded
        events => Login/phone; Login/pad; LinkClosed/phone; Login/phone kicks iPad
        login phone Android => -; told phone#2 superseded
        events => LinkClosed/phone; Login/phone
        ",
    );
}

#[test]
fn a_disconnect_says_whether_the_link_broke_or_was_silent() {
    for (end, event) in [("close", "LinkClosed"), ("timeout", "TimedOut"), ("node_lost", "LinkClosed")] {
        for platform in ["iPhone", "Web"] {
            check_told(&format!(
                "
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
        check_phone(&format!(
            "
            login tab Web
            events => Login/phone; Login/tab
            {end}
            events => Logout/phone
            "
        ));
    }
    for end in ["kick", "delete"] {
        check_phone(&format!(
            "
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
    check_told(
        "
        set policy single
        login phone iPhone
        login pad iPad
        events => Login/phone; Login/pad kicks iPhone
        close phone#1
        events => -
        ",
    );
    check_told(
        "
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
    check_told(
        "
        set linger_web 5s
        login tab Web
        close tab
        wait 4999ms
        events   => Login/tab
        wait 1ms
        events   => LinkClosed/tab
        ",
    );
    check_told(
        "
        set linger_native 5s
        login phone iPhone
        close phone
        wait 4s
        login phone iPhone
        wait 1h
        events => Login/phone
        ",
    );
}

#[test]
fn a_disconnect_waits_beside_the_login_of_a_device_that_is_back_and_the_outbox_decides() {
    check_phone(
        "
        login mac Mac
        close phone
        close mac
        login phone iPhone
        events => Login/phone; Login/mac; LinkClosed/phone; LinkClosed/mac; Login/phone
        ",
    );
    check_phone(
        "
        close phone
        events => Login/phone; LinkClosed/phone
        login phone iPhone
        events => Login/phone
        ",
    );
}

#[test]
fn a_node_that_is_lost_breaks_the_links_of_who_does_not_return() {
    check_phone(
        "
        login tab Web
        events   => Login/phone; Login/tab
        restart
        wait 10s
        login phone iPhone
        wait 1h
        events   => LinkClosed/tab
        ",
    );
}

#[test]
fn what_was_not_handed_over_survives_a_restart_and_what_was_does_not_come_again() {
    check_phone(
        "
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
    check_phone(
        "
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
    check_phone(
        "
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
    check_phone(
        "
        close phone
        wait 7d => UNLOGINED lapsed
        events  => Login/phone; LinkClosed/phone
        ",
    );
}

#[test]
fn an_event_says_the_status_after_it() {
    check_phone(
        "
        login mac Mac
        close phone
        after   => ONLINE; ONLINE; ONLINE
        close mac
        after   => OFFLINE
        login phone iPhone
        custom busy
        after   => ONLINE; ONLINE
        logout phone
        after   => OFFLINE
        ",
    );
}

/// Runs a script in an app that wants session events.
fn check_told(script: &str) {
    check(&format!("set webhook https://a.example\n{script}"));
}

/// Runs a script in an app that wants session events, after the login of a phone.
fn check_phone(script: &str) {
    check_told(&format!("login phone iPhone\n{script}"));
}
