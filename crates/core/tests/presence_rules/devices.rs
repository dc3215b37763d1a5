//! Several devices under the policy of the app (SPEC section 5).

use crate::world::check;

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
