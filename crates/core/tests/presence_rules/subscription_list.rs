//! The lifetime of a subscription list, and its content (SPEC section 3).

use crate::world::check;

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
