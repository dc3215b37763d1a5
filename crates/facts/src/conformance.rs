//! The conformance suite, which tests the contract of [`Facts`] on any adapter.
//!
//! Each rule is a function with the name of the rule, in the file of its subject. A rule gets a new, empty store, and
//! panics if the store breaks the rule. An adapter calls `lamplight_facts::conformance_tests!(make)` in its tests,
//! which defines a test for each rule.
//!
//! The suite uses only the port: it does not stop a store, kill it or fill its disk. Each adapter therefore has its own
//! tests for the survival of acknowledged changes. The caller of the port checks that an app exists, so the suite
//! creates accounts without an app.

pub mod accounts;
pub mod away_logins;
pub mod conversations;
pub mod friends;
pub mod leases;
pub mod logins;
pub mod messages;
pub mod model;
pub mod operations;
pub mod outbox;
pub mod profiles;
pub mod pushes;
pub mod recording;
pub mod restrictions;

use crate::{
    Account, Answer, Befriended, EndMark, EndWhy, EndedLogin, Facts, ListsState, Login, LoginRecorded,
    NewFriendship, NewLogin, NewMessage, Revoked, Sent, StoredMessage,
};
use lamplight_model::{
    AppId, ClientMessageId, Conversation, CustomElement, DeviceId, Friend, Message, MessageBody, Platform,
    Timestamp, User, UserId,
};

/// Defines a `#[tokio::test]` for each rule of the [conformance suite](crate::conformance).
///
/// `make` is the path of an `async fn() -> (Arc<F>, K)`. It returns a new, empty store (`F: Facts`), and a value that
/// must live as long as the store, such as a temporary directory. The calling crate depends on tokio with the features
/// `rt` and `macros`.
///
/// This macro contains the only list of the rules. A test of this crate compares the list with the files.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests! { @each $make:
            accounts {
                an_app_is_put_and_replaced_whole
                an_app_is_replaced_by_who_saw_it_last
                of_many_who_replace_an_app_at_once_one_does
                apps_are_listed_by_rising_id

                an_app_is_deleted_with_all_that_it_had
                an_app_being_deleted_takes_nothing_in
                an_app_that_was_deleted_is_made_again_empty
                the_last_app_is_not_deleted

                an_account_is_made_once
                an_account_made_by_many_at_once_is_made_once
                accounts_come_in_the_order_asked_with_none_for_the_unknown
                accounts_are_listed_in_pages_by_rising_id
                ids_are_ordered_by_their_bytes
                ids_and_remarks_are_kept_to_the_byte
                a_revocation_never_goes_back
                a_kick_ends_every_login_up_to_its_number
                a_kick_leaves_marks_that_refuse_a_resume
                a_revocation_touches_its_user_only
                a_revocation_outlives_its_account
                a_deletion_names_whose_lists_it_changed
                users_with_a_late_revocation_are_listed_in_pages
                an_account_is_deleted_once
                deleting_an_account_takes_its_logins_marks_and_friendships
                an_account_made_again_starts_empty
                users_of_other_apps_have_nothing_in_common
            }
            logins {
                the_first_login_registers_the_account
                a_resume_makes_no_account
                login_numbers_rise
                a_login_is_recorded_once
                a_login_of_many_at_once_is_recorded_once
                a_login_again_replaces_that_of_its_device
                a_web_login_registers_the_account_and_leaves_no_login
                a_device_that_changes_its_platform_has_one_login
                logins_are_listed_by_rising_number
                users_who_are_logged_in_are_listed_in_pages
                logins_of_a_time_are_listed_in_pages
                accounts_come_with_their_logins_in_the_order_asked
                ending_a_login_leaves_the_others
                ending_a_login_again_changes_nothing
                an_end_touches_no_later_login
                a_login_that_ended_without_a_mark_is_not_refused
                a_kick_mark_refuses_a_login_once
                a_mark_refuses_every_resume
                a_device_that_logged_out_is_refused_a_resume_only
                a_login_takes_a_told_mark_away
                a_kick_mark_concerns_its_device_only
                a_device_without_a_login_is_marked_if_there_is_an_account
                the_numbers_of_web_logins_are_bounded
                the_bound_of_marks_is_reached_without_loss
                beyond_the_bound_the_oldest_marks_go
            }
            friends {
                a_friend_is_added_on_one_side_or_on_both
                mutual_means_each_has_the_other
                adding_a_friend_again_changes_the_remark_of_the_owner_only
                friendship_needs_two_accounts
                a_friend_is_deleted_on_one_side_or_on_both
                friends_are_listed_by_rising_id
                a_new_entry_has_its_words_and_its_time
                adding_again_keeps_the_time
                the_bound_of_a_list_is_reached_and_not_passed
                the_bound_of_the_friends_list_counts_when_it_gets_an_entry
                who_lets_nobody_add_them_is_added_by_the_app_only
                of_many_reasons_the_first_is_told
                adding_counts_up_the_lists_that_changed
                deleting_counts_up_the_lists_that_changed
                a_remark_counts_up_when_it_is_another
                friends_are_listed_in_pages_and_counted
                deleting_an_account_counts_up_the_lists_it_was_in
            }
            profiles {
                a_new_account_has_the_default_profile_and_its_time_as_version
                an_account_of_the_last_moment_counts_up
                further_fields_are_kept_as_they_come
                a_profile_goes_with_its_account
                a_profile_changes_in_what_is_named
                the_same_profile_counts_nothing_up
                a_profile_needs_an_account
                profiles_and_states_come_in_the_order_asked
                profiles_are_kept_to_the_byte
                accounts_are_found_by_what_their_nick_begins_with
            }
            away_logins {
                away_logins_are_kept_with_their_version
            }
            restrictions {
                a_new_account_is_not_restricted
                a_visibility_counts_up_when_it_is_another
                restrictions_need_an_account
                each_user_to_block_has_an_outcome
                users_are_unblocked
                a_thousand_users_are_blocked_at_once
                blocked_users_are_listed_by_rising_id
                blocks_are_told_in_both_directions
                restrictions_come_in_the_order_asked
                the_version_grows_with_every_change_of_a_restriction
                restricted_users_are_listed_in_pages
                a_blocked_user_sends_no_message
                a_missing_account_is_told_before_a_block
                a_blocked_user_is_added_by_the_app_only
                deleting_an_account_leaves_the_blocks_of_others
                block_lists_go_with_their_app
                many_who_block_at_once_do_not_pass_the_bound
                each_change_of_many_writers_is_counted_once
                a_block_stops_the_messages_under_way
            }
            messages {
                a_message_is_stored_for_both
                a_message_needs_two_accounts
                sequences_count_both_directions_from_1
                a_retry_is_stored_once
                what_differs_from_a_message_is_no_retry_of_it
                a_retry_is_known_when_the_conversation_is_gone
                client_ids_are_those_of_a_sender
                an_account_made_again_is_another_sender
                a_message_to_oneself_is_one_and_read
                a_history_comes_in_pages_newest_first
                texts_are_kept_to_the_byte
                custom_content_is_kept_to_the_byte
                messages_stay_in_their_app
                many_senders_at_once_leave_no_gap
                a_message_sent_by_many_at_once_is_stored_once
                messages_are_forgotten_oldest_first
                what_is_forgotten_leaves_its_row_and_stays_unread
                a_forgotten_message_can_be_sent_again
                a_sequence_is_not_used_again
            }
            conversations {
                reading_counts_down_what_was_read
                what_is_unread_are_the_later_messages_of_the_other
                reading_beyond_the_end_reads_what_there_is
                what_is_not_in_the_list_cannot_be_changed
                a_conversation_is_pinned_and_let_go
                conversations_are_listed_in_pages_by_their_places
                a_deleted_conversation_is_gone_for_its_owner
                a_new_message_brings_a_deleted_conversation_back
                a_row_shows_the_peer_as_the_peer_is_now
                deleting_an_account_leaves_the_conversations_of_its_peers
            }
            model {
                any_history_leaves_what_a_naive_model_says
            }
            outbox {
                a_notice_comes_back_whole
                of_each_user_the_first_notice_is_offered
                a_notice_is_taken_in_once
                heads_come_in_the_order_in_which_they_are_due
                a_notice_that_failed_stays_the_first_of_its_user
                lanes_have_nothing_in_common
                notices_without_an_ordinal_go_last
                a_login_takes_the_disconnect_of_its_device_away
                a_login_that_says_more_than_that_its_device_is_back_is_told
                a_disconnect_that_was_handed_out_is_not_taken_back
                a_disconnect_far_behind_is_not_taken_back
                a_login_leaves_the_disconnect_that_came_after_it
                events_that_are_said_again_after_a_crash_are_passed_over
                events_that_the_caller_knows_of_are_forgotten
                a_dead_notice_is_kept_and_holds_nobody_up
                dead_letters_are_listed_in_pages
                a_dead_letter_that_is_sent_again_keeps_its_place
                dead_letters_are_dropped
                what_is_settled_late_changes_nothing
                a_deleted_account_leaves_its_notices
                what_waits_is_counted
                beyond_the_bound_notices_are_dropped
                beyond_the_bound_the_oldest_dead_letters_go
            }
            pushes {
                a_message_to_push_comes_with_its_notice
                an_undecided_notice_leaves_the_message_to_be_pushed
                missed_messages_are_pushed_once
                of_many_missed_messages_the_newest_are_pushed
            }
            leases {
                a_lane_is_leased_to_one_node
                a_released_lease_can_be_taken
                lanes_are_leased_separately
                an_outcome_of_an_earlier_term_changes_nothing
                of_several_lanes_the_outcomes_of_current_terms_are_stored
            }
            recording {
                events_of_an_earlier_term_are_not_stored
                a_slow_recorder_puts_no_delivered_event_back
                a_slow_recorder_forgets_nothing_that_another_one_has_read
                one_ended_term_refuses_all_events_of_a_call
            }
            operations {
                an_audit_entry_comes_back_whole
                an_audit_entry_is_settled
                audit_entries_come_in_pages_of_an_app_or_of_all
                audit_entries_are_kept_for_90_days
                a_clock_far_ahead_does_not_empty_the_audit_log
                audit_entries_are_only_so_many
                figures_are_replaced_read_and_forgotten
                a_document_of_the_console_is_replaced_by_its_revision
            }
        }
    };
    (@each $make:path: $($module:ident { $($rule:ident)* })*) => {
        $($(
            #[tokio::test]
            async fn $rule() {
                let (facts, keep) = $make().await;
                $crate::conformance::$module::$rule(&*facts).await;
                drop(facts);
                drop(keep);
            }
        )*)*
    };
}

// Helpers of the rules

const APP: AppId = AppId(1_400_000_001);
const OTHER_APP: AppId = AppId(u32::MAX);
const BY: Platform = Platform::Mac;
const KICKED: Outcome = Outcome::Ended(EndWhy::KickedBy(BY));
const LOGGED_OUT: Outcome = Outcome::Ended(EndWhy::LoggedOut);
const REVOKED: Outcome = Outcome::Revoked;
const NO_ACCOUNT: Outcome = Outcome::NoAccount;
const RECORDED: Outcome = Outcome::Recorded { registered: false };
const REGISTERED: Outcome = Outcome::Recorded { registered: true };
const NOTHING_REVOKED: Revoked = Revoked { at: Timestamp(0), also: Vec::new() };

/// The outcome of recording a login, without numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Revoked,
    Ended(EndWhy),
    NoAccount,
    Recorded { registered: bool },
}

async fn ok<T>(answer: Answer<'_, T>) -> T {
    answer.await.expect("the store has no fault")
}

fn id(text: &str) -> UserId {
    UserId::new(text).expect("the suite names users rightly")
}

fn user(name: &str) -> User {
    User::new(APP, id(name))
}

fn device(text: &str) -> DeviceId {
    DeviceId::new(text).expect("the suite names devices rightly")
}

fn at(millis: u64) -> Timestamp {
    Timestamp(millis)
}

/// Makes a login of a native device by its application. The UserSig was issued in second `when`.
fn new_login(name: &str, on: &str, when: u64) -> NewLogin {
    NewLogin {
        user: user(name),
        device: device(on),
        platform: Platform::Android,
        at: at(when),
        issued: when,
        durable: true,
        resume: false,
    }
}

async fn record(facts: &dyn Facts, login: NewLogin) -> Outcome {
    let user = login.user.clone();
    match ok(facts.record_login(login)).await {
        LoginRecorded::Revoked => Outcome::Revoked,
        LoginRecorded::Ended(why) => Outcome::Ended(why),
        LoginRecorded::NoAccount => Outcome::NoAccount,
        LoginRecorded::Recorded { registered, lists_version, .. } => {
            let states = ok(facts.lists_states(vec![user])).await;
            assert_eq!(states[0].map(|state| state.version), Some(lists_version));
            Outcome::Recorded { registered }
        }
    }
}

async fn account(facts: &dyn Facts, name: &str) -> Account {
    ok(facts.accounts(vec![user(name)])).await.remove(0).expect("the user has an account")
}

fn end(on: &str, login: u64) -> EndedLogin {
    EndedLogin { device: device(on), login, mark: None }
}

/// Makes the end of the device's durable login. If the device has none, the end has the highest possible number. It
/// then applies to every login of the device.
async fn end_of(facts: &dyn Facts, name: &str, on: &str) -> EndedLogin {
    let logins = ok(facts.logins(user(name))).await;
    let number = logins.iter().find(|login| login.device.as_str() == on).map(|login| login.number);
    // The highest number that SQL can store.
    end(on, number.unwrap_or(i64::MAX as u64))
}

async fn kick(facts: &dyn Facts, name: &str, on: &str, when: u64, told: bool) {
    let mark = Some(EndMark { why: EndWhy::KickedBy(BY), told, at: at(when) });
    let ended = EndedLogin { mark, ..end_of(facts, name, on).await };
    ok(facts.end_logins(user(name), vec![ended])).await;
}

/// Logs in and kicks each device, one after another.
async fn kick_all(facts: &dyn Facts, name: &str, on: &[String]) {
    for (n, device) in on.iter().enumerate() {
        record(facts, new_login(name, device, n as u64)).await;
        kick(facts, name, device, n as u64, false).await;
    }
}

async fn make_accounts(facts: &dyn Facts) {
    for name in ["alice", "bob", "carol"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
}

/// Returns all durable logins of all users, in ascending order of users and devices.
pub async fn all_logins(facts: &dyn Facts) -> Vec<(User, Login)> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = ok(facts.logins_recorded(at(0)..at(u64::MAX), after, 1_000)).await;
        all.extend(page.logins);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// Returns the devices with a durable login, in the order of the login numbers.
async fn devices(facts: &dyn Facts, name: &str) -> Vec<String> {
    ok(facts.logins(user(name))).await.iter().map(|login| login.device.to_string()).collect()
}

/// Returns the friend list as text, with entries such as `bob, mutual: the remark`.
async fn friends(facts: &dyn Facts, owner: &str) -> Vec<String> {
    let line =
        |Friend { id, remark, mutual, .. }| format!("{id}{}: {remark}", if mutual { ", mutual" } else { "" });
    all_friends(facts, user(owner)).await.into_iter().map(line).collect()
}

async fn all_friends(facts: &dyn Facts, owner: User) -> Vec<Friend> {
    ok(facts.friend_page(owner, None, usize::MAX)).await
}

async fn befriend(facts: &dyn Facts, owner: User, friend: UserId, both: bool, remark: String) -> Befriended {
    let (source, wording) = Default::default();
    let new =
        NewFriendship { owner, friend, both, remark, source, wording, at: at(1), limit: 100, ask: false };
    ok(facts.befriend(new)).await.outcome
}

async fn unfriend(facts: &dyn Facts, owner: User, friend: UserId, both: bool) -> bool {
    let done = ok(facts.unfriend(owner, friend, both)).await;
    done.forth || done.back
}

async fn state(facts: &dyn Facts, name: &str) -> ListsState {
    ok(facts.lists_states(vec![user(name)]))
        .await
        .remove(0)
        .expect("the suite asks for users with an account")
}

fn client_id(text: &str) -> ClientMessageId {
    ClientMessageId::new(text).expect("the suite names messages rightly")
}

/// Makes the body of a custom message.
fn custom(data: &str, description: &str, extension: &str) -> MessageBody {
    let [data, description, extension] = [data, description, extension].map(str::to_owned);
    MessageBody::Custom(CustomElement { data, description, extension })
}

/// Makes a message whose client id is its text.
fn new_message(from: &str, to: &str, text: &str, when: u64) -> NewMessage {
    let (to, body, client_id) = (id(to), text.into(), client_id(text));
    NewMessage { from: user(from), to, body, client_id, at: at(when), push: None }
}

/// Sends a message that is not a retry.
async fn send(facts: &dyn Facts, from: &str, to: &str, text: &str, when: u64) -> StoredMessage {
    match ok(facts.send_message(new_message(from, to, text, when))).await {
        Sent::Stored(stored) => *stored,
        other @ (Sent::Repeated(_) | Sent::NoSuchSender | Sent::NoSuchRecipient | Sent::Blocked) => {
            panic!("{other:?}")
        }
    }
}

/// Returns the history as text, newest first, with entries such as `2 bob: the text`.
async fn history(facts: &dyn Facts, owner: &str, peer: &str) -> Vec<String> {
    let line = |Message { from, sequence, body, .. }| format!("{sequence} {from}: {}", body.shown());
    ok(facts.history(user(owner), id(peer), None, usize::MAX)).await.into_iter().map(line).collect()
}

/// Returns the conversation list as text, with rows such as `bob, pinned: the last text (its sender, the time), 2
/// unread`.
async fn rows(facts: &dyn Facts, owner: &str) -> Vec<String> {
    let line = |row: Conversation| {
        let pinned = if row.pinned { ", pinned" } else { "" };
        let last = row.last.map_or("none (".into(), |last| format!("{} ({}, ", last.body.shown(), last.from));
        let unread = if row.unread > 0 { format!(", {} unread", row.unread) } else { String::new() };
        format!("{}{pinned}: {last}{}){unread}", row.peer, row.active.0)
    };
    ok(facts.conversations(user(owner), None, usize::MAX)).await.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    const FILES: [(&str, &str); 14] = [
        ("accounts", include_str!("conformance/accounts.rs")),
        ("logins", include_str!("conformance/logins.rs")),
        ("friends", include_str!("conformance/friends.rs")),
        ("profiles", include_str!("conformance/profiles.rs")),
        ("away_logins", include_str!("conformance/away_logins.rs")),
        ("restrictions", include_str!("conformance/restrictions.rs")),
        ("messages", include_str!("conformance/messages.rs")),
        ("conversations", include_str!("conformance/conversations.rs")),
        ("model", include_str!("conformance/model.rs")),
        ("outbox", include_str!("conformance/outbox.rs")),
        ("pushes", include_str!("conformance/pushes.rs")),
        ("leases", include_str!("conformance/leases.rs")),
        ("recording", include_str!("conformance/recording.rs")),
        ("operations", include_str!("conformance/operations.rs")),
    ];

    #[test]
    fn the_macro_lists_every_rule_of_every_file() {
        let source = include_str!("conformance.rs");
        let rules = |(module, text): (&str, &str)| {
            let name = |line: &str| {
                // A rule is a function whose only parameter is the store.
                let rule = line.strip_prefix("pub async fn ")?.strip_suffix("(facts: &dyn Facts) {")?;
                Some(rule.to_owned())
            };
            let rules: Vec<String> = text.lines().filter_map(name).collect();
            assert!(!rules.is_empty(), "{module} has no rule");
            (module.to_owned(), rules)
        };
        let files: Vec<(String, Vec<String>)> = FILES.map(rules).into();

        let list = source.split("@each $make:\n").nth(1).and_then(|rest| rest.split("\n        }\n").next());
        let listed = |section: &str| {
            let (module, rules) = section.split_once('{')?;
            let rules = rules.split_whitespace().map(str::to_owned).collect();
            Some((module.trim().to_owned(), rules))
        };
        let listed: Vec<(String, Vec<String>)> = list.unwrap().split('}').filter_map(listed).collect();
        assert_eq!(listed, files);

        let modules = source.lines().filter(|line| line.starts_with("pub mod ")).count();
        assert_eq!(modules, FILES.len());
    }
}
