//! Ends of logins, and records created from the facts (SPEC sections 2 and 5).

use crate::world::check;

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
        deadline => 2s
        ",
    );
}

/// The node that has deleted the account takes it off the subscription lists of other users, unless the node ends
/// first.
#[test]
fn a_deleted_account_is_due_until_it_is_taken_off_all_lists() {
    check(
        "
        login phone iPhone
        delete       => UNLOGINED deleted; told phone deleted
        on_lists     => yes
        wait 2s      => -
        deadline     => 10s
        restart
        deadline     => 10s
        wait 10s     => -
        off_lists 7  => -
        on_lists     => yes
        off_lists    => -
        on_lists     => no
        deadline     => 604788s
        ",
    );
    // An account that was created again is not taken off.
    check(
        "
        login phone iPhone
        delete             => UNLOGINED deleted; told phone deleted
        login phone iPhone => ONLINE login
        on_lists           => no
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
        off_lists     => -
        deadline      => 604800s
        restart
        deadline      => 604800s
        wait 7d       => -
        deadline      => 60s
        ",
    );
    // An account that is created again continues the versions, so that its watchers are notified.
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
